{{- /* Egress rules, each a list of one or more. Rules without `to` lead anywhere, on their ports. */ -}}
{{- define "imagebatch.egressToDns" -}}
- ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
{{- end -}}

{{- define "imagebatch.egressToStore" -}}
{{- if .Values.dev.s3.enabled -}}
- to: [{podSelector: {matchLabels: {{ include "imagebatch.selector" (list . "dev-s3") | fromYaml | toJson }}}}]
  ports: [{port: 8333, protocol: TCP}]
{{- else -}}
{{- $address := urlParse (include "imagebatch.storeEndpoint" .) -}}
{{- $port := regexFind "[0-9]+$" (regexFind ":[0-9]+$" $address.host) | default (ternary "80" "443" (eq $address.scheme "http")) -}}
- ports: [{port: {{ $port }}, protocol: TCP}]
  {{- with .Values.networkPolicy.storeTo }}
  to: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
{{- end -}}

{{- define "imagebatch.egressToDatabase" -}}
{{- if .Values.dev.postgres.enabled -}}
- to: [{podSelector: {matchLabels: {{ include "imagebatch.selector" (list . "dev-postgres") | fromYaml | toJson }}}}]
  ports: [{port: 5432, protocol: TCP}]
{{- else -}}
- ports: [{port: {{ .Values.networkPolicy.databasePort }}, protocol: TCP}]
  {{- with .Values.networkPolicy.databaseTo }}
  to: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
{{- end -}}

{{- define "imagebatch.egressToInternet" -}}
{{- $v4 := list "10.0.0.0/8" "100.64.0.0/10" "169.254.0.0/16" "172.16.0.0/12" "192.168.0.0/16" -}}
{{- $v6 := list "fc00::/7" "fe80::/10" -}}
{{- range .Values.clusterCidrs }}{{ if contains ":" . }}{{ $v6 = append $v6 . }}{{ else }}{{ $v4 = append $v4 . }}{{ end }}{{ end -}}
- to:
    - ipBlock: {cidr: 0.0.0.0/0, except: {{ toJson (uniq $v4) }}}
    - ipBlock: {cidr: "::/0", except: {{ toJson (uniq $v6) }}}
{{- end -}}

{{- /* What the API and the operator both talk to. */ -}}
{{- define "imagebatch.egressOfServices" -}}
{{ include "imagebatch.egressToDns" . }}
{{ include "imagebatch.egressToDatabase" . }}
{{ include "imagebatch.egressToStore" . }}
- ports:
    {{- range .Values.networkPolicy.apiServerPorts }}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
  {{- with .Values.networkPolicy.apiServerTo }}
  to: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

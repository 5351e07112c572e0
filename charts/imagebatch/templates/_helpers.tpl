{{- /* Names */ -}}
{{- define "imagebatch.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "imagebatch.fullname" -}}
{{- $name := include "imagebatch.name" . -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- .Values.fullnameOverride | default $full | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "imagebatch.devEnabled" -}}
{{- if or .Values.dev.postgres.enabled .Values.dev.s3.enabled .Values.dev.secrets.enabled }}true{{ end -}}
{{- end -}}

{{- /* The Secret of a purpose: (list . "links" .Values.dev.secrets.enabled) */ -}}
{{- define "imagebatch.secret" -}}
{{- $root := index . 0 -}}{{- $purpose := index . 1 -}}
{{- if index . 2 -}}
{{ include "imagebatch.fullname" $root }}-dev-{{ $purpose | kebabcase }}
{{- else -}}
{{ (index $root.Values $purpose).existingSecret }}
{{- end -}}
{{- end -}}

{{- define "imagebatch.databaseSecret" -}}{{ include "imagebatch.secret" (list . "database" .Values.dev.postgres.enabled) }}{{- end -}}
{{- define "imagebatch.storeSecret" -}}{{ include "imagebatch.secret" (list . "store" .Values.dev.s3.enabled) }}{{- end -}}
{{- define "imagebatch.linksSecret" -}}{{ include "imagebatch.secret" (list . "links" .Values.dev.secrets.enabled) }}{{- end -}}
{{- define "imagebatch.apiKeysSecret" -}}{{ include "imagebatch.secret" (list . "apiKeys" .Values.dev.secrets.enabled) }}{{- end -}}
{{- define "imagebatch.webhooksSecret" -}}{{ include "imagebatch.secret" (list . "webhooks" .Values.dev.secrets.enabled) }}{{- end -}}

{{- /* What follows from dev.seed for one purpose: (list . "database") */ -}}
{{- define "imagebatch.devSecret" -}}
{{- $root := index . 0 -}}
{{- printf "%s/%s/%s" $root.Values.dev.seed $root.Release.Name (index . 1) | sha256sum | trunc 40 -}}
{{- end -}}

{{- define "imagebatch.storeEndpoint" -}}
{{- if .Values.dev.s3.enabled -}}
http://{{ include "imagebatch.fullname" . }}-dev-s3:8333
{{- else -}}
{{- required "store.endpoint is not set: the address of an S3 service, or dev.s3.enabled=true to try things out" .Values.store.endpoint -}}
{{- end -}}
{{- end -}}

{{- /* Labels: (list . "api") */ -}}
{{- define "imagebatch.selector" -}}
app.kubernetes.io/name: {{ include "imagebatch.name" (index . 0) }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "imagebatch.labels" -}}
{{ include "imagebatch.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ printf "%s-%s" (index . 0).Chart.Name (index . 0).Chart.Version }}
{{- end -}}

{{- /* The operator gives these to its Jobs' pods, whatever the release is called. */ -}}
{{- define "imagebatch.processorSelector" -}}
app.kubernetes.io/name: imagebatch
app.kubernetes.io/component: processor
{{- end -}}

{{- /* Containers */ -}}
{{- define "imagebatch.image" -}}
{{- $image := index . 1 -}}
image: {{ if $image.digest }}{{ $image.repository }}@{{ $image.digest }}{{ else }}{{ $image.repository }}:{{ $image.tag | default (index . 0).Chart.AppVersion }}{{ end }}
imagePullPolicy: {{ $image.pullPolicy }}
{{- end -}}

{{- /* The Pod Security level `restricted`, and more: a root that nothing is written to. */ -}}
{{- define "imagebatch.podSecurity" -}}
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "imagebatch.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities: {drop: [ALL]}
{{- end -}}

{{- /* Variables that `settings` must not hold, and where they belong. */ -}}
{{- define "imagebatch.ownedSettings" -}}
IMAGEBATCH_DATABASE_URL: it is a secret, and belongs into the one that database.existingSecret names
IMAGEBATCH_S3_ACCESS_KEY: it is a secret, and belongs into the one that store.existingSecret names
IMAGEBATCH_S3_SECRET_KEY: it is a secret, and belongs into the one that store.existingSecret names
IMAGEBATCH_LINK_SECRET: it is a secret, and belongs into the one that links.existingSecret names
IMAGEBATCH_S3_ENDPOINT: set store.endpoint
IMAGEBATCH_S3_BUCKET: set store.bucket
IMAGEBATCH_S3_PREFIX: set store.prefix
IMAGEBATCH_S3_REGION: set store.region
IMAGEBATCH_PUBLIC_URL: set publicUrl
IMAGEBATCH_OUTPUT_URL_BASE: set outputUrlBase
IMAGEBATCH_LOG_FORMAT: set logFormat
IMAGEBATCH_WEBHOOK_URL: set webhooks.url
IMAGEBATCH_WEBHOOK_KEY_NAME: set webhooks.keyName
IMAGEBATCH_SHARD_MEMORY_BYTES: set processor.resources.limits.memory
{{- range $name := list "NAMESPACE" "HOST" "PORT" "API_KEYS_FILE" "POD_TEMPLATE_FILE" "WEBHOOK_KEYS_DIR" "LIVENESS_PORT" "METRICS_HOST" "METRICS_PORT" }}
IMAGEBATCH_{{ $name }}: the chart sets it
{{- end }}
{{- end -}}

{{- /* Variables, sorted: the program's own, the common ones, and those of `settings`, which win. (list . (dict …)) */ -}}
{{- define "imagebatch.env" -}}
{{- $root := index . 0 -}}{{- $values := $root.Values -}}
{{- $env := dict "IMAGEBATCH_LOG_FORMAT" $values.logFormat -}}
{{- range $name, $value := index . 1 }}{{ if ne (toString $value) "" }}{{ $_ := set $env $name $value }}{{ end }}{{ end -}}
{{- $owned := include "imagebatch.ownedSettings" . | fromYaml -}}
{{- range $name, $value := $values.settings -}}
{{- with index $owned $name }}{{ fail (printf "settings.%s: %s" $name .) }}{{ end -}}
{{- $_ := set $env $name $value -}}
{{- end -}}
{{- $allow := list -}}
{{- with $values.settings.IMAGEBATCH_FETCH_ALLOW }}{{ $allow = append $allow . }}{{ end -}}
{{- with $values.test.podCidr }}{{ $allow = append $allow (printf "%s:8099" .) }}{{ end -}}
{{- if $allow }}{{ $_ := set $env "IMAGEBATCH_FETCH_ALLOW" (join "," $allow) }}{{ end -}}
{{- range $name := list "IMAGEBATCH_FETCH_REFUSE" "IMAGEBATCH_WEBHOOK_REFUSE" -}}
{{- $refuse := $values.clusterCidrs -}}
{{- with index $values.settings $name }}{{ $refuse = append $refuse . }}{{ end -}}
{{- if $refuse }}{{ $_ := set $env $name (join "," $refuse) }}{{ end -}}
{{- end -}}
{{- range $name, $value := $env }}
- name: {{ $name }}
  value: {{ if kindIs "float64" $value }}{{ if eq $value (floor $value) }}{{ printf "%.0f" $value | quote }}{{ else }}{{ $value | quote }}{{ end }}{{ else }}{{ $value | toString | quote }}{{ end }}
{{- end }}
{{- end -}}

{{- define "imagebatch.storeEnv" -}}
{{- $env := dict "IMAGEBATCH_S3_ENDPOINT" (include "imagebatch.storeEndpoint" .) -}}
{{- $_ := set $env "IMAGEBATCH_S3_BUCKET" .Values.store.bucket -}}
{{- $_ := set $env "IMAGEBATCH_S3_PREFIX" .Values.store.prefix -}}
{{- $_ := set $env "IMAGEBATCH_S3_REGION" .Values.store.region -}}
{{- $_ := set $env "IMAGEBATCH_S3_ACCESS_KEY_FILE" "/run/imagebatch/secrets/access-key" -}}
{{- $_ := set $env "IMAGEBATCH_S3_SECRET_KEY_FILE" "/run/imagebatch/secrets/secret-key" -}}
{{- toYaml $env -}}
{{- end -}}

{{- /* What the API and the operator share. */ -}}
{{- define "imagebatch.serviceEnv" -}}
{{ include "imagebatch.storeEnv" . }}
IMAGEBATCH_DATABASE_URL_FILE: /run/imagebatch/secrets/database-url
IMAGEBATCH_LINK_SECRET_FILE: /run/imagebatch/secrets/link-secret
IMAGEBATCH_PUBLIC_URL: {{ .Values.publicUrl | quote }}
IMAGEBATCH_OUTPUT_URL_BASE: {{ .Values.outputUrlBase | quote }}
IMAGEBATCH_WEBHOOK_URL: {{ .Values.webhooks.url | quote }}
{{- end -}}

{{- define "imagebatch.namespaceEnv" -}}
- name: IMAGEBATCH_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
{{- end -}}

{{- define "imagebatch.storeSecretSource" -}}
- secret:
    name: {{ include "imagebatch.storeSecret" . }}
    items: [{key: access-key, path: access-key}, {key: secret-key, path: secret-key}]
{{- end -}}

{{- define "imagebatch.serviceSecretSources" -}}
{{ include "imagebatch.storeSecretSource" . }}
- secret:
    name: {{ include "imagebatch.databaseSecret" . }}
    items: [{key: url, path: database-url}]
- secret:
    name: {{ include "imagebatch.linksSecret" . }}
    items: [{key: link-secret, path: link-secret}]
{{- end -}}

{{- /* Both Deployments bring the schema up to date before they start; whoever comes second waits and finds it done. */ -}}
{{- define "imagebatch.migrations" -}}
- name: migrations
  {{- include "imagebatch.image" (list . .Values.api.image) | nindent 2 }}
  args: [imagebatch_migrations]
  env:
    - {name: IMAGEBATCH_DATABASE_URL_FILE, value: /run/imagebatch/secrets/database-url}
  resources: {{ toJson .Values.operator.resources }}
  {{- include "imagebatch.containerSecurity" . | nindent 2 }}
  volumeMounts:
    - {name: secrets, mountPath: /run/imagebatch/secrets, readOnly: true}
    - {name: tmp, mountPath: /tmp}
{{- end -}}

{{- /* Where pods may be put, and other words that are handed on as they are. */ -}}
{{- define "imagebatch.placement" -}}
{{- range $key := list "nodeSelector" "tolerations" "affinity" "priorityClassName" "runtimeClassName" }}
{{- with index $ $key }}
{{ $key }}: {{ toJson . }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* Spread constraints, with a selector for those that name none: (list constraints selector) */ -}}
{{- define "imagebatch.spread" -}}
{{- $selector := index . 1 -}}
{{- with index . 0 }}
topologySpreadConstraints:
  {{- range . }}
  - {{ toJson (merge (dict) . (dict "labelSelector" (dict "matchLabels" ($selector | fromYaml)))) }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "imagebatch.pullSecrets" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

// The resource definitions of the Gateway API, for Traefik 3.7. Nothing is built here: `go mod download` brings the files.
module imagebatch.example/cluster/gateway-api

go 1.24.0

require sigs.k8s.io/gateway-api v1.5.1

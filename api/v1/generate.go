package v1

//go:generate ../../bin/oapi-codegen -config oapi.yaml ../openapi.yaml

package api

import (
	_ "embed"
	"net/http"

	"github.com/gin-gonic/gin"
)

// Spec is the specification of the REST API, as it is served.
//
//go:embed openapi.yaml
var Spec []byte

// specification is public: it holds no word about anybody.
func specification(c *gin.Context) {
	public(c, "public, max-age=300")
	c.Data(http.StatusOK, "application/yaml; charset=utf-8", Spec)
}

package op

import (
	"encoding/base64"
	"net/http"

	"github.com/gin-gonic/gin"
)

// browserBytes is the size of the secret that binds what is under way to one
// browser. The same cookie serves sign-in, which makes it in the same shape.
const (
	browserBytes  = 32
	browserCookie = "browser"
)

func (p *Provider) cookieName(name string) string {
	if p.secure {
		return "__Host-relais-" + name
	}
	return "relais-" + name
}

// browserOf is the browser's secret, nil if it has none.
func (p *Provider) browserOf(c *gin.Context) []byte {
	value, err := c.Cookie(p.cookieName(browserCookie))
	if err != nil {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || len(raw) != browserBytes {
		return nil
	}
	return raw
}

// browser is browserOf, made the first time.
func (p *Provider) browser(c *gin.Context) []byte {
	if raw := p.browserOf(c); raw != nil {
		return raw
	}
	value := p.secret()
	http.SetCookie(c.Writer, &http.Cookie{Name: p.cookieName(browserCookie), Value: value, Path: "/",
		Secure: p.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	raw, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		panic("op: a secret that was just made cannot be read")
	}
	return raw
}

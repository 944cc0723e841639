package op

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/internal/i18n"
)

//go:embed page.html
var pageFiles embed.FS

var pageTemplate = template.Must(template.ParseFS(pageFiles, "page.html"))

// page is what a person reads when there is nowhere to send them.
type page struct {
	Lang, Dir, Style    string
	Title, What, Next   string
	Service, Home, Code string
}

// policy lets nothing run and nothing be framed.
const policy = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// showFault shows a fault that may not go back to the client: because it is not
// known where that is, or because the request is over.
func (p *Provider) showFault(c *gin.Context, f *fault) {
	words := p.printer(c)
	v := page{Title: words.T("provider.fault.title"), What: words.T("provider.fault.what"), Next: words.T("provider.fault.next"), Code: f.code}
	switch {
	case f.status == http.StatusTooManyRequests:
		v.Title, v.What, v.Next = words.T("failure.too_many.title"), words.T("failure.too_many.what"), words.T("failure.too_many.next")
	case f.status >= http.StatusInternalServerError:
		v.Title, v.What, v.Next = words.T("failure.internal.title"), words.T("failure.internal.what"), words.T("failure.internal.next")
	case f.over:
		v.Title, v.What, v.Next = words.T("provider.over.title"), words.T("provider.over.what"), words.T("provider.over.next")
	}
	if f.retryAfter != "" {
		c.Header("Retry-After", f.retryAfter)
	}
	p.show(c, f.status, words, v)
}

// showLeft says that a service's session here ended.
func (p *Provider) showLeft(c *gin.Context, ended bool) {
	words := p.printer(c)
	v := page{Title: words.T("provider.left.title"), What: words.T("provider.left.what"), Next: words.T("provider.left.next")}
	if !ended {
		v.Title, v.What = words.T("provider.stay.title"), words.T("provider.stay.what")
	}
	p.show(c, http.StatusOK, words, v)
}

func (p *Provider) show(c *gin.Context, status int, words *i18n.Printer, v page) {
	v.Lang, v.Dir, v.Style = string(words.Lang()), words.Dir(), p.Stylesheet
	v.Service, v.Home = words.T("shell.service"), words.T("shell.go_home")
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, v); err != nil {
		p.fail(c, &fault{status: http.StatusInternalServerError, code: serverError, cause: fmt.Errorf("write a page: %w", err)})
		return
	}
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Language", v.Lang)
	h.Set("Vary", "Accept-Language, Cookie")
	c.Data(status, "text/html; charset=utf-8", out.Bytes())
}

// printer follows what the client asks for, what was chosen here before, then
// the browser.
func (p *Provider) printer(c *gin.Context) *i18n.Printer {
	chosen, err := c.Cookie(p.cookieName("lang"))
	if err != nil {
		chosen = ""
	}
	asked := ""
	for _, tag := range words(c.Query("ui_locales")) {
		base, _, _ := strings.Cut(tag, "-")
		if i18n.Known(base) {
			asked = base
			break
		}
	}
	return i18n.For(i18n.Parse(c.GetHeader("Accept-Language"), chosen, asked))
}

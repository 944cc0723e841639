package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/frontend/templates"
)

// Page is what every page knows of its request.
type Page = templates.Page

const stateKey = "relais.web"

// state is what the plumbing keeps per request.
type state struct {
	web     *Web
	page    templates.Page
	signIn  string
	origins []string
}

func stateOf(c *gin.Context) *state { return c.MustGet(stateKey).(*state) }

// PageOf gives the page of the request. A sentence left by Flash is taken out
// the first time.
func PageOf(c *gin.Context) Page {
	s := stateOf(c)
	if key := s.web.Cookie(c, flashCookie); key != "" && s.page.Flash == "" {
		s.web.SetCookie(c, flashCookie, "", -1)
		if strings.HasPrefix(key, "flash.") && s.page.Has(key) {
			s.page.Flash = s.page.T(key)
		}
	}
	return s.page
}

// SetViewer says who is signed in and what they may go to; the entry of the
// section being shown is marked.
func SetViewer(c *gin.Context, v templates.Viewer, nav []templates.NavLink) {
	s := stateOf(c)
	s.page.Viewer = &v
	s.page.Nav = markCurrent(nav, c.Request.URL.Path)
}

// SetLocation makes the page print times in a time zone: that of the
// organisation it is about.
func SetLocation(c *gin.Context, loc *time.Location) {
	s := stateOf(c)
	s.page.Printer = s.page.In(loc)
}

// SetSignIn sends whoever must sign in elsewhere than Config.SignInPath: the
// person helped does not sign in where staff do.
func SetSignIn(c *gin.Context, path string) { stateOf(c).signIn = path }

// ownForms is where the policy lets a form of ours end: here.
const ownForms = "form-action 'self'"

// AllowForm lets the answer to a form of this page lead to other sites, given
// by any address there: browsers hold the redirects after a post to the policy
// of the page too.
func AllowForm(c *gin.Context, addresses ...string) {
	s, header := stateOf(c), c.Writer.Header()
	for _, address := range addresses {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || strings.ContainsAny(u.Host, "; ,'\"*") || u.Scheme != "https" && u.Scheme != "http" {
			continue
		}
		origin := u.Scheme + "://" + u.Host
		policy := header.Get(policyHeader)
		if slices.Contains(strings.FieldsFunc(policy, func(r rune) bool { return r == ' ' || r == ';' }), origin) {
			continue
		}
		s.origins = append(s.origins, origin)
		header.Set(policyHeader, strings.Replace(policy, ownForms, ownForms+" "+origin, 1))
	}
}

// FormOrigins are the sites that AllowForm let in, for a form that is kept and
// shown again on another page.
func FormOrigins(c *gin.Context) []string { return stateOf(c).origins }

// Flash leaves a sentence for the next page: the key of a text beginning with
// "flash.", and never anything about anybody.
func Flash(c *gin.Context, key string) {
	const aMinute = 60
	s := stateOf(c)
	s.web.SetCookie(c, flashCookie, key, aMinute)
}

// markCurrent marks the entry whose address is the longest start of path, else
// the one of the same area: the first part of the address.
func markCurrent(nav []templates.NavLink, path string) []templates.NavLink {
	out := append([]templates.NavLink(nil), nav...)
	best, longest := -1, 0
	for i, l := range out {
		out[i].Current = false
		href, _, _ := strings.Cut(l.Href, "?")
		switch {
		case (path == href || strings.HasPrefix(path, strings.TrimSuffix(href, "/")+"/")) && len(href) > longest:
			best, longest = i, len(href)
		case best < 0 && area(path) == area(href) && strings.Count(href, "/") > 1:
			best = i
		}
	}
	if best >= 0 {
		out[best].Current = true
	}
	return out
}

// area is the first part of an address: "/organisation" of "/organisation/people".
func area(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return "/" + first
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Render answers with a component, whole or not at all.
func Render(c *gin.Context, status int, page templ.Component) error {
	b := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	if err := page.Render(c.Request.Context(), b); err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	c.Data(status, "text/html; charset=utf-8", b.Bytes())
	return nil
}

// SeeOther answers a post with the page to look at next.
func SeeOther(c *gin.Context, path string) error {
	c.Redirect(http.StatusSeeOther, path)
	return nil
}

// Download answers with a file to keep; name may hold any letters.
func Download(c *gin.Context, name, contentType string, content []byte) error {
	return file(c, "attachment", name, contentType, content)
}

// Stream answers with a file that is written as it is read. A failure on the way
// cuts the connection, so that no browser keeps half a file for a whole one.
func Stream(c *gin.Context, name, contentType string, write func(io.Writer) error) error {
	fileHeaders(c, "attachment", name)
	return stream(c, contentType, write)
}

// StreamPage answers with a page that is shown as it is read: one that may be too
// long to hold. A failure on the way cuts it as in Stream; a page that must be
// whole says so in its last line.
func StreamPage(c *gin.Context, page templ.Component) error {
	return stream(c, "text/html; charset=utf-8", func(w io.Writer) error { return page.Render(c.Request.Context(), w) })
}

func stream(c *gin.Context, contentType string, write func(io.Writer) error) error {
	c.Header("Content-Type", contentType)
	err := write(patient{c.Writer, http.NewResponseController(c.Writer)})
	if err == nil || !c.Writer.Written() {
		return err
	}
	fail(c, err) // for the log: the answer has begun
	panic(http.ErrAbortHandler)
}

// stall is how long a reader of a stream may take for one piece.
const stall = time.Minute

// patient gives each piece of a stream its own time: a slow line may take as long
// as it needs for all of them, one that stands still does not.
type patient struct {
	io.Writer
	deadline *http.ResponseController
}

func (p patient) Write(piece []byte) (int, error) {
	err := p.deadline.SetWriteDeadline(time.Now().Add(stall)) //nolint:forbidigo // the connection's own clock
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return p.Writer.Write(piece)
}

// Inline answers with a picture to look at in the browser. It MUST NOT be given
// a PDF: browsers show an empty page for one in this sandbox, see Download.
func Inline(c *gin.Context, name, contentType string, content []byte) error {
	return file(c, "inline", name, contentType, content)
}

func file(c *gin.Context, disposition, name, contentType string, content []byte) error {
	fileHeaders(c, disposition, name)
	c.Data(http.StatusOK, contentType, content)
	return nil
}

func fileHeaders(c *gin.Context, disposition, name string) {
	c.Header("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": name}))
	// Nothing in a file of somebody's may run in our name.
	c.Header(policyHeader, "default-src 'none'; style-src 'unsafe-inline'; sandbox")
}

package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/frontend/static"
	"github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/problem"
)

func init() { gin.SetMode(gin.ReleaseMode) }

// site is a small surface over the real plumbing.
type site struct {
	*gin.Engine
	web *Web
	log *bytes.Buffer
}

func atTheProvider() []string { return []string{"https://idp.example"} }

func setup(t *testing.T, base string) site {
	t.Helper()
	log := &bytes.Buffer{}
	w, err := New(Config{BaseURL: base, IdentityOrigins: atTheProvider, MaxBody: 1000,
		Log: slog.New(slog.NewTextHandler(log, nil)), NewRequestID: func() string { return "req-1" }})
	if err != nil {
		t.Fatal(err)
	}
	e := gin.New()
	w.Mount(e)
	e.GET("/page", Handle(func(c *gin.Context) error {
		p := PageOf(c)
		return Render(c, http.StatusOK, templates.Layout(p, templates.Head{Title: "Une page"}))
	}))
	e.POST("/done", Handle(func(c *gin.Context) error {
		Flash(c, "flash.test")
		return SeeOther(c, "/page")
	}))
	e.POST("/read", Handle(func(c *gin.Context) error {
		_, err := io.ReadAll(c.Request.Body)
		return err
	}))
	e.GET("/panic", Handle(func(*gin.Context) error { panic("Marguerite Lacombe") }))
	e.GET("/half", Handle(func(c *gin.Context) error {
		return Render(c, http.StatusOK, templ.Join(templ.Raw("first half"), templ.ComponentFunc(func(context.Context, io.Writer) error { return errors.New("secret cause") })))
	}))
	e.GET("/file", Handle(func(c *gin.Context) error {
		return Download(c, "Mandat de Zoé \"x\"\r\n.pdf", "application/pdf", []byte("%PDF"))
	}))
	for code, p := range failures() {
		e.GET("/fail/"+code, Handle(func(*gin.Context) error { return p }))
		e.POST("/fail/"+code, Handle(func(*gin.Context) error { return p }))
	}
	return site{e, w, log}
}

func failures() map[string]*problem.Error {
	cause := errors.New("secret cause")
	return map[string]*problem.Error{
		"invalid": problem.New(problem.KindInvalid, "malformed").Because(cause), "forbidden": problem.Forbidden("x").Because(cause),
		"not_found": problem.NotFound().Because(cause), "conflict": problem.Conflict("conflict").Because(cause),
		"too_many": problem.New(problem.KindTooMany, "too_many").Because(cause), "too_large": problem.New(problem.KindTooMany, "too_large").Because(cause),
		"unavailable": problem.New(problem.KindUnavailable, "unavailable").Because(cause), "internal": problem.New(problem.KindInternal, "internal").Because(cause),
		"unauthenticated": problem.New(problem.KindUnauthenticated, "unauthenticated"), "needs_step_up": problem.New(problem.KindNeedsStepUp, "needs_step_up"),
		"strange": problem.New("strange", "strange").Because(cause),
	}
}

func (s site) do(method, path string, set ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader("a=1"))
	for i := 0; i+1 < len(set); i += 2 {
		r.Header.Add(set[i], set[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestEveryKindHasItsPage(t *testing.T) {
	t.Parallel()
	s := setup(t, "http://localhost:8080")
	for code, want := range map[string]int{
		"invalid": 400, "forbidden": 403, "not_found": 404, "conflict": 409, "too_many": 429, "too_large": 413,
		"unavailable": 503, "internal": 500, "strange": 500,
	} {
		w := s.do(http.MethodGet, "/fail/"+code)
		body := w.Body.String()
		if w.Code != want || !strings.Contains(body, "<title>Erreur") || strings.Contains(body, "secret") {
			t.Errorf("%s: %d, want %d; title and cause: %.200s", code, w.Code, want, body)
		}
		if strings.Contains(body, "req-1") != (want >= 500) {
			t.Errorf("%s: the number of the request is shown wrongly", code)
		}
	}
	if log := s.log.String(); !strings.Contains(log, "secret cause") || !strings.Contains(log, "request=req-1") {
		t.Error("our own faults are not in the log with their cause")
	}
}

// DESIGN invariant 7: not yours is not there, to the byte.
func TestNotFoundIsOnePage(t *testing.T) {
	t.Parallel()
	s := setup(t, "http://localhost:8080")
	refused, missing := s.do(http.MethodGet, "/fail/not_found"), s.do(http.MethodGet, "/fail/not_foumd")
	strip := func(w *httptest.ResponseRecorder, path string) string {
		return strings.ReplaceAll(w.Body.String(), path, "")
	}
	if missing.Code != 404 || strip(refused, "/fail/not_found") != strip(missing, "/fail/not_foumd") {
		t.Error("the two pages differ")
	}
	if w := s.do(http.MethodPut, "/page"); w.Code != 404 {
		t.Errorf("another method: %d, want 404", w.Code)
	}
}

func TestSigningIn(t *testing.T) {
	t.Parallel()
	s := setup(t, "http://localhost:8080")
	for _, c := range []struct{ method, path, referer, want string }{
		{http.MethodGet, "/fail/unauthenticated?a=1&b=2", "", "/sign-in?next=%2Ffail%2Funauthenticated%3Fa%3D1%26b%3D2"},
		{http.MethodGet, "/fail/needs_step_up", "", "/step-up?next=%2Ffail%2Fneeds_step_up"},
		{http.MethodPost, "/fail/needs_step_up", "http://example.com/people/1", "/step-up?next=%2Fpeople%2F1"},
		{http.MethodPost, "/fail/needs_step_up", "https://evil.example/x", "/step-up?next=%2F"},
	} {
		if w := s.do(c.method, c.path, "Referer", c.referer); w.Code != http.StatusSeeOther || w.Header().Get("Location") != c.want {
			t.Errorf("%s %s: %d to %q, want %q", c.method, c.path, w.Code, w.Header().Get("Location"), c.want)
		}
	}
	// A post loses nothing by a silent redirect: it is told.
	if w := s.do(http.MethodPost, "/fail/unauthenticated"); w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "/sign-in?next=") {
		t.Errorf("post without a session: %d", w.Code)
	}
}

func TestPanicIsAPageAndLogsNoValue(t *testing.T) {
	t.Parallel()
	s := setup(t, "http://localhost:8080")
	w := s.do(http.MethodGet, "/panic")
	if w.Code != 500 || !strings.Contains(w.Body.String(), "req-1") {
		t.Errorf("panic: %d", w.Code)
	}
	if log := s.log.String(); strings.Contains(log, "Marguerite") || !strings.Contains(log, "stack=") {
		t.Errorf("log of a panic: %.300s", log)
	}
}

func TestAPageIsSentWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	w := setup(t, "http://localhost:8080").do(http.MethodGet, "/half")
	if w.Code != 500 || strings.Contains(w.Body.String(), "first half") {
		t.Errorf("half a page: %d", w.Code)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	for base, https := range map[string]bool{"http://localhost:8080": false, "https://relais.example": true} {
		s := setup(t, base)
		for _, path := range []string{"/page", "/nowhere", "/panic", "/file", static.Path("relais.css")} {
			h := s.do(http.MethodGet, path).Header()
			for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "X-Request-Id": "req-1", "X-Frame-Options": "DENY"} {
				if h.Get(name) != want {
					t.Errorf("%s %s: %q, want %q", path, name, h.Get(name), want)
				}
			}
			if (h.Get("Strict-Transport-Security") != "") != https {
				t.Errorf("%s: HSTS over %s", path, base)
			}
			policy := h.Get("Content-Security-Policy")
			if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") && path != "/file" {
				t.Errorf("%s: policy %q", path, policy)
			}
		}
		policy := s.do(http.MethodGet, "/page").Header().Get("Content-Security-Policy")
		for _, part := range []string{"form-action 'self' https://idp.example;", "frame-ancestors 'none'", "base-uri 'none'", "script-src 'self';", "style-src 'self';"} {
			if !strings.Contains(policy, part) {
				t.Errorf("policy lacks %q: %s", part, policy)
			}
		}
	}
}

func TestCaching(t *testing.T) {
	t.Parallel()
	s := setup(t, "http://localhost:8080")
	if got := s.do(http.MethodGet, "/page").Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("a page: %q", got)
	}
	css := s.do(http.MethodGet, static.Path("relais.css"), "Accept-Encoding", "gzip, br")
	if css.Code != 200 || css.Header().Get("Content-Encoding") != "gzip" || !strings.Contains(css.Header().Get("Cache-Control"), "immutable") || !strings.HasPrefix(css.Header().Get("Content-Type"), "text/css") {
		t.Errorf("style sheet: %d %v", css.Code, css.Header())
	}
	if plain := s.do(http.MethodGet, static.Path("relais.css")); plain.Header().Get("Content-Encoding") != "" || plain.Body.Len() <= css.Body.Len() {
		t.Error("the plain form is not plain")
	}
	if font := s.do(http.MethodGet, static.Path("atkinson-latin-400.woff2")); font.Header().Get("Content-Type") != "font/woff2" {
		t.Errorf("font: %v", font.Header())
	}
	for _, path := range []string{"/static/nothing.css", "/static/..%2Fstatic.go", "/static/"} {
		w := s.do(http.MethodGet, path)
		if w.Code != 404 || strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %s", path, w.Code, w.Header().Get("Cache-Control"))
		}
	}
}

// Changes asked for by another site are refused.
func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	s := setup(t, "http://localhost:8080")
	for _, c := range []struct {
		name, value string
		want        int
	}{
		{"Sec-Fetch-Site", "cross-site", 403}, {"Sec-Fetch-Site", "same-site", 403}, {"Sec-Fetch-Site", "same-origin", 303},
		{"Sec-Fetch-Site", "none", 303}, {"Origin", "https://evil.example", 403}, {"Origin", "http://localhost:8080", 303}, {"Origin", "null", 403},
	} {
		if w := s.do(http.MethodPost, "/done", c.name, c.value); w.Code != c.want {
			t.Errorf("%s: %s: %d, want %d", c.name, c.value, w.Code, c.want)
		}
	}
	if w := s.do(http.MethodGet, "/page", "Sec-Fetch-Site", "cross-site"); w.Code != 200 {
		t.Errorf("a link from elsewhere: %d", w.Code)
	}
}

func TestPreferences(t *testing.T) {
	t.Parallel()
	s := setup(t, "https://relais.example")
	w := s.do(http.MethodGet, "/page?q=Zo%C3%A9&lang=es&theme=dark&type=large")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/page?q=Zo%C3%A9" {
		t.Fatalf("%d to %q", w.Code, w.Header().Get("Location"))
	}
	var cookies []string
	for _, c := range w.Result().Cookies() {
		if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || !strings.HasPrefix(c.Name, "__Host-") {
			t.Errorf("cookie %+v", c)
		}
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	page := s.do(http.MethodGet, "/page", "Cookie", strings.Join(cookies, "; "), "Accept-Language", "en").Body.String()
	if !strings.Contains(page, `lang="es"`) || !strings.Contains(page, `data-color-scheme="dark"`) || !strings.Contains(page, `data-type-size="large"`) {
		t.Errorf("choices are not kept: %.200s", page)
	}
	for path, want := range map[string]int{"/page?lang=xx": 200, "/page?theme=%3Cscript%3E": 200, "//evil.example/?lang=fr": 303} {
		w := s.do(http.MethodGet, path)
		if w.Code != want || strings.HasPrefix(w.Header().Get("Location"), "//") {
			t.Errorf("%s: %d to %q", path, w.Code, w.Header().Get("Location"))
		}
	}
	if plain := setup(t, "http://localhost:8080"); plain.web.CookieName("session") != "relais-session" {
		t.Error("a demonstration over http has a __Host- cookie, which browsers refuse")
	}
}

// What a flash cookie says is never shown as it is.
func TestFlashShowsOnlyOurWords(t *testing.T) {
	t.Parallel()
	s := setup(t, "http://localhost:8080")
	for _, forged := range []string{"shell.skip", "flash.nothing", "<b>"} {
		body := s.do(http.MethodGet, "/page", "Cookie", "relais-flash="+forged).Body.String()
		if strings.Contains(body, `role="status"`) {
			t.Errorf("%q was shown", forged)
		}
	}
	w := s.do(http.MethodPost, "/done")
	if w.Code != 303 || !strings.Contains(w.Header().Get("Set-Cookie"), "relais-flash=flash.test") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// RB-03
func TestBodyLimit(t *testing.T) {
	t.Parallel()
	s := setup(t, "http://localhost:8080")
	r := httptest.NewRequest(http.MethodPost, "/read", strings.NewReader(strings.Repeat("x", 1001)))
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body above the limit: %d, want 413", w.Code)
	}
}

func TestDownloadNames(t *testing.T) {
	t.Parallel()
	h := setup(t, "http://localhost:8080").do(http.MethodGet, "/file").Header()
	if got := h.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment; filename") || strings.ContainsAny(got, "\r\n") {
		t.Errorf("disposition %q", got)
	}
	if !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
		t.Error("a file may run in our name")
	}
}

func TestLocalPath(t *testing.T) {
	t.Parallel()
	for next, want := range map[string]string{
		"/people/1?a=b": "/people/1?a=b", "": "/f", "people": "/f", "//evil": "/f", "/\\evil": "/f", "https://evil": "/f", "/a\nb": "/f", "javascript:x": "/f", "/%zz": "/f",
		"/": "/", "/.//evil": "/f", "/a\x7f": "/f", "/" + strings.Repeat("a", 2100): "/f",
	} {
		if got := LocalPath(next, "/f"); got != want {
			t.Errorf("%q: %q, want %q", next, got, want)
		}
	}
}

func TestCurrentEntry(t *testing.T) {
	t.Parallel()
	nav := []templates.NavLink{{Href: "/organisation"}, {Href: "/organisation/people"}, {Href: "/home"}}
	for path, want := range map[string]int{"/organisation": 0, "/organisation/people/3": 1, "/home": 2, "/homely": -1, "/": -1} {
		got := -1
		for i, l := range markCurrent(nav, path) {
			if l.Current {
				got = i
			}
		}
		if got != want {
			t.Errorf("%s: entry %d, want %d", path, got, want)
		}
	}
	// A page of an area whose entry leads to another page of it is of that entry.
	for path, want := range map[string]bool{"/organisation/letters": true, "/organisations": false, "/organisation/people/3": true} {
		if got := markCurrent([]templates.NavLink{{Href: "/organisation/people"}, {Href: "/organisations/x/y"}}, path)[0].Current; got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "localhost:8080", "ftp://x", "/path", "http://"} {
		if _, err := New(Config{BaseURL: base}); err == nil {
			t.Errorf("%q was accepted", base)
		}
	}
}

func TestCompress(t *testing.T) {
	t.Parallel()
	h, err := Compress(setup(t, "http://localhost:8080"))
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/page", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Header().Get("Content-Encoding") != "gzip" || !strings.Contains(w.Header().Get("Vary"), "Cookie") && len(w.Header().Values("Vary")) < 2 {
		t.Errorf("headers %v", w.Header())
	}
}

func TestLanguageOfThePage(t *testing.T) {
	t.Parallel()
	s := setup(t, "http://localhost:8080")
	for accept, want := range map[string]i18n.Lang{"": "fr", "en-US,en": "en", "es": "es", "de": "fr"} {
		w := s.do(http.MethodGet, "/page", "Accept-Language", accept)
		if !strings.Contains(w.Body.String(), `<html lang="`+string(want)+`"`) || w.Header().Get("Content-Language") != string(want) {
			t.Errorf("%q: %s", accept, w.Header().Get("Content-Language"))
		}
	}
}

// A form of this page may end at another site, and only at a site: nothing that
// is typed into the policy widens it further.
func TestAllowForm(t *testing.T) {
	t.Parallel()
	w, err := New(Config{BaseURL: "https://relais.example", IdentityOrigins: atTheProvider})
	if err != nil {
		t.Fatal(err)
	}
	gin.SetMode(gin.TestMode)
	e := gin.New()
	w.Mount(e)
	e.GET("/form", func(c *gin.Context) {
		AllowForm(c, "https://caf.example/back?x=1", "https://caf.example/other", "https://idp.example/authorize", "javascript:alert(1)", "https://a.example; script-src *", "relative")
		c.String(http.StatusOK, strings.Join(FormOrigins(c), " "))
	})
	rec := httptest.NewRecorder()
	e.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://relais.example/form", nil))
	if got := rec.Body.String(); got != "https://caf.example" {
		t.Errorf("let in: %q", got)
	}
	if policy := rec.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "; form-action 'self' https://caf.example https://idp.example; ") {
		t.Errorf("policy %q", policy)
	}
}

// Where a provider's forms end is learnt after the start: each page says what is
// known when it is made.
func TestThePolicyFollowsTheProviders(t *testing.T) {
	t.Parallel()
	known := []string{"https://idp.example"}
	w, err := New(Config{BaseURL: "https://relais.example", IdentityOrigins: func() []string { return known }})
	if err != nil {
		t.Fatal(err)
	}
	e := gin.New()
	w.Mount(e)
	policy := func() string {
		rec := httptest.NewRecorder()
		e.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://relais.example/x", nil))
		return rec.Header().Get("Content-Security-Policy")
	}
	if got := policy(); !strings.Contains(got, "; form-action 'self' https://idp.example; ") {
		t.Errorf("before: %q", got)
	}
	known = append(known, "https://login.example")
	if got := policy(); !strings.Contains(got, "; form-action 'self' https://idp.example https://login.example; ") {
		t.Errorf("after: %q", got)
	}
}

// Somebody helped has no referent to talk to: their pages send them to the
// organisation.
func TestForbiddenSendsThePersonToTheOrganisation(t *testing.T) {
	t.Parallel()
	s := setup(t, "https://relais.example")
	s.GET("/mine/refused", Handle(func(c *gin.Context) error {
		SetSignIn(c, "/card")
		return problem.Forbidden("x")
	}))
	for _, lang := range i18n.Langs() {
		say := i18n.For(lang)
		staff := s.do(http.MethodGet, "/fail/forbidden", "Accept-Language", string(lang)).Body.String()
		person := s.do(http.MethodGet, "/mine/refused", "Accept-Language", string(lang)).Body.String()
		if !strings.Contains(staff, say.T("failure.forbidden.next")) || strings.Contains(staff, say.T("failure.forbidden.next_person")) {
			t.Errorf("%s: staff are not sent to their referent", lang)
		}
		if !strings.Contains(person, say.T("failure.forbidden.next_person")) || strings.Contains(person, say.T("failure.forbidden.next")) {
			t.Errorf("%s: the person is not sent to the organisation", lang)
		}
	}
}

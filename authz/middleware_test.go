package authz

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/internal/store"
)

func request(t *testing.T, w *Web, cookie *http.Cookie, handle gin.HandlerFunc) *httptest.ResponseRecorder {
	t.Helper()
	engine := gin.New()
	engine.Use(w.Middleware(func(c *gin.Context, _ error) { c.Status(http.StatusServiceUnavailable) }))
	engine.GET("/", handle)
	rec := httptest.NewRecorder()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	if cookie != nil {
		req.AddCookie(cookie)
	}
	engine.ServeHTTP(rec, req)
	return rec
}

func TestCookieCarriesTheSession(t *testing.T) {
	t.Parallel()
	b := setupSessions(t)
	w, err := NewWeb(b.Sessions, "https://relais.example")
	if err != nil {
		t.Fatal(err)
	}
	token, s := b.start(t, NewSession{Account: alice})
	rec := request(t, w, nil, func(c *gin.Context) {
		if _, ok := SessionOf(c); ok {
			t.Error("a session without a cookie")
		}
		w.SetCookie(c, token, s)
		if got, ok := SessionOf(c); !ok || got.ID != s.ID {
			t.Error("the session just begun is not the request's")
		}
	})
	cookie := rec.Result().Cookies()[0]
	if cookie.Name != "__Host-relais" || !cookie.Secure || !cookie.HttpOnly || cookie.Path != "/" || cookie.Domain != "" ||
		cookie.SameSite != http.SameSiteLaxMode || cookie.MaxAge != 0 || !cookie.Expires.IsZero() {
		t.Errorf("cookie %+v", cookie)
	}
	rec = request(t, w, cookie, func(c *gin.Context) {
		got, ok := RequestSessionOf(c)
		if !ok || got.Session.ID != s.ID || got.Token != token {
			t.Errorf("request session %+v", got)
		}
		if err := b.End(c.Request.Context(), got.Token); err != nil {
			t.Error(err)
		}
		w.ClearCookie(c)
		if _, ok := SessionOf(c); ok {
			t.Error("still a session after clearing")
		}
	})
	if got := rec.Result().Cookies()[0]; got.MaxAge >= 0 || got.Name != cookie.Name || !got.Secure {
		t.Errorf("clearing cookie %+v", got)
	}
	ran := false
	rec = request(t, w, cookie, func(c *gin.Context) {
		_, signedIn := SessionOf(c)
		ran = !signedIn
	})
	if !ran || rec.Result().Cookies()[0].MaxAge >= 0 {
		t.Error("a dead cookie was not cleared, or stopped the request")
	}
}

func TestOutageIsNotASignOut(t *testing.T) {
	t.Parallel()
	b := setupSessions(t)
	w, err := NewWeb(b.Sessions, "http://localhost:8080")
	if err != nil {
		t.Fatal(err)
	}
	token, _ := b.start(t, NewSession{Account: alice})
	b.one = func(context.Context, string, []any, ...any) error { return errors.New("no database") }
	b.read = store.NewGroup(1, 1, func(context.Context, []tokenHash) ([]*Session, error) { return nil, errors.New("no database") })
	rec := request(t, w, &http.Cookie{Name: "relais", Value: token}, func(*gin.Context) { t.Error("the handler ran") })
	if rec.Code != http.StatusServiceUnavailable || len(rec.Result().Cookies()) != 0 {
		t.Errorf("answered %d with cookies %v", rec.Code, rec.Result().Cookies())
	}
}

func TestBaseURLDecidesTheCookie(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"https://relais.example": secureCookie, "http://localhost:8080": plainCookie, "ftp://x": "", "relais.example": "", "": "",
	} {
		w, err := NewWeb(nil, base)
		if (err == nil) != (want != "") || (err == nil && (w.name != want || w.secure != (want == secureCookie))) {
			t.Errorf("%q: %+v, %v", base, w, err)
		}
	}
}

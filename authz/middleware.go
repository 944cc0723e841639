package authz

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"
)

// The cookie's names. The prefix __Host- makes browsers refuse it unless it is
// Secure, of this host alone and for every path; over plain http, which is for
// one's own machine, browsers refuse the prefix.
const (
	secureCookie = "__Host-relais"
	plainCookie  = "relais"
)

// Web binds sessions to browsers by a cookie.
type Web struct {
	sessions *Sessions
	name     string
	secure   bool
	recalled map[string]bool // routes that may begin on a session recalled
}

// NewWeb reads from the base URL whether the site is served over https.
func NewWeb(sessions *Sessions, baseURL string) (*Web, error) {
	u, err := url.Parse(baseURL)
	if err != nil {
		return nil, fmt.Errorf("authz: base URL: %w", err)
	}
	switch {
	case u.Host == "":
		return nil, fmt.Errorf("authz: base URL %q names no host", baseURL)
	case u.Scheme == "https":
		return &Web{sessions: sessions, name: secureCookie, secure: true}, nil
	case u.Scheme == "http":
		return &Web{sessions: sessions, name: plainCookie}, nil
	}
	return nil, fmt.Errorf("authz: base URL %q is neither https nor http", baseURL)
}

// RequestSession is what a request came with.
type RequestSession struct {
	Session Session
	// Token is the browser's, to end the session by. Never log it.
	Token string
}

// requestKey is typed so that no string key can collide with it.
type requestKey struct{}

// Middleware loads the session of the request's cookie. A cookie without a live
// session is cleared and the request goes on as nobody's. When the database
// does not answer, fail renders the fault and the request stops: an outage must
// not look like a sign-out.
func (w *Web) Middleware(fail func(*gin.Context, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		cookie, err := c.Request.Cookie(w.name)
		if err != nil || cookie.Value == "" {
			c.Next()
			return
		}
		if w.recalled[routeOf(c.Request.Method, c.FullPath())] {
			if session, ok := w.sessions.Recall(cookie.Value); ok {
				c.Set(recalledKey{}, RequestSession{Session: session, Token: cookie.Value})
				c.Next()
				return
			}
		}
		if err := w.load(c, cookie.Value); err != nil {
			c.Abort()
			fail(c, err)
			return
		}
		c.Next()
	}
}

// load reads the session of a token for the rest of the request.
func (w *Web) load(c *gin.Context, token string) error {
	session, err := w.sessions.Load(c.Request.Context(), token)
	switch {
	case errors.Is(err, ErrNoSession):
		w.ClearCookie(c)
	case err != nil:
		return err
	default:
		c.Set(requestKey{}, RequestSession{Session: session, Token: token})
	}
	return nil
}

// recalledKey is where a session recalled stands, apart from one read: nothing
// that asks SessionOf ever meets it.
type recalledKey struct{}

// MayRecall lets the requests of a route begin on a session recalled
// (Sessions.Recall). Its handler takes it from Recalled, and without a sure end
// asks Prove before anything else. Call it before serving.
func (w *Web) MayRecall(method, path string) {
	if w.recalled == nil {
		w.recalled = map[string]bool{}
	}
	w.recalled[routeOf(method, path)] = true
}

func routeOf(method, path string) string { return method + " " + path }

// Recalled is the session that a request supposes, and holds its act to; false
// when the request's session was read, or there is none.
func Recalled(c *gin.Context) (Session, bool) {
	v, _ := c.Get(recalledKey{})
	r, ok := v.(RequestSession)
	return r.Session, ok
}

// Prove reads the session of a request that began on one recalled, as the
// middleware does for every other.
func (w *Web) Prove(c *gin.Context) error {
	v, _ := c.Get(recalledKey{})
	r, ok := v.(RequestSession)
	if !ok {
		return nil
	}
	c.Set(recalledKey{}, nil)
	return w.load(c, r.Token)
}

// SessionOf is the session the request came with, or the one its handler just
// began; false when nobody is signed in.
func SessionOf(c *gin.Context) (Session, bool) {
	r, ok := RequestSessionOf(c)
	return r.Session, ok
}

// RequestSessionOf is SessionOf with the token.
func RequestSessionOf(c *gin.Context) (RequestSession, bool) {
	v, ok := c.Get(requestKey{})
	if !ok {
		return RequestSession{}, false
	}
	r, ok := v.(RequestSession)
	return r, ok
}

// SetCookie gives the browser a session's token, and the rest of this request
// the session. The cookie lasts as long as the browser: desks are shared.
func (w *Web) SetCookie(c *gin.Context, token string, session Session) {
	http.SetCookie(c.Writer, w.cookie(token, 0))
	c.Set(requestKey{}, RequestSession{Session: session, Token: token})
}

// ClearCookie takes the token back, and the session from the rest of this
// request. It does not end the session.
func (w *Web) ClearCookie(c *gin.Context) {
	http.SetCookie(c.Writer, w.cookie("", -1))
	c.Set(requestKey{}, nil)
}

// cookie is SameSite=Lax so that links from mails and the way back from the
// identity provider find the session; changes from other sites are refused by
// the cross-origin check of the surface.
func (w *Web) cookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: w.name, Value: value, Path: "/", MaxAge: maxAge,
		Secure: w.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

package signin

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz/login"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/seal"
)

const browserCookie = "browser"

// browser is the secret that binds an attempt to this browser, made if absent.
func (s *Surface) browser(c *gin.Context) []byte {
	if raw, err := base64.RawURLEncoding.DecodeString(s.Web.Cookie(c, browserCookie)); err == nil && len(raw) == login.BrowserBytes {
		return raw
	}
	raw := make([]byte, login.BrowserBytes)
	_, _ = rand.Read(raw) // crypto/rand never fails (Go 1.24)
	s.Web.SetCookie(c, browserCookie, base64.RawURLEncoding.EncodeToString(raw), 0)
	return raw
}

// stash keeps a posted form: where it goes, its fields, and the sites that the
// answer may lead to besides ours.
type stash struct {
	Path    string
	Fields  url.Values
	Origins []string
}

const (
	pathField    = "\x00path"
	originsField = "\x00origins"
	// stashUse is what the key of a kept form is derived for.
	stashUse = "relais kept form"
)

// seal makes a stash that only this browser can open, and only in the session
// that typed it: whoever signs in after somebody else reads nothing of theirs.
// Pictures are left out; they are drawn again. What is still too large is not
// kept at all: nil.
func (x stash) seal(browser []byte, session uuid.UUID) ([]byte, error) {
	fields := url.Values{pathField: {x.Path}, originsField: x.Origins}
	for k, vs := range x.Fields {
		if strings.HasSuffix(k, "_png") || strings.HasSuffix(k, "_strokes") {
			continue
		}
		fields[k] = vs
	}
	sealed, err := seal.New(browser, stashUse).Seal(rand.Reader, []byte(fields.Encode()), session)
	if err != nil || len(sealed) > login.MaxStash {
		return nil, err
	}
	return sealed, nil
}

func unseal(sealed, browser []byte, session uuid.UUID) (stash, error) {
	raw, err := seal.New(browser, stashUse).Open(sealed, session)
	if err != nil {
		return stash{}, err
	}
	fields, err := url.ParseQuery(string(raw))
	if err != nil {
		return stash{}, err
	}
	x := stash{Path: web.LocalPath(fields.Get(pathField), ""), Fields: fields, Origins: fields[originsField]}
	delete(fields, pathField)
	delete(fields, originsField)
	if x.Path == "" {
		return x, errors.New("signin: a kept form leads nowhere")
	}
	return x, nil
}

// sealedText is a sealed stash as a field of a form carries it; what is no such
// text, or was sealed elsewhere, is none.
func sealedText(sealed []byte) string { return base64.RawURLEncoding.EncodeToString(sealed) }

func sealedFrom(text string, browser []byte, session uuid.UUID) []byte {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(sealed) == 0 {
		return nil
	}
	if _, err := unseal(sealed, browser, session); err != nil {
		return nil
	}
	return sealed
}

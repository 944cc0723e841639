package signin

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz/login"
	"github.com/relais-org/relais/frontend/web"
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
)

func sealer(browser []byte) (cipher.AEAD, error) {
	key := sha256.Sum256(append([]byte("relais/stash/v1\x00"), browser...))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal makes a stash only this browser can open. Pictures are left out when
// it would be too large: they are drawn again.
func (x stash) seal(browser []byte) ([]byte, error) {
	fields := url.Values{pathField: {x.Path}, originsField: x.Origins}
	for k, vs := range x.Fields {
		if strings.HasSuffix(k, "_png") || strings.HasSuffix(k, "_strokes") {
			continue
		}
		fields[k] = vs
	}
	gcm, err := sealer(browser)
	if err != nil {
		return nil, err
	}
	sealed := gcm.Seal(nil, nil, []byte(fields.Encode()), nil) //nolint:gosec // G407: this AEAD draws its own nonce and puts it in front
	if len(sealed) > login.MaxStash {
		return nil, nil
	}
	return sealed, nil
}

func unseal(sealed, browser []byte) (stash, error) {
	gcm, err := sealer(browser)
	if err != nil {
		return stash{}, err
	}
	raw, err := gcm.Open(nil, nil, sealed, nil)
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

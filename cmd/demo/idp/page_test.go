package idp_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/relais-org/relais/cmd/demo/idp"
)

func TestSignInPageSpeaksTheLanguageAskedFor(t *testing.T) {
	t.Parallel()
	p := setup(t, idp.Options{})
	for lang, hint := range map[string]string{"fr": "médiatrice", "es": "mediadora", "en": "mediator", "de en": "mediator"} {
		answer, err := p.browser.Get(p.authURL("v", with("ui_locales", lang)))
		body := p.read(answer, err)
		if !strings.Contains(body, hint) || !strings.Contains(body, `<html lang="`+lang[len(lang)-2:]+`">`) {
			t.Errorf("%s: %.400s", lang, body)
		}
		policy := answer.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "form-action 'self' http://rp.test") {
			t.Errorf("policy %q", policy)
		}
		if strings.Contains(body, "<b>Petit") || strings.Contains(body, "<script") {
			t.Error("unescaped name or script on the page")
		}
	}
}

func TestCrossSiteFormIsRefused(t *testing.T) {
	t.Parallel()
	p := setup(t, idp.Options{})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.idp.URL+"/login", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	answer, err := p.browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("answered %s", answer.Status)
	}
}

package op_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations/clients"
)

// fc is FranceConnect as it asks an identity provider today: secret in the
// body, acr eidas1, no PKCE.
func (h *house) fc(change ...func(*clients.New)) *rp {
	h.t.Helper()
	_, secret := h.service("fc-test", append([]func(*clients.New){func(n *clients.New) {
		n.Profile, n.AuthMethod, n.IDTokenAlg = clients.FranceConnect, clients.SecretPost, "HS256"
	}}, change...)...)
	r := h.rp("fc-test", secret)
	r.basic, r.verifier = false, ""
	return r
}

func (r *rp) askingFC() url.Values {
	return url.Values{"client_id": {r.id}, "response_type": {"code"}, "redirect_uri": {r.redirect},
		"scope": {"openid profile email address phone birth"}, "state": {r.state}, "nonce": {r.nonce}, "acr_values": {"eidas1"},
		"claims": {`{"id_token":{"rep_scope":{"essential":true,"values":["housing"]}}}`}}
}

func (r *rp) redeemFC(code string) answer {
	return r.post("/oauth/token", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {r.redirect}})
}

var tenClaims = []string{"sub", "given_name", "family_name", "preferred_username", "birthdate", "birthplace", "birthcountry", "gender", "email", "creation_date"}

// known makes the codes that services know the person by known.
func (h *house) known(c beneficiaries.Codes) {
	h.t.Helper()
	b, err := h.people.Get(h.t.Context(), h.as(h.mediator), h.person)
	must(h.t, err)
	in := b.Identity()
	in.UsageName, in.Codes = "Roy", c
	must(h.t, h.people.Change(h.t.Context(), h.as(h.mediator), h.person, in))
}

// All that FranceConnect knows somebody by is there, and true: for who was born in
// France, abroad, and for who nothing is known of.
func TestFranceConnectTenClaims(t *testing.T) {
	t.Parallel()
	h := setup(t)
	r := h.fc()
	since, err := h.people.Get(t.Context(), h.as(h.mediator), h.person)
	must(t, err)
	for name, c := range map[string]struct {
		known beneficiaries.Codes
		want  map[string]string
	}{
		"in France": {beneficiaries.Codes{Gender: "female", BirthPlace: "35238"}, map[string]string{"gender": "female", "birthplace": "35238", "birthcountry": "99100"}},
		"abroad":    {beneficiaries.Codes{Gender: "male", Country: "99352"}, map[string]string{"gender": "male", "birthplace": "", "birthcountry": "99352"}},
		"not known": {beneficiaries.Codes{}, map[string]string{"gender": "", "birthplace": "", "birthcountry": ""}},
	} {
		h.known(c.known)
		info := h.userinfo(r.redeemFC(r.code(r.askingFC())).text("access_token"))
		maps.Copy(c.want, map[string]string{"given_name": "Fatima", "family_name": "Haddad", "preferred_username": "Roy", "birthdate": "1957-03-12",
			"email": "fatima@home.example", "phone_number": "+33612345678", "creation_date": since.CreatedAt.UTC().Format("2006-01-02T15:04:05.000Z")})
		for claim, want := range c.want {
			if got, there := info.json[claim]; !there || got != want {
				t.Errorf("%s: %s is %v, want %q", name, claim, got, want)
			}
		}
		if info.text("sub") == "" || strings.Contains(info.body, "None") || strings.Contains(info.body, "Oran") {
			t.Errorf("%s: %s", name, info.body)
		}
	}
}

// FranceConnect's scopes give what they give there, a part of a registered scope
// may be asked for alone, and nothing that the service is not entitled to is told.
func TestFranceConnectScopes(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.known(beneficiaries.Codes{Gender: "female", BirthPlace: "35238"})
	pivotal := []string{"given_name", "family_name", "birthdate", "gender", "birthplace", "birthcountry"}
	for scope, told := range map[string][]string{
		"gender": {"gender"}, "birthplace": {"birthplace"}, "birthcountry": {"birthcountry"}, "birth": {"birthplace", "birthcountry"},
		"identite_pivot": pivotal, "profile": {"given_name", "family_name", "preferred_username", "birthdate", "gender", "creation_date"},
	} {
		for may, claims := range map[string][]string{"all": clients.ClaimNames(), "few": {"given_name", "birthplace"}} {
			id := "fc-" + strings.ReplaceAll(scope, "_", "-") + "-" + may
			_, secret := h.service(id, func(n *clients.New) {
				n.Profile, n.AuthMethod, n.IDTokenAlg, n.Claims, n.Scopes = clients.FranceConnect, clients.SecretPost, "HS256", claims, []string{"openid", "profile", "birth"}
			})
			r := h.rp(id, secret)
			r.basic, r.verifier = false, ""
			v := r.askingFC()
			v.Set("scope", "openid "+scope)
			got := r.redeemFC(r.code(v))
			if got.text("scope") != "openid "+scope {
				t.Errorf("%s: granted %q", scope, got.text("scope"))
			}
			info := h.userinfo(got.text("access_token"))
			for _, name := range clients.ClaimNames() {
				if (info.text(name) != "") != (slices.Contains(told, name) && slices.Contains(claims, name)) {
					t.Errorf("%s, entitled to %s: %s is %q", scope, may, name, info.text(name))
				}
			}
		}
	}
	_, secret := h.service("fc-less", func(n *clients.New) {
		n.Profile, n.AuthMethod, n.IDTokenAlg, n.Scopes = clients.FranceConnect, clients.SecretPost, "HS256", []string{"openid", "profile"}
	})
	r := h.rp("fc-less", secret)
	r.basic, r.verifier = false, ""
	v := r.askingFC()
	v.Set("scope", "openid identite_pivot")
	sentBack(t, r, r.authorize(v), "invalid_scope") // more than profile
}

// The house's own profile says the place in words and leaves out what is not known.
func TestOwnProfileTellsCodesToo(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, secret := h.service("caf")
	r := h.rp("caf", secret)
	told := func() answer { return h.userinfo(r.redeem(r.code(r.push(r.asking()))).text("access_token")) }
	info := told()
	for _, name := range []string{"gender", "birthcountry", "creation_date"} {
		if v, there := info.json[name]; there {
			t.Errorf("nothing is known, and %s is %v", name, v)
		}
	}
	h.known(beneficiaries.Codes{Gender: "female", Country: "99352"})
	if info = told(); info.text("gender") != "female" || info.text("birthcountry") != "99352" || info.text("birthplace") != "Oran" || info.json["creation_date"] != nil {
		t.Errorf("userinfo %s", info.body)
	}
}

func TestFranceConnectWholeWay(t *testing.T) {
	t.Parallel()
	h := setup(t)
	r := h.fc()
	got := r.redeemFC(r.code(r.askingFC()))
	if got.status != http.StatusOK || got.json["authorization_details"] != nil {
		t.Fatalf("%d %s", got.status, got.body)
	}
	verifySharedSecret(t, got.text("id_token"), r.secret)
	id := claimsOf(t, got.text("id_token"))
	if id["acr"] != "eidas1" || id["nonce"] != r.nonce || fmt.Sprint(id["rep_scope"]) != "[housing]" || id["act"] == nil {
		t.Errorf("ID token %v", id)
	}
	info := h.userinfo(got.text("access_token"))
	for _, name := range tenClaims {
		if _, there := info.json[name]; !there {
			t.Errorf("userinfo lacks %s: %s", name, info.body)
		}
	}
	if info.text("given_name") != "Fatima" || info.text("birthdate") != "1957-03-12" || info.text("email") == "" || info.text("gender") != "" {
		t.Errorf("userinfo %s", info.body)
	}
	refused(t, r.redeemFC("x"), http.StatusBadRequest, "invalid_grant")
}

// What rep_scope says does not widen when the request is long over: not at a
// refresh, nor once nothing is known of the request.
func TestRepScopeNeverWidens(t *testing.T) {
	t.Parallel()
	for asked, long := range map[string]string{procedure: "[housing.apl]", "housing": "[housing]"} {
		t.Run(asked, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			r := h.fc()
			v := r.askingFC()
			v.Set("scope", v.Get("scope")+" offline_access")
			v.Set("claims", `{"id_token":{"rep_scope":{"essential":true,"values":["`+asked+`"]}}}`)
			got := r.redeemFC(r.code(v))
			is := func(when, want string) {
				t.Helper()
				if said := fmt.Sprint(claimsOf(t, got.text("id_token"))["rep_scope"]); said != want {
					t.Errorf("%s: %s, want %s", when, said, want)
				}
			}
			is("at first", long)
			h.advance(acting.RequestLifetime + time.Minute)
			got = r.post("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {got.text("refresh_token")}})
			if got.status != http.StatusOK {
				t.Fatalf("refresh: %d %s", got.status, got.body)
			}
			is("after the request", long)
			_, err := h.store.Pool().Exec(t.Context(), `DELETE FROM acting_requests`)
			must(t, err)
			got = r.post("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {got.text("refresh_token")}})
			is("nothing is known of it", "[housing.apl]")
		})
	}
}

// RS256, and a signed userinfo, where the client is registered so.
func TestFranceConnectSigned(t *testing.T) {
	t.Parallel()
	h := setup(t)
	r := h.fc(func(n *clients.New) { n.IDTokenAlg, n.UserinfoAlg = "RS256", "RS256" })
	got := r.redeemFC(r.code(r.askingFC()))
	info := h.userinfo(got.text("access_token"))
	if info.header.Get("Content-Type") != "application/jwt" {
		t.Fatalf("userinfo %s", info.body)
	}
	c := claimsOf(t, info.body)
	if c["iss"] != h.issuer || c["aud"] != "fc-test" || c["sub"] != claimsOf(t, got.text("id_token"))["sub"] {
		t.Errorf("userinfo %v", c)
	}
	keys := h.get(http.DefaultClient, h.issuer+"/oauth/keys").json["keys"].([]any)
	if !slices.ContainsFunc(keys, func(k any) bool { return k.(map[string]any)["kty"] == "RSA" }) {
		t.Error("the RSA key is not published")
	}
}

// The protocol's refusals.
func TestFranceConnectRefusals(t *testing.T) {
	t.Parallel()
	h := setup(t)
	r := h.fc()
	rep := func(s string) map[string]string { return map[string]string{"claims": s} }
	for name, c := range map[string]struct {
		set  map[string]string
		code string
	}{
		"no nonce":         {map[string]string{"nonce": ""}, "invalid_request"},
		"no acr":           {map[string]string{"acr_values": ""}, "invalid_request"},
		"eidas2":           {map[string]string{"acr_values": "eidas2"}, "invalid_request"},
		"more than eidas1": {map[string]string{"acr_values": "eidas1 eidas2"}, "invalid_request"},
		"no openid":        {map[string]string{"scope": "profile birth"}, "invalid_scope"},
		"token flow":       {map[string]string{"response_type": "token"}, "unsupported_response_type"},
		"details":          {map[string]string{"authorization_details": "[]"}, "invalid_request"},
		"not JSON":         {rep(`{`), "invalid_request"},
		"not essential":    {rep(`{"id_token":{"rep_scope":{"essential":false,"values":["housing"]}}}`), "invalid_request"},
		"no values":        {rep(`{"id_token":{"rep_scope":{"essential":true,"values":[]}}}`), "invalid_request"},
		"wrong shape":      {rep(`{"id_token":{"rep_scope":"housing"}}`), "invalid_request"},
		"not offered":      {rep(`{"id_token":{"rep_scope":{"essential":true,"values":["justice"]}}}`), "invalid_scope"},
		"weak PKCE":        {map[string]string{"code_challenge": "abc", "code_challenge_method": "plain"}, "invalid_request"},
	} {
		v := r.askingFC()
		for key, value := range c.set {
			v.Set(key, value)
			if value == "" {
				v.Del(key)
			}
		}
		got := r.authorize(v)
		sentBack(t, r, got, c.code)
		if t.Failed() {
			t.Fatal(name)
		}
	}
	v := r.askingFC()
	v.Del("state")
	sentBack(t, r, r.authorize(v), "invalid_request")
	v.Set("redirect_uri", callback+"x")
	shown(t, r.authorize(v), http.StatusBadRequest)

	// at the token endpoint
	code := r.code(r.askingFC())
	basic := h.rp("fc-test", r.secret)
	refused(t, basic.redeem(code), http.StatusUnauthorized, "invalid_client") // the secret belongs in the body
	wrong := h.rp("fc-test", "wrong")
	wrong.basic = false
	refused(t, wrong.redeemFC(code), http.StatusUnauthorized, "invalid_client")
	injected := r.post("/oauth/token", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {r.redirect},
		"code_verifier": {"vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"}})
	refused(t, injected, http.StatusBadRequest, "invalid_grant") // a verifier nothing is compared with

	late := r.code(r.askingFC())
	h.advance(61 * time.Second)
	refused(t, r.redeemFC(late), http.StatusBadRequest, "invalid_grant")

	// what was Aidants Connect's flaw: used twice, and after the mandate ended
	twice := r.code(r.askingFC())
	given := r.redeemFC(twice)
	refused(t, r.redeemFC(twice), http.StatusBadRequest, "invalid_grant")
	if info := h.userinfo(given.text("access_token")); info.status != http.StatusUnauthorized {
		t.Errorf("after reuse %d", info.status)
	}
	last := r.redeemFC(r.code(r.askingFC()))
	h.revokeMandate()
	if info := h.userinfo(last.text("access_token")); info.status != http.StatusUnauthorized {
		t.Errorf("after the revocation %d", info.status)
	}
}

// rep_scope is enforced: nobody can be chosen for what was not asked for.
func TestRepScopeIsEnforced(t *testing.T) {
	t.Parallel()
	h := setup(t)
	r := h.fc(func(n *clients.New) {
		for _, p := range h.pack.Procedures {
			if p.Theme == "family" {
				n.Procedures = append(n.Procedures, p.Code)
			}
		}
	})
	v := r.askingFC()
	v.Set("claims", `{"id_token":{"rep_scope":{"essential":true,"values":["family"]}}}`)
	id := r.requestOf(r.authorize(v))
	seen, err := h.acting.Open(t.Context(), h.as(h.mediator), id, r.secretOfBrowser())
	must(t, err)
	if slices.Contains(seen.Procedures, procedure) {
		t.Error("offered what was not asked for")
	}
	if err := h.acting.ChoosePerson(t.Context(), h.as(h.mediator), id, seen.Version, h.person); err == nil {
		t.Error("somebody with a housing mandate was chosen for family matters")
	}
}

// email and phone are scopes of their own in this profile too: whoever may have one
// need not be given contact, and whoever asks for one is told nothing of the other.
func TestFranceConnectEmailAndPhone(t *testing.T) {
	t.Parallel()
	h := setup(t)
	scopes := []string{"openid", "profile", "birth", "email", "phone"}
	for scope, told := range map[string]string{"email": "email", "phone": "phone_number"} {
		for may, list := range map[string][]string{"by itself": {"openid", "profile", "birth", scope}, "and contact": append(scopes, "contact")} {
			_, secret := h.service("fc-"+scope+"-"+strings.ReplaceAll(may, " ", "-"), func(n *clients.New) {
				n.Profile, n.AuthMethod, n.IDTokenAlg, n.Scopes = clients.FranceConnect, clients.SecretPost, "HS256", list
			})
			r := h.rp("fc-"+scope+"-"+strings.ReplaceAll(may, " ", "-"), secret)
			r.basic, r.verifier = false, ""
			v := r.askingFC()
			v.Set("scope", "openid profile "+scope)
			got := r.redeemFC(r.code(v))
			if got.text("scope") != "openid profile "+scope {
				t.Errorf("%s %s: scope %q", scope, may, got.text("scope"))
			}
			info := h.userinfo(got.text("access_token"))
			for _, name := range []string{"email", "phone_number"} {
				if (info.text(name) != "") != (name == told) {
					t.Errorf("%s %s: %s is %q", scope, may, name, info.text(name))
				}
			}
		}
	}
}

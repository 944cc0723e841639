package op_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/organisations/clients"
)

// Redirect tricks (RFC 9700 §4.1): what is not byte for byte registered is
// never redirected to, neither by a request brought along nor by a pushed one.
func TestRedirectTricks(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, secret := h.service("caf")
	r := h.rp("caf", secret)
	for _, to := range []string{
		"", callback + "/", callback + "/../evil", callback + "?x=1", callback + "#fragment", callback + "%2f..",
		"http://127.0.0.1:9998/callback", "http://127.0.0.1/callback", "https://127.0.0.1:9999/callback", "HTTP://127.0.0.1:9999/callback",
		"http://127.0.0.1.:9999/callback", "http://127.0.0.1:9999@evil.example/callback", "http://evil@127.0.0.1:9999/callback",
		"http://127.0.0.1:9999/Callback", "http://127.0.0.1:9999//callback", "http://127.0.0.1:9999/callback%20", " " + callback,
		"http%3A%2F%2F127.0.0.1%3A9999%2Fcallback", "http://127.0.0.1:9999/%63allback", "//127.0.0.1:9999/callback",
		"http://127.0.0.1:9999\\@evil.example/callback", "javascript:alert(1)", "http://localhost:9999/callback", callback + "\x00",
	} {
		v := r.asking()
		v.Set("redirect_uri", to)
		shown(t, r.authorize(v), http.StatusBadRequest)
		pushed := r.asking()
		pushed.Set("redirect_uri", to)
		refused(t, r.post("/oauth/par", pushed), http.StatusBadRequest, "invalid_request")
	}
	twice := r.asking()
	twice.Add("redirect_uri", "https://evil.example/callback")
	shown(t, r.authorize(twice), http.StatusBadRequest)
	if n := h.count(`SELECT count(*) FROM acting_requests`); n != 0 {
		t.Errorf("%d requests began", n)
	}
}

// Who is not known is shown a page, in the reader's language.
func TestUnknownClientIsShownAPage(t *testing.T) {
	t.Parallel()
	h := setup(t)
	client, secret := h.service("caf")
	r := h.rp("caf", secret)
	v := r.asking()
	v.Set("client_id", "nobody")
	shown(t, r.authorize(v), http.StatusBadRequest)
	v.Del("client_id")
	shown(t, r.authorize(v), http.StatusBadRequest)
	for lang, words := range map[string]string{"fr": "a fait une erreur", "en": "made a mistake", "es": "ha cometido un error"} {
		v.Set("ui_locales", lang+" de")
		if got := r.authorize(v); !strings.Contains(got.body, words) || got.header.Get("Content-Language") != lang {
			t.Errorf("%s: %s", lang, got.body)
		}
	}
	if got := r.authorize(v); !strings.Contains(got.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		t.Error("the page may be framed")
	}
	// suspended looks like unknown
	must(t, h.clients.Suspend(t.Context(), h.as(h.operator), client.ID))
	shown(t, r.authorize(r.asking()), http.StatusBadRequest)
}

// What may be told to the service is, with state and issuer, and the same
// things are refused when pushed.
func TestRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, secret := h.service("caf", func(n *clients.New) { n.Scopes = []string{"openid", "profile", "offline_access"} })
	r := h.rp("caf", secret)
	details := func(s string) map[string]string {
		return map[string]string{"authorization_details": strings.ReplaceAll(s, "TYPE", h.issuer+"/rar/mandate-step/1")}
	}
	for name, c := range map[string]struct {
		set  map[string]string
		code string
	}{
		"no PKCE":                 {map[string]string{"code_challenge": "", "code_challenge_method": ""}, "invalid_request"},
		"plain PKCE":              {map[string]string{"code_challenge_method": "plain"}, "invalid_request"},
		"PKCE without method":     {map[string]string{"code_challenge_method": ""}, "invalid_request"},
		"short challenge":         {map[string]string{"code_challenge": "abc"}, "invalid_request"},
		"padded challenge":        {map[string]string{"code_challenge": s256("x") + "="}, "invalid_request"},
		"no response type":        {map[string]string{"response_type": ""}, "invalid_request"},
		"implicit":                {map[string]string{"response_type": "id_token"}, "unsupported_response_type"},
		"hybrid":                  {map[string]string{"response_type": "code id_token"}, "unsupported_response_type"},
		"fragment":                {map[string]string{"response_mode": "fragment"}, "invalid_request"},
		"request object":          {map[string]string{"request": "a.b.c"}, "request_not_supported"},
		"request by reference":    {map[string]string{"request_uri": "https://evil.example/r"}, "request_uri_not_supported"},
		"registration":            {map[string]string{"registration": "{}"}, "registration_not_supported"},
		"unknown prompt":          {map[string]string{"prompt": "create"}, "invalid_request"},
		"silence":                 {map[string]string{"prompt": "none"}, "interaction_required"},
		"silence and more":        {map[string]string{"prompt": "none login"}, "invalid_request"},
		"negative age":            {map[string]string{"max_age": "-1"}, "invalid_request"},
		"odd age":                 {map[string]string{"max_age": "+5"}, "invalid_request"},
		"no scope":                {map[string]string{"scope": ""}, "invalid_scope"},
		"unknown scopes only":     {map[string]string{"scope": "everything"}, "invalid_scope"},
		"scope of others":         {map[string]string{"scope": "openid birth"}, "invalid_scope"},
		"long nonce":              {map[string]string{"nonce": strings.Repeat("n", 600)}, "invalid_request"},
		"details, not JSON":       {details(`{`), "invalid_authorization_details"},
		"details, not a list":     {details(`{"type":"TYPE"}`), "invalid_authorization_details"},
		"details, two":            {details(`[{"type":"TYPE"},{"type":"TYPE"}]`), "invalid_authorization_details"},
		"details, more after":     {details(`[{"type":"TYPE"}] []`), "invalid_authorization_details"},
		"details, other type":     {details(`[{"type":"payment_initiation"}]`), "invalid_authorization_details"},
		"details, no type":        {details(`[{"actions":["view"]}]`), "invalid_authorization_details"},
		"details, unknown field":  {details(`[{"type":"TYPE","privileges":["all"]}]`), "invalid_authorization_details"},
		"details, our own field":  {details(`[{"type":"TYPE","identifier":"x"}]`), "invalid_authorization_details"},
		"details, unknown action": {details(`[{"type":"TYPE","actions":["delete"]}]`), "invalid_authorization_details"},
		"details, twice":          {details(`[{"type":"TYPE","actions":["view","view"]}]`), "invalid_authorization_details"},
		"details, not offered":    {details(`[{"type":"TYPE","procedures":["family.birth"]}]`), "invalid_authorization_details"},
		"details, elsewhere":      {details(`[{"type":"TYPE","locations":["https://evil.example/"]}]`), "invalid_authorization_details"},
		"details, wrong shape":    {details(`[{"type":"TYPE","actions":"view"}]`), "invalid_authorization_details"},
	} {
		v := r.asking()
		v.Set("scope", "openid profile")
		for key, value := range c.set {
			v.Set(key, value)
			if value == "" {
				v.Del(key)
			}
		}
		got := r.authorize(v)
		sentBack(t, r, got, c.code)
		if got.query("state") != r.state {
			t.Errorf("%s: state %q", name, got.query("state"))
		}
		want := c.code
		if v.Has("request_uri") {
			want = "invalid_request" // RFC 9126 §2.1: it has no place there at all
		}
		if pushed := r.post("/oauth/par", v); pushed.text("error") != want || pushed.status != http.StatusBadRequest {
			t.Errorf("%s, pushed: %d %s, want %s", name, pushed.status, pushed.body, want)
		}
	}
	twice := r.asking()
	twice.Add("nonce", "other")
	sentBack(t, r, r.authorize(twice), "invalid_request")
	odd := r.asking()
	odd.Set("state", "two\nlines")
	got := r.authorize(odd)
	sentBack(t, r, got, "invalid_request")
	if got.query("state") != "" {
		t.Error("a state that is not printable came back")
	}
}

// A pushed request works once, for 90 seconds, for its own client.
func TestPushedRequests(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, one := h.service("one")
	_, two := h.service("two")
	a, b := h.rp("one", one), h.rp("two", two)

	brought := a.push(a.asking())
	stolen := url.Values{"client_id": {"two"}, "request_uri": brought["request_uri"]}
	shown(t, b.authorize(stolen), http.StatusBadRequest)
	brought.Set("redirect_uri", "https://evil.example/") // ignored: what was pushed counts
	brought.Set("scope", "openid contact")
	a.requestOf(a.authorize(brought))
	shown(t, a.authorize(brought), http.StatusBadRequest)

	late := a.push(a.asking())
	h.advance(91 * time.Second)
	shown(t, a.authorize(late), http.StatusBadRequest)

	other := a.asking()
	other.Set("client_id", "two")
	refused(t, a.post("/oauth/par", other), http.StatusBadRequest, "invalid_request")
	nested := a.asking()
	nested.Set("request_uri", "urn:ietf:params:oauth:request_uri:x")
	refused(t, a.post("/oauth/par", nested), http.StatusBadRequest, "invalid_request")
	refused(t, h.post("/oauth/par", a.asking()), http.StatusUnauthorized, "invalid_client")
}

// OP-03 as a request sees it; fixation: what began in one browser ends there.
func TestRequestsBelongToOneBrowser(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, secret := h.service("caf")
	r, other := h.rp("caf", secret), h.rp("caf", secret)
	begun := r.authorize(r.asking())
	id := r.requestOf(begun)
	other.authorize(other.asking()) // has a secret of its own
	if _, err := h.acting.Open(t.Context(), h.as(h.mediator), id, other.secretOfBrowser()); err == nil {
		t.Error("opened in another browser")
	}
	r.choose(begun)
	shown(t, other.back(id), http.StatusBadRequest)
	shown(t, h.rp("caf", secret).back(id), http.StatusBadRequest) // no cookie at all
	if got := r.back(id); got.query("code") == "" {
		t.Errorf("its own browser got no code: %d %s", got.status, got.body)
	}
	shown(t, r.back(id), http.StatusBadRequest) // a second code is not given
}

func TestBackBeforeChoosing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, secret := h.service("caf")
	r := h.rp("caf", secret)
	id := r.requestOf(r.authorize(r.asking()))
	if got := r.back(id); got.location == nil || got.location.Path != "/act/"+id.String() {
		t.Errorf("%d %v", got.status, got.location)
	}
	_, err := h.acting.Open(t.Context(), h.as(h.mediator), id, r.secretOfBrowser())
	must(t, err)
	must(t, h.acting.Decline(t.Context(), h.as(h.mediator), id))
	sentBack(t, r, r.back(id), "access_denied")
	for _, odd := range []string{"", "x", "00000000-0000-0000-0000-000000000000"} {
		shown(t, h.get(r.browser, h.issuer+"/oauth/authorize/callback?id="+odd), http.StatusBadRequest)
	}
}

// The registered address keeps its own query.
func TestAnswerKeepsTheAddress(t *testing.T) {
	t.Parallel()
	h := setup(t)
	odd := callback + "?tenant=a%20b"
	_, secret := h.service("odd", func(n *clients.New) { n.RedirectURIs = []string{odd} })
	r := h.rp("odd", secret)
	v := r.asking()
	v.Set("redirect_uri", odd)
	v.Set("prompt", "none")
	got := r.authorize(v)
	if got.location == nil || !strings.HasPrefix(got.location.String(), odd+"&") || got.query("error") != "interaction_required" {
		t.Errorf("%v", got.location)
	}
}

// A request may be posted by the service's page: nothing is granted by it.
func TestRequestByPost(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, secret := h.service("caf")
	r := h.rp("caf", secret)
	r.authorize(r.asking()) // the browser has its cookie
	r.requestOf(h.postedFrom(r.browser, r.asking()))
}

// postedFrom is a form of another site, as a browser with these cookies sends it.
func (h *house) postedFrom(browser *http.Client, v url.Values) answer {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.issuer+"/oauth/authorize", strings.NewReader(v.Encode()))
	must(h.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", "https://caf.example")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	return h.do(browser, req)
}

// A browser sends no Lax cookie with another site's form. The form is sent round
// by the address, and what is under way in that browser goes on.
func TestPostOfAnotherSiteBreaksNothing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, secret := h.service("caf")
	r := h.rp("caf", secret)
	id := r.choose(r.authorize(r.asking())) // under way
	without := newBrowser(t)
	without.Jar = nil
	posted := h.postedFrom(without, r.asking())
	if posted.status != http.StatusSeeOther || posted.location == nil || posted.location.Path != "/oauth/authorize" {
		t.Fatalf("%d %v %s", posted.status, posted.location, posted.body)
	}
	if c := posted.header.Values("Set-Cookie"); len(c) != 0 {
		t.Errorf("another site's form replaced the browser's cookie: %v", c)
	}
	if posted.location.RawQuery != r.asking().Encode() {
		t.Errorf("the request became %s", posted.location.RawQuery)
	}
	r.requestOf(h.get(r.browser, h.issuer+posted.location.String()))
	if r.back(id).query("code") == "" {
		t.Error("the request under way was broken")
	}
}

// What browsers bring is counted, pushed before or not.
func TestPushedRequestsAreCounted(t *testing.T) {
	t.Parallel()
	h := setup(t)
	v := url.Values{"client_id": {"caf"}, "request_uri": {"urn:ietf:params:oauth:request_uri:guess"}}
	r := h.rp("caf", "")
	h.hold()
	for n := range 601 {
		if slowed := r.authorize(v).status == http.StatusTooManyRequests; slowed != (n == 600) {
			t.Fatalf("guess %d at a pushed request: slowed %v", n+1, slowed)
		}
	}
	h.advance(time.Minute)
	shown(t, r.authorize(v), http.StatusBadRequest)
}

// An address that was withdrawn after the request began gets no code, nor a
// fault: nothing is sent there any more.
func TestWithdrawnRedirectAddress(t *testing.T) {
	t.Parallel()
	h := setup(t)
	client, secret := h.service("moved")
	r := h.rp("moved", secret)
	id := r.choose(r.authorize(r.asking()))
	pushed := r.push(r.asking())
	_, _, err := h.clients.Change(t.Context(), authz.Actor{System: true, Now: h.store.Now()}, client.ID, clients.Changes{
		Name: client.Name, AuthMethod: client.AuthMethod, RedirectURIs: []string{"https://moved.example/back"}, PostLogoutRedirectURIs: []string{bye},
		Claims: client.Claims, Procedures: client.Procedures, Scopes: client.Scopes})
	must(t, err)
	shown(t, r.back(id), http.StatusBadRequest)
	shown(t, r.authorize(pushed), http.StatusBadRequest)
	if n := h.count(`SELECT count(*) FROM acting_codes WHERE client_id = $1`, client.ID); n != 0 {
		t.Errorf("%d codes were given", n)
	}
}

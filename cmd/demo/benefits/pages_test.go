package benefits

import (
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// These tests look at pages and forms alone. What goes over the wire is tested
// against the real Relais, in relais_test.go.

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

// bundle is the service with one browser that holds a token.
type bundle struct {
	t       *testing.T
	service *Service
	server  *httptest.Server
	browser *http.Client
	clock   *clock
	visit   string
	id      string
}

func setup(t *testing.T, actions ...string) *bundle {
	t.Helper()
	b := &bundle{t: t, clock: &clock{time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}}
	server := httptest.NewUnstartedServer(nil)
	var err error
	b.service, err = New(Options{BaseURL: "http://" + server.Listener.Addr().String(), Issuer: "http://127.0.0.1:1", ClientID: "caf-demo",
		Secret: "s", Procedure: "housing.apl", Now: b.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = b.service
	server.Start()
	t.Cleanup(server.Close)
	b.server = server
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b.browser = &http.Client{Jar: jar}
	b.get("/")
	home, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range jar.Cookies(home) {
		if c.Name == visitCookie {
			b.visit = c.Value
		}
	}
	b.id = b.service.memory.hold(b.visit, grant{Delegation: "d1", Person: "p1", Mediator: "m1", MediatorName: "Jean Martin", Organisation: "o1",
		OrganisationIs: "Centre social Les Tilleuls", Mandate: "mandate-1", Until: b.clock.now.Add(20 * 24 * time.Hour), Actions: actions,
		who: who{Name: "Fatou <b>Diallo</b>", Address: address{Street: "12 rue du Moulin", Postcode: "45000", Town: "Orléans"}}},
		tokens{access: "a", refresh: "r", expires: b.clock.now.Add(5 * time.Minute)}).Application
	return b
}

func (b *bundle) answer(r *http.Response, err error) (int, string) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

func (b *bundle) get(path string) (int, string) { return b.answer(b.browser.Get(b.server.URL + path)) }

func (b *bundle) post(page string, pairs ...string) (int, string) {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return b.answer(b.browser.PostForm(b.server.URL+"/applications/"+b.id+"/"+page, form))
}

var good = map[string][]string{
	pageHousehold: {"living", "couple", "partner", "Awa Ndiaye", "children", "2"},
	pageHome: {"street", "3 quai du Fort", "postcode", "45000", "town", "Orléans", "dwelling", "flat", "moved_in-day", "01", "moved_in-month", "09",
		"moved_in-year", "2024", "rent", "1 234,50", "charges", "", "landlord", "SCI du Fort"},
	pageResources: {"work", "812,5 €", "pension", "", "benefits", "", "changed", "no"},
}

func (b *bundle) fill() {
	b.t.Helper()
	b.service.memory.change(b.id, func(a *application) { a.Prepared = true }) // Relais is not there to be told
	for _, page := range filled {
		if status, body := b.post(page, good[page]...); status != http.StatusOK {
			b.t.Fatalf("%s: %d %.300s", page, status, mainPart(body))
		}
	}
}

func mainPart(body string) string {
	_, body, _ = strings.Cut(body, "<main")
	body, _, _ = strings.Cut(body, "</main>")
	return body
}

func TestEveryLanguageHasTheSameWords(t *testing.T) {
	t.Parallel()
	want := slices.Sorted(maps.Keys(words["fr"]))
	for _, lang := range languages {
		if got := slices.Sorted(maps.Keys(words[lang])); !slices.Equal(got, want) {
			t.Errorf("%s has other words than fr", lang)
		}
		for key, text := range words[lang] {
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s: %s is empty", lang, key)
			}
			for _, hole := range regexp.MustCompile(`\{\w+\}`).FindAllString(words["fr"][key], -1) {
				if !strings.Contains(text, hole) {
					t.Errorf("%s: %s does not name %s", lang, key, hole)
				}
			}
		}
	}
}

// It is written as any service would be: nothing of Relais is in it.
func TestImportsNothingOfRelais(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "github.com/relais-org/") && !strings.HasSuffix(line, "cmd/demo/benefits") {
			t.Errorf("depends on %s", line)
		}
	}
}

// A key that has no words would be shown as it is.
var rawKey = regexp.MustCompile(`>\s*[a-z][a-z_-]*(\.[a-z0-9_-]+)+\s*<|\{\w+\}`)

func TestPagesHaveWordsAndBothNames(t *testing.T) {
	t.Parallel()
	for _, lang := range languages {
		b := setup(t, actionPrepare, actionSubmit, actionPayment)
		b.get("/?lang=" + lang)
		b.fill()
		look := func(name string, status, want int, body string, inside bool) {
			if status != want {
				t.Errorf("%s, %s: status %d, want %d", lang, name, status, want)
			}
			if k := rawKey.FindString(body); k != "" {
				t.Errorf("%s, %s: no words for %s", lang, name, k)
			}
			if !strings.Contains(body, `<html lang="`+lang+`"`) || strings.Count(body, "<h1") != 1 {
				t.Errorf("%s, %s: language or heading", lang, name)
			}
			for _, who := range []string{"Fatou &lt;b&gt;Diallo&lt;/b&gt;", "Jean Martin", "Les Tilleuls"} {
				if inside && !strings.Contains(body, who) {
					t.Errorf("%s, %s: %s is not named", lang, name, who)
				}
			}
			if strings.Contains(body, "<b>Diallo") {
				t.Errorf("%s, %s: a name became mark-up", lang, name)
			}
		}
		for _, path := range []string{"/", "/for-me", "/journal"} {
			status, body := b.get(path)
			look(path, status, http.StatusOK, body, false)
		}
		status, body := b.get("/nowhere")
		look("nowhere", status, http.StatusNotFound, body, false)
		for _, page := range append(slices.Clone(filled), pageCheck, pagePayment) {
			status, body := b.get("/applications/" + b.id + "/" + page)
			look(page, status, http.StatusOK, body, true)
			if page != pageCheck && page != pagePayment {
				continue
			}
			status, body = b.post(page)
			look(page+" with nothing", status, http.StatusUnprocessableEntity, body, true)
		}
		for _, why := range []string{whyMandate, whyMediator, whySession, whyEnded} {
			b.service.memory.changeHolding(b.visit, b.id, func(h *holding) { h.Stop = &stop{At: b.clock.now, Why: why} })
			status, body := b.get("/applications/" + b.id + "/home")
			look("stopped, "+why, status, http.StatusForbidden, body, true)
		}
	}
}

func TestPagesRefuseWhatTheTokenDoesNotAllow(t *testing.T) { // OP-02
	t.Parallel()
	b := setup(t, actionPrepare)
	b.fill()
	for page, asks := range map[string]string{pagePayment: "page=payment", pageCheck: "page=check"} {
		status, body := b.post(page, "agreed", "1", "account", "FR76 3000 6000 0112 3456 7890 189")
		if status != http.StatusForbidden || !strings.Contains(body, "/act?for="+b.id) || !strings.Contains(body, asks) {
			t.Errorf("%s: %d, and no way to ask for it: %s", page, status, mainPart(body))
		}
	}
	if status, body := b.get("/applications/" + b.id + "/check"); status != http.StatusOK || strings.Contains(mainPart(body), "<form") {
		t.Errorf("the summary is for reading only: %d", status)
	}
	a, _, _ := b.service.memory.open(b.visit, b.id)
	if !a.SentAt.IsZero() || a.AccountEnds != "" {
		t.Errorf("something was done: %+v", a)
	}
	only := setup(t, actionSubmit)
	if status, _ := only.get("/applications/" + only.id + "/household"); status != http.StatusForbidden {
		t.Errorf("filling without prepare: %d", status)
	}
}

func TestWhatWasTypedIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t, actionPrepare, actionSubmit)
	status, body := b.post(pageHome, "street", "Zut “rue” <i>", "postcode", "450", "town", "Orléans", "rent", "beaucoup", "moved_in-day", "31", "moved_in-month", "2", "moved_in-year", "2024")
	if status != http.StatusUnprocessableEntity {
		t.Fatalf("status %d", status)
	}
	for _, want := range []string{`value="Zut “rue” &lt;i&gt;"`, `value="450"`, `value="beaucoup"`, `value="31"`, `href="#postcode"`, `href="#moved_in-day"`, `href="#dwelling-flat"`, `href="#landlord"`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s", want)
		}
	}
	if !strings.Contains(body, "<title>Erreur\u00a0: ") {
		t.Error("the title does not say there is an error")
	}
	b.service.memory.changeHolding(b.visit, b.id, func(h *holding) { h.Stop = &stop{At: b.clock.now, Why: whyMandate} })
	status, body = b.post(pageResources, "work", "812,50", "changed", "yes") // OP-05: an open form, sent after the stop
	if status != http.StatusForbidden || !strings.Contains(body, "812,50") || !strings.Contains(body, "Zut") {
		t.Errorf("after the stop: %d, %s", status, mainPart(body))
	}
}

func TestAnswersThatDoNotHold(t *testing.T) {
	t.Parallel()
	b := setup(t, actionPrepare)
	for _, c := range []struct {
		page, name, value, fault string
	}{
		{pageHousehold, "children", "-1", "children.wrong"}, {pageHousehold, "children", "deux", "children.wrong"}, {pageHousehold, "children", "16", "children.wrong"},
		{pageHousehold, "living", "other", "living.wrong"}, {pageHousehold, "partner", "", "partner.missing"}, {pageHousehold, "children", "0", ""},
		{pageHome, "moved_in-year", "2031", "moved_in.wrong"}, {pageHome, "moved_in-day", "32", "moved_in.wrong"}, {pageHome, "rent", "", "rent.missing"},
		{pageHome, "rent", "12,345", "rent.wrong"}, {pageHome, "rent", "-3", "rent.wrong"}, {pageHome, "rent", "0", ""}, {pageHome, "postcode", "4500x", "postcode.wrong"},
		{pageResources, "work", "1e9", "work.wrong"}, {pageResources, "pension", ",5", "pension.wrong"}, {pageResources, "changed", "", "changed.missing"},
		{pagePayment, "account", "FR76 3000 6000 0112 3456 7890 189", ""}, {pagePayment, "account", "fr7630006000011234567890189", ""},
		{pagePayment, "account", "FR76 3000 6000 0112 3456 7890 188", "account.wrong"}, {pagePayment, "account", "FR76 é", "account.wrong"},
	} {
		form := url.Values{}
		for i := 0; i+1 < len(good[c.page]); i += 2 {
			form.Set(good[c.page][i], good[c.page][i+1])
		}
		form.Set(c.name, c.value)
		got := b.service.check(c.page, read(c.page, form))
		field, _, _ := strings.Cut(c.name, "-")
		if got[field] != c.fault || (c.fault == "" && len(got) > 0) {
			t.Errorf("%s=%q: %v, want %q", c.name, c.value, got, c.fault)
		}
	}
}

func TestFormsOfOtherOriginsAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, actionPrepare, actionSubmit)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.server.URL+"/applications/"+b.id+"/household", strings.NewReader("living=alone&children=1"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-site") // another port of the same machine
	req.Header.Set("Origin", "http://localhost:9")
	if status, _ := b.answer(b.browser.Do(req)); status != http.StatusForbidden {
		t.Errorf("status %d", status)
	}
	if a, _, _ := b.service.memory.open(b.visit, b.id); a.Answers["living"] != "" {
		t.Error("it was taken")
	}
}

func TestAnotherBrowserSeesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, actionPrepare)
	b.fill()
	b.browser = &http.Client{}
	status, body := b.get("/applications/" + b.id + "/household")
	if status != http.StatusNotFound || strings.Contains(body, "Diallo") || strings.Contains(body, "Ndiaye") {
		t.Errorf("%d %s", status, mainPart(body))
	}
	if status, body := b.get("/callback?code=x&state=y&iss=http://127.0.0.1:1"); status != http.StatusBadRequest || rawKey.MatchString(body) {
		t.Errorf("an answer nobody asked for: %d", status)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	m := newMemory((&clock{time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}).Now)
	id := m.newVisit()
	for i := range 3 * mostApplications {
		m.hold(id, grant{Person: string(rune('a' + i))}, tokens{})
		m.newVisit()
		m.begin(id, flow{State: string(rune('a' + i))})
		m.note(entry{Kind: "sent"})
	}
	if len(m.visits) > mostVisits || len(m.applications) > mostApplications || len(m.journal) > mostEntries {
		t.Errorf("%d visits, %d applications, %d entries", len(m.visits), len(m.applications), len(m.journal))
	}
	if !m.once("j") || m.once("j") || m.once("") {
		t.Error("a jti counts once, and none never")
	}
}

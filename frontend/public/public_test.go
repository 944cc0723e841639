package public_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/public"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/translog/ledger"
)

const base = "https://relais.example"

// open mounts the public pages on a house without anybody in it.
func open(t testing.TB) (*gin.Engine, *store.Store) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	gin.SetMode(gin.TestMode)
	st := storetest.New(t)
	law, err := authz.New()
	must(err)
	set, err := packs.Load()
	must(err)
	plumbing, err := web.New(web.Config{BaseURL: base, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	must(err)
	sessions := authz.NewSessions(authz.SessionsDeps{Store: st})
	cookies, err := authz.NewWeb(sessions, base)
	must(err)
	people := beneficiaries.NewService(beneficiaries.Dependencies{Commands: command.New(command.Deps{Store: st, Authz: law}), Packs: set, CodeKey: make([]byte, 32)})
	e := gin.New()
	plumbing.Mount(e)
	desk.New(desk.Dependencies{Authz: law, Sessions: sessions, Cookies: cookies, Beneficiaries: people}).Mount(e, desk.SignInPath,
		public.New(public.Dependencies{Web: plumbing, Beneficiaries: people, Sessions: sessions, Cookies: cookies, Packs: set, Store: st,
			Log: ledger.NewReader(st), Contact: "contact@relais.example", APISpec: specification(t)}).Routes())
	return e, st
}

func get(e *gin.Engine, path string, lang i18n.Lang) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, base+path, nil)
	r.Header.Set("Accept-Language", string(lang))
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w
}

// Every public page answers anybody, in three languages, with its title, one
// h1 and the service's name.
func TestPagesInThreeLanguages(t *testing.T) {
	t.Parallel()
	e, _ := open(t)
	for path, title := range map[string]string{
		"/": "public.home.title", "/card": "public.card.title", "/card/unlock": "public.unlock.title", "/terms": "public.terms.title",
		"/privacy": "public.privacy.title", "/accessibility": "public.accessibility.title", "/status": "public.status.title",
		"/api/reference": "public.api.title",
	} {
		for _, lang := range i18n.Langs() {
			w, say := get(e, path, lang), i18n.For(lang)
			page := w.Body.String()
			want := strings.ReplaceAll(say.T(title), "'", "&#39;") + " – " + say.T("shell.service")
			if w.Code != http.StatusOK || !strings.Contains(page, "<title>"+want+"</title>") {
				t.Errorf("%s in %s: %d without the title %q", path, lang, w.Code, want)
			}
			if strings.Count(page, "<h1") != 1 || !strings.Contains(page, `<html lang="`+string(lang)+`"`) {
				t.Errorf("%s in %s: not one h1, or another language", path, lang)
			}
		}
	}
}

// The three doors lead where they say.
func TestThreeDoors(t *testing.T) {
	t.Parallel()
	e, _ := open(t)
	page := get(e, "/", i18n.French).Body.String()
	if strings.Count(page, `href="/card"`) == 0 || strings.Count(page, `href="/sign-in"`) < 2 {
		t.Error("a door leads nowhere")
	}
}

// A card's code never stands in an address: the form posts, and an address
// with a code in it fills in nothing.
func TestNoCodeInAddresses(t *testing.T) {
	t.Parallel()
	e, _ := open(t)
	page := get(e, "/card?c=7KQ4-M2XT-9H&code=7KQ4-M2XT-9H", i18n.French).Body.String()
	if !strings.Contains(page, `method="post"`) || strings.Contains(page, `value="7KQ4`) {
		t.Error("the code travels in the address")
	}
}

// The charter of every country is there, that of the reader's language first.
func TestTermsHoldTheCharters(t *testing.T) {
	t.Parallel()
	e, _ := open(t)
	for lang, first := range map[i18n.Lang][2]string{i18n.French: {"fr-", "es-"}, i18n.Spanish: {"es-", "fr-"}} {
		page := get(e, "/terms", lang).Body.String()
		version := i18n.For(lang).T("public.terms.version", "Version", "")
		one, two := strings.Index(page, version+first[0]), strings.Index(page, version+first[1])
		if one < 0 || two < one {
			t.Errorf("in %s: charters at %d and %d", lang, one, two)
		}
	}
}

// The status page says what is so: the log's size, and a database that does
// not answer.
func TestStatus(t *testing.T) {
	t.Parallel()
	e, st := open(t)
	say := i18n.For(i18n.English)
	if page := get(e, "/status", i18n.English).Body.String(); strings.Contains(page, say.T("public.status.log_text")) {
		t.Error("a log without a checkpoint has a size")
	}
	err := st.InTx(context.Background(), store.System(), func(tx *store.Tx) error {
		return tx.DB().Exec(`INSERT INTO log_checkpoints (size, root, at, note) VALUES (1204, ?, now(), ?)`,
			make([]byte, 32), "relais.example/log\n1204\nAAAA\n\n— relais.example/log x\n").Error
	})
	if err != nil {
		t.Fatal(err)
	}
	if page := get(e, "/status", i18n.English).Body.String(); !strings.Contains(page, say.N("public.status.entries", 1204)) || !strings.Contains(page, say.T("public.status.up")) {
		t.Error("the size of the log is not said")
	}
	st.Close()
	if w := get(e, "/status", i18n.English); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), say.T("public.status.down")) {
		t.Errorf("a database that does not answer: %d", w.Code)
	}
}

package portal_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates"
)

// The way to link a national sign-in: the phone first, freshly; then the
// provider. Unlinking asks for nothing.
func TestThePageThatLinksANationalSignIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing")
	w, say := b.browser(i18n.French), i18n.For(i18n.French)
	w.open(p)
	w.get("/mine/sign-in").leads(http.StatusSeeOther, "/mine/code?next=%2Fmine%2Fsign-in")
	w.post("/mine/sign-in/national").leads(http.StatusSeeOther, "/mine/code?next=%2Fmine%2Fsign-in%2Fnational")
	w.prove(p)
	w.get("/mine").shows(http.StatusOK, say.T("portal.more.link"), say.T("portal.more.take"))
	w.get("/mine/sign-in").shows(http.StatusOK, say.T("portal.link.title"), say.T("portal.link.with", "Name", "FranceConnect"), say.T("portal.link.know_alone")).
		hides(say.T("portal.link.linked"))
	w.post("/mine/sign-in/national").leads(http.StatusSeeOther, "https://national.example/")
	b.clock.Advance(6 * time.Minute)
	w.post("/mine/sign-in/national").shows(http.StatusOK, say.T("portal.link.prove"))
	w.post("/mine/sign-in/national", "code", "12").shows(http.StatusUnprocessableEntity, say.T("shell.error_title", "Title", say.T("portal.link.title")), say.T("portal.link.prove"))
	w.post("/mine/sign-in/national", "code", b.sms(p.id)).leads(http.StatusSeeOther, "https://national.example/")

	must(t, b.people.LinkIdentity(t.Context(), b.me(p.id), "https://national.example", "sub-1"))
	w.get("/mine/sign-in").shows(http.StatusOK, say.T("portal.link.linked"), say.T("portal.link.unlink"))
	w.post("/mine/unlink").leads(http.StatusSeeOther, "/mine/sign-in")
	w.get("/mine/sign-in").shows(http.StatusOK, say.T("flash.identity_unlinked")).hides(say.T("portal.link.linked"))
}

func (b *bundle) me(person uuid.UUID) authz.Actor {
	b.t.Helper()
	return authz.Actor{Beneficiary: person, Organisation: b.org, Tier: authz.TierPhone, Now: b.store.Now(), StrongAt: b.store.Now()}
}

// national opens a space as the door does after a national sign-in.
func (b *bundle) national(w *browser, person uuid.UUID, subject string) {
	b.t.Helper()
	sessions := authz.NewSessions(authz.SessionsDeps{Store: b.store})
	token, s, err := sessions.Start(b.t.Context(), authz.NewSession{Beneficiary: person, Organisation: b.org, Tier: authz.TierPhone, Issuer: "national"})
	must(b.t, err)
	must(b.t, sessions.SetData(b.t.Context(), s.ID, "identity", beneficiaries.IdentityKey("https://national.example", subject)))
	w.cookies["__Host-relais"] = &http.Cookie{Name: "__Host-relais", Value: token}
}

// PO-03, PO-07: signed in nationally, every space of that identity stands on
// one page and in one file, and nobody else's; one changes from one to another.
func TestEveryOrganisationOnOnePage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing")
	second := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "money") // as another organisation would know her
	namesake := b.newPerson("Fatima", "Haddad", "06 12 34 56 79", "work")
	for _, id := range []person{first, second} {
		must(t, b.people.LinkIdentity(t.Context(), b.me(id.id), "https://national.example", "fatima"))
	}
	must(t, b.people.LinkIdentity(t.Context(), b.me(first.id), "https://national.example", "her-helper"))
	must(t, b.people.LinkIdentity(t.Context(), b.me(namesake.id), "https://national.example", "her-helper"))
	must(t, b.people.LinkIdentity(t.Context(), b.me(namesake.id), "https://national.example", "another"))
	w, say := b.browser(i18n.French), i18n.For(i18n.French)
	b.national(w, first.id, "fatima")
	page := w.get("/mine").shows(http.StatusOK, say.T("portal.others.title"), say.T("portal.others.until", "Mediator", "Claire Martin", "Date", say.Date(time.Date(2026, 12, 24, 12, 0, 0, 0, time.UTC))))
	if !strings.Contains(page.body, second.id.String()) || strings.Contains(page.body, namesake.id.String()) {
		t.Error("the page shows other spaces than those of this identity")
	}
	w.post("/mine/space", "space", namesake.id.String()).shows(http.StatusNotFound)
	w.post("/mine/space", "space", "x").shows(http.StatusNotFound)

	file := w.post("/mine/everything").shows(http.StatusOK)
	var got struct {
		Format string `json:"format"`
		Spaces []struct {
			Person   struct{ Phone string } `json:"person"`
			Mandates []struct {
				ID, Document string
				Lines        []struct{ Theme string }
			} `json:"mandates"`
			History  []struct{ Kind string } `json:"history"`
			Messages []struct{ Body string } `json:"messages"`
		} `json:"spaces"`
	}
	must(t, json.Unmarshal([]byte(file.body), &got))
	if got.Format != "relais/everything/v1" || len(got.Spaces) != 2 {
		t.Fatalf("the file is %q with %d spaces", got.Format, len(got.Spaces))
	}
	themes := ""
	for _, s := range got.Spaces {
		if len(s.Mandates) != 1 || s.Mandates[0].Document == "" || len(s.History) < 4 || len(s.Messages) == 0 {
			t.Errorf("a space lacks something: %+v", s)
		}
		themes += s.Mandates[0].Lines[0].Theme + " "
	}
	if !strings.Contains(themes, "housing") || !strings.Contains(themes, "money") || strings.Contains(file.body, namesake.id.String()) || strings.Contains(file.body, "12 34 56 79") {
		t.Errorf("the file tells of %s", themes)
	}
	if h := file.Header().Get("Content-Disposition"); !strings.HasPrefix(h, "attachment") {
		t.Errorf("answered as %q", h)
	}

	opened := func(p person) int {
		return b.count(`SELECT count(*) FROM events WHERE kind = 'sign_in.done' AND actor_role = 'person' AND beneficiary_id = $1 AND actor_id = $1`, p.id)
	}
	before := opened(first)
	// The spaces are changed late in the session's day: the day does not begin
	// again (decision 5: twelve hours at most).
	ends := b.store.Now().Add(20 * time.Minute)
	_, err := b.store.Pool().Exec(t.Context(), `UPDATE web_sessions SET expires_at = $1`, ends)
	must(t, err)
	w.post("/mine/space", "space", second.id.String()).leads(http.StatusSeeOther, "/mine")
	if n := b.count(`SELECT count(*) FROM web_sessions WHERE beneficiary_id = $1 AND expires_at = $2`, second.id, ends); n != 1 {
		t.Error("changing spaces made the session longer")
	}
	if opened(second) != 1 || opened(first) != before || opened(namesake) != 0 {
		t.Error("opening the other space left no sign-in there, or one elsewhere")
	}
	if page := w.get("/mine").shows(http.StatusOK); !strings.Contains(page.body, first.id.String()) {
		t.Error("in the other space, the first is not offered")
	}
	w.get("/mine/stop/" + first.mandate.ID.String()).shows(http.StatusNotFound)
	w.get("/mine/stop/" + second.mandate.ID.String()).shows(http.StatusOK)
	must(t, b.mandates.Revoke(t.Context(), b.me(second.id), mandates.Revocation{Mandate: second.mandate.ID}))
	w.get("/mine").shows(http.StatusOK, say.T("portal.others.title")).hides(say.T("portal.mine.none"))
	// With the card and the phone there is one space.
	one := b.browser(i18n.French)
	one.open(first)
	one.prove(first)
	one.get("/mine").shows(http.StatusOK).hides(say.T("portal.others.title"))
}

// PO-03: "everything" is everything: more messages, mandates and disagreements
// than any page shows, the signature itself, how the identity was checked and
// what opens the space; and one whole JSON document.
func TestTheFileLeavesNothingOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing")
	must(t, b.people.LinkIdentity(t.Context(), b.me(p.id), "https://national.example", "fatima"))
	const many, mandatesMore = 450, 21
	for range mandatesMore {
		b.sign(p.id, "housing")
	}
	must(t, b.store.InTx(t.Context(), store.System(), func(tx *store.Tx) error {
		return tx.DB().Exec(`INSERT INTO messages (id, dedupe_key, organisation_id, beneficiary_id, kind, channel, language, recipient, subject, body, state, created_at)
			SELECT gen_random_uuid(), 'many ' || n, ?, ?, 'first_use', 'sms', 'fr', '+33612345678', '', 'message ' || n, 'sent', now() + (n / 3) * interval '1 second'
			FROM generate_series(1, ?) n`, b.org, p.id, many).Error
	}))
	w := b.browser(i18n.French)
	w.open(p)
	w.prove(p)
	file := w.post("/mine/everything").shows(http.StatusOK)
	var got struct {
		Spaces []struct {
			Person struct {
				Check struct {
					Document, By string
					At           time.Time
				} `json:"identity_check"`
			}
			Linked   []struct{ Issuer, Subject string } `json:"linked_accounts"`
			Mandates []struct {
				ID      string
				Consent []struct {
					Method    string
					By        string `json:"collected_by"`
					MediaType string `json:"media_type"`
					Content   []byte
					Strokes   json.RawMessage
				}
			}
			Messages []struct{ Body string }
		}
	}
	must(t, json.Unmarshal([]byte(file.body), &got))
	s := got.Spaces[0]
	seen := map[string]int{}
	for _, m := range s.Messages {
		seen[m.Body]++
	}
	for n := range many {
		if body := fmt.Sprintf("message %d", n+1); seen[body] != 1 {
			t.Fatalf("%q is there %d times", body, seen[body])
		}
	}
	if c := s.Person.Check; c.Document != b.pack.IdentityDocuments[0].Code || c.By != "Claire Martin" || c.At.IsZero() {
		t.Errorf("the identity check is %+v", c)
	}
	if len(s.Linked) != 1 || s.Linked[0].Subject != "fatima" || s.Linked[0].Issuer != "https://national.example" {
		t.Errorf("linked accounts %+v", s.Linked)
	}
	if ids := map[string]bool{}; len(s.Mandates) == mandatesMore+1 {
		for _, m := range s.Mandates {
			ids[m.ID] = true
		}
		if len(ids) != mandatesMore+1 {
			t.Error("a mandate is there twice")
		}
	} else {
		t.Errorf("%d mandates", len(s.Mandates))
	}
	c := s.Mandates[0].Consent
	if len(c) != 1 || c[0].Method != mandates.MethodDrawn || c[0].By != "Claire Martin" || c[0].MediaType != "image/png" || !bytes.HasPrefix(c[0].Content, []byte("\x89PNG")) ||
		!bytes.Contains(c[0].Strokes, []byte(`"x"`)) {
		t.Errorf("the signature is not in the file: %+v", c)
	}
}

// The file asks for a fresh proof, leaves an event, and is nobody's at the card.
func TestDownloadingAsksForTheFreshPhone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing")
	w, say := b.browser(i18n.French), i18n.For(i18n.French)
	w.open(p)
	w.post("/mine/everything").leads(http.StatusSeeOther, "/mine/code?next=%2Fmine%2Feverything")
	w.prove(p)
	w.get("/mine/everything").shows(http.StatusOK, say.T("portal.take.title"), say.T("portal.take.shared"))
	b.clock.Advance(16 * time.Minute)
	w.post("/mine/everything").shows(http.StatusOK, say.T("portal.take.prove")).hides("relais/everything")
	w.post("/mine/everything", "code", "12").shows(http.StatusUnprocessableEntity, say.T("portal.take.prove")).hides("relais/everything")
	w.post("/mine/everything", "code", b.sms(p.id)).shows(http.StatusOK, "relais/everything/v1", "Haddad")
	if n := b.count(`SELECT count(*) FROM events WHERE kind = 'log.exported' AND actor_role = 'person' AND beneficiary_id = $1`, p.id); n != 1 {
		t.Errorf("%d events", n)
	}
}

package portal_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates"
)

// cased gives a person one case with a step and a day to watch, one that is over,
// and more than any page shows, three of each instant.
func (b *bundle) cased(p person, more int) {
	b.t.Helper()
	ctx := b.t.Context()
	mediator := b.as(b.mediator)
	c, err := b.mandates.OpenCase(ctx, mediator, mandates.OpenCase{Beneficiary: p.id, Procedure: "housing.apl", DueOn: b.store.Now().AddDate(0, 0, 10), IdempotencyKey: uuid.NewString()})
	must(b.t, err)
	_, err = b.mandates.LogStep(ctx, mediator, mandates.NewStep{Case: c.ID, Action: "submit", Outcome: mandates.OutcomeSubmitted, ReceiptNumber: "CAF-77", IdempotencyKey: uuid.NewString()})
	must(b.t, err)
	over, err := b.mandates.OpenCase(ctx, mediator, mandates.OpenCase{Beneficiary: p.id, Procedure: "housing.apl", IdempotencyKey: uuid.NewString()})
	must(b.t, err)
	must(b.t, b.mandates.CloseCase(ctx, mediator, over.ID, string(mandates.CaseWithdrawn)))
	must(b.t, b.store.InTx(ctx, store.System(), func(tx *store.Tx) error {
		return tx.DB().Exec(`INSERT INTO cases (id, organisation_id, beneficiary_id, procedure, state, opened_by, opened_under, assigned_to, opened_at)
			SELECT gen_random_uuid(), organisation_id, beneficiary_id, procedure, 'opened', opened_by, opened_under, assigned_to, opened_at - (n / 3) * interval '1 day'
			FROM cases, generate_series(3, ?) n WHERE id = ?`, more+2, c.ID).Error
	}))
}

// PO-03: the file has the cases themselves, all of them, in words; and no one
// else's.
func TestTheFileHasTheCases(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing")
	other := b.newPerson("Jean", "Martin", "06 22 34 56 78", "housing")
	const more = 64
	b.cased(p, more)
	b.cased(other, 1)
	w, say := b.browser(i18n.French), i18n.For(i18n.French)
	w.open(p)
	w.prove(p)
	var got struct {
		Spaces []struct {
			Cases []struct {
				ID, Procedure, Name, State string
				StateName                  string    `json:"state_name"`
				Under                      uuid.UUID `json:"opened_under"`
				AssignedTo                 string    `json:"assigned_to"`
				OpenedAt                   time.Time `json:"opened_at"`
				ClosedAt                   time.Time `json:"closed_at"`
				DueOn                      string    `json:"due_on"`
			}
			History []struct{ Case string }
		}
	}
	must(t, json.Unmarshal([]byte(w.post("/mine/everything").shows(http.StatusOK).body), &got))
	apl, _ := b.pack.Procedure("housing.apl")
	seen := map[string]bool{}
	submitted, over := "", false
	for _, c := range got.Spaces[0].Cases {
		seen[c.ID] = true
		if c.Procedure != "housing.apl" || c.Name != apl.Name.In("fr") || c.AssignedTo != "Claire Martin" || c.OpenedAt.IsZero() || c.Under != p.mandate.ID {
			t.Fatalf("a case is %+v", c)
		}
		if c.State == string(mandates.CaseSubmitted) && c.StateName == say.T("case_state.submitted") && c.DueOn == b.store.Now().AddDate(0, 0, 10).Format(time.DateOnly) {
			submitted = c.ID
		}
		over = over || c.State == string(mandates.CaseWithdrawn) && !c.ClosedAt.IsZero()
	}
	if len(seen) != more+2 || len(got.Spaces[0].Cases) != more+2 || submitted == "" || !over {
		t.Errorf("%d cases, %d of them different, the one sent %q, one over %t", len(got.Spaces[0].Cases), len(seen), submitted, over)
	}
	found := false
	for _, l := range got.Spaces[0].History {
		found = found || submitted != "" && l.Case == submitted
	}
	if !found {
		t.Error("no line of the history names its case")
	}
}

// PO-03: everything can be read and printed, in the reader's words, as whole as
// the file: with the last line that says so.
func TestEverythingCanBeReadAndPrinted(t *testing.T) {
	t.Parallel()
	for _, lang := range i18n.Langs() {
		t.Run(string(lang), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			p := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing")
			const more = 45
			b.cased(p, more)
			must(t, b.store.InTx(t.Context(), store.System(), func(tx *store.Tx) error {
				return tx.DB().Exec(`INSERT INTO messages (id, dedupe_key, organisation_id, beneficiary_id, kind, channel, language, recipient, subject, body, state, created_at)
					SELECT gen_random_uuid(), 'many ' || n, ?, ?, 'first_use', 'sms', 'fr', '+33612345678', '', '~' || n || '~', 'sent', now() + (n / 3) * interval '1 second'
					FROM generate_series(1, 120) n`, b.org, p.id).Error
			}))
			w, say := b.browser(lang), i18n.For(lang)
			w.open(p)
			if lang != i18n.French {
				w.get("/mine?lang="+string(lang)).leads(http.StatusSeeOther, "/mine")
			}
			w.prove(p)
			w.get("/mine/everything").shows(http.StatusOK, say.T("portal.take.read"), say.T("portal.take.do"))
			apl, _ := b.pack.Procedure("housing.apl")
			name := apl.Name.In(string(lang))
			page := w.post("/mine/everything", "as", "page").shows(http.StatusOK, say.T("portal.kept.title")+" – Relais", "Haddad", "Oran", "Maison France Services",
				say.T("portal.kept.seen", "Name", "Claire Martin", "Date", say.Date(b.store.Now())), say.T("method.drawn"), say.T("portal.may.submit"),
				say.T("case_state.submitted"), say.T("portal.kept.due", "Date", say.Date(b.store.Now().AddDate(0, 0, 10))), say.T("case_state.withdrawn"), say.T("portal.kept.closed", "Date", say.Date(b.store.Now())),
				say.T("portal.did.submit", "Procedure", name), "CAF-77", "~1~", "~120~", say.T("portal.kept.end")).hides(say.T("portal.history.disagree"))
			if n := strings.Count(page.body, "<h4 class=\"r-card-title\"><bdi>"+name); n != more+2 {
				t.Errorf("%d cases are on the page, want %d", n, more+2)
			}
			if got := page.Header().Get("Content-Type"); got != "text/html; charset=utf-8" {
				t.Errorf("the page is %q", got)
			}
			if page.Header().Get("Content-Disposition") != "" || page.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("the page is kept: %v", page.Header())
			}
			if n := b.count(`SELECT count(*) FROM events WHERE kind = 'log.exported' AND actor_role = 'person' AND beneficiary_id = $1`, p.id); n != 1 {
				t.Errorf("%d events", n)
			}
			b.clock.Advance(authz.StepUpAge + time.Minute) // an old proof opens neither
			w.post("/mine/everything", "as", "page").shows(http.StatusOK, say.T("portal.take.prove")).hides("CAF-77")
		})
	}
}

// PO-03: a mandate that was prepared and never signed is in the page and in the
// file too, with what was chosen and answered for it; how one agreed has its
// instant, also before a witness.
func TestWhatWasNeverSignedIsKeptToo(t *testing.T) {
	t.Parallel()
	for _, lang := range i18n.Langs() {
		t.Run(string(lang), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			p := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing")
			ctx, mediator := t.Context(), b.as(b.mediator)
			_, err := b.store.Pool().Exec(ctx, `UPDATE evidences SET witness_id = $1 WHERE mandate_id = $2`, b.referent, p.mandate.ID)
			must(t, err)
			b.clock.Advance(time.Minute)
			m, err := b.mandates.Begin(ctx, mediator, p.id, "never-signed")
			must(t, err)
			m, err = b.mandates.ChangeDraft(ctx, mediator, m.ID, m.Version, mandates.Draft{Grants: []mandates.GrantChoice{{Theme: "money", Actions: []string{"view"}}},
				DurationDays: 31, Language: "fr", Interpreter: "Amel Saïdi", ProtectionAnswer: "none", ConflictAnswer: "neighbour"})
			must(t, err)
			m, err = b.mandates.Present(ctx, mediator, m.ID, m.Version)
			must(t, err)
			must(t, b.mandates.Void(ctx, mediator, m.ID, "Elle veut réfléchir"))
			w, say := b.browser(lang), i18n.For(lang)
			w.open(p)
			if lang != i18n.French {
				w.get("/mine?lang="+string(lang)).leads(http.StatusSeeOther, "/mine")
			}
			w.prove(p)
			money, _ := b.pack.Theme("money")
			today := say.Date(b.store.Now())
			page := w.post("/mine/everything", "as", "page").shows(http.StatusOK, say.T("portal.kept.begun", "Date", today), say.T("portal.kept.unsigned"),
				say.T("portal.kept.dropped", "Date", today), say.T("mandate_state.void"), money.Name.In(string(lang)), say.T("portal.may.view"), "Amel Saïdi", say.T("conflict.neighbour"), "Elle veut réfléchir",
				say.T("portal.kept.witness", "Name", "Nadia Benali"), say.T("portal.kept.collected", "Name", "Claire Martin"))
			_, agreed, _ := strings.Cut(text(page.body), text(say.T("portal.kept.agreed")))
			if at := text(say.In(paris(t)).DateTime(p.mandate.SignedAt)); !strings.Contains(agreed[:min(300, len(agreed))], at) {
				t.Errorf("when one agreed (%s) is not in: %.300s", at, agreed)
			}
			apl, _ := b.pack.Procedure("housing.apl") // nothing else on this page names it
			if !strings.Contains(page.body, apl.Name.In(string(lang))) {
				t.Error("the procedures of a mandate are not on the page")
			}
			if strings.Contains(page.body, "0001") {
				t.Error("an instant that never was is on the page")
			}
			var got struct {
				Spaces []struct {
					Mandates []struct {
						ID          uuid.UUID
						State       string
						SignedAt    *time.Time `json:"signed_at"`
						Interpreter string
						Link        string `json:"link_with_mediator"`
						Lines       []struct{ Theme, State string }
						Text        map[string]any
					}
				}
			}
			must(t, json.Unmarshal([]byte(w.post("/mine/everything").shows(http.StatusOK).body), &got))
			all := got.Spaces[0].Mandates
			if len(all) != 2 || all[1].ID != p.mandate.ID || all[1].SignedAt == nil || all[1].Text != nil {
				t.Fatalf("the file has %+v", all)
			}
			if x := all[0]; x.ID != m.ID || x.State != "void" || x.SignedAt != nil || x.Interpreter != "Amel Saïdi" || x.Link != "neighbour" || len(x.Lines) != 1 || x.Lines[0].Theme != "money" ||
				x.Lines[0].State != "pending" || x.Text["mandate"] != m.ID.String() {
				t.Errorf("what was never signed is %+v", x)
			}
		})
	}
}

func paris(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Paris")
	must(t, err)
	return zone
}

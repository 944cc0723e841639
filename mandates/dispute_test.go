package mandates_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/translog"
)

// disputed is a step of the first mediator and the person's disagreement.
func (b *bundle) disputed(t *testing.T) (mandates.Step, mandates.Dispute) {
	t.Helper()
	b.signed(t, []string{"housing"}, 31)
	c := b.opened(t, apl)
	st, err := b.LogStep(t.Context(), b.as(b.mediator), mandates.NewStep{Case: c.ID, Action: "submit", Outcome: "submitted", Note: "envoyé"})
	must(t, err)
	d, err := b.RaiseDispute(t.Context(), b.asPerson(authz.TierPhone), st.ID, "Je n’ai pas demandé cela.")
	must(t, err)
	return st, d
}

// PO-05: the person objects to a step; referent and supervisor see it with its
// date; the person is told, and reads the answer.
func TestDispute(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	st, d := b.disputed(t)
	all := b.events()
	e := all[len(all)-1]
	if e.Kind != string(translog.DisputeRaised) || e.Role != "person" || e.Actor != b.person || e.Step != st.ID || e.Case != st.Case || e.Mandate != st.Mandate ||
		e.Personal["text"] != "Je n’ai pas demandé cela." || e.Detail["dispute"] != d.ID.String() {
		t.Errorf("event %+v %v %v", e, e.Detail, e.Personal)
	}
	if want := b.clock.Now().AddDate(0, 0, mandates.AnswerWithin).Format(time.DateOnly); d.DueOn.Format(time.DateOnly) != want {
		t.Errorf("due on %s, want %s", d.DueOn, want)
	}
	b.refuses("dispute_already_open", func() error {
		_, err := b.RaiseDispute(ctx, b.asPerson(authz.TierPhone), st.ID, "Encore.")
		return err
	})

	list := func(a authz.Actor, state string) []mandates.Dispute {
		t.Helper()
		out, err := b.Disputes(ctx, a, mandates.DisputeQuery{State: state})
		must(t, err)
		return out
	}
	if got := list(b.as(b.referent), "open"); len(got) != 1 || got[0].ID != d.ID || got[0].BeneficiaryName != "Fatima Haddad" || got[0].Of.Note != "envoyé" ||
		got[0].Of.MediatorName != "Claire Martin" {
		t.Errorf("the referent's list: %+v", got)
	}
	look := b.adds(translog.LogViewed, func() error { list(b.as(b.supervisor), "open"); return nil })
	if people, _ := look.Detail["people"].([]any); len(people) != 1 || people[0] != b.person.String() {
		t.Errorf("the look names %v", look.Detail)
	}
	shown, err := b.StepOf(ctx, b.asPerson(authz.TierPhone), st.ID)
	must(t, err)
	if shown.Dispute != d.ID {
		t.Errorf("the step does not show its disagreement: %+v", shown)
	}

	e = b.adds(translog.DisputeAnswered, func() error {
		return b.AnswerDispute(ctx, b.as(b.referent), d.ID, "C’était une erreur, corrigée le jour même.")
	})
	if e.Role != "referent" || e.Beneficiary != b.person || e.Personal["answer"] == nil {
		t.Errorf("event %+v", e)
	}
	b.refuses("dispute_already_answered", func() error { return b.AnswerDispute(ctx, b.as(b.supervisor), d.ID, "Trop tard.") })
	if n := b.count(`SELECT count(*) FROM messages WHERE kind = 'dispute_answered' AND beneficiary_id = $1`, b.person); n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
	own := list(b.asPerson(authz.TierPhone), "")
	if len(own) != 1 || own[0].State != "answered" || !strings.HasPrefix(own[0].Answer, "C’était") || own[0].AnsweredByName != "Nadia Benali" {
		t.Errorf("the person reads %+v", own)
	}
	if got := list(b.as(b.referent), "open"); len(got) != 0 {
		t.Errorf("still open: %+v", got)
	}
	// Once answered, the person may disagree again.
	_, err = b.RaiseDispute(ctx, b.asPerson(authz.TierPhone), st.ID, "La réponse est fausse.")
	must(t, err)
}

// Who may not: a card alone, staff, another person, the mediator concerned, a
// stranger.
func TestDisputeRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	st, d := b.disputed(t)
	raise := func(a authz.Actor, text string) func() error {
		return func() error { _, err := b.RaiseDispute(ctx, a, st.ID, text); return err }
	}
	b.refuses("forbidden", raise(b.asPerson(authz.TierCard), "non"))
	b.refuses("forbidden", raise(b.as(b.referent), "non"))
	fatima := b.person
	b.person = b.newPerson(b.mediator, "Lucie", "Petit")
	b.refuses("not_found", raise(b.asPerson(authz.TierPhone), "non"))
	if got, err := b.Disputes(ctx, b.asPerson(authz.TierPhone), mandates.DisputeQuery{}); err != nil || len(got) != 0 {
		t.Errorf("somebody else reads %+v, %v", got, err)
	}
	if _, err := b.StepOf(ctx, b.asPerson(authz.TierPhone), st.ID); !problem.Is(err, "not_found") {
		t.Errorf("somebody else reads the step: %v", err)
	}
	b.person = fatima
	b.refuses("not_found", func() error { return b.AnswerDispute(ctx, b.as(b.mediator), d.ID, "C’est faux.") })
	if err := b.AnswerDispute(ctx, b.as(b.referent), uuid.New(), "Oui."); !problem.Is(err, "not_found") {
		t.Errorf("no such disagreement: %v", err)
	}

	org := b.newOrganisation("Point Relais Vilaine")
	stranger := b.newReferent(org, "Iris Caron")
	b.refuses("not_found", func() error { return b.AnswerDispute(ctx, b.as(stranger), d.ID, "Oui.") })
	if got, err := b.Disputes(ctx, b.as(stranger), mandates.DisputeQuery{}); err != nil || len(got) != 0 {
		t.Errorf("a stranger reads %+v, %v", got, err)
	}
	_, err := b.orgs.GrantRemit(ctx, b.as(b.operator), organisations.Remit{Name: "Luis Vega", Email: address("Luis Vega"), Organisation: org})
	must(t, err)
	elsewhere := b.signIn("Luis Vega")
	b.refuses("not_found", func() error { return b.AnswerDispute(ctx, b.as(elsewhere), d.ID, "Oui.") })
	if got, err := b.Disputes(ctx, b.as(elsewhere), mandates.DisputeQuery{}); err != nil || len(got) != 0 {
		t.Errorf("outside the remit: %+v, %v", got, err)
	}
	if _, err := b.Disputes(ctx, b.as(b.mediator), mandates.DisputeQuery{}); !problem.Is(err, "not_found") {
		t.Errorf("a mediator lists them: %v", err)
	}

	// A referent who did the step does not answer for it.
	_, err = b.orgs.Invite(ctx, b.as(b.operator), organisations.Invite{Organisation: b.org, Name: "Claire Martin", Email: address("Claire Martin"), Role: authz.Referent})
	must(t, err)
	b.signIn("Claire Martin")
	if e := b.refuses("forbidden", func() error { return b.AnswerDispute(ctx, b.as(b.mediator), d.ID, "Tout va bien.") }); !e.because(authz.ReasonSelf) {
		t.Errorf("reasons %v", e.reasons())
	}
}

func TestDisputeTexts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	st, d := b.disputed(t)
	answer := func(text string) func() error {
		return func() error { return b.AnswerDispute(ctx, b.as(b.referent), d.ID, text) }
	}
	b.faults("answer", "say_it_in_words", answer(" \n\t "))
	b.faults("answer", "too_long", answer(strings.Repeat("é", 2001)))
	if e := b.refuses("invalid", answer("Sa carte : 4539 1488 0343 6467")); !e.because("secret_in_text") || strings.Contains(e.raw, "4539") {
		t.Errorf("event %v", e.raw)
	}
	b.adds(translog.DisputeAnswered, answer(strings.Repeat("é", 2000)))
	if e := b.refuses("invalid", func() error {
		_, err := b.RaiseDispute(ctx, b.asPerson(authz.TierPhone), st.ID, "mon mot de passe : Soleil2024!")
		return err
	}); strings.Contains(e.raw, "Soleil") {
		t.Errorf("event %v", e.raw)
	}
	if n := b.count(`SELECT count(*) FROM disputes`); n != 1 {
		t.Errorf("%d disputes", n)
	}
}

// Past two hundred: each is read by its id, the answered ones come last answered
// first, and pages leave nothing out and show nothing twice.
func TestManyDisputes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	st, d := b.disputed(t)
	// 220 more of the same step, answered one a minute, many due the same day.
	must(t, b.store.InTx(ctx, store.System(), func(tx *store.Tx) error {
		return tx.DB().Exec(`INSERT INTO disputes (id, step_id, case_id, organisation_id, beneficiary_id, text, state, due_on, raised_at, answer, answered_by, answered_at)
			SELECT gen_random_uuid(), d.step_id, d.case_id, d.organisation_id, d.beneficiary_id, 'n° ' || i, 'answered', d.due_on + i / 50,
				d.raised_at + i * interval '1 minute', 'oui', ?, d.raised_at + i * interval '1 minute 1 second'
			FROM generate_series(1, 220) i, disputes d WHERE d.id = ?`, b.referent, d.ID).Error
	}))
	newest := mandates.Dispute{}
	for state, want := range map[string]int{"answered": 220, "open": 1, "": 221} {
		seen, q := map[uuid.UUID]bool{}, mandates.DisputeQuery{State: state, Limit: 50}
		last := mandates.Dispute{State: "open"}
		for pages := 0; pages < 10; pages++ {
			page, err := b.DisputePage(ctx, b.as(b.referent), q)
			must(t, err)
			for _, x := range page.Disputes {
				if seen[x.ID] || last.State == "answered" && (x.State == "open" || x.AnsweredAt.After(last.AnsweredAt)) {
					t.Fatalf("list %q: %s (%s) comes after %s (%s)", state, x.Text, x.State, last.Text, last.State)
				}
				if last.State == "open" && x.State == "answered" {
					newest = x
				}
				seen[x.ID], last = true, x
			}
			if q.After = page.Next; q.After == "" {
				break
			}
		}
		if len(seen) != want {
			t.Errorf("list %q: %d, want %d", state, len(seen), want)
		}
	}
	if newest.Text != "n° 220" {
		t.Errorf("the first answered is %q", newest.Text)
	}
	for _, x := range []mandates.Dispute{newest, d} {
		if got, err := b.Dispute(ctx, b.as(b.referent), x.ID); err != nil || got.Text != x.Text || got.Of.ID != st.ID {
			t.Errorf("%s by its id: %+v, %v", x.Text, got, err)
		}
	}
	stranger := b.newReferent(b.newOrganisation("Point Relais Vilaine"), "Iris Caron")
	if _, err := b.Dispute(ctx, b.as(stranger), d.ID); !problem.Is(err, "not_found") {
		t.Errorf("a stranger reads one: %v", err)
	}
	if _, err := b.DisputePage(ctx, b.as(b.referent), mandates.DisputeQuery{After: "1_2"}); !problem.Is(err, "invalid") {
		t.Errorf("a cursor of nothing: %v", err)
	}
	// A person's history asks for the last word on each act shown.
	got, err := b.Disputes(ctx, b.asPerson(authz.TierPhone), mandates.DisputeQuery{Steps: []uuid.UUID{st.ID, uuid.New()}})
	must(t, err)
	if len(got) != 1 || got[0].Text != "n° 220" {
		t.Errorf("of the step: %+v", got)
	}
}

package mandates_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/document"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/translog"
)

func sign(m mandates.Mandate, drawn *mandates.Drawn) mandates.Signature {
	return mandates.Signature{Version: m.Version, PayloadHash: m.PayloadHash, Drawn: drawn}
}

// messages of one kind about a person.
func (b *bundle) messages(kind string, person uuid.UUID) int {
	b.t.Helper()
	return b.count(`SELECT count(*) FROM messages WHERE kind = $1 AND beneficiary_id = $2`, kind, person)
}

// MA-01: housing for 31 days, signed by hand: active at once, with its
// evidence, its event, a card's code that opens the person's space, and a
// message on their channel, once.
func TestSigning(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, by := t.Context(), b.as(b.mediator)
	m := b.presented(t, by, b.person, choices(packs.DefaultActions(), "housing"), 31)
	p, err := document.Parse(m.Payload)
	must(t, err)
	if p.Beneficiary.FullName() != "Fatima Haddad" || p.Organisation.Name != "Maison France Services" || p.Mediator.Name != "Claire Martin" ||
		p.EndsInWords.Person != "jeudi 24 décembre 2026" || len(p.Grants) != 1 || p.Grants[0].Theme.Code != "housing" || len(p.Consent.Read) == 0 {
		t.Errorf("the text says %+v", p)
	}
	var out mandates.Signed
	e := b.adds(translog.MandateSigned, func() error { out, err = b.Sign(ctx, by, m.ID, sign(m, signature(t))); return err })
	if e.Actor != b.mediator || e.Role != "mediator" || e.Mandate != m.ID || e.Beneficiary != b.person || e.Organisation != b.org || e.Outcome != "done" {
		t.Errorf("event %+v", e)
	}
	if e.Detail["hash"] != fmt.Sprintf("%x", m.PayloadHash) || e.Detail["method"] != "drawn" || e.Detail["ends_at"] != "2026-12-24T23:00:00Z" || e.Detail["conflict"] != "none" {
		t.Errorf("detail %v", e.Detail)
	}
	got := b.fresh(t, m.ID)
	if got.State != mandates.Active || !got.SignedAt.Equal(b.clock.Now()) || got.JWS == "" || !bytes.Equal(got.Payload, m.Payload) || got.Grants[0].State != "active" ||
		len(got.Evidences) != 1 || got.Evidences[0].CollectedBy != b.mediator {
		t.Errorf("mandate %+v", got)
	}
	access, err := b.people.OpenByCard(ctx, beneficiaries.CardAttempt{Code: out.Code.Reveal(), BirthYear: "1957", Address: "192.0.2.7"})
	if err != nil || access.Beneficiary != b.person {
		t.Errorf("the card opens %v, %v", access, err)
	}
	if n := b.messages("mandate_signed", b.person); n != 1 {
		t.Errorf("%d messages say so, want 1", n)
	}
	for _, e := range b.events() {
		if bytes.Contains([]byte(e.raw), []byte(out.Code.Reveal())) {
			t.Errorf("%s holds the card's code", e.Kind)
		}
	}
}

// MA-02: signed on 31 January at 10:00 for 31 days: it holds until the last
// moment of 3 March, local time, and not one later; printed so.
func TestEndOfTheLastDay(t *testing.T) {
	t.Parallel()
	paris, err := time.LoadLocation("Europe/Paris")
	must(t, err)
	for name, x := range map[string]struct {
		at    time.Time
		days  int
		words string
		ends  time.Time
	}{
		"31 January":          {time.Date(2027, 1, 31, 10, 0, 0, 0, paris), 31, "mercredi 3 mars 2027", time.Date(2027, 3, 4, 0, 0, 0, 0, paris)},
		"over a clock change": {time.Date(2027, 3, 15, 10, 0, 0, 0, paris), 31, "jeudi 15 avril 2027", time.Date(2027, 4, 16, 0, 0, 0, 0, paris)},
		"one day":             {time.Date(2027, 3, 27, 23, 30, 0, 0, paris), 1, "dimanche 28 mars 2027", time.Date(2027, 3, 29, 0, 0, 0, 0, paris)},
		"a year":              {time.Date(2027, 2, 28, 10, 0, 0, 0, paris), 365, "lundi 28 février 2028", time.Date(2028, 2, 29, 0, 0, 0, 0, paris)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.clock.Set(x.at)
			m := b.signed(t, []string{"housing"}, x.days)
			p, err := document.Parse(m.Payload)
			must(t, err)
			if !m.EndsAt.Equal(x.ends) || !p.EndsAt.Equal(x.ends) || p.EndsInWords.Person != x.words {
				t.Fatalf("ends at %s, said %q; want %s, %q", m.EndsAt.In(paris), p.EndsInWords.Person, x.ends, x.words)
			}
			c := b.opened(t, apl)
			b.clock.Set(x.ends.Add(-time.Second))
			b.adds(translog.StepDone, b.step(mandates.NewStep{Case: c.ID, Action: "prepare", Outcome: "prepared"}))
			b.clock.Set(x.ends.Add(-time.Microsecond))
			b.adds(translog.StepDone, b.step(mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"}))
			b.clock.Set(x.ends)
			if e := b.refuses("forbidden", b.step(mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"})); !e.because(authz.ReasonMandateExpired) {
				t.Errorf("refused because %v", e.reasons())
			}
		})
	}
}

// MA-03: what cannot be a mandate is refused with the field named; nothing is
// written.
func TestWhatCannotBeAMandate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, by := t.Context(), b.as(b.mediator)
	m, err := b.Begin(ctx, by, b.person, uuid.NewString())
	must(t, err)
	before := b.image(t, m.ID)
	change := func(d mandates.Draft) func() error {
		return func() error { _, err := b.ChangeDraft(ctx, by, m.ID, m.Version, d); return err }
	}
	for _, x := range []struct {
		field, code string
		draft       mandates.Draft
	}{
		{"grants", "unknown_theme", usualDraft(choices([]string{"view"}, "castles"), 31)},
		{"grants.housing", "unknown_procedure", usualDraft([]mandates.GrantChoice{{Theme: "housing", Procedures: []string{"work.rsa"}, Actions: []string{"view"}}}, 31)},
		{"grants.housing", "unknown_action", usualDraft(choices([]string{"sell"}, "housing"), 31)},
		{"grants", "theme_twice", usualDraft(choices([]string{"view"}, "housing", "housing"), 31)},
		{"duration", "choose_duration", usualDraft(housing, 30)},
		{"duration", "choose_duration", usualDraft(housing, -1)},
		{"language", "choose_language", mandates.Draft{Grants: housing, DurationDays: 31, Language: "tlh"}},
		{"protection", "choose_protection", mandates.Draft{ProtectionAnswer: "wizard"}},
		{"conflict", "choose_conflict", mandates.Draft{ConflictAnswer: "enemy"}},
	} {
		b.faults(x.field, x.code, change(x.draft))
	}
	if after := b.image(t, m.ID); after != before {
		t.Errorf("something was written:\n%s\n%s", before, after)
	}
	for _, x := range []struct {
		field, code string
		draft       mandates.Draft
	}{
		{"grants", "choose_scope", usualDraft(nil, 31)},
		{"grants.housing", "choose_action", usualDraft(choices(nil, "housing"), 31)},
		{"duration", "choose_duration", usualDraft(housing, 0)},
		{"protection", "answer_protection", mandates.Draft{Grants: housing, DurationDays: 31, Language: "fr", ConflictAnswer: "none"}},
		{"conflict", "answer_conflict", mandates.Draft{Grants: housing, DurationDays: 31, Language: "fr", ProtectionAnswer: "none"}},
	} {
		kept, err := b.ChangeDraft(ctx, by, m.ID, m.Version, x.draft)
		must(t, err)
		m = kept
		b.faults(x.field, x.code, func() error { _, err := b.Present(ctx, by, m.ID, m.Version); return err })
		if got := b.fresh(t, m.ID); got.State != mandates.Drafted || len(got.Grants) != 0 || got.PayloadHash != nil {
			t.Errorf("%s: %+v was written", x.code, got)
		}
	}
}

// MA-03: a theme that the organisation may not use.
func TestThemeNotAllowedHere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, by := t.Context(), b.as(b.mediator)
	must(t, b.orgs.Change(ctx, b.as(b.operator), b.org, organisations.Changes{Name: "Maison France Services", Kind: "France Services", TimeZone: "Europe/Paris",
		Territory: "35", City: "Rennes", Address: "1 rue de la Paix", Phone: "02 99 00 00 00", Email: "contact@msf.example", AllowedThemes: []string{"work"}}))
	m, err := b.Begin(ctx, by, b.person, uuid.NewString())
	must(t, err)
	m, err = b.ChangeDraft(ctx, by, m.ID, m.Version, usualDraft(housing, 31))
	must(t, err)
	b.faults("grants.housing", "theme_not_allowed", func() error { _, err := b.Present(ctx, by, m.ID, m.Version); return err })
	m, err = b.ChangeDraft(ctx, by, m.ID, m.Version, usualDraft(choices([]string{"view"}, "work"), 31))
	must(t, err)
	b.adds(translog.MandatePresented, func() error { _, err := b.Present(ctx, by, m.ID, m.Version); return err })
}

// MA-04: choosing a theme never includes what can cost somebody their money or
// their post; ticked one by one, it is in, marked, and signing asks for a fresh
// sign-in.
func TestSensitiveIsTickedAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if slices.ContainsFunc(packs.DefaultActions(), packs.Sensitive) {
		t.Error("the usual actions hold a sensitive one")
	}
	usual := b.signed(t, []string{"housing"}, 31)
	p, err := document.Parse(usual.Payload)
	must(t, err)
	if p.Grants[0].Sensitive || slices.ContainsFunc(usual.Grants[0].Actions, packs.Sensitive) {
		t.Errorf("the theme brought %v", usual.Grants[0].Actions)
	}
	m := b.presented(t, b.as(b.mediator), b.person, choices([]string{"change_payment", "view"}, "housing"), 31)
	p, err = document.Parse(m.Payload)
	must(t, err)
	if !p.Grants[0].Sensitive || !m.Draft.Sensitive() || !slices.Equal(m.Draft.Grants[0].Actions, []string{"view", "change_payment"}) {
		t.Errorf("the text does not mark %+v", p.Grants[0])
	}
	stale := b.as(b.mediator)
	stale.StrongAt = b.clock.Now().Add(-authz.StepUpAge - time.Second)
	b.refuses("needs_step_up", func() error { _, err := b.Sign(t.Context(), stale, m.ID, sign(m, signature(t))); return err })
	b.adds(translog.MandateSigned, func() error { _, err := b.Sign(t.Context(), b.as(b.mediator), m.ID, sign(m, signature(t))); return err })
}

// MA-08: any change after the text was shown voids it; the old hash, and the
// old version, sign nothing.
func TestChangedTextIsNotSigned(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, by := t.Context(), b.as(b.mediator)
	shown := b.presented(t, by, b.person, housing, 31)
	for name, change := range map[string]func(d *mandates.Draft){
		"scope":       func(d *mandates.Draft) { d.Grants = choices([]string{"view", "submit"}, "housing") },
		"dates":       func(d *mandates.Draft) { d.DurationDays = 365 },
		"language":    func(d *mandates.Draft) { d.Language = "en" },
		"interpreter": func(d *mandates.Draft) { d.Interpreter = "Karim Haddad" },
		"people":      func(d *mandates.Draft) { d.Representative, d.ProtectionAnswer = "Karim Haddad", "curatorship" },
		"nothing":     func(*mandates.Draft) {},
	} {
		d := usualDraft(housing, 31)
		change(&d)
		now := b.fresh(t, shown.ID)
		e := b.adds(translog.MandatePresentationVoided, func() error { _, err := b.ChangeDraft(ctx, by, now.ID, now.Version, d); return err })
		again := b.fresh(t, shown.ID)
		if e.Mandate != shown.ID || again.State != mandates.Drafted || again.PayloadHash != nil || len(again.Grants) != 0 {
			t.Fatalf("%s: %+v", name, again)
		}
		b.refuses("mandate_not_presented", func() error { _, err := b.Sign(ctx, by, shown.ID, sign(now, signature(t))); return err })
		b.clock.Advance(time.Minute)
		again, err := b.Present(ctx, by, again.ID, again.Version)
		must(t, err)
		if bytes.Equal(again.PayloadHash, now.PayloadHash) {
			t.Errorf("%s: the same hash stands for another text", name)
		}
		b.refuses("text_changed", func() error { _, err := b.Sign(ctx, by, shown.ID, sign(now, signature(t))); return err })
	}
	last := b.fresh(t, shown.ID)
	b.refuses("text_changed", func() error {
		_, err := b.Sign(ctx, by, last.ID, mandates.Signature{Version: last.Version, Drawn: signature(t)})
		return err
	})
	b.refuses("stale", func() error {
		_, err := b.ChangeDraft(ctx, by, last.ID, last.Version-1, usualDraft(housing, 31))
		return err
	})
	if _, err := b.Sign(ctx, by, last.ID, sign(last, signature(t))); err != nil {
		t.Errorf("the text shown last: %v", err)
	}
	if !problem.Is(func() error { _, err := b.Present(ctx, by, last.ID, last.Version); return err }(), "mandate_already_active") {
		t.Error("shown again after signing")
	}
}

package mandates_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/document"
	"github.com/relais-org/relais/translog"
)

// shape is what is left of a mandate: its state, then each line's.
func (b *bundle) shape(t testing.TB, by authz.Actor, id uuid.UUID) string {
	t.Helper()
	m, err := b.Get(t.Context(), by, id)
	must(t, err)
	out := string(m.State)
	for _, g := range m.Grants {
		out += " " + g.Theme + "=" + g.State
	}
	return out
}

// MA-05: a newer mandate takes over the lines of its themes in the same
// organisation; other lines, ended mandates and other organisations keep
// theirs; a mandate left without a line is superseded. One event says it all.
func TestSuperseding(t *testing.T) {
	t.Parallel()
	b := setup(t)
	otherOrg := b.newOrganisation("Autre Maison")
	rita := b.newMediator(otherOrg, b.newReferent(otherOrg, "Rita Costa"), "Mia Lopez")
	elsewhere := b.signedBy(t, b.as(rita), b.newPerson(rita, "Fatima", "Haddad"), housing, 31)
	neighbour := b.signedWith(t, b.newPerson(b.mediator, "Louis", "Petit"), housing, 31)

	expired := b.signed(t, []string{"housing"}, 1)
	b.clock.Set(expired.EndsAt)
	revoked := b.signed(t, []string{"housing", "money"}, 31)
	must(t, b.Revoke(t.Context(), b.as(b.mediator), mandates.Revocation{Mandate: revoked.ID}))
	wide := b.signed(t, []string{"housing", "money", "work"}, 31)
	must(t, b.Revoke(t.Context(), b.as(b.mediator), mandates.Revocation{Mandate: wide.ID, Grant: grantOf(wide, "work")}))
	before := wide
	m := b.presented(t, b.as(b.mediator), b.person, choices(packs.DefaultActions(), "housing", "work"), 31)
	var out mandates.Signed
	e := b.adds(translog.MandateSigned, func() (err error) {
		out, err = b.Sign(t.Context(), b.as(b.mediator), m.ID, sign(m, signature(t)))
		return err
	})

	for id, want := range map[uuid.UUID]string{
		m.ID:       "active housing=active work=active",
		wide.ID:    "active housing=superseded money=active work=revoked",
		revoked.ID: "revoked housing=revoked money=revoked",
		expired.ID: "expired housing=expired", neighbour.ID: "active housing=active",
	} {
		if got := b.shape(t, b.as(b.mediator), id); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := b.shape(t, b.as(rita), elsewhere.ID); got != "active housing=active" {
		t.Errorf("another organisation's mandate is %q", got)
	}
	if !slices.Equal(out.Superseded, []uuid.UUID{wide.ID}) || fmt.Sprint(e.Detail["superseded"]) != "["+wide.ID.String()+"]" {
		t.Errorf("superseded %v, logged %v", out.Superseded, e.Detail["superseded"])
	}

	last := b.presented(t, b.as(b.mediator), b.person, choices(packs.DefaultActions(), "money"), 365)
	b.adds(translog.MandateSigned, func() (err error) {
		out, err = b.Sign(t.Context(), b.as(b.mediator), last.ID, sign(last, signature(t)))
		return err
	})
	ended := b.fresh(t, wide.ID)
	if ended.State != mandates.Superseded || !ended.EndedAt.Equal(b.clock.Now()) || ended.EndReason != last.ID.String() {
		t.Errorf("the mandate without a line is %+v", ended)
	}
	if got := b.shape(t, b.as(b.mediator), m.ID); got != "active housing=active work=active" {
		t.Errorf("an untouched theme changed: %q", got)
	}
	for _, g := range ended.Grants {
		i := slices.IndexFunc(before.Grants, func(x mandates.Grant) bool { return x.ID == g.ID })
		if !slices.Equal(g.Procedures, before.Grants[i].Procedures) || !slices.Equal(g.Actions, before.Grants[i].Actions) {
			t.Errorf("the frozen scope of %s changed", g.Theme)
		}
	}
	if n := b.count(`SELECT count(*) FROM grants WHERE beneficiary_id = $1 AND state = 'active'`, b.person); n != 3 {
		t.Errorf("%d live lines, want housing, work, money", n)
	}
}

// MA-05: a suspended mandate of the same theme is superseded too, and does not
// come back by being resumed.
func TestSupersedingASuspended(t *testing.T) {
	t.Parallel()
	b := setup(t)
	held := b.signed(t, []string{"housing"}, 31)
	must(t, b.Suspend(t.Context(), b.as(b.referent), held.ID, "doute"))
	b.signed(t, []string{"housing"}, 31)
	if got := b.shape(t, b.as(b.mediator), held.ID); got != "superseded housing=superseded" {
		t.Errorf("it is %q", got)
	}
	b.refuses("mandate_already_ended", func() error { return b.Resume(t.Context(), b.as(b.referent), held.ID) })
}

// MA-09: one line stopped, the rest goes on; the last one stopped, the mandate
// is revoked at that instant, in one event.
func TestRevokingLineByLine(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.signed(t, []string{"housing", "money"}, 31)
	stop := func(theme string) func() error {
		return func() error {
			return b.Revoke(t.Context(), b.asPerson(authz.TierCard), mandates.Revocation{Mandate: m.ID, Grant: grantOf(m, theme), Reason: "Je le fais avec ma fille"})
		}
	}
	b.clock.Advance(time.Hour)
	e := b.adds(translog.MandateGrantRevoked, stop("housing"))
	if e.Role != "person" || e.Actor != b.person || e.Detail["theme"] != "housing" || e.Personal["reason"] != "Je le fais avec ma fille" || e.Detail["reason"] != nil {
		t.Errorf("event %+v", e)
	}
	if got := b.shape(t, b.as(b.mediator), m.ID); got != "active housing=revoked money=active" {
		t.Errorf("it is %q", got)
	}
	b.refuses("grant_already_ended", stop("housing"))
	b.clock.Advance(time.Hour)
	e = b.adds(translog.MandateRevoked, stop("money"))
	got := b.fresh(t, m.ID)
	if got.State != mandates.Revoked || !got.EndedAt.Equal(b.clock.Now()) || got.EndedBy != "person" || e.Detail["last"] != true {
		t.Errorf("%+v, %v", got, e.Detail)
	}
	if one, whole := b.messages("grant_revoked", b.person), b.messages("mandate_revoked", b.person); one != 1 || whole != 1 {
		t.Errorf("%d and %d messages, want one of each", one, whole)
	}
	other := b.signedWith(t, b.newPerson(b.mediator, "Louis", "Petit"), housing, 31)
	if err := b.Revoke(t.Context(), b.as(b.mediator), mandates.Revocation{Mandate: other.ID, Grant: grantOf(m, "money")}); err == nil {
		t.Error("a line of another mandate was revoked through this one")
	}
}

// MA-10: renewing opens a draft like the old one, without what the person
// stopped, and asks for everything that consent needs anew.
func TestRenewing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	old := b.signed(t, []string{"housing", "money"}, 182)
	must(t, b.Revoke(ctx, b.as(b.mediator), mandates.Revocation{Mandate: old.ID, Grant: grantOf(old, "money")}))
	key := uuid.NewString()
	var m mandates.Mandate
	renew := func() (err error) { m, err = b.Renew(ctx, b.as(b.mediator), old.ID, key); return err }
	if e := b.adds(translog.MandateDrafted, renew); e.Detail["renews"] != old.ID.String() {
		t.Errorf("event %v", e.Detail)
	}
	first := m.ID
	b.addsNone(renew)
	if m.ID != first || m.State != mandates.Drafted || m.Draft.DurationDays != 182 || len(m.Draft.Grants) != 1 || m.Draft.Grants[0].Theme != "housing" ||
		!slices.Equal(m.Draft.Grants[0].Actions, packs.DefaultActions()) {
		t.Errorf("the draft is %+v", m.Draft)
	}
	b.faults("protection", "answer_protection", func() error { _, err := b.Present(ctx, b.as(b.mediator), m.ID, m.Version); return err })
	d := m.Draft
	d.ProtectionAnswer, d.ConflictAnswer = "none", "none"
	m, err := b.ChangeDraft(ctx, b.as(b.mediator), m.ID, m.Version, d)
	must(t, err)
	m, err = b.Present(ctx, b.as(b.mediator), m.ID, m.Version)
	must(t, err)
	p, err := document.Parse(m.Payload)
	must(t, err)
	if p.Previous != old.ID.String() {
		t.Errorf("the text renews %q", p.Previous)
	}
	b.refuses("text_changed", func() error { _, err := b.Sign(ctx, b.as(b.mediator), m.ID, sign(old, signature(t))); return err })
	b.adds(translog.MandateSigned, func() error { _, err := b.Sign(ctx, b.as(b.mediator), m.ID, sign(m, signature(t))); return err })
	if got := b.fresh(t, m.ID); got.Renews != old.ID || len(got.Evidences) != 1 {
		t.Errorf("%+v", got)
	}
	if got := b.fresh(t, old.ID); got.State != mandates.Superseded {
		t.Errorf("the old one is %s", got.State)
	}
}

// MA-10: what was stopped, or ended more than a year ago, is made anew.
func TestNotRenewable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	renew := func(m mandates.Mandate) func() error {
		return func() error { _, err := b.Renew(t.Context(), b.as(b.mediator), m.ID, uuid.NewString()); return err }
	}
	for _, state := range []mandates.State{mandates.Revoked, mandates.Renounced, mandates.Void, mandates.Drafted, mandates.Presented} {
		m := b.in(t, state)
		if m.Renewable(b.clock.Now()) {
			t.Errorf("%s seems renewable", state)
		}
		if e := b.refuses("not_renewable", renew(m)); e.Detail["command"] != "mandate.draft" {
			t.Errorf("%s: %v", state, e.Detail)
		}
	}
	superseded := b.in(t, mandates.Superseded)
	expired := b.in(t, mandates.Expired)
	b.clock.Set(expired.EndsAt.AddDate(1, 0, 0))
	superseded, expired = b.fresh(t, superseded.ID), b.fresh(t, expired.ID)
	if superseded.Renewable(b.clock.Now()) || !expired.Renewable(b.clock.Now()) || expired.Renewable(b.clock.Now().Add(time.Second)) {
		t.Error("what seems renewable is not what is")
	}
	b.adds(translog.MandateDrafted, renew(expired))
	b.refuses("not_renewable", renew(superseded)) // it ended before its time, over a year ago
	b.clock.Advance(time.Second)
	b.refuses("not_renewable", renew(expired))
}

// wider is the French pack with one more housing procedure.
func wider(t *testing.T) *packs.Set {
	t.Helper()
	dir := t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS(filepath.Join("..", "internal", "packs", "data"))))
	file := filepath.Join(dir, "fr", "50-housing.yaml")
	raw, err := os.ReadFile(file)
	must(t, err)
	one, _, _ := strings.Cut(string(raw)[strings.Index(string(raw), "  - code: housing.apl"):], "\n  - code:")
	more := strings.Replace(one, "housing.apl", "housing.new-benefit", 1)
	must(t, os.WriteFile(file, []byte(strings.TrimRight(string(raw), "\n")+"\n"+more+"\n"), 0o600))
	set, err := packs.LoadFS(os.DirFS(dir))
	must(t, err)
	return set
}

// widen opens the same house again under another catalogue.
func (b *bundle) widen(t *testing.T, set *packs.Set) {
	t.Helper()
	keys, err := document.NewKeyring(rand.Reader, b.store.Now())
	must(t, err)
	b.pack, err = set.Get("fr")
	must(t, err)
	b.Service = mandates.New(mandates.Dependencies{Commands: b.commands, Packs: set, Organisations: b.orgs, Beneficiaries: b.people,
		Keyring: keys, BaseURL: "https://relais.example"})
}

// MA-13: one procedure more in the catalogue widens no mandate, neither its
// lines nor what may be done under it; a new mandate has it.
func TestCatalogueNeverWidens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old := b.signed(t, []string{"housing"}, 31)
	shown := b.presented(t, b.as(b.mediator), b.newPerson(b.mediator, "Louis", "Petit"), housing, 31)
	b.widen(t, wider(t))
	pack := b.pack
	if _, ok := pack.Procedure("housing.new-benefit"); !ok {
		t.Fatal("the catalogue did not grow")
	}
	got := b.fresh(t, old.ID)
	if !slices.Equal(got.Grants[0].Procedures, old.Grants[0].Procedures) || slices.Contains(got.Grants[0].Procedures, "housing.new-benefit") {
		t.Errorf("the old line is %v", got.Grants[0].Procedures)
	}
	e := b.refuses("forbidden", func() error {
		_, err := b.OpenCase(t.Context(), b.as(b.mediator), mandates.OpenCase{Beneficiary: b.person, Procedure: "housing.new-benefit"})
		return err
	})
	if !e.because(authz.ReasonProcedureNotInScope) {
		t.Errorf("refused because %v", e.reasons())
	}
	if _, err := b.Sign(t.Context(), b.as(b.mediator), shown.ID, sign(shown, signature(t))); err != nil {
		t.Fatal(err)
	}
	if g := b.fresh(t, shown.ID).Grants[0]; slices.Contains(g.Procedures, "housing.new-benefit") {
		t.Error("what was read before was widened at the signing")
	}
	fresh := b.signed(t, []string{"housing"}, 31)
	if !slices.Contains(fresh.Grants[0].Procedures, "housing.new-benefit") {
		t.Error("a new mandate lacks the new procedure")
	}
}

// MA-16: somebody protected, or a minor, goes by the pack's rule, whatever the
// mediator answered.
func TestProtectedPeople(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, by := t.Context(), b.as(b.mediator)
	person := func(born time.Time, protection string) uuid.UUID {
		p, err := b.people.Create(ctx, by, beneficiaries.New{DuplicateConfirmed: true, Contact: beneficiaries.Contact{Channel: "none", Language: "fr"},
			Identity: beneficiaries.Identity{GivenNames: "Léo", FamilyName: "Petit", BirthDate: born, IdentityCheck: b.pack.IdentityDocuments[0].Code, Protection: protection}})
		must(t, err)
		return p.ID
	}
	grown := time.Date(1980, 5, 1, 0, 0, 0, 0, time.UTC)
	minor := b.clock.Now().AddDate(-18, 0, 1)
	adult := b.clock.Now().AddDate(-18, 0, 0)
	for name, x := range map[string]struct {
		who                    uuid.UUID
		answer, representative string
		conflict, field, fault string
	}{
		"minor":                    {person(minor, "none"), "none", "", "protection_refused", "", ""},
		"minor, represented":       {person(minor, "none"), "none", "Anne Petit", "protection_refused", "", ""},
		"eighteen today":           {person(adult, "none"), "none", "", "", "", ""},
		"guardianship":             {person(grown, "none"), "guardianship", "Anne Petit", "protection_refused", "", ""},
		"guardianship, on file":    {person(grown, "guardianship"), "none", "", "protection_refused", "", ""},
		"curatorship alone":        {person(grown, "none"), "curatorship", "", "", "representative", "representative_needed"},
		"curatorship, on file":     {person(grown, "curatorship"), "none", "", "", "representative", "representative_needed"},
		"curatorship with curator": {person(grown, "curatorship"), "curatorship", "Anne Petit", "", "", ""},
		"no answer":                {person(grown, "none"), "", "", "", "protection", "answer_protection"},
	} {
		m, err := b.Begin(ctx, by, x.who, uuid.NewString())
		must(t, err)
		m, err = b.ChangeDraft(ctx, by, m.ID, m.Version, mandates.Draft{Grants: housing, DurationDays: 31, Language: "fr", ProtectionAnswer: x.answer,
			Representative: x.representative, ConflictAnswer: "none"})
		must(t, err)
		present := func() error { _, err := b.Present(ctx, by, m.ID, m.Version); return err }
		switch {
		case x.conflict != "":
			b.refuses(x.conflict, present)
		case x.fault != "":
			b.faults(x.field, x.fault, present)
		default:
			b.adds(translog.MandatePresented, present)
		}
		if x.representative != "" && x.conflict == "" {
			p, err := document.Parse(b.fresh(t, m.ID).Payload)
			must(t, err)
			if p.Consent.Representative != "Anne Petit" {
				t.Errorf("%s: the text names %q as representative", name, p.Consent.Representative)
			}
		}
	}
}

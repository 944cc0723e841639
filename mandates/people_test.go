package mandates_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
)

func (b *bundle) called(actor authz.Actor, given, family, usage, phone string) uuid.UUID {
	b.t.Helper()
	p, err := b.people.Create(b.t.Context(), actor, beneficiaries.New{
		Identity: beneficiaries.Identity{GivenNames: given, FamilyName: family, UsageName: usage, BirthDate: time.Date(1946, 3, 12, 0, 0, 0, 0, time.UTC),
			BirthPlace: "Oran", IdentityCheck: b.pack.IdentityDocuments[0].Code, Protection: "none"},
		Contact: beneficiaries.Contact{Phone: phone, Channel: "none", Language: "fr"}, DuplicateConfirmed: true})
	must(b.t, err)
	return p.ID
}

func found(page mandates.PeoplePage) []uuid.UUID {
	var ids []uuid.UUID
	for _, r := range page.Rows {
		ids = append(ids, r.Beneficiary)
	}
	return ids
}

// MA-12: searching ignores accents and case, knows names in use, takes what is
// typed as itself and a number for a phone, and keeps to one's own organisation.
func TestSearchingPeople(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, by := t.Context(), b.as(b.mediator)
	zoe := b.called(by, "Zoé", "Lefèvre", "García", "06 98 76 54 32")
	jean := b.called(by, "Jean", "O'Neil 100%", "", "06 12 34 56 79")
	org := b.newOrganisation("Point Relais Vilaine")
	b.called(b.as(b.newMediator(org, b.newReferent(org, "Iris Caron"), "Paul Morel")), "Zoé", "Lefèvre", "", "")
	for text, want := range map[string][]uuid.UUID{
		"zoe": {zoe}, "LEFEVRE": {zoe}, "garcia": {zoe}, "lefèvre zoé": {zoe}, "zo garc": {zoe}, "zoe dupont": nil,
		"06 98 76 54 32": {zoe}, "+33698765432": {zoe}, "100%": {jean}, "%": {jean}, "_": nil, `\`: nil, "o'neil": {jean},
		"": {b.person, zoe, jean},
	} {
		page, err := b.People(ctx, by, mandates.PeopleQuery{Text: text})
		must(t, err)
		if got := found(page); !slices.Equal(got, want) {
			t.Errorf("%q finds %d people, want %d", text, len(got), len(want))
		}
	}
	page, err := b.People(ctx, by, mandates.PeopleQuery{BirthDate: time.Date(1946, 3, 12, 0, 0, 0, 0, time.UTC), Phone: "+33612345679"})
	must(t, err)
	if got := found(page); !slices.Equal(got, []uuid.UUID{jean}) {
		t.Errorf("by date and phone: %d people", len(got))
	}
	for _, bad := range []mandates.PeopleQuery{{Cursor: "zz"}, {List: "everybody"}} {
		if _, err := b.People(ctx, by, bad); problem.As(err).Kind != problem.KindInvalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// MA-12: pages follow one another without a gap or a repeat, equal names too.
func TestPeopleComePageByPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	by := b.as(b.mediator)
	want := map[uuid.UUID]bool{b.person: true}
	for _, family := range []string{"Élan", "elan", "Martin", "Martin", "Martin", "Zola"} {
		want[b.called(by, "Jean", family, "", "")] = true
	}
	pages, q := 0, mandates.PeopleQuery{Limit: 2}
	for {
		page, err := b.People(t.Context(), by, q)
		must(t, err)
		for _, id := range found(page) {
			if !want[id] {
				t.Fatal("somebody comes twice")
			}
			delete(want, id)
		}
		if pages++; pages > 4 {
			t.Fatal("there is no end of pages")
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	if len(want) != 0 || pages != 4 {
		t.Errorf("%d people never came, in %d pages", len(want), pages)
	}
}

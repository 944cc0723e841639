package mandates_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/relais-org/relais/mandates"
)

// LG-06: what staff wrote to explain a stop, a suspension or a renunciation is
// about the person too, and goes with them: rows, their history, the log.
func TestErasureReachesReasons(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	const said = "dispute avec son fils Karim"
	m := b.signedWith(t, b.person, choices([]string{"view"}, "housing", "money", "work"), 31)
	must(t, b.Suspend(ctx, b.as(b.referent), m.ID, said))
	must(t, b.Revoke(ctx, b.as(b.mediator), mandates.Revocation{Mandate: m.ID, Grant: m.Grants[0].ID, Reason: said}))
	must(t, b.Renounce(ctx, b.as(b.referent), m.ID, said))
	second := b.signed(t, []string{"housing"}, 31)
	must(t, b.Revoke(ctx, b.as(b.mediator), mandates.Revocation{Mandate: second.ID, Reason: said}))
	other := b.signedWith(t, b.newPerson(b.mediator, "Louis", "Petit"), choices([]string{"view"}, "housing"), 31)
	must(t, b.Revoke(ctx, b.as(b.mediator), mandates.Revocation{Mandate: other.ID, Reason: said}))
	places := map[string]string{
		"mandates":    `SELECT count(*) FROM mandates x WHERE beneficiary_id = $1 AND x::text LIKE '%Karim%'`,
		"grants":      `SELECT count(*) FROM grants x WHERE beneficiary_id = $1 AND x::text LIKE '%Karim%'`,
		"row history": `SELECT count(*) FROM row_history x WHERE x::text LIKE '%Karim%' AND (before ->> 'beneficiary_id' = $1::text OR after ->> 'beneficiary_id' = $1::text)`,
		"the log":     `SELECT count(*) FROM events x WHERE beneficiary_id = $1 AND convert_from(coalesce(personal, ''), 'UTF8') || convert_from(facts, 'UTF8') LIKE '%Karim%'`,
	}
	count := func(person uuid.UUID) map[string]int {
		found := map[string]int{}
		for place, query := range places {
			found[place] = b.count(query, person)
		}
		return found
	}
	for place, n := range count(b.person) {
		if n == 0 {
			t.Errorf("the reason is nowhere in %s: the test proves nothing", place)
		}
	}
	untouched := count(other.Beneficiary)
	must(t, b.people.Erase(ctx, b.as(b.referent), b.person))
	for place, n := range count(b.person) {
		if n != 0 {
			t.Errorf("%s: %d still tell why", place, n)
		}
	}
	for place, n := range count(other.Beneficiary) {
		if n != untouched[place] {
			t.Errorf("%s: somebody else's went too", place)
		}
	}
}

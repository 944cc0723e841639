package mediator_test

import (
	"net/http"
	"testing"
)

// MA-12: the list of an organisation of 10,000 people, as a browser asks for it.
func BenchmarkPeople(b *testing.B) {
	h := setup(b)
	who := h.newPerson(h.mediator, "Ada", "Active")
	h.signed(h.mediator, who.ID, 365, "housing")
	const crowd = `INSERT INTO beneficiaries (id, organisation_id, given_names, family_name, usage_name, birth_date, birth_place, language, phone,
			email, address, channel, identity_check, identity_checked_by, identity_checked_at, protection, created_by, created_at)
		SELECT gen_random_uuid(), organisation_id, given_names || ' ' || i, 'Family' || (i * 7919 % 10007), '', birth_date + (i % 9000), birth_place, language,
			phone, email, address, channel, identity_check, identity_checked_by, identity_checked_at, protection, created_by, created_at
		FROM beneficiaries, generate_series(1, 10000) i WHERE id = $1`
	if _, err := h.store.Pool().Exec(b.Context(), crowd, who.ID); err != nil {
		b.Fatal(err)
	}
	browser := h.browse(h.mediator)
	for name, path := range map[string]string{"first": "/people", "search": "/people?q=family700", "active": "/people?list=active", "home": "/home"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				browser.get(path).is(http.StatusOK)
			}
		})
	}
}

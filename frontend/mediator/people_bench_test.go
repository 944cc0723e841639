package mediator_test

import (
	"net/http"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/relais-org/relais/internal/store/storetest"
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
	tx, err := h.store.Pool().Begin(b.Context())
	must(b, err)
	_, err = tx.Exec(b.Context(), `SELECT set_config('relais.acting', 'system:test', true)`)
	must(b, err)
	_, err = tx.Exec(b.Context(), crowd, who.ID)
	must(b, err)
	must(b, tx.Commit(b.Context()))
	owner, err := pgx.Connect(b.Context(), storetest.OwnerURL(b, h.store))
	must(b, err)
	_, err = owner.Exec(b.Context(), "VACUUM ANALYZE") // as autovacuum does: figures for plans, and the word index put in order
	must(b, err)
	must(b, owner.Close(b.Context()))
	browser := h.browse(h.mediator)
	for _, path := range []string{"/home", "/people", "/people?list=active", "/people?q=family700"} {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				browser.get(path).is(http.StatusOK)
			}
		})
	}
}

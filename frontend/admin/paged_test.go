package admin_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/store"
)

// Pages go by number: whoever changes place between two pages neither brings the
// first one back nor makes it begin elsewhere. What was searched is kept, and a
// number beyond the end is the last page.
func TestPagesKeepTheirPlace(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.many(120)
	b := h.browser(h.referent)
	next := b.get("/organisation/people?q=n%C3%B3m").way(t, "Suivants")
	var last uuid.UUID // of the first page
	must(t, h.store.Pool().QueryRow(t.Context(), `SELECT m.id FROM memberships m JOIN accounts a ON a.id = m.account_id WHERE a.name = 'Nóm 050'`).Scan(&last))
	must(t, h.orgs.Suspend(t.Context(), h.as(h.referent), last, "Absence longue")) // waits for the reader: to the top
	second := b.get(next)
	second.is(t, http.StatusOK, "L’équipe")
	second.has(t, "De 51 à 100, sur 120", `value="nóm"`)
	b.get(second.way(t, "Suivants")).has(t, "De 101 à 120, sur 120", "Précédents")
	for number, want := range map[string]string{"99": "De 101 à 120, sur 120", "-1": "De 1 à 50, sur 120", "nonsense": "De 1 à 50, sur 120", "2": "De 51 à 100, sur 120"} {
		b.get("/organisation/people?q=n%C3%B3m&page="+number).has(t, want)
	}
}

// A list of which no more is read says so, and so does a search in it: nobody is
// said not to be there who was not looked for.
func TestWhatWasNotReadIsSaid(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.many(995)
	b := h.browser(h.referent)
	b.get("/organisation/people").lacks(t, "Au moins", "au moins")
	b.get("/organisation/people?q=xyz").has(t, "Personne ne porte ce nom ici")
	for i := range 10 {
		h.invited(fmt.Sprintf("Zoé Zimmer %d", i))
	}
	b.get("/organisation/people").has(t, "Au moins 1 000 personnes. Voici les premières, par nom.", "De 1 à 50, sur 1 000 au moins")
	p := b.get("/organisation/people?q=zimmer+9")
	p.has(t, "Personne ne porte ce nom parmi les 1 000 premières personnes", "La recherche porte seulement sur les 1 000 premières personnes")
	p.lacks(t, "Personne ne porte ce nom ici")
	p = b.get("/organisation/people?q=nom+01")
	p.has(t, "La recherche porte seulement sur les 1 000 premières personnes", "Nóm 017")
	p.lacks(t, "Nóm 020")
	b = h.browser(h.operator)
	b.get("/operator/organisations/"+h.org.String()+"/people").has(t, "Au moins 1 000 personnes", "sur 1 000 au moins")
	b.post("/operator/services/new", newService()...)
	h.fill(`INSERT INTO clients SELECT (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid(), 'client_id', 'svc-' || i, 'name', 'Service ' || i))).*
		FROM clients c, generate_series(1, 1000) i WHERE c.client_id = 'caf-test'`)
	b.get("/operator/services").has(t, "Au moins 1 000 services", "sur 1 000 au moins")
	h.fill(`INSERT INTO remits (id, account_id, territory, granted_by, granted_at)
		SELECT gen_random_uuid(), ?, 'T' || i, ?, now() FROM generate_series(1, 2001) i`, h.referent, h.operator)
	b.get("/operator/supervisors").has(t, "personnes supervisent. Voici les premières", "sur 2 000 au moins")
}

// fill adds rows as no page could.
func (h *house) fill(statement string, args ...any) {
	h.t.Helper()
	must(h.t, h.store.InTx(h.t.Context(), store.System(), func(tx *store.Tx) error { return tx.DB().Exec(statement, args...).Error }))
}

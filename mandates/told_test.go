package mandates_test

import (
	"strings"
	"testing"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates"
)

// PO-01, UI-03: a house's name of 200 characters stops no command that tells
// somebody: stopping is always possible.
func TestALongNameStopsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	must(t, b.store.InTx(ctx, store.System(), func(tx *store.Tx) error {
		return tx.DB().Exec(`UPDATE organisations SET name = ? WHERE id = ?`, strings.Repeat("Ж", 200), b.org).Error
	}))
	m := b.signedWith(t, b.person, choices([]string{"view"}, "housing", "money"), 31)
	c := b.opened(t, apl)
	step, err := b.LogStep(ctx, b.as(b.mediator), mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"})
	must(t, err)
	_, err = b.people.ChangeContact(ctx, b.as(b.mediator), b.person, beneficiaries.Contact{
		Phone: "06 12 34 56 79", Email: "fatima@home.example", Channel: "mail", Language: "fr"})
	must(t, err)
	d, err := b.RaiseDispute(ctx, b.asPerson(authz.TierPhone), step.ID, "Je n’ai pas demandé cela.")
	must(t, err)
	must(t, b.AnswerDispute(ctx, b.as(b.referent), d.ID, "Nous l’avons corrigé ensemble."))
	must(t, b.Revoke(ctx, b.asPerson(authz.TierCard), mandates.Revocation{Mandate: m.ID, Grant: m.Grants[0].ID}))
	must(t, b.Revoke(ctx, b.asPerson(authz.TierCard), mandates.Revocation{Mandate: m.ID}))
	m = b.signed(t, []string{"housing"}, 31)
	must(t, b.Renounce(ctx, b.as(b.referent), m.ID, "fermeture de la permanence"))
	for _, kind := range []string{"mandate_signed", "first_use", "contact_changed", "dispute_raised", "dispute_answered", "grant_revoked", "mandate_revoked"} {
		if n := b.count(`SELECT count(*) FROM messages WHERE kind = $1 AND octet_length(subject) BETWEEN 1 AND 200`, kind); n == 0 {
			t.Errorf("nobody was told: %s", kind)
		}
	}
}

package beneficiaries

import (
	"context"
	"testing"
	"time"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/translog"
)

// LG-06: erasing takes what is known of a person and the salts of the log's
// personal content; leaves stay as they were signed.
func TestErase(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	fatima := b.someone("Fatima", "Haddad")
	fatima.Codes = Codes{Gender: "female", Country: "99352"}
	p, other := b.create(fatima), b.create(b.someone("Jean", "Dupont"))
	code, mandate := b.cardOf(p)
	must(t, b.SendPortalCode(ctx, b.asPerson(p.ID, authz.TierCard)))
	for _, about := range []Beneficiary{p, other} {
		must(t, b.commands.Run(ctx, b.as(b.org), "test", func(tx *command.Tx) error {
			tx.Open(authz.Mediator, "a test writes something personal")
			e := about.about()
			e.Kind, e.Personal = translog.BeneficiaryChanged, struct {
				Reason string `json:"reason"`
			}{"Mme Haddad a changé de nom"}
			return tx.Append(e)
		}))
	}
	referent := func() authz.Actor { return b.staff(b.org, authz.Referent) }
	b.fails("forbidden", func() error { return b.Erase(ctx, b.as(b.org), p.ID) })
	b.fails("not_found", func() error { return b.Erase(ctx, b.staff(b.organisation("Autre maison"), authz.Referent), p.ID) })
	stale := referent()
	stale.StrongAt = stale.Now.Add(-2 * authz.StepUpAge)
	b.fails("needs_step_up", func() error { return b.Erase(ctx, stale, p.ID) })
	b.refuses("mandate_still_live", func() error { return b.Erase(ctx, referent(), p.ID) })
	b.end(mandate)
	for _, about := range []Beneficiary{p, other} {
		b.exec(`INSERT INTO web_sessions (token_hash, id, beneficiary_id, tier, id_token, created_at, seen_at, expires_at) VALUES (convert_to(?, 'UTF8'), gen_random_uuid(), ?, 'phone', 'signed words', ?, ?, ?)`,
			about.ID.String(), about.ID, b.store.Now(), b.store.Now(), b.store.Now().Add(time.Hour))
	}

	for state, channel := range map[string]string{"queued": "letter", "sent": "mail"} {
		b.exec(`INSERT INTO messages (id, dedupe_key, organisation_id, beneficiary_id, kind, channel, language, recipient, body, state, created_at)
			VALUES (gen_random_uuid(), ?, ?, ?, 'first_use', ?, 'fr', 'Fatima Haddad', 'Bonjour', ?, ?)`, state, b.org, p.ID, channel, state, b.store.Now())
	}
	before := b.leaves()
	must(t, b.Erase(ctx, referent(), p.ID))
	after := b.leaves()
	for id, leaf := range before {
		if after[id] != leaf {
			t.Errorf("the leaf of entry %d changed", id)
		}
	}
	for what, query := range map[string]string{
		"the row":          `SELECT count(*) FROM beneficiaries b WHERE id = $1 AND (erased_at IS NULL OR b::text ~ 'Fatima|Haddad|612345678|1946|Oran|female|99352')`,
		"its history":      `SELECT count(*) FROM row_history h WHERE row_id = $1 AND h::text ~ 'Fatima|Haddad|612345678|female|99352'`,
		"codes of cards":   `SELECT count(*) FROM access_codes WHERE beneficiary_id = $1`,
		"sessions":         `SELECT count(*) FROM web_sessions WHERE beneficiary_id = $1`,
		"phones":           `SELECT count(*) FROM phone_codes WHERE beneficiary_id = $1 AND phone <> ''`,
		"messages":         `SELECT count(*) FROM messages WHERE beneficiary_id = $1 AND recipient || subject || body <> ''`,
		"letters and jobs": `SELECT count(*) FROM messages WHERE beneficiary_id = $1 AND state = 'queued'`,
		"salts":            `SELECT count(*) FROM events WHERE beneficiary_id = $1 AND (personal IS NOT NULL OR personal_salt IS NOT NULL)`,
		"the text":         `SELECT count(*) FROM mandates WHERE beneficiary_id = $1 AND payload IS NOT NULL`,
	} {
		if n := b.count(query, p.ID); n != 0 {
			t.Errorf("%s: %d left", what, n)
		}
	}
	if n := b.count(`SELECT count(*) FROM messages WHERE beneficiary_id = $1 AND state = 'sent'`, p.ID); n != 1 {
		t.Error("what was sent is said not to have been")
	}
	if n := b.count(`SELECT count(*) FROM events WHERE beneficiary_id = $1 AND personal IS NOT NULL`, other.ID); n != 1 {
		t.Error("somebody else's content went too")
	}
	if n := b.count(`SELECT count(*) FROM web_sessions`); n != 1 {
		t.Error("somebody else's session ended")
	}
	b.fails("card_unknown", func() error { _, err := b.open(code.Reveal(), "1946"); return err })
	b.fails("not_found", func() error { _, err := b.Get(ctx, b.as(b.org), p.ID); return err })
	b.fails("not_found", func() error {
		_, err := b.PersonActor(ctx, PersonQuery{Beneficiary: p.ID, Tier: authz.TierCard})
		return err
	})
	b.fails("not_found", func() error { return b.Erase(ctx, referent(), p.ID) })
	if n := b.count(`SELECT count(*) FROM beneficiaries WHERE search ~ 'fatima|haddad'`); n != 0 {
		t.Error("a search would find them")
	}
}

// leaves are the public bytes of every entry.
func (b *bundle) leaves() map[int64]string {
	b.t.Helper()
	rows, err := b.store.Pool().Query(context.Background(), `SELECT id, encode(leaf, 'hex') FROM events`)
	must(b.t, err)
	defer rows.Close()
	all := map[int64]string{}
	for rows.Next() {
		var id int64
		var leaf string
		must(b.t, rows.Scan(&id, &leaf))
		all[id] = leaf
	}
	must(b.t, rows.Err())
	return all
}

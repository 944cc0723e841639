package mandates_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/mandates/document"
	"github.com/relais-org/relais/translog"
)

// PO-05: each referent of that organisation gets one mail for a disagreement,
// with the date and the way to answer, and nothing about the person.
func TestReferentsAreToldOfADispute(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.newReferent(b.org, "Yann Le Goff")
	b.newReferent(b.newOrganisation("Mairie de Vitré"), "Zoé Petit")
	st, d := b.disputed(t)
	b.refuses("dispute_already_open", func() error {
		_, err := b.RaiseDispute(t.Context(), b.asPerson(authz.TierPhone), st.ID, "Encore.")
		return err
	})
	rows, err := b.store.Pool().Query(t.Context(), `SELECT m.recipient, a.email, m.channel, m.subject || ' ' || m.body, m.beneficiary_id IS NULL
		FROM messages m JOIN accounts a ON a.id = m.account_id WHERE m.kind = 'dispute_raised' ORDER BY m.recipient`)
	must(t, err)
	defer rows.Close()
	var told []string
	for rows.Next() {
		var recipient, email, channel, text string
		var impersonal bool
		must(t, rows.Scan(&recipient, &email, &channel, &text, &impersonal))
		told = append(told, recipient)
		if recipient != email || channel != "mail" || !impersonal {
			t.Errorf("sent to %s of %s by %s, impersonal %t", recipient, email, channel, impersonal)
		}
		if !strings.Contains(text, "/organisation/disputes/"+d.ID.String()) || !strings.Contains(text, "23 décembre 2026") {
			t.Errorf("does not say where and by when: %s", text)
		}
		for _, personal := range []string{"Fatima", "Haddad", "Je n’ai pas demandé", "Logement", "APL", "Claire"} {
			if strings.Contains(text, personal) {
				t.Errorf("says %q: %s", personal, text)
			}
		}
	}
	must(t, rows.Err())
	if want := address("Nadia Benali") + " " + address("Yann Le Goff"); strings.Join(told, " ") != want {
		t.Errorf("told %v, want %s", told, want)
	}
}

// A new signing key is in the log by its thumbprint, and there is no key
// without its event.
func TestANewKeyIsInTheLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ring, err := document.NewKeyring(rand.Reader, b.clock.Now())
	must(t, err)
	first := ring.ActiveKeyID()
	kept, restored := 0, 0
	keep, restore := func() error { kept++; return nil }, func() error { restored++; return nil }
	e := b.adds(translog.KeyRotated, func() error { return b.RotateKey(t.Context(), ring, keep, restore) })
	if ring.ActiveKeyID() == first || e.Detail["kid"] != ring.ActiveKeyID() || len(e.Detail) != 1 || e.Role != "system" || kept != 1 || restored != 0 {
		t.Errorf("event %+v %v for key %s, kept %d, restored %d", e, e.Detail, ring.ActiveKeyID(), kept, restored)
	}
	// The event cannot be written: what was kept is put back.
	owner, err := pgx.Connect(t.Context(), storetest.OwnerURL(t, b.store))
	must(t, err)
	defer func() { _ = owner.Close(t.Context()) }() // ends with the database
	_, err = owner.Exec(t.Context(), `ALTER TABLE events ADD CONSTRAINT no_more CHECK (kind <> 'key.rotated') NOT VALID`)
	must(t, err)
	b.addsNone(func() error {
		if err := b.RotateKey(t.Context(), ring, keep, restore); err == nil {
			t.Error("a key without its event")
		}
		return nil
	})
	if kept != 2 || restored != 1 {
		t.Errorf("kept %d, restored %d", kept, restored)
	}
}

package beneficiaries

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
)

// opened begins a session of a person, as the card or the phone does.
func (b *bundle) opened(p Beneficiary, tier authz.Tier) string {
	b.t.Helper()
	token, _, err := authz.NewSessions(authz.SessionsDeps{Store: b.store}).Start(b.t.Context(), authz.NewSession{Beneficiary: p.ID, Organisation: b.org, Tier: tier})
	must(b.t, err)
	return token
}

func (b *bundle) goesOn(token string) bool {
	_, err := authz.NewSessions(authz.SessionsDeps{Store: b.store}).Load(b.t.Context(), token)
	return err == nil
}

// Whoever reads with the old card stops reading when a new one is printed or
// the old one cancelled; who proved the phone goes on, and so does everybody else.
func TestSessionsOfALostCardEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	p, other := b.create(b.someone("Fatima", "Haddad")), b.create(b.someone("Jean", "Dupont"))
	_, mandate := b.cardOf(p)
	b.card(other)
	for name, lose := range map[string]func() error{
		"a new card is printed": func() error { _, err := b.ReissueCard(ctx, b.as(b.org), mandate); return err },
		"staff cancel it":       func() error { return b.CancelCard(ctx, b.as(b.org), mandate) },
		"the person cancels it": func() error {
			if _, err := b.ReissueCard(ctx, b.as(b.org), mandate); err != nil {
				return err
			}
			return b.CancelMyCards(ctx, b.asPerson(p.ID, authz.TierPhone))
		},
	} {
		if _, err := b.ReissueCard(ctx, b.as(b.org), mandate); err != nil {
			t.Fatal(err)
		}
		finder, phone, elsewhere := b.opened(p, authz.TierCard), b.opened(p, authz.TierPhone), b.opened(other, authz.TierCard)
		must(t, lose())
		if b.goesOn(finder) {
			t.Errorf("%s: whoever holds the old card still reads", name)
		}
		if !b.goesOn(phone) || !b.goesOn(elsewhere) {
			t.Errorf("%s: a session that has nothing to do with it ended", name)
		}
	}
	b.fails("needs_phone_code", func() error {
		err := b.CancelMyCards(ctx, b.asPerson(other.ID, authz.TierCard))
		return reasonOf(err)
	})
}

// A guesser gets no more than a day's messages, however patient.
func TestMessagesADayAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, other := b.create(b.someone("Fatima", "Haddad")), b.create(b.someone("Jean", "Dupont"))
	me := b.asPerson(p.ID, authz.TierCard)
	sent := 0
	for range 8 { // two hours, a quarter at a time
		for range sendsPerWindow {
			if err := b.SendPortalCode(t.Context(), me); err == nil {
				sent++
			} else {
				b.fails("sms_sent_too_much", func() error { return err })
			}
		}
		b.clock.Advance(windowPerSending)
	}
	if n := b.count(`SELECT count(*) FROM messages WHERE beneficiary_id = $1 AND kind = 'portal_code'`, p.ID); n != sendsPerDay || sent != sendsPerDay {
		t.Errorf("%d messages left and %d were accepted, want %d", n, sent, sendsPerDay)
	}
	must(t, b.SendPortalCode(t.Context(), b.asPerson(other.ID, authz.TierCard)))
	b.clock.Advance(24 * time.Hour)
	me.Now, me.Session = b.store.Now(), uuid.New()
	must(t, b.SendPortalCode(t.Context(), me))
}

// reasonOf makes a decision's only reason an error's code.
func reasonOf(err error) error {
	if p := problem.As(err); p != nil && len(p.Reasons) == 1 {
		return problem.New(p.Kind, p.Reasons[0])
	}
	return err
}

package beneficiaries

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/translog"
)

// PO-02: six digits to the person's own phone, right once, for ten minutes.
func TestPortalCode(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.create(b.someone("Fatima", "Haddad"))
	ctx, me := t.Context(), b.asPerson(p.ID, authz.TierCard)
	b.refuses("phone_code_over", func() error { return b.ConfirmPortalCode(ctx, me, "123456") })
	must(t, b.SendPortalCode(ctx, me))
	code := b.sms(p)
	b.refuses("phone_code_wrong", func() error { return b.ConfirmPortalCode(ctx, me, "0") })
	must(t, b.ConfirmPortalCode(ctx, me, " "+code[:3]+" "+code[3:]))
	b.refuses("phone_code_over", func() error { return b.ConfirmPortalCode(ctx, me, code) })

	must(t, b.SendPortalCode(ctx, me))
	first := b.sms(p)
	b.clock.Advance(time.Second)
	must(t, b.SendPortalCode(ctx, me))
	if second := b.sms(p); first != second { // one in a million is the same
		b.refuses("phone_code_wrong", func() error { return b.ConfirmPortalCode(ctx, me, first) })
	}
	b.clock.Advance(portalLife)
	b.refuses("phone_code_over", func() error { return b.ConfirmPortalCode(ctx, me, b.sms(p)) })
}

// Few digits allow few tries, and few messages.
func TestPortalCodeLimits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.create(b.someone("Fatima", "Haddad"))
	ctx, me := t.Context(), b.asPerson(p.ID, authz.TierCard)
	must(t, b.SendPortalCode(ctx, me))
	code := b.sms(p)
	for range triesPerSMS {
		b.fails("phone_code_wrong", func() error { return b.ConfirmPortalCode(ctx, me, "x") })
	}
	b.fails("phone_code_over", func() error { return b.ConfirmPortalCode(ctx, me, code) })
	for range sendsPerWindow - 1 {
		must(t, b.SendPortalCode(ctx, me))
	}
	b.refuses("sms_sent_too_much", func() error { return b.SendPortalCode(ctx, me) })
	if n := b.count(`SELECT count(*) FROM messages WHERE kind = 'portal_code'`); n != sendsPerWindow {
		t.Errorf("%d messages, want %d", n, sendsPerWindow)
	}
	b.clock.Advance(windowPerSending)
	must(t, b.SendPortalCode(ctx, me))
}

// A code opens nothing for another person, after the number changed, or
// without a number.
func TestPortalCodeIsThePersonsOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, other := b.create(b.someone("Fatima", "Haddad")), b.create(b.someone("Jean", "Dupont"))
	ctx, me := t.Context(), b.asPerson(p.ID, authz.TierCard)
	must(t, b.SendPortalCode(ctx, me))
	code := b.sms(p)
	b.fails("phone_code_over", func() error { return b.ConfirmPortalCode(ctx, b.asPerson(other.ID, authz.TierCard), code) })
	must(t, errorOf(b.ChangeContact(ctx, b.as(b.org), p.ID, Contact{Phone: "06 98 76 54 32", Channel: "sms", Language: "fr"})))
	b.fails("phone_code_over", func() error { return b.ConfirmPortalCode(ctx, me, code) })
	must(t, errorOf(b.ChangeContact(ctx, b.as(b.org), p.ID, Contact{Channel: "none", Language: "fr"})))
	b.refuses("no_phone", func() error { return b.SendPortalCode(ctx, me) })
}

// Two browsers with the same code: one opens.
func TestPortalCodeOnceUnderRaces(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.create(b.someone("Fatima", "Haddad"))
	me := b.asPerson(p.ID, authz.TierCard)
	must(t, b.SendPortalCode(t.Context(), me))
	code := b.sms(p)
	var opened atomic.Int64
	var wait sync.WaitGroup
	for range 6 {
		wait.Go(func() {
			if b.ConfirmPortalCode(context.Background(), me, code) == nil {
				opened.Add(1)
			}
		})
	}
	wait.Wait()
	if opened.Load() != 1 {
		t.Errorf("opened %d times, want once", opened.Load())
	}
}

// PO-04: a locked card opens from the person's phone, and works again.
func TestUnlockByPhone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.create(b.someone("Fatima", "Haddad"))
	code := b.card(p).Reveal()
	for range 5 {
		b.fails("card_unknown", func() error { _, err := b.open(code, "1950"); return err })
	}
	b.fails("card_locked", func() error { _, err := b.open(code, "1946"); return err })
	ctx := t.Context()
	right := CardAttempt{Code: code, BirthYear: "1946", Address: "192.0.2.7"}
	wrong := CardAttempt{Code: code, BirthYear: "1950", Address: "192.0.2.7"}
	must(t, b.SendUnlockCode(ctx, wrong))
	if n := b.count(`SELECT count(*) FROM messages`); n != 0 {
		t.Error("a wrong year sent a message")
	}
	must(t, b.SendUnlockCode(ctx, right))
	sms := b.sms(p)
	b.refuses("phone_code_wrong", func() error { _, err := b.OpenByPhone(ctx, wrong, sms); return err })
	b.refuses("phone_code_wrong", func() error { _, err := b.OpenByPhone(ctx, right, "1"); return err })
	got, err := b.OpenByPhone(ctx, right, sms)
	must(t, err)
	if got.Beneficiary != p.ID {
		t.Error("opened somebody else's space")
	}
	_, err = b.open(code, "1946")
	must(t, err)
}

// A year cannot be guessed on the way to the phone either: tries count.
func TestUnlockTriesAreCounted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	code := b.card(b.create(b.someone("Fatima", "Haddad"))).Reveal()
	wrong := CardAttempt{Code: code, BirthYear: "1950", Address: "192.0.2.7"}
	for range triesPerAddress {
		b.fails("phone_code_wrong", func() error { _, err := b.OpenByPhone(t.Context(), wrong, "123456"); return err })
	}
	b.fails("too_many_tries", func() error { _, err := b.OpenByPhone(t.Context(), wrong, "123456"); return err })
	b.fails("too_many_tries", func() error { return b.SendUnlockCode(t.Context(), wrong) })
}

// The right birth year without a code sent answers as a wrong one does, and
// counts as one: otherwise the answer, or the free try, would tell the year.
func TestUnlockDoesNotTellTheYear(t *testing.T) {
	t.Parallel()
	b := setup(t)
	code := b.card(b.create(b.someone("Fatima", "Haddad"))).Reveal()
	right := CardAttempt{Code: code, BirthYear: "1946", Address: "192.0.2.7"}
	for range triesPerAddress {
		b.fails("phone_code_wrong", func() error { _, err := b.OpenByPhone(t.Context(), right, "123456"); return err })
	}
	b.fails("too_many_tries", func() error { _, err := b.OpenByPhone(t.Context(), right, "123456"); return err })
}

// A code of one purpose is none of another, and consent is for one mandate.
func TestCodesKeepToTheirPurpose(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.create(b.someone("Fatima", "Haddad"))
	one, two := b.mandate(p), b.mandate(p)
	ctx, me := t.Context(), b.asPerson(p.ID, authz.TierCard)
	run := func(kind translog.Kind, fn func(tx *command.Tx, p Beneficiary) error) error {
		return b.commands.Run(ctx, b.as(b.org), "test", func(tx *command.Tx) error {
			tx.Open(authz.Mediator, "a test")
			p, err := Facts(tx, p.ID)
			if err != nil {
				return err
			}
			if err := fn(tx, p); err != nil {
				return err
			}
			e := p.about()
			e.Kind = kind
			return tx.Append(e)
		})
	}
	check := func(mandate uuid.UUID, typed string) (id uuid.UUID, err error) {
		err = run(translog.PhoneCodeConfirmed, func(tx *command.Tx, p Beneficiary) error {
			id, err = b.CheckConsentCode(tx, p, mandate, typed)
			return err
		})
		return id, err
	}
	must(t, run(translog.PhoneCodeSent, func(tx *command.Tx, p Beneficiary) error {
		return b.SendConsentCode(tx, p, one, "Maison France Services")
	}))
	consent := b.sms(p)
	b.fails("phone_code_over", func() error { return b.ConfirmPortalCode(ctx, me, consent) })
	b.fails("phone_code_over", func() error { _, err := check(two, consent); return err })
	id, err := check(one, consent)
	must(t, err)
	if id == uuid.Nil {
		t.Error("evidence names no code")
	}
	if _, err := check(one, consent); !errors.Is(err, errCodeOver) {
		t.Errorf("a used code: %v", err)
	}
}

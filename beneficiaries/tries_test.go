package beneficiaries

import (
	"strconv"
	"testing"
	"time"

	"github.com/relais-org/relais/internal/problem"
)

// refusals counts act.refused events with a reason: about a person, or nobody.
func (b *bundle) refusals(reason string, about any) int {
	b.t.Helper()
	return b.count(`SELECT count(*) FROM events WHERE kind = 'act.refused' AND beneficiary_id IS NOT DISTINCT FROM $1
		AND convert_from(facts, 'UTF8') LIKE '%' || $2 || '%'`, about, reason)
}

// PO-04: visitors who try what nobody has cannot fill the log by it, nor hide by
// it what is tried at somebody's card; the limits of tries hold all the same.
func TestVisitorsCannotFillTheLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.create(b.someone("Fatima", "Haddad"))
	code := b.card(p)
	try := func(typed, address, want string) {
		t.Helper()
		_, err := b.OpenByCard(t.Context(), CardAttempt{Code: typed, BirthYear: "1950", Address: address})
		if problem.As(err) == nil || problem.As(err).Code != want {
			t.Fatalf("%s from %s: %v, want %s", typed, address, err, want)
		}
	}
	flood := func() {
		for i := range 30 {
			try("bonjour", "flood"+strconv.Itoa(i), "card_unknown")
		}
	}
	flood()
	if n := b.refusals("card_unknown", nil); n != triesPerMinute {
		t.Errorf("%d of 30 at once are in the log, want %d", n, triesPerMinute)
	}
	for i := range triesPerCode {
		try(code.Reveal(), "guess"+strconv.Itoa(i), "card_unknown")
	}
	for i := range 40 {
		try(code.Reveal(), "late"+strconv.Itoa(i), "card_locked")
	}
	if n := b.refusals("card_unknown", p.ID); n != triesPerCode {
		t.Errorf("%d of the tries that locked the card are in the log, want %d", n, triesPerCode)
	}
	if n := b.refusals("card_locked", p.ID); n < 1 || n > 1+triesPerMinute {
		t.Errorf("%d tries of the locked card are in the log", n)
	}
	for range triesPerAddress {
		try("bonjour", "one", "card_unknown")
	}
	for range 30 {
		try("bonjour", "one", "too_many_tries")
	}
	if n := b.refusals("too_many_tries", nil); n != triesPerMinute {
		t.Errorf("%d of 30 slowed tries are in the log, want %d", n, triesPerMinute)
	}
	b.clock.Advance(time.Minute)
	flood()
	if n := b.refusals("card_unknown", nil); n != 2*triesPerMinute {
		t.Errorf("%d after a minute, want %d", n, 2*triesPerMinute)
	}
}

// The same at the doors of a locked card, and of a national sign-in.
func TestOtherDoorsCannotFillTheLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	for i := range 40 {
		a := CardAttempt{Code: "2222-2222-22", BirthYear: "1950", Address: strconv.Itoa(i)}
		must(t, b.SendUnlockCode(ctx, a))
		b.fails("phone_code_wrong", func() error { _, err := b.OpenByPhone(ctx, a, "123456"); return err })
		b.fails("identity_not_linked", func() error { _, err := b.OpenByIdentity(ctx, "https://idp.example", strconv.Itoa(i)); return err })
	}
	if n := b.count(`SELECT count(*) FROM events WHERE kind = 'phone_code.sent'`); n != triesPerMinute {
		t.Errorf("%d of 40 codes asked for in vain are in the log, want %d", n, triesPerMinute)
	}
	for _, command := range []string{"card.unlock", "beneficiary.open_by_identity"} {
		if n := b.refusals(`"`+command+`"`, nil); n != triesPerMinute {
			t.Errorf("%s: %d of 40 are in the log, want %d", command, n, triesPerMinute)
		}
	}
	if n := b.count(`SELECT sum(hits) FROM rate_windows`); n != 80 {
		t.Errorf("%d tries were counted, want 80", n)
	}
}

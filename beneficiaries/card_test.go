package beneficiaries

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
)

// PO-01: the code and the birth year open the space, typed as people type, and
// the database never holds the code.
func TestCardOpens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.create(b.someone("Fatima", "Haddad"))
	code := b.card(p)
	for _, typed := range []string{code.Reveal(), strings.ToLower(code.Reveal()), " " + strings.ReplaceAll(code.Reveal(), "-", " ")} {
		got, err := b.open(typed, " 1946 ")
		must(t, err)
		if got != (Access{Beneficiary: p.ID, Organisation: b.org, Language: "fr"}) {
			t.Errorf("opened %+v", got)
		}
	}
	if n := b.count(`SELECT count(*) FROM events WHERE kind = 'card.used' AND beneficiary_id = $1 AND actor_role = 'person'`, p.ID); n != 3 {
		t.Errorf("%d events, want 3", n)
	}
	if n := b.count(`SELECT count(*) FROM (SELECT access_codes::text AS r FROM access_codes UNION ALL SELECT events::text FROM events
		UNION ALL SELECT rate_windows::text FROM rate_windows UNION ALL SELECT row_history::text FROM row_history) x WHERE r LIKE '%' || $1 || '%'`, code.clear); n != 0 {
		t.Error("the code is stored in clear")
	}
}

// PO-04: whatever is wrong, the answer is the same error.
func TestWrongCardsLookAlike(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.create(b.someone("Fatima", "Haddad"))
	code, mandate := b.cardOf(p)
	older := b.card(p)
	newer, err := b.ReissueCard(t.Context(), b.as(b.org), mandate) // ends the first code of its mandate
	must(t, err)
	undated := b.create(b.someone("Sans", "Date"))
	b.exec(`UPDATE beneficiaries SET birth_date = NULL WHERE id = ?`, undated.ID)
	noDate := b.card(undated)
	for name, try := range map[string][2]string{
		"unknown":       {"2222-2222-22", "1946"},
		"malformed":     {"bonjour", "1946"},
		"empty":         {"", ""},
		"wrong year":    {older.Reveal(), "1947"},
		"year in words": {older.Reveal(), "dix-neuf cent"},
		"replaced":      {code.Reveal(), "1946"},
		"no birth date": {noDate.Reveal(), "1"},
	} {
		_, err := b.open(try[0], try[1])
		if err == nil || err.Error() != errCardUnknown.Error() {
			t.Errorf("%s: %v, want exactly %v", name, err, errCardUnknown)
		}
	}
	for _, good := range []Code{older, newer} {
		if _, err := b.open(good.Reveal(), "1946"); err != nil {
			t.Errorf("a live code: %v", err)
		}
	}
}

// PO-04: five wrong tries lock that code for the day, whether it exists or
// not, and no other.
func TestFiveWrongTriesLock(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, other := b.create(b.someone("Fatima", "Haddad")), b.create(b.someone("Jean", "Dupont"))
	code, another := b.card(p), b.card(other)
	for range 4 {
		b.refuses("card_unknown", func() error { _, err := b.open(code.Reveal(), "1950"); return err })
	}
	// A success in time forgets the failures.
	_, err := b.open(code.Reveal(), "1946")
	must(t, err)
	for range 5 {
		b.refuses("card_unknown", func() error { _, err := b.open(code.Reveal(), "1950"); return err })
		b.refuses("card_unknown", func() error { _, err := b.open("2222-2222-22", "1950"); return err })
	}
	b.refuses("card_locked", func() error { _, err := b.open(code.Reveal(), "1946"); return err })
	b.refuses("card_locked", func() error { _, err := b.open("2222-2222-22", "1946"); return err })
	_, err = b.open(another.Reveal(), "1946")
	must(t, err)
	b.clock.Advance(windowPerCode)
	_, err = b.open(code.Reveal(), "1946")
	must(t, err)
}

// PO-04: an address that tries too much is slowed; another is not.
func TestAddressIsSlowed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.create(b.someone("Fatima", "Haddad"))
	code := b.card(p)
	for range 30 { // successes do not count
		_, err := b.open(code.Reveal(), "1946")
		must(t, err)
	}
	for i := range triesPerAddress {
		b.fails("card_unknown", func() error { _, err := b.open("2222-2222-2"+alphabet[i:i+1], "1946"); return err })
	}
	b.refuses("too_many_tries", func() error { _, err := b.open(code.Reveal(), "1946"); return err })
	_, err := b.OpenByCard(t.Context(), CardAttempt{Code: code.Reveal(), BirthYear: "1946", Address: "198.51.100.9"})
	must(t, err)
	b.clock.Advance(windowPerAddress)
	_, err = b.open(code.Reveal(), "1946")
	must(t, err)
	if n := b.count(`SELECT count(*) FROM rate_windows WHERE encode(key, 'escape') LIKE '%192.0.2.7%'`); n != 0 {
		t.Error("the address itself is kept")
	}
}

// Guesses of a birth year sent all at once get no more tries than one by one.
func TestGuessesAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.create(b.someone("Fatima", "Haddad"))
	code := b.card(p)
	var judged atomic.Int64
	var wait sync.WaitGroup
	for i := range 15 {
		wait.Go(func() {
			_, err := b.OpenByCard(context.Background(), CardAttempt{Code: code.Reveal(), BirthYear: strconv.Itoa(1950 + i), Address: "a" + strconv.Itoa(i)})
			if errors.Is(err, errCardUnknown) {
				judged.Add(1)
			}
		})
	}
	wait.Wait()
	if judged.Load() != triesPerCode {
		t.Errorf("%d guesses were judged, want %d", judged.Load(), triesPerCode)
	}
}

// PO-07: the same name and birth date, two people, two spaces.
func TestNamesakes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := b.create(b.someone("Jean", "Martin")), b.create(b.someone("Jean", "Martin"))
	codes := []Code{b.card(one), b.card(two)}
	for i, want := range []uuid.UUID{one.ID, two.ID} {
		got, err := b.open(codes[i].Reveal(), "1946")
		must(t, err)
		if got.Beneficiary != want {
			t.Errorf("card %d opens somebody else's space", i)
		}
	}
	b.fails("not_found", func() error { _, err := b.Get(t.Context(), b.asPerson(one.ID, authz.TierPhone), two.ID); return err })
	got, err := b.Get(t.Context(), b.asPerson(one.ID, authz.TierPhone), one.ID)
	must(t, err)
	if got.ID != one.ID {
		t.Error("not oneself")
	}
}

// A card is issued for a live mandate of one's own organisation, and cancelled
// once.
func TestCardsAreReissuedAndCancelled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.create(b.someone("Fatima", "Haddad"))
	code, mandate := b.cardOf(p)
	elsewhere := b.as(b.organisation("Autre maison"))
	ctx := t.Context()
	b.fails("not_found", func() error { _, err := b.ReissueCard(ctx, elsewhere, mandate); return err })
	b.fails("not_found", func() error { return b.CancelCard(ctx, elsewhere, mandate) })
	b.fails("not_found", func() error { return b.CancelCard(ctx, b.as(b.org), uuid.New()) })
	if _, ok, err := b.LiveCode(ctx, mandate, code.Reveal()); err != nil || !ok {
		t.Errorf("the live code: %v, %v", ok, err)
	}
	must(t, b.CancelCard(ctx, b.as(b.org), mandate))
	b.refuses("card_already_cancelled", func() error { return b.CancelCard(ctx, b.as(b.org), mandate) })
	b.fails("card_unknown", func() error { _, err := b.open(code.Reveal(), "1946"); return err })
	if _, ok, err := b.LiveCode(ctx, mandate, code.Reveal()); err != nil || ok {
		t.Errorf("a cancelled code is live: %v", err)
	}
	b.end(mandate)
	b.refuses("mandate_not_active", func() error { _, err := b.ReissueCard(ctx, b.as(b.org), mandate); return err })
}

// What limits tries is swept, and nothing that still counts.
func TestSweepRates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.open("2222-2222-22", "1946")
	if problem.As(err).Code != "card_unknown" {
		t.Fatal(err)
	}
	b.clock.Advance(24 * time.Hour)
	must(t, SweepRates(t.Context(), b.store))
	if n := b.count(`SELECT count(*) FROM rate_windows`); n == 0 {
		t.Error("swept too early")
	}
	b.clock.Advance(72 * time.Hour)
	must(t, SweepRates(t.Context(), b.store))
	if n := b.count(`SELECT count(*) FROM rate_windows`); n != 0 {
		t.Errorf("%d windows stay", n)
	}
}

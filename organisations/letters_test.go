package organisations_test

import (
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/notify"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog"
)

// letter queues a letter of an organisation and gives its id.
func (h *house) letter(org uuid.UUID) uuid.UUID {
	h.t.Helper()
	key := uuid.NewString()
	must(h.t, h.store.InTx(h.t.Context(), store.System(), func(tx *store.Tx) error {
		return notify.Queue(tx, notify.Message{DedupeKey: key, Kind: "mandate_signed", Channel: notify.Letter, Language: "fr",
			Recipient: "Fatima Haddad\n2 rue Haute\n35000 Rennes", Subject: "Votre mandat", Body: "Bonjour.", Organisation: org})
	}))
	var id uuid.UUID
	must(h.t, h.store.Pool().QueryRow(h.t.Context(), `SELECT id FROM messages WHERE dedupe_key = $1`, key).Scan(&id))
	return id
}

// A referent lists, reads and prints the letters of their organisation, once.
func TestLetters(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id := h.letter(h.org)
	all, _, err := h.LetterPage(t.Context(), h.asReferent(), uuid.Nil, 50)
	must(t, err)
	if len(all) != 1 || all[0].ID != id {
		t.Fatalf("letters %+v", all)
	}
	e := h.adds(translog.LetterPrinted, func() error { return h.PrintLetter(t.Context(), h.asReferent(), id) })
	if e.Organisation != h.org || e.Role != string(authz.Referent) || e.Detail["message"] != "mandate_signed" {
		t.Errorf("event %+v", e)
	}
	if all, _, err = h.LetterPage(t.Context(), h.asReferent(), uuid.Nil, 50); err != nil || len(all) != 0 {
		t.Errorf("still to print: %+v, %v", all, err)
	}
	if got, err := h.Letter(t.Context(), h.asReferent(), id); err != nil || got.State != "printed" || got.SentAt.IsZero() {
		t.Errorf("the printed letter is %+v, %v", got, err)
	}
	h.refuses("letter_printed", func() error { return h.PrintLetter(t.Context(), h.asReferent(), id) })
}

// Two clicks at once print once.
func TestPrintedOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id, referent := h.letter(h.org), h.asReferent()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { _ = h.PrintLetter(t.Context(), referent, id) }) // all but one are refused
	}
	wg.Wait()
	if n := h.count(`SELECT count(*) FROM events WHERE kind = 'letter.printed'`); n != 1 {
		t.Errorf("printed %d times", n)
	}
}

// Another organisation's letter looks as if it were not there, and only a
// referent prints.
func TestLettersOfOthers(t *testing.T) {
	t.Parallel()
	h := setup(t)
	other := h.newOrganisation("Mairie de Vitré", "Vitré")
	theirs, ours := h.letter(other), h.letter(h.org)
	_, err := h.Letter(t.Context(), h.asReferent(), theirs)
	if unknown := func() error { _, e := h.Letter(t.Context(), h.asReferent(), uuid.New()); return e }(); problem.As(err).Kind != problem.KindNotFound || err.Error() != unknown.Error() {
		t.Errorf("another organisation's letter: %v, an unknown one: %v", err, unknown)
	}
	if err := h.PrintLetter(t.Context(), h.asReferent(), theirs); problem.As(err).Kind != problem.KindNotFound {
		t.Errorf("printing another organisation's letter: %v", err)
	}
	m := h.authorised("Paul Morel")
	// A mediator has no rule about messages: to them there are none.
	if e := h.refuses("not_found", func() error { return h.PrintLetter(t.Context(), h.as(m.Account, h.org), ours) }); !e.because(authz.ReasonNoRule) {
		t.Errorf("refused because of %v", e.reasons())
	}
	if _, _, err := h.LetterPage(t.Context(), h.as(m.Account, h.org), uuid.Nil, 50); problem.As(err).Kind != problem.KindNotFound {
		t.Errorf("a mediator lists letters: %v", err)
	}
	if _, _, err := h.LetterPage(t.Context(), h.asOperator(), uuid.Nil, 50); !problem.Is(err, "no_organisation") {
		t.Errorf("an operator lists letters: %v", err)
	}
}

// AU-11: a suspended organisation prints nothing, and still reads.
func TestLettersOfASuspendedOrganisation(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id := h.letter(h.org)
	must(t, h.SuspendOrganisation(t.Context(), h.asOperator(), h.org, "Under review"))
	if e := h.refuses("forbidden", func() error { return h.PrintLetter(t.Context(), h.asReferent(), id) }); !e.because(authz.ReasonOrganisationSuspended) {
		t.Errorf("refused because of %v", e.reasons())
	}
	if all, _, err := h.LetterPage(t.Context(), h.asReferent(), uuid.Nil, 50); err != nil || len(all) != 1 {
		t.Errorf("letters %v, %v", all, err)
	}
}

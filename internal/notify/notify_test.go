package notify

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
)

var update = flag.Bool("update", false, "write the golden file of messages")

// DESIGN §5, 9: one message for one event, whatever runs twice or at once.
func TestOnePerKey(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, nil)
	m := mailTo("fatima@home.example")
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if err := b.inTx(func(tx *store.Tx) error { return Queue(tx, m) }); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if rows, jobs := b.count(`SELECT count(*) FROM messages`), b.count(`SELECT count(*) FROM river_job WHERE kind = 'notify_send'`); rows != 1 || jobs != 1 {
		t.Errorf("%d messages and %d jobs, want one of each", rows, jobs)
	}
}

// A message exists only if what it tells about happened.
func TestRolledBackTellsNobody(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, nil)
	no := errors.New("no")
	if err := b.inTx(func(tx *store.Tx) error {
		if err := Queue(tx, mailTo("fatima@home.example")); err != nil {
			return err
		}
		return no
	}); !errors.Is(err, no) {
		t.Fatal(err)
	}
	if n := b.count(`SELECT (SELECT count(*) FROM messages) + (SELECT count(*) FROM river_job)`); n != 0 {
		t.Errorf("%d rows stayed", n)
	}
}

// What cannot be a message is refused before it is kept.
func TestQueueChecks(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, nil)
	for name, change := range map[string]func(*Message){
		"no key":             func(m *Message) { m.DedupeKey = "" },
		"no kind":            func(m *Message) { m.Kind = "" },
		"no language":        func(m *Message) { m.Language = "" },
		"no such channel":    func(m *Message) { m.Channel = "pigeon" },
		"no recipient":       func(m *Message) { m.Recipient = "  " },
		"nothing to say":     func(m *Message) { m.Body = "" },
		"a broken subject":   func(m *Message) { m.Subject = "Bonjour\r\nBcc: all@people.example" },
		"a broken recipient": func(m *Message) { m.Recipient = "a@b.example\nBcc: all@people.example" },
	} {
		m := mailTo("fatima@home.example")
		change(&m)
		if err := b.inTx(func(tx *store.Tx) error { return Queue(tx, m) }); err == nil {
			t.Errorf("%s: was queued", name)
		}
	}
	if n := b.count(`SELECT count(*) FROM messages`); n != 0 {
		t.Errorf("%d messages were kept", n)
	}
}

// MS-01: no length is a reason not to tell somebody: texts are cut between two
// characters, and names of organisations and people before they enter a text.
func TestNothingIsTooLongToBeTold(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, nil)
	sms, mail := smsTo("+33612345678"), mailTo("fatima@home.example")
	sms.Body, mail.Subject, mail.Body = strings.Repeat("é", maxSMS), strings.Repeat("🏠", maxSubject), strings.Repeat("à", maxBody)
	for _, m := range []Message{sms, mail} {
		row, err := loadMessage(t.Context(), b.store, b.queue(m))
		must(t, err)
		if !utf8.ValidString(row.Subject+row.Body) || len(row.Subject) > maxSubject || !strings.HasSuffix(row.Body, "…") {
			t.Errorf("%s kept with a subject of %d bytes", m.Channel, len(row.Subject))
		}
		if limit := map[Channel]int{SMS: maxSMS, Mail: maxBody}[m.Channel]; len(row.Body) > limit || len(row.Body) < limit-4 {
			t.Errorf("%s kept with %d bytes of %d", m.Channel, len(row.Body), limit)
		}
	}
	long := strings.Repeat("🏠", 200)
	for _, lang := range i18n.Langs() {
		for _, w := range []Words{ConsentCode{Organisation: long, Code: "482913"}, MandateSigned{Organisation: long, Mediator: long, Phone: "0299", Address: "https://relais.example/card"},
			MandateRevoked{Organisation: long, Phone: "0299", Whole: true}, DisputeAnswered{Organisation: long, Phone: "0299", Address: "https://relais.example"}} {
			subject, body := w.Render(i18n.For(lang))
			if strings.Contains(subject+body, long) || len(body) > maxSMS || !strings.Contains(body, "0299") && !strings.Contains(body, "482913") {
				t.Errorf("%s %s: %d bytes: %s", lang, w.Kind(), len(body), body)
			}
		}
	}
}

// A channel that is not configured loses nothing: its messages wait.
func TestWithoutAChannel(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, nil)
	id := b.queue(smsTo("+33612345678"))
	if err := b.work(id, 1, true); err == nil {
		t.Error("it was sent nowhere")
	}
	if k := b.kept(id); k.State != "queued" || k.Body == "" {
		t.Errorf("kept %+v", k)
	}
}

// Letters wait to be printed by their organisation, once, and by no other.
func TestLetters(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, nil)
	ours, theirs := b.organisation("Maison France Services"), b.organisation("Autre maison")
	m := mailTo("Fatima Haddad\n3 rue Haute\n35000 Rennes")
	m.Channel, m.Organisation = Letter, ours
	id := b.queue(m)
	if n := b.count(`SELECT count(*) FROM river_job`); n != 0 {
		t.Error("a letter has a job")
	}
	list, waiting, err := LetterPage(t.Context(), b.store, ours, uuid.Nil, 50)
	must(t, err)
	if len(list) != 1 || waiting != 1 || list[0].ID != id || list[0].Recipient != m.Recipient {
		t.Fatalf("letters: %+v", list)
	}
	if _, err := OneLetter(t.Context(), b.store, theirs, id); problem.As(err).Kind != problem.KindNotFound {
		t.Errorf("another organisation reads it: %v", err)
	}
	if err := b.inTx(func(tx *store.Tx) error { return MarkPrinted(tx, theirs, id) }); !errors.Is(err, store.ErrStale) {
		t.Errorf("another organisation printed it: %v", err)
	}
	must(t, b.inTx(func(tx *store.Tx) error { return MarkPrinted(tx, ours, id) }))
	if err := b.inTx(func(tx *store.Tx) error { return MarkPrinted(tx, ours, id) }); !errors.Is(err, store.ErrStale) {
		t.Errorf("printed twice: %v", err)
	}
	if list, waiting, err = LetterPage(t.Context(), b.store, ours, uuid.Nil, 50); err != nil || len(list) != 0 || waiting != 0 {
		t.Errorf("still to print: %v, %v", list, err)
	}
}

// However many letters wait, each is read once, page by page, and printing one
// loses nobody's place.
func TestManyLetters(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, nil)
	ours := b.organisation("Maison France Services")
	for range 23 {
		m := mailTo("Fatima Haddad\n3 rue Haute\n35000 Rennes")
		m.Channel, m.Organisation, m.DedupeKey = Letter, ours, uuid.NewString()
		b.queue(m)
	}
	seen := map[uuid.UUID]bool{}
	for after := uuid.Nil; ; {
		list, waiting, err := LetterPage(t.Context(), b.store, ours, after, 5)
		must(t, err)
		if len(list) == 0 {
			break
		}
		if want := int64(23 - len(seen)/5); waiting != want {
			t.Errorf("%d wait, want %d", waiting, want)
		}
		for _, q := range list {
			if seen[q.ID] {
				t.Fatalf("%s comes twice", q.ID)
			}
			seen[q.ID] = true
		}
		after = list[len(list)-1].ID
		must(t, b.inTx(func(tx *store.Tx) error { return MarkPrinted(tx, ours, after) }))
	}
	if len(seen) != 23 {
		t.Errorf("%d letters read", len(seen))
	}
}

// The whole way: queued in a transaction, sent by the job queue, after an
// outage too.
func TestThroughTheJobQueue(t *testing.T) {
	t.Parallel()
	office, g := &postOffice{}, &gateway{status: http.StatusServiceUnavailable}
	b := setup(t, office.open(t), g.open(t))
	workers := river.NewWorkers()
	must(t, b.Register(workers))
	jobs, err := b.store.JobClient(workers, map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 2}}, nil)
	must(t, err)
	must(t, jobs.Start(t.Context()))
	t.Cleanup(func() { _ = jobs.StopAndCancel(t.Context()) })
	mail, sms := b.queue(mailTo("fatima@home.example")), b.queue(smsTo("+33612345678"))
	b.until(func() bool { return b.kept(mail).State == "sent" && b.kept(sms).Attempts == 1 })
	g.answer(http.StatusOK)
	b.until(func() bool { return b.kept(sms).State == "sent" })
	if len(office.letters()) != 1 {
		t.Errorf("%d letters, want 1", len(office.letters()))
	}
}

// until waits for the other side, half a minute at most.
func (b *bundle) until(done func() bool) {
	b.t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatal("it never happened")
		}
	}
}

// withPhone are all the messages; the second to the seventh name a telephone.
func withPhone(place, phone, site string) []Words {
	at := time.Date(2026, 11, 23, 14, 5, 0, 0, time.UTC)
	return []Words{
		Invitation{Name: "Claire Martin", Organisation: place, InvitedBy: "Nadia Benali", Role: "mediator", Address: "https://relais.example"},
		MandateSigned{Organisation: place, Mediator: "Claire Martin", Phone: phone, Address: site, EndsOn: at},
		MandateRevoked{Organisation: place, Phone: phone, Whole: true, At: at},
		MandateRevoked{Organisation: place, Phone: phone, Theme: "Logement", At: at},
		FirstUse{Organisation: place, Mediator: "Claire Martin", Procedure: "APL", Phone: phone, Address: site, At: at},
		ContactChanged{Organisation: place, Phone: phone},
		DisputeAnswered{Organisation: place, Phone: phone, Address: site},
		ConsentCode{Organisation: place, Code: "482913"},
		PortalCode{Code: "482913"},
		DisputeRaised{Organisation: place, DueOn: at, Address: "https://relais.example/organisation/disputes/0192"},
	}
}

// An organisation need not have a telephone: no message then leaves a hole where
// its number would stand.
func TestAMessageNeverNamesATelephoneThatIsNotThere(t *testing.T) {
	t.Parallel()
	for _, lang := range i18n.Langs() {
		for _, m := range withPhone("Maison", "", "https://relais.example/card")[1:7] {
			_, body := m.Render(i18n.For(lang))
			for _, hole := range []string{" .", "  ", " ,", "? \n"} {
				if strings.Contains(body+"\n", hole) || strings.HasSuffix(body, " ") {
					t.Errorf("%s %s: %q", lang, m.Kind(), body)
				}
			}
		}
	}
}

// Every message in every language, as it leaves the house. Run with -update
// and read the difference.
func TestMessagesAsTheyLeave(t *testing.T) {
	t.Parallel()
	const place, phone, site = "Maison France Services", "02 99 00 00 00", "https://relais.example/card"
	var out strings.Builder
	for _, lang := range i18n.Langs() {
		for _, m := range append(withPhone(place, phone, site), withPhone(place, "", site)[1:7]...) {
			subject, body := m.Render(i18n.For(lang))
			if len(subject) > maxSubject || (m.Kind() != "invitation" && len(body) > maxSMS) {
				t.Errorf("%s %s is too long", lang, m.Kind())
			}
			_, _ = fmt.Fprintf(&out, "== %s %s\n%s\n%s\n\n", lang, m.Kind(), subject, strings.TrimSpace(body))
		}
	}
	path := filepath.Join("testdata", "messages.golden.txt")
	if *update {
		must(t, os.MkdirAll("testdata", 0o750))
		must(t, os.WriteFile(path, []byte(out.String()), 0o600))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if out.String() != string(want) {
		t.Errorf("messages changed; run with -update and read the difference:\n%s", out.String())
	}
}

package notify

import (
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/riverqueue/river"
)

// postOffice is a real SMTP server on this machine.
type postOffice struct {
	mu       sync.Mutex
	received []letter
	// refuse answers a recipient; nil takes everybody.
	refuse func(to string) error
}

type letter struct {
	from, to string
	msg      *mail.Message
	body     string
}

type postSession struct {
	office *postOffice
	l      letter
}

func (s *postSession) Reset()        { s.l = letter{} }
func (s *postSession) Logout() error { return nil }

func (s *postSession) Mail(from string, _ *smtp.MailOptions) error {
	s.l.from = from
	return nil
}

func (s *postSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.l.to = to
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	if s.office.refuse != nil {
		return s.office.refuse(to)
	}
	return nil
}

func (s *postSession) Data(r io.Reader) error {
	msg, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	body := io.Reader(msg.Body)
	if msg.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	s.l.msg, s.l.body = msg, string(text)
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	s.office.received = append(s.office.received, s.l)
	return nil
}

func (o *postOffice) letters() []letter {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.received
}

// welcome takes everybody from now on.
func (o *postOffice) welcome() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refuse = nil
}

// open starts the server and gives a sender through it.
func (o *postOffice) open(t testing.TB) *SMTP {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &postSession{office: o}, nil }))
	server.Domain = "localhost"
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }() // ends with Close
	t.Cleanup(func() { _ = server.Close(); <-done })
	sender, err := NewSMTP("smtp://"+l.Addr().String(), "Relais <relais@relais.example>")
	must(t, err)
	return sender
}

// A mail leaves by a real server, with what lets others recognise and not
// answer it.
func TestMailLeaves(t *testing.T) {
	t.Parallel()
	office := &postOffice{}
	b := setup(t, office.open(t), nil)
	id := b.queue(mailTo("fatima@home.example"))
	must(t, b.work(id, 1, false))
	got := office.letters()
	if len(got) != 1 {
		t.Fatalf("%d letters, want 1", len(got))
	}
	l := got[0]
	subject, err := new(mime.WordDecoder).DecodeHeader(l.msg.Header.Get("Subject"))
	must(t, err)
	for what, pair := range map[string][2]string{
		"envelope sender":  {l.from, "relais@relais.example"},
		"recipient":        {l.to, "fatima@home.example"},
		"subject":          {subject, "Votre mandat a commencé"},
		"body":             {strings.TrimSpace(l.body), "Bonjour. Jusqu'au 3 mars 2027 inclus."},
		"Message-ID":       {l.msg.Header.Get("Message-Id"), "<" + id.String() + "@relais.example>"},
		"Auto-Submitted":   {l.msg.Header.Get("Auto-Submitted"), "auto-generated"},
		"Content-Language": {l.msg.Header.Get("Content-Language"), "fr"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %q, want %q", what, pair[0], pair[1])
		}
	}
	if k := b.kept(id); k.State != "sent" || k.Body == "" {
		t.Errorf("kept %+v, want it sent with its text", k)
	}
}

// A mailbox that does not exist is given up at once; one that is full is tried
// again, under the same Message-ID.
func TestMailRefusedAndDelayed(t *testing.T) {
	t.Parallel()
	office := &postOffice{refuse: func(to string) error {
		if strings.HasPrefix(to, "nobody") {
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
		}
		return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "mailbox full"}
	}}
	b := setup(t, office.open(t), nil)
	gone := b.queue(mailTo("nobody@home.example"))
	var cancelled *river.JobCancelError
	if err := b.work(gone, 1, false); !errors.As(err, &cancelled) {
		t.Errorf("got %v, want the job given up", err)
	}
	if k := b.kept(gone); k.State != "failed" || k.Why != "refused" {
		t.Errorf("kept %+v", k)
	}

	full := b.queue(mailTo("fatima@home.example"))
	if err := b.work(full, 1, false); err == nil || errors.As(err, &cancelled) {
		t.Errorf("got %v, want another attempt", err)
	}
	if k := b.kept(full); k.State != "queued" || k.Attempts != 1 || k.Why != "unreachable" {
		t.Errorf("kept %+v", k)
	}
	office.welcome()
	must(t, b.work(full, 2, false))
	if got := office.letters(); len(got) != 1 || got[0].msg.Header.Get("Message-Id") != "<"+full.String()+"@relais.example>" {
		t.Errorf("letters %+v", got)
	}
	if said := b.log.String(); strings.Contains(said, "@home.example") || strings.Contains(said, "Bonjour") {
		t.Errorf("the log tells whom or what: %s", said)
	}
}

// The address of the server is checked when the program starts.
func TestMailServerAddress(t *testing.T) {
	t.Parallel()
	for _, bad := range [][2]string{{"://", "a@b.example"}, {"smtp://", "a@b.example"}, {"smtp://mail.example:25", "Relais"}} {
		if _, err := NewSMTP(bad[0], bad[1]); err == nil {
			t.Errorf("NewSMTP(%q, %q) was taken", bad[0], bad[1])
		}
	}
}

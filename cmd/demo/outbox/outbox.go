package outbox

import (
	"crypto/hmac"
	"encoding/json"
	"html/template"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/mail"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/relais-org/relais/internal/notify"
)

// most is how many messages are kept.
const most = 1000

// Message is one that arrived.
type Message struct {
	At                         time.Time
	Channel, To, Subject, Text string
	ID                         string
}

// Outbox keeps what arrives.
type Outbox struct {
	secret []byte
	mu     sync.Mutex
	seen   map[string]bool
	got    []Message
}

// New makes an outbox whose SMS gateway checks signatures with secret.
func New(secret []byte) *Outbox { return &Outbox{secret: secret, seen: map[string]bool{}} }

// Messages are those kept, newest first.
func (o *Outbox) Messages() []Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make([]Message, len(o.got))
	for i, m := range o.got {
		out[len(o.got)-1-i] = m
	}
	return out
}

// add keeps a message; the same id twice is kept once, as a gateway would.
func (o *Outbox) add(m Message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.seen[m.ID] {
		return
	}
	o.seen[m.ID] = true
	o.got = append(o.got, m)
	if len(o.got) > most {
		o.got = o.got[len(o.got)-most:]
	}
}

// SMTP serves mail on l until it is closed.
func (o *Outbox) SMTP(l net.Listener) error {
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{box: o}, nil }))
	s.Domain, s.MaxMessageBytes, s.MaxRecipients = "localhost", 1<<20, 5
	s.ReadTimeout, s.WriteTimeout = 30*time.Second, 30*time.Second
	return s.Serve(l)
}

type session struct {
	box *Outbox
	to  string
}

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error { s.to = to; return nil }

func (s *session) Data(r io.Reader) error {
	msg, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	body := msg.Body
	if strings.EqualFold(msg.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
	if err != nil {
		subject = msg.Header.Get("Subject")
	}
	s.box.add(Message{At: time.Now(), Channel: "mail", To: s.to, Subject: subject, Text: string(text), ID: msg.Header.Get("Message-Id")})
	return nil
}

func (s *session) Reset() { s.to = "" }

func (s *session) Logout() error { return nil }

// ServeHTTP answers the gateway (POST /sms), the list for machines
// (/messages.json) and the page.
func (o *Outbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+styleHash+"'")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/sms":
		o.sms(w, r)
	case r.Method == http.MethodGet && r.URL.Path == "/messages.json":
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(o.Messages()) // the reader left: nothing to do
	case r.Method == http.MethodGet && r.URL.Path == "/":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = page.Execute(w, struct {
			Style    template.CSS
			Messages []Message
		}{template.CSS(style), o.Messages()}) //nolint:gosec // a constant
	default:
		http.NotFound(w, r)
	}
}

func (o *Outbox) sms(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	if err != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	at, sign := "", ""
	for _, part := range strings.Split(r.Header.Get("Relais-Signature"), ",") {
		k, v, _ := strings.Cut(part, "=")
		switch k {
		case "t":
			at = v
		case "v1":
			sign = v
		}
	}
	if !hmac.Equal([]byte(sign), []byte(notify.SignSMS(o.secret, at, body))) {
		http.Error(w, "the signature does not hold", http.StatusForbidden)
		return
	}
	var m struct{ ID, To, Text string }
	if err := json.Unmarshal(body, &m); err != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	o.add(Message{At: time.Now(), Channel: "SMS", To: m.To, Text: m.Text, ID: m.ID})
	w.WriteHeader(http.StatusAccepted)
}

package notify

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"
)

// SMTP sends mail through one server.
type SMTP struct {
	client *mail.Client
	from   string
	domain string
}

// NewSMTP reads smtp://user:password@host:port (STARTTLS when offered, and
// always with a password) or smtps:// (TLS from the start).
func NewSMTP(address, from string) (*SMTP, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("notify: the mail server's address cannot be read")
	}
	opts := []mail.Option{mail.WithTLSPolicy(mail.TLSOpportunistic)}
	if u.Scheme == "smtps" {
		opts = append(opts, mail.WithSSL())
	}
	if p := u.Port(); p != "" {
		port, err := strconv.Atoi(p)
		if err != nil {
			return nil, errors.New("notify: the mail server's port is not a number")
		}
		opts = append(opts, mail.WithPort(port))
	}
	if u.User != nil {
		password, _ := u.User.Password()
		opts = append(opts, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(u.User.Username()), mail.WithPassword(password),
			mail.WithTLSPolicy(mail.TLSMandatory))
	}
	client, err := mail.NewClient(u.Hostname(), opts...)
	if err != nil {
		return nil, fmt.Errorf("notify: the mail server: %w", err)
	}
	_, domain, found := strings.Cut(from, "@")
	if !found {
		return nil, errors.New("notify: the sender is not a mail address")
	}
	return &SMTP{client: client, from: from, domain: strings.TrimRight(domain, ">")}, nil
}

// Send delivers one message. Its Message-ID is the message's id (RFC 5322,
// 3.6.4): the same at each attempt.
func (s *SMTP) Send(ctx context.Context, id string, m Message) error {
	msg := mail.NewMsg()
	if err := msg.From(s.from); err != nil {
		return fmt.Errorf("sender: %w", err)
	}
	if err := msg.To(m.Recipient); err != nil {
		return ErrRefused
	}
	msg.SetMessageIDWithValue(id + "@" + s.domain)
	msg.SetGenHeader(mail.HeaderContentLang, m.Language)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.Subject(m.Subject)
	msg.SetBodyString(mail.TypeTextPlain, m.Body)
	err := s.client.DialAndSendWithContext(ctx, msg)
	var sendErr *mail.SendError
	if errors.As(err, &sendErr) && sendErr.Reason == mail.ErrSMTPRcptTo && !sendErr.IsTemp() {
		return ErrRefused
	}
	return err
}

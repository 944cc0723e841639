package notify

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/relais-org/relais/internal/store"
)

// Channel is how a message travels.
type Channel string

// The channels. A person whose preference is "none" gets no message.
const (
	SMS    Channel = "sms"
	Mail   Channel = "mail"
	Letter Channel = "letter"
)

// Limits of what is queued, in bytes. What is longer is cut, never refused: a
// command that tells somebody must not fail for the length of a name.
const (
	maxSubject = 200
	maxSMS     = 1000
	maxBody    = 20000
)

// Message is one message to one recipient.
type Message struct {
	// DedupeKey names the event and the recipient; a second message with the
	// same key is not queued.
	DedupeKey string
	// Kind is the typed message's name, for figures and lists.
	Kind     string
	Channel  Channel
	Language string
	// Recipient is an E.164 number, a mail address or a postal address.
	Recipient     string
	Subject, Body string
	Organisation  uuid.UUID
	Beneficiary   uuid.UUID
	Account       uuid.UUID
	// Secret bodies (codes) are emptied once sent.
	Secret bool
}

// sendArgs is the job: the message's id only, never its text.
type sendArgs struct {
	Message uuid.UUID `json:"message"`
	Secret  bool      `json:"secret,omitempty"`
}

// Kind names the job for River.
func (sendArgs) Kind() string { return "notify_send" }

// maxAttempts with River's backoff (attempt⁴ seconds) spans about two days.
const maxAttempts = 20

// Queue writes the message and its job in the transaction; a text that is too
// long is cut. A message already
// queued under the same key is left as it is. Letters wait to be printed and
// have no job.
func Queue(tx *store.Tx, m Message) error {
	if err := m.check(); err != nil {
		return err
	}
	m = m.cut()
	id := tx.NewID()
	fresh, err := insertMessage(tx, id, m)
	if err != nil {
		return fmt.Errorf("queue a message %s: %w", m.Kind, err)
	}
	if !fresh || m.Channel == Letter {
		return nil
	}
	return tx.Enqueue(sendArgs{Message: id, Secret: m.Secret}, &river.InsertOpts{MaxAttempts: maxAttempts})
}

func (m Message) check() error {
	switch {
	case m.DedupeKey == "" || m.Kind == "" || m.Language == "":
		return fmt.Errorf("notify: a message needs a key, a kind and a language")
	case m.Channel != SMS && m.Channel != Mail && m.Channel != Letter:
		return fmt.Errorf("notify: no channel %q", m.Channel)
	case strings.TrimSpace(m.Recipient) == "":
		return fmt.Errorf("notify: a %s message has no recipient", m.Kind)
	case m.Body == "":
		return fmt.Errorf("notify: a %s message is empty", m.Kind)
	case strings.ContainsAny(m.Subject+m.Recipient, "\r\n") && m.Channel != Letter:
		return fmt.Errorf("notify: a %s message breaks its header", m.Kind)
	}
	return nil
}

// cut makes the texts fit their limits.
func (m Message) cut() Message {
	limit := maxBody
	if m.Channel == SMS {
		limit = maxSMS
	}
	m.Subject, m.Body = atMost(m.Subject, maxSubject), atMost(m.Body, limit)
	return m
}

// atMost is the text in no more than limit bytes, whole characters only.
func atMost(text string, limit int) string {
	const more = "…"
	if len(text) <= limit {
		return text
	}
	end := limit - len(more)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + more
}

// Queued is a message as stored.
type Queued struct {
	ID uuid.UUID
	Message
	State     string
	CreatedAt time.Time
	SentAt    time.Time
}

package acting

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog"
)

// Webhook is where an organisation's own software is told of events.
type Webhook struct {
	ID, Organisation uuid.UUID
	URL              string
	Kinds            []string // of WebhookKinds
	CreatedAt        time.Time
	// Client is the software that registered it; none: a referent did. The
	// webhook is silent while that client is suspended, and ends with it.
	Client uuid.UUID
}

// MaxWebhooks is how many an organisation may have at once: each event it asked
// for is pushed to every one.
const MaxWebhooks = 20

// NewWebhook is what RegisterWebhook is told. ID is made when nil; one of a
// webhook that was registered before is refused: idempotency_key_used.
type NewWebhook struct {
	ID           uuid.UUID
	Organisation uuid.UUID
	URL          string
	Kinds        []string
}

// WebhookSecret signs what is pushed; it is shown once and never prints itself.
type WebhookSecret struct{ clear string }

// Reveal gives the secret.
func (s WebhookSecret) Reveal() string { return s.clear }

// String hides it, and so do the other ways to print it.
func (WebhookSecret) String() string { return "**********" }

// GoString hides it.
func (WebhookSecret) GoString() string { return "WebhookSecret{**********}" }

// MarshalJSON hides it.
func (WebhookSecret) MarshalJSON() ([]byte, error) { return []byte(`"**********"`), nil }

// Delivery is one line of the delivery log.
type Delivery struct {
	ID                        uuid.UUID
	Kind, State               string // set, logout, webhook; queued, sent, failed
	Attempts, LastStatus      int
	LastError                 string
	CreatedAt, SentAt, NextAt time.Time
}

type webhookDetail struct {
	Webhook uuid.UUID `json:"webhook"`
	Kinds   []string  `json:"kinds,omitempty"`
}

// RegisterWebhook adds an address that is told of events of the organisation,
// and gives the secret that signs them, once. One more than MaxWebhooks is
// refused: too_many_webhooks.
func (s *Service) RegisterWebhook(ctx context.Context, actor authz.Actor, n NewWebhook) (Webhook, WebhookSecret, error) {
	var out Webhook
	var clear string
	err := s.commands.Run(ctx, actor, "webhook.register", func(tx *command.Tx) error {
		about := translog.Event{Organisation: n.Organisation}
		alive, active, err := lockHooks(tx.Tx, n.Organisation)
		if err != nil {
			return err
		}
		obj := authz.Object{Kind: authz.KindWebhook, Organisation: n.Organisation, Sensitive: true, OrganisationAlive: alive}
		if err := tx.Decide(authz.WebhookRegister, obj, about); err != nil {
			return err
		}
		if err := checkWebhook(n); err != nil {
			return err
		}
		if err := newHook(tx.Tx, n.ID); err != nil {
			return err
		}
		if active >= MaxWebhooks {
			return tx.Refuse(problem.Conflict("too_many_webhooks"), about)
		}
		if clear, _, err = secret(tx.Env().Random); err != nil {
			return err
		}
		if n.ID == uuid.Nil {
			n.ID = tx.NewID()
		}
		out = Webhook{ID: n.ID, Organisation: n.Organisation, URL: n.URL, Kinds: n.Kinds, CreatedAt: tx.Now(), Client: actor.Client}
		sealed, err := s.sealer.Seal(tx.Env().Random, []byte(clear), out.ID)
		if err != nil {
			return err
		}
		if err := insertHook(tx.Tx, out, sealed); err != nil {
			return fmt.Errorf("insert: %w", err)
		}
		about.Kind, about.Detail = translog.WebhookRegistered, webhookDetail{Webhook: out.ID, Kinds: n.Kinds}
		return tx.Append(about)
	})
	return out, WebhookSecret{clear}, err
}

func checkWebhook(n NewWebhook) error {
	var f []problem.Field
	if !clients.Address(n.URL) {
		f = append(f, problem.At("url", "address_not_valid"))
	}
	known := func(k string) bool { return slices.Contains(WebhookKinds(), translog.Kind(k)) }
	if len(n.Kinds) == 0 || slices.ContainsFunc(n.Kinds, func(k string) bool { return !known(k) }) {
		f = append(f, problem.At("kinds", "unknown_kind"))
	}
	if len(f) > 0 {
		return problem.Invalid(f...)
	}
	return nil
}

// EndWebhook ends one; what is queued for it is not sent any more.
func (s *Service) EndWebhook(ctx context.Context, actor authz.Actor, id uuid.UUID) error {
	return s.commands.Run(ctx, actor, "webhook.end", func(tx *command.Tx) error {
		of, err := organisationOfHook(tx.Tx, id)
		if err != nil {
			return err
		}
		about := translog.Event{Organisation: of}
		if err := tx.Decide(authz.WebhookEnd, authz.Object{Kind: authz.KindWebhook, Organisation: of}, about); err != nil {
			return err
		}
		was, err := endHook(tx.Tx, id)
		if err != nil {
			return err
		}
		if !was {
			tx.Repeated()
			return nil
		}
		about.Kind, about.Detail = translog.WebhookEnded, webhookDetail{Webhook: id}
		return tx.Append(about)
	})
}

// hooksOver ends what a client registered together with the client.
func (s *Service) hooksOver(tx *command.Tx, _ uuid.UUID, e translog.Event) error {
	d, ok := e.Detail.(clients.Detail)
	if !ok {
		return nil
	}
	return endHooksOf(tx.Tx, d.Client)
}

// Webhooks lists those of the actor's organisation.
func (s *Service) Webhooks(ctx context.Context, actor authz.Actor) ([]Webhook, error) {
	obj := authz.Object{Kind: authz.KindWebhook, Organisation: actor.Organisation}
	if err := s.commands.Decide(actor, authz.WebhookRead, obj).Err(); err != nil {
		return nil, err
	}
	return hooksOf(ctx, s.commands.Store(), actor.Organisation)
}

// DeliveriesOf is the log of what was pushed to one receiver, the newest first:
// a webhook of the actor's organisation, or a client that the actor may read.
func (s *Service) DeliveriesOf(ctx context.Context, actor authz.Actor, receiver uuid.UUID) ([]Delivery, error) {
	const most = 100
	if _, err := s.clients.Get(ctx, actor, receiver); err == nil {
		return deliveriesTo(ctx, s.commands.Store(), receiver, most)
	} else if !problem.Is(err, "not_found") {
		return nil, err
	}
	hooks, err := s.Webhooks(ctx, actor)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(hooks, func(w Webhook) bool { return w.ID == receiver }) {
		return nil, problem.NotFound()
	}
	return deliveriesTo(ctx, s.commands.Store(), receiver, most)
}

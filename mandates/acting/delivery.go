package acting

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog"
)

// The kinds of deliveries.
const (
	deliverSet     = "set"     // security event token, RFC 8417, pushed by RFC 8935
	deliverLogout  = "logout"  // logout token, OpenID Connect Back-Channel Logout 1.0
	deliverWebhook = "webhook" // to an organisation's software
)

// logoutEvent is the one member of a logout token's events.
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// setBody are the claims of a security event token, but iat, which says when it
// is sent. The subject is the person as this service knows them.
type setBody struct {
	Issuer    string            `json:"iss"`
	ID        string            `json:"jti"`
	Audience  string            `json:"aud"`
	SubjectID subjectID         `json:"sub_id"` // RFC 9493
	Txn       string            `json:"txn"`    // the event in our log, as this receiver knows it
	Time      int64             `json:"toe"`    // when it happened
	Events    map[string]change `json:"events"`
}

type subjectID struct {
	Format  string `json:"format"`
	Issuer  string `json:"iss"`
	Subject string `json:"sub"`
}

// change is what happened. Sessions are the sid of delegations that ended now.
type change struct {
	Reason   string   `json:"reason"`
	Mandate  string   `json:"mandate"`
	Sessions []string `json:"sids,omitempty"`
}

// logoutBody are the claims of a logout token, but iat and exp.
type logoutBody struct {
	Issuer   string              `json:"iss"`
	ID       string              `json:"jti"`
	Audience string              `json:"aud"`
	Subject  string              `json:"sub"`
	SID      string              `json:"sid"`
	Events   map[string]struct{} `json:"events"`
}

// hookBody is what software is told: ids and codes, never who somebody is.
type hookBody struct {
	ID           string `json:"id"`
	Type         string `json:"type"`
	At           string `json:"at"`
	Organisation string `json:"organisation"`
	Beneficiary  string `json:"beneficiary,omitempty"`
	Mandate      string `json:"mandate,omitempty"`
	Case         string `json:"case,omitempty"`
	Step         string `json:"step,omitempty"`
	Procedure    string `json:"procedure,omitempty"`
	Action       string `json:"action,omitempty"`
	Outcome      string `json:"outcome,omitempty"`
}

// delivery is one thing on its way to one receiver.
type delivery struct {
	id, receiver, event, subject uuid.UUID
	kind                         string
	body                         []byte
}

// deliverArgs is the job: the delivery's id alone.
type deliverArgs struct {
	Delivery uuid.UUID `json:"delivery"`
}

// Kind names the job for River.
func (deliverArgs) Kind() string { return "acting_deliver" }

// maxDeliveries with River's backoff (attempt⁴ seconds) spans about two days.
const maxDeliveries = 20

// queue writes a delivery and its job in the transaction. The same event for
// the same receiver and subject is never queued twice.
func (s *Service) queue(tx *store.Tx, d delivery, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("write a delivery: %w", err)
	}
	d.body = raw
	fresh, err := insertDelivery(tx, d)
	if err != nil || !fresh {
		return err
	}
	return tx.Enqueue(deliverArgs{Delivery: d.id}, &river.InsertOpts{MaxAttempts: maxDeliveries, Queue: queueOf(d.kind)})
}

func (s *Service) queueLogout(tx *store.Tx, event uuid.UUID, t told) error {
	if t.client.BackChannelLogoutURI == "" || t.client.State != clients.Active {
		return nil
	}
	id := tx.NewID()
	return s.queue(tx, delivery{id: id, receiver: t.client.ID, event: event, subject: t.delegation, kind: deliverLogout}, logoutBody{
		Issuer: s.issuer, ID: id.String(), Audience: t.client.ClientID, Subject: s.subject(ofBeneficiary, t.client, t.beneficiary),
		SID: t.delegation.String(), Events: map[string]struct{}{logoutEvent: {}},
	})
}

// queueSets tells each service once for each mandate it knows.
func (s *Service) queueSets(tx *store.Tx, event uuid.UUID, st stop, all []told) error {
	type key struct{ client, mandate uuid.UUID }
	var order []key
	groups := map[key][]told{}
	for _, t := range all {
		if t.client.EventsURI == "" || t.client.State != clients.Active {
			continue
		}
		k := key{t.client.ID, t.mandate}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], t)
	}
	for _, k := range order {
		group := groups[k]
		id, first := tx.NewID(), group[0]
		c := change{Reason: st.reason, Mandate: s.subject(namedMandate, group[0].client, k.mandate)}
		for _, t := range group {
			if sid := t.delegation.String(); t.live && !slices.Contains(c.Sessions, sid) {
				c.Sessions = append(c.Sessions, sid)
			}
		}
		err := s.queue(tx, delivery{id: id, receiver: k.client, event: event, subject: k.mandate, kind: deliverSet}, setBody{
			Issuer: s.issuer, ID: id.String(), Audience: first.client.ClientID, Txn: s.subject(namedEvent, first.client, event), Time: tx.Now().Unix(),
			SubjectID: subjectID{Format: "iss_sub", Issuer: s.issuer, Subject: s.subject(ofBeneficiary, first.client, first.beneficiary)},
			Events:    map[string]change{s.issuer + "/events/" + st.event: c},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// WebhookKinds are the events that software may be told of. Steps are read
// through the API: they are written by a statement that tells nobody.
func WebhookKinds() []translog.Kind {
	return []translog.Kind{
		translog.MandateSigned, translog.MandateRevoked, translog.MandateGrantRevoked, translog.MandateRenounced, translog.MandateSuspended,
		translog.MandateResumed, translog.MandateExpired, translog.CaseOpened, translog.CaseHandedOver, translog.CaseDueChanged,
		translog.CaseClosed, translog.StepReported, translog.DisputeRaised, translog.DisputeAnswered, translog.BeneficiaryErased,
	}
}

// tellSoftware queues an event for the organisation's own software.
func (s *Service) tellSoftware(tx *command.Tx, id uuid.UUID, e translog.Event) error {
	if e.Organisation == uuid.Nil {
		return nil
	}
	hooks, err := hooksFor(tx.Tx, e.Organisation, e.Kind)
	if err != nil {
		return err
	}
	for _, hook := range hooks {
		key := tx.NewID()
		body := hookBody{
			ID: key.String(), Type: string(e.Kind), At: tx.Now().UTC().Format(time.RFC3339Nano), Organisation: e.Organisation.String(),
			Beneficiary: idText(e.Beneficiary), Mandate: idText(e.Mandate), Case: idText(e.Case), Step: idText(e.Step),
			Procedure: e.Procedure, Action: e.Action, Outcome: e.StoredOutcome(),
		}
		if err := s.queue(tx.Tx, delivery{id: key, receiver: hook, event: id, subject: id, kind: deliverWebhook}, body); err != nil {
			return err
		}
	}
	return nil
}

func idText(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

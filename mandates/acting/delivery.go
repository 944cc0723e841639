package acting

import (
	"database/sql"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"

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

// change is what happened. Sessions are the sid of delegations that ended now,
// mostSessions at most: more are told in further events about the same mandate.
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

// mostSessions bounds how many sids one event names, and so how long it is.
const mostSessions = 100

// delivery is one thing on its way to one receiver.
type delivery struct {
	id, receiver, event, subject uuid.UUID
	kind                         string
	body                         any // claims, or what software is told
}

// deliverArgs is the job: the delivery's id alone.
type deliverArgs struct {
	Delivery uuid.UUID `json:"delivery"`
}

// Kind names the job for River.
func (deliverArgs) Kind() string { return "acting_deliver" }

const (
	// maxDeliveries with River's backoff (attempt⁴ seconds) spans about two days.
	maxDeliveries = 20
	// mostQueued are written by one statement.
	mostQueued = 1000
)

// newInserter makes the client that queues jobs in bulk: it only ever inserts,
// inside a transaction it is handed.
func newInserter() *river.Client[*sql.Tx] {
	c, err := river.NewClient(riverdatabasesql.New(nil), &river.Config{})
	if err != nil {
		panic(err) // the configuration is the empty one
	}
	return c
}

// queue writes deliveries and their jobs in the transaction, in bulk: a stop may
// end what a whole organisation was given. The same event for the same receiver
// and subject is never queued twice.
func (s *Service) queue(tx *store.Tx, all []delivery) error {
	for some := range slices.Chunk(all, mostQueued) {
		fresh, err := insertDeliveries(tx, some)
		if err != nil {
			return fmt.Errorf("queue deliveries: %w", err)
		}
		jobs := make([]river.InsertManyParams, 0, len(some))
		for _, d := range some {
			if fresh[d.id] {
				jobs = append(jobs, river.InsertManyParams{Args: deliverArgs{Delivery: d.id},
					InsertOpts: &river.InsertOpts{MaxAttempts: maxDeliveries, Queue: queueOf(d.kind)}})
			}
		}
		if len(jobs) == 0 {
			continue
		}
		if _, err := s.inserter.InsertManyTx(tx.Context(), tx.SQL(), jobs); err != nil {
			return fmt.Errorf("queue deliveries: %w", err)
		}
	}
	return nil
}

// listens: the client hears at this address now.
func listens(c clients.Client, address string) bool {
	return address != "" && c.State == clients.Active
}

// logouts tell of each delegation that ended now.
func (s *Service) logouts(tx *store.Tx, event uuid.UUID, ended []told) (out []delivery) {
	for _, t := range ended {
		if !listens(t.client, t.client.BackChannelLogoutURI) {
			continue
		}
		id := tx.NewID()
		out = append(out, delivery{id: id, receiver: t.client.ID, event: event, subject: t.delegation, kind: deliverLogout, body: logoutBody{
			Issuer: s.issuer, ID: id.String(), Audience: t.client.ClientID, Subject: s.subject(ofBeneficiary, t.client, t.beneficiary),
			SID: t.delegation.String(), Events: map[string]struct{}{logoutEvent: {}},
		}})
	}
	return out
}

// sets tell each service once of each mandate it knows, and again only where
// more ended than one event names.
func (s *Service) sets(tx *store.Tx, event uuid.UUID, st stop, all []told) (out []delivery) {
	type key struct{ client, mandate uuid.UUID }
	var order []told
	ended := map[key][]string{}
	for _, t := range all {
		if !listens(t.client, t.client.EventsURI) {
			continue
		}
		k := key{t.client.ID, t.mandate}
		sids, known := ended[k]
		if !known {
			order = append(order, t)
		}
		if t.live {
			sids = append(sids, t.delegation.String())
		}
		ended[k] = sids
	}
	for _, t := range order {
		subject := t.mandate
		for sids := range chunksOrOne(ended[key{t.client.ID, t.mandate}], mostSessions) {
			out = append(out, s.set(tx, delivery{receiver: t.client.ID, event: event, subject: subject, kind: deliverSet}, t, st, sids))
			subject = tx.NewID() // one more about the same mandate
		}
	}
	return out
}

// set is one security event about the mandate that t names.
func (s *Service) set(tx *store.Tx, d delivery, t told, st stop, sids []string) delivery {
	d.id = tx.NewID()
	d.body = setBody{
		Issuer: s.issuer, ID: d.id.String(), Audience: t.client.ClientID, Txn: s.subject(namedEvent, t.client, d.event), Time: tx.Now().Unix(),
		SubjectID: subjectID{Format: "iss_sub", Issuer: s.issuer, Subject: s.subject(ofBeneficiary, t.client, t.beneficiary)},
		Events:    map[string]change{s.issuer + "/events/" + st.event: {Reason: st.reason, Mandate: s.subject(namedMandate, t.client, t.mandate), Sessions: sids}},
	}
	return d
}

// chunksOrOne is slices.Chunk, with one empty chunk for an empty list.
func chunksOrOne(list []string, most int) iter.Seq[[]string] {
	if len(list) == 0 {
		return slices.Values([][]string{nil})
	}
	return slices.Chunk(list, most)
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
	var out []delivery
	for _, hook := range hooks {
		key := tx.NewID()
		out = append(out, delivery{id: key, receiver: hook, event: id, subject: id, kind: deliverWebhook, body: hookBody{
			ID: key.String(), Type: string(e.Kind), At: tx.Now().UTC().Format(time.RFC3339Nano), Organisation: e.Organisation.String(),
			Beneficiary: idText(e.Beneficiary), Mandate: idText(e.Mandate), Case: idText(e.Case), Step: idText(e.Step),
			Procedure: e.Procedure, Action: e.Action, Outcome: e.StoredOutcome(),
		}})
	}
	return s.queue(tx.Tx, out)
}

func idText(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

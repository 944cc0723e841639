package acting

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog"
	"github.com/relais-org/relais/translog/ledger"
)

// longestKey bounds the keys callers give.
const longestKey = 100

// checkTries bounds how often a check is decided again when something moved
// between its decision and its statement.
const checkTries = 4

// answerClaims are what an answer says, signed (typ relais-check+jwt).
type answerClaims struct {
	Issuer     string   `json:"iss"`
	Audience   string   `json:"aud"`
	ID         string   `json:"jti"`
	IssuedAt   int64    `json:"iat"`
	Expiry     int64    `json:"exp"`
	RequestKey string   `json:"request_key"`
	Allowed    bool     `json:"allowed"`
	Reasons    []string `json:"reasons"`
	Subject    string   `json:"sub"`
	Actor      Party    `json:"act"`
	Mandate    string   `json:"mandate"`
	SID        string   `json:"sid"`
	Procedure  string   `json:"procedure"`
	Action     string   `json:"action"`
	PolicyHash string   `json:"policy_hash"`
}

type checkDetail struct {
	delegationDetail
	Check      uuid.UUID `json:"check"`
	Allowed    bool      `json:"allowed"`
	Reasons    []string  `json:"reasons,omitempty"`
	Rule       string    `json:"rule,omitempty"`
	PolicyHash string    `json:"policy_hash"`
}

// Check answers, just before an irreversible act, whether the mediator may do
// it now: yes or no with every reason, signed, and logged either way (OP-06).
// The same key with the same question gives the same bytes for as long as the
// answer lasts; with another question it is refused (idempotency_key_reused),
// and once the answer has expired too (check_over), or was a yes that would be a
// no now (OP-05): an old yes is no yes, and a new key gets a no with its reasons.
//
// A no stands for CheckLifetime; a yes too, but never longer than the delegation,
// the mandate, the token shown and the mediator's own authority.
//
// Only a token that never was, or is another client's, gets no answer.
func (s *Service) Check(ctx context.Context, client clients.Client, accessID string, q CheckRequest) (Answer, error) {
	if err := checkQuestion(q); err != nil {
		return Answer{}, err
	}
	if d, ok := s.recall(ctx, accessID); ok && d.Client.ID == client.ID {
		if a, err := s.answer(ctx, d.Client, d, q.about(d), yesOnly); !errors.Is(err, store.ErrNoRow) {
			return a, err
		}
	}
	for range checkTries {
		d, kept, err := s.loadCheck(ctx, client, accessID, q.Key)
		if err != nil {
			return Answer{}, err
		}
		if d.tokenHolder() != client.ID {
			return Answer{}, errToken
		}
		if !d.exchanged() {
			client = d.Client // as it is now
		}
		if kept != nil {
			return s.keptAnswer(client, d, q.about(d), kept)
		}
		a, err := s.answer(ctx, client, d, q.about(d), yesOrNo)
		if !errors.Is(err, store.ErrNoRow) {
			return a, err
		}
		// The key was answered meanwhile, or what was decided on is over: again.
	}
	return Answer{}, problem.Wrap(store.ErrStale, "answer a check")
}

// about names the procedure where the service did not.
func (q CheckRequest) about(d Delegation) CheckRequest {
	if q.Procedure == "" {
		q.Procedure = d.Procedure
	}
	return q
}

func checkQuestion(q CheckRequest) error {
	var f []problem.Field
	if q.Key == "" {
		f = append(f, problem.At("key", "too_short"))
	}
	if len(q.Key) > longestKey {
		f = append(f, problem.Field{Name: "key", Code: "too_long", Args: map[string]any{"Most": longestKey}})
	}
	if !knownAction(q.Action) {
		f = append(f, problem.At("action", "not_offered"))
	}
	if len(f) > 0 {
		return problem.Invalid(f...)
	}
	return nil
}

func knownAction(action string) bool {
	for _, a := range packs.Actions() {
		if a == action {
			return true
		}
	}
	return false
}

// contentOf is what a key stands for: the same delegation, whatever token of
// it is shown, and the same question.
func contentOf(d Delegation, q CheckRequest) []byte {
	sum := sha256.Sum256([]byte(d.ID.String() + "\x00" + q.Action + "\x00" + q.Procedure))
	return sum[:]
}

// keptCheck is an answer given before.
type keptCheck struct {
	content, jws []byte
	allowed      *bool
	reasons      []string
	at, expires  *time.Time
}

func (k keptCheck) answer(content []byte, now time.Time) (Answer, error) {
	switch {
	case !bytes.Equal(k.content, content):
		return Answer{}, problem.Conflict("idempotency_key_reused")
	case !now.Before(*k.expires):
		return Answer{}, problem.Conflict("check_over")
	}
	return Answer{Allowed: *k.allowed, Reasons: k.reasons, JWS: string(k.jws), At: *k.at, ExpiresAt: *k.expires, Repeated: true}, nil
}

// keptAnswer gives an answer of before, a yes only if it still is one: what it
// is decided on was read in the same statement.
func (s *Service) keptAnswer(client clients.Client, d Delegation, q CheckRequest, kept *keptCheck) (Answer, error) {
	a, err := kept.answer(contentOf(d, q), s.commands.Store().Now())
	if err == nil && a.Allowed && !s.decide(client.SoftwareActor(s.commands.Store().Now()), client, d, q).Allowed {
		return Answer{}, problem.Conflict("check_over")
	}
	return a, err
}

// decide is the decision of a check, now.
func (s *Service) decide(actor authz.Actor, client clients.Client, d Delegation, q CheckRequest) authz.Decision {
	return s.commands.Decide(actor, authz.CheckAsk,
		d.object(authz.KindCheck, client, asked{procedure: q.Procedure, action: q.Action, sensitive: true}, actor.Now))
}

// What may be answered on the facts at hand: on remembered ones, yes only.
const (
	yesOrNo = true
	yesOnly = false
)

// answer decides, signs and writes; store.ErrNoRow when it must be decided again.
func (s *Service) answer(ctx context.Context, client clients.Client, d Delegation, q CheckRequest, mayRefuse bool) (Answer, error) {
	st := s.commands.Store()
	env, actor := st.Env(), client.SoftwareActor(s.commands.Store().Now())
	now := actor.Now
	decision := s.decide(actor, client, d, q)
	if !decision.Allowed && !mayRefuse {
		return Answer{}, store.ErrNoRow
	}
	out := Answer{Allowed: decision.Allowed, Reasons: words(decision.Reasons), At: now, ExpiresAt: now.Add(CheckLifetime)}
	if out.Allowed {
		out.ExpiresAt = d.yesUntil(q, now)
	}
	id := env.NewID()
	raw, err := json.Marshal(answerClaims{
		Issuer: s.issuer, Audience: client.ClientID, ID: id.String(), IssuedAt: now.Unix(), Expiry: out.ExpiresAt.Unix(), RequestKey: q.Key,
		Allowed: out.Allowed, Reasons: out.Reasons, Subject: s.subject(ofBeneficiary, client, d.Beneficiary),
		Actor:   Party{Subject: s.subject(ofAccount, client, d.Account), Organisation: d.Organisation.String(), OrganisationName: d.facts.organisation},
		Mandate: s.MandateAt(client, d), SID: s.sessionAt(client, d), Procedure: q.Procedure, Action: q.Action, PolicyHash: decision.PolicyHash,
	})
	if err != nil {
		return Answer{}, fmt.Errorf("write an answer: %w", err)
	}
	if out.JWS, _, err = s.keys.SignAs(typCheck, raw); err != nil {
		return Answer{}, err
	}
	row, err := ledger.Prepare(env, now, checkEvent(actor, d, q, checkDetail{
		delegationDetail: d.detail(), Check: id, Allowed: out.Allowed, Reasons: out.Reasons, Rule: decision.Rule, PolicyHash: decision.PolicyHash}))
	if err != nil {
		return Answer{}, err
	}
	return out, insertAnswer(ctx, st, answered{delegation: d, client: client, question: q, answer: out}, row)
}

// yesUntil is how long a yes given now may be acted on: never longer than
// anything it rests on that ends by itself.
func (d Delegation) yesUntil(q CheckRequest, now time.Time) time.Time {
	until := earliest(now.Add(CheckLifetime), d.EndsAt, d.facts.mandateEnds, d.Token.ExpiresAt, d.facts.membership.Authority.Until)
	if packs.Sensitive(q.Action) {
		until = earliest(until, d.AuthTime.Add(authz.StepUpAge))
	}
	return until
}

func checkEvent(actor authz.Actor, d Delegation, q CheckRequest, detail checkDetail) translog.Event {
	e := d.about()
	e.Kind, e.Action, e.Outcome, e.Detail = translog.CommitChecked, q.Action, "done", detail
	if !detail.Allowed {
		e.Outcome = "refused"
	}
	e.Actor = command.Actor(actor, authz.Service)
	return e
}

// words are reasons as texts, an empty list rather than none.
func words(reasons []authz.Reason) []string {
	out := make([]string, len(reasons))
	for i, r := range reasons {
		out[i] = string(r)
	}
	return out
}

package clients

import (
	"context"
	"errors"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

// How many refusals in one client's name become events, of one command and in
// this process: anybody who knows the name can be refused in it, and must not
// fill the log. They are counted by command, so that guesses at a secret never
// hide what a client does that has proved who it is. The rest are in the
// structured log, as all refusals are.
const refusalsPerMinute = 10 // and as many at once

// The reasons of refusals in a client's name.
const (
	SecretWrong     = "secret_wrong"
	AssertionWrong  = "assertion_wrong"
	AssertionReused = "assertion_reused"
	MethodWrong     = "method_wrong"  // a good proof perhaps, of another method than is registered
	TokenForeign    = "token_foreign" // a token that was not given to this client, nor is for it
)

// proveCommand names in refusals what a client does that shows its proof.
const proveCommand = "client.authenticate"

// Refusal is what a client was refused.
type Refusal struct {
	Command, Reason string         // as act.refused names them
	Err             *problem.Error // what the client is told, which never says the reason
	About           translog.Event
}

// Refuse records what a client was refused, as far as the bound allows, and
// returns the refusal as the client is told it. What could not be recorded is a
// failure of ours instead.
func (s *Registry) Refuse(ctx context.Context, c Client, r Refusal) error {
	if !s.refusals.Allow(c.ID.String() + " " + r.Command) {
		return r.Err
	}
	why := *r.Err
	why.Reasons = []string{r.Reason}
	if err := s.commands.RefuseOutside(ctx, c.SoftwareActor(s.store.Now()), r.Command, &why, r.About); !errors.Is(err, &why) {
		return err
	}
	return r.Err
}

// RefuseProof refuses a proof that was shown in a client's name (client_invalid)
// and records it under the client so named; one that is unknown, suspended or
// ended has no name to record it under, and is the zero Client.
func (s *Registry) RefuseProof(ctx context.Context, clientID, reason string) (Client, error) {
	c, err := s.ByClientID(ctx, clientID)
	if problem.Is(err, "not_found") {
		return Client{}, errProof
	}
	if err != nil {
		return Client{}, err
	}
	return c, s.Refuse(ctx, c, Refusal{Command: proveCommand, Reason: reason, Err: errProof, About: c.about()})
}

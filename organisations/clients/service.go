package clients

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/rate"
	"github.com/relais-org/relais/internal/seal"
	"github.com/relais-org/relais/internal/store"
)

// Registry holds the registry's commands and queries.
type Registry struct {
	commands *command.Runner
	store    *store.Store
	packs    *packs.Set
	sealer   seal.Sealer
	refusals *rate.Limiter // by client and command
}

// NewRegistry makes the registry. It panics on a key shorter than 32 bytes, which the
// configuration has refused already.
func NewRegistry(d Dependencies) *Registry {
	return &Registry{commands: d.Commands, store: d.Commands.Store(), packs: d.Packs, sealer: seal.New(d.Key, "relais client secrets"),
		refusals: rate.NewLimiter(refusalsPerMinute, d.Commands.Store().Now)}
}

// errProof is the one answer for a client that is not who it says: unknown,
// suspended, ended, or with another secret.
var errProof = problem.New(problem.KindUnauthenticated, "client_invalid")

// ByClientID finds an active client. Unknown, suspended and ended look alike, and
// so does what no text of ours can be.
func (s *Registry) ByClientID(ctx context.Context, clientID string) (Client, error) {
	if !utf8.ValidString(clientID) || strings.ContainsRune(clientID, 0) {
		return Client{}, problem.NotFound()
	}
	return s.active(ctx, byClientID, clientID)
}

// ByID is ByClientID by our own id.
func (s *Registry) ByID(ctx context.Context, id uuid.UUID) (Client, error) {
	return s.active(ctx, byID, id)
}

func (s *Registry) active(ctx context.Context, where string, value any) (Client, error) {
	c, err := load(ctx, s.store.Pool(), where, value)
	if err == nil && c.State != Active {
		err = problem.NotFound()
	}
	if err != nil {
		return Client{}, err
	}
	return c, nil
}

// Authenticate says which client shows this secret; every fault has the one
// answer client_invalid. The secret has 256 random bits: one SHA-256 compared in
// constant time is enough, and an unknown client costs the same.
func (s *Registry) Authenticate(ctx context.Context, clientID, secret string) (Client, error) {
	c, err := s.ByClientID(ctx, clientID)
	if err != nil && !problem.Is(err, "not_found") {
		return Client{}, err
	}
	sum := sha256.Sum256([]byte(secret))
	want := c.secretHash
	if len(want) != len(sum) {
		want = make([]byte, len(sum))
	}
	if subtle.ConstantTimeCompare(sum[:], want) != 1 || err != nil || !c.HasSecret() {
		return Client{}, errProof
	}
	return c, nil
}

// SecretOf opens the secret of a client whose ID tokens are signed with it
// (HS256). For any other client there is none to open.
func (s *Registry) SecretOf(c Client) ([]byte, error) {
	if len(c.secretSealed) == 0 {
		return nil, errors.New("clients: this client's secret is not kept")
	}
	clear, err := s.sealer.Open(c.secretSealed, c.ID)
	if err != nil {
		return nil, fmt.Errorf("clients: open the secret of %s: %w", c.ID, err)
	}
	return clear, nil
}

// Get gives a client in any state, to those who may read it.
func (s *Registry) Get(ctx context.Context, actor authz.Actor, id uuid.UUID) (Client, error) {
	c, err := load(ctx, s.store.Pool(), byID, id)
	if err != nil {
		return Client{}, err
	}
	if err := s.commands.Decide(actor, authz.ClientRead, c.object()).Err(); err != nil {
		return Client{}, err
	}
	return c, nil
}

// List lists clients by name: all of them for an operator, their organisation's
// software for a referent.
func (s *Registry) List(ctx context.Context, actor authz.Actor, q Query) ([]Client, error) {
	obj := authz.Object{Kind: authz.KindClient, Organisation: q.Organisation}
	if !actor.Operator && !actor.System {
		q.Kind, q.Organisation = Software, actor.Organisation
		obj.Organisation = actor.Organisation
	}
	if err := s.commands.Decide(actor, authz.ClientRead, obj).Err(); err != nil {
		return nil, err
	}
	return list(ctx, s.store.Pool(), q)
}

// object gives a client's facts for a decision.
func (c Client) object() authz.Object {
	return authz.Object{Kind: authz.KindClient, Organisation: c.Organisation, Client: c.ID, Sensitive: true}
}

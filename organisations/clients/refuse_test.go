package clients_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog"
)

// refusals are the reasons recorded under a client for a command.
func (d *desk) refusals(t *testing.T, client uuid.UUID, command string) []string {
	t.Helper()
	rows, err := d.kept.Pool().Query(t.Context(), `SELECT facts FROM events WHERE kind = 'act.refused' AND actor_id = $1 ORDER BY xid, id`, client)
	must(t, err)
	defer rows.Close()
	all := []string{}
	for rows.Next() {
		var facts []byte
		must(t, rows.Scan(&facts))
		f, err := translog.ParseFacts(facts)
		must(t, err)
		var detail struct {
			Command string   `json:"command"`
			Reasons []string `json:"reasons"`
		}
		must(t, json.Unmarshal(f.Detail, &detail))
		if detail.Command == command {
			all = append(all, detail.Reasons...)
		}
	}
	must(t, rows.Err())
	return all
}

// LG-01, design invariant 4: a refused proof is recorded under the client that
// it was shown for; the answer says no more than to one nobody knows.
func TestRefusedProofIsRecorded(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx := t.Context()
	c, err := d.RefuseProof(ctx, d.client.ClientID, clients.SecretWrong)
	if !problem.Is(err, "client_invalid") || c.ID != d.client.ID || len(problem.As(err).Reasons) != 0 {
		t.Errorf("refused %s: %v %v", c.ID, err, problem.As(err).Reasons)
	}
	if got := d.refusals(t, d.client.ID, "client.authenticate"); !slices.Equal(got, []string{"secret_wrong"}) {
		t.Errorf("recorded %v", got)
	}
	must(t, d.Suspend(ctx, authz.Actor{System: true, Now: d.clock.Now()}, d.client.ID))
	for _, name := range []string{"nobody", d.client.ClientID} {
		if c, err := d.RefuseProof(ctx, name, clients.SecretWrong); !problem.Is(err, "client_invalid") || c.ID != uuid.Nil {
			t.Errorf("%s: %s %v", name, c.ID, err)
		}
	}
	if got := d.refusals(t, d.client.ID, "client.authenticate"); len(got) != 1 {
		t.Errorf("a client that is suspended has %v", got)
	}
}

// Whoever knows a client's name cannot fill the log by it, nor hide by it what
// else the client is refused.
func TestRefusalsAreBounded(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx := t.Context()
	guess := func(times int) {
		for range times {
			if _, err := d.RefuseProof(ctx, d.client.ClientID, clients.SecretWrong); !problem.Is(err, "client_invalid") {
				t.Fatal(err)
			}
		}
	}
	guess(50)
	if got := d.refusals(t, d.client.ID, "client.authenticate"); len(got) != 10 {
		t.Errorf("%d of 50 at once are in the log", len(got))
	}
	other := d.another(t)
	theirs, err := d.IssueSoftwareToken(ctx, other, nil)
	must(t, err)
	if err := d.RevokeSoftwareToken(ctx, d.client, theirs.Token); !problem.Is(err, "token_invalid") {
		t.Errorf("another's token: %v", err)
	}
	if got := d.refusals(t, d.client.ID, "software.revoke"); !slices.Equal(got, []string{"token_foreign"}) {
		t.Errorf("behind the guesses: %v", got)
	}
	d.clock.Advance(time.Minute)
	guess(50)
	if got := d.refusals(t, d.client.ID, "client.authenticate"); len(got) != 20 {
		t.Errorf("%d after a minute", len(got))
	}
}

// Another's token is refused as an unknown one is, recorded, and goes on.
func TestForeignSoftwareToken(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx := t.Context()
	other := d.another(t)
	token, err := d.IssueSoftwareToken(ctx, other, nil)
	must(t, err)
	for name, shown := range map[string]string{"another's": token.Token, "nobody's": "rls_x"} {
		if _, err := d.SoftwareTokenOf(ctx, d.client, shown); !problem.Is(err, "token_invalid") || len(problem.As(err).Reasons) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := d.RevokeSoftwareToken(ctx, d.client, token.Token); !problem.Is(err, "token_invalid") {
		t.Errorf("revoked another's: %v", err)
	}
	for command, want := range map[string][]string{"software.introspect": {"token_foreign"}, "software.revoke": {"token_foreign"}} {
		if got := d.refusals(t, d.client.ID, command); !slices.Equal(got, want) {
			t.Errorf("%s: recorded %v, want %v", command, got, want)
		}
	}
	scopes, err := d.SoftwareTokenOf(ctx, other, token.Token)
	if err != nil || !slices.Equal(scopes, token.Scopes) {
		t.Errorf("its own: %v %v", scopes, err)
	}
}

// another is a second program of the same organisation.
func (d *desk) another(t *testing.T) clients.Client {
	t.Helper()
	c, _, err := d.Register(t.Context(), authz.Actor{System: true, Now: d.clock.Now()}, clients.New{Kind: clients.Software, Organisation: d.client.Organisation,
		Pack: "fr", Changes: clients.Changes{Name: "Tableau", Scopes: []string{"people:read"}}})
	must(t, err)
	return c
}

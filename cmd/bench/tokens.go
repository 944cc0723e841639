package main

import (
	"context"
	"crypto/md5" // #nosec G501 -- names, not secrets
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations/clients"
)

// Of goal T: how many flows at once, and the pace of userinfo and of checks.
const (
	flowClients  = 8
	pacedClients = 16
	paceOf       = 500 // each second
)

const (
	serviceID     = "bench-service"
	serviceReturn = "https://service.example/back"
	// codeVerifier is that of every code laid out (RFC 7636).
	codeVerifier = "bench-verifier-bench-verifier-bench-verifier"
	// codesLaid bounds how many flows one round may do, for each second.
	codesLaid = 1500
)

// benchTokens measures code → token → userinfo against the statements that it
// makes, without signing and without HTTP; then checks at their pace.
func (f *field) benchTokens(ctx context.Context, s settings) error {
	secret, err := f.openService(ctx)
	if err != nil {
		return fmt.Errorf("open a service: %w", err)
	}
	order := loadOrder{Clients: flowClients, Length: time.Duration(s.seconds) * time.Second,
		Tokens: &tokenOrder{ID: serviceID, Secret: secret, Redirect: serviceReturn}}
	script, err := f.statements(ctx, "heardflow", order, func(at *service) error {
		_, err := at.flow(0)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Printf("T  at a service: code, tokens, userinfo; %d clients\n", flowClients)
	f.pgOptions = store.HotOptions()
	defer func() { f.pgOptions = "" }()
	if err := f.benchToken(ctx, s, order); err != nil {
		return err
	}
	var control, flows runs
	for round := range s.rounds {
		codes := fmt.Sprint("flow", round)
		if err := errors.Join(f.layCodes(ctx, codes, codesLaid*s.seconds, f.granted[:flowClients]...), f.layCodes(ctx, "control"+codes, codesLaid*s.seconds, f.granted[:flowClients]...)); err != nil {
			return err
		}
		b, err := f.pgbench(ctx, strings.ReplaceAll(script, "heardflow-", "control"+codes+"-"), flowClients, s.seconds, "-D", "i=-1")
		if err != nil {
			return err
		}
		order.Tokens.Codes = codes
		r, err := f.loadTokens(ctx, order)
		if err != nil {
			return err
		}
		control, flows = append(control, b), append(flows, r)
	}
	fmt.Println("a flow, over HTTP: code, tokens, userinfo")
	line("the same SQL", control)
	line("Relais", flows)
	fmt.Printf("  p50 %.1f ms, p99 %.1f ms a flow, of userinfo %.1f ms; %.2f of its SQL, %s\n", flows.p50(), flows.p99(), flows.last99(),
		flows.ratio(control), goal("flows/s", flows.rate(), 500))
	return f.benchPaced(ctx, s, order)
}

// benchPaced asks again and again who a token is about, then whether its
// mediator may send, each client for a mediator and a person of its own, at the pace that the goal names; first for an answer that
// costs nothing, which is what this machine adds to any.
func (f *field) benchPaced(ctx context.Context, s settings, order loadOrder) error {
	var bearers []string
	for i, d := range f.granted {
		t := *order.Tokens
		t.Codes, t.First = fmt.Sprint("paced", i), 0
		if err := f.layCodes(ctx, t.Codes, 0, d); err != nil {
			return err
		}
		at, err := newService(ctx, loadOrder{Address: f.address, Tokens: &t})
		if err != nil {
			return err
		}
		bearer, err := at.redeem(0)
		if err != nil {
			return err
		}
		bearers = append(bearers, bearer)
	}
	order.Clients = pacedClients
	for _, paced := range []struct {
		name string
		get  string
		most float64 // ms
	}{{"an empty answer", "/healthz", 5}, {"userinfo", userInfoPath, 5}, {"checks", "", 10}} {
		order.Tokens = &tokenOrder{Bearers: bearers, PerSecond: paceOf, Get: paced.get}
		var seen runs
		for range s.rounds {
			r, err := f.loadTokens(ctx, order)
			if err != nil {
				return err
			}
			seen = append(seen, r)
		}
		line(fmt.Sprintf("%s, %d due", paced.name, paceOf), seen)
		fmt.Printf("  p50 %.1f ms, %s\n", seen.p50(), atMost(paced.name+" p99 ms", seen.p99(), paced.most))
	}
	fmt.Println()
	return nil
}

// loadTokens warms up for half a second, then measures.
func (f *field) loadTokens(ctx context.Context, order loadOrder) (measured, error) {
	warm, tokens := order, *order.Tokens
	warm.Length, warm.Tokens = 500*time.Millisecond, &tokens
	if _, err := f.order(ctx, warm); err != nil {
		return measured{}, err
	}
	tokens.First += codesLaid
	order.Tokens = &tokens
	return f.order(ctx, order)
}

// atMost is a goal that is better small.
func atMost(name string, got, want float64) string {
	word := "met"
	if got > want {
		word = "NOT met"
	}
	return fmt.Sprintf("%s %.1f (goal %.0f, %s)", name, got, want, word)
}

// openService registers a service and gives some mediators a delegation each
// there, for people of their own, through the same commands as in life.
func (f *field) openService(ctx context.Context) (secret string, err error) {
	_, kept, err := f.house.Clients.Register(ctx, authz.Actor{System: true, Now: f.house.Store.Now()}, clients.New{ClientID: serviceID, Kind: clients.Service, Pack: "fr",
		Changes: clients.Changes{Name: "Bench", RedirectURIs: []string{serviceReturn}, Claims: []string{"given_name", "family_name", "birthdate"},
			Procedures: []string{"housing.apl"}, Scopes: []string{"openid", "profile", "birth", "offline_access"}}})
	if err != nil {
		return "", err
	}
	client, err := f.house.Clients.ByClientID(ctx, serviceID)
	if err != nil {
		return "", err
	}
	for _, seat := range f.seats[:pacedClients] {
		d, err := f.grantAt(ctx, client, seat)
		if err != nil {
			return "", err
		}
		f.granted = append(f.granted, d)
	}
	return kept.Reveal(), f.oneStanding(ctx)
}

// oneStanding gives all accounts the same version of their standing, so that the
// control, which repeats one mediator's statements, may write for each.
func (f *field) oneStanding(ctx context.Context) error {
	c, err := pgx.Connect(ctx, f.house.Config.OwnerURL)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }() // nothing is pending
	_, err = c.Exec(ctx, `UPDATE standings SET version = (SELECT max(version) FROM standings)`)
	return err
}

// grantAt has a mediator choose their own person at the service.
func (f *field) grantAt(ctx context.Context, client clients.Client, seat seat) (acting.Delegation, error) {
	none, a := acting.Delegation{}, f.house.Acting
	actor, err := f.as(ctx, seat.account)
	if err != nil {
		return none, err
	}
	session, err := f.house.Sessions.Load(ctx, seat.token)
	if err != nil {
		return none, err
	}
	actor.Session = session.ID
	r, err := a.Begin(ctx, acting.NewRequest{Client: client, Params: acting.Params{RedirectURI: serviceReturn, State: "s", Nonce: "n",
		Scopes: []string{"openid", "profile", "birth", "offline_access"}, CodeChallenge: challenge()}})
	if err != nil {
		return none, err
	}
	c, err := a.Open(ctx, actor, r.ID, []byte("bench"))
	if err != nil {
		return none, err
	}
	if err := a.ChoosePerson(ctx, actor, r.ID, c.Version, seat.person); err != nil {
		return none, err
	}
	if err := a.ChooseScope(ctx, actor, r.ID, c.Version+1, "housing.apl", []string{packs.ActionPrepare, packs.ActionSubmit}); err != nil {
		return none, err
	}
	return a.Grant(ctx, actor, r.ID, c.Version+2)
}

// layCodes lays out codes "<name>-<n>", each for a delegation of its own that is
// like one of those given, in turn, so that each client acts for a person of its
// own: a stage, made by SQL as the owner.
func (f *field) layCodes(ctx context.Context, name string, most int, like ...acting.Delegation) error {
	ids := make([]string, len(like))
	for i, d := range like {
		ids[i] = "'" + d.ID.String() + "'"
	}

	c, err := pgx.Connect(ctx, f.house.Config.OwnerURL)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }() // nothing is pending
	for _, q := range []string{
		`SELECT set_config('relais.acting', 'bench', false)`,
		fmt.Sprintf(`INSERT INTO delegations (id, request_id, client_id, account_id, organisation_id, beneficiary_id, mandate_id, grant_id, procedure, actions, scopes, nonce, auth_time, acr, session_id, created_at, ends_at)
			SELECT md5('%[1]s-' || n)::uuid, gen_random_uuid(), client_id, account_id, organisation_id, beneficiary_id, mandate_id, grant_id, procedure, actions, scopes, nonce, auth_time, acr, session_id, created_at, ends_at
			FROM generate_series(0, %[2]d) n JOIN delegations ON id = (ARRAY[%[3]s]::uuid[])[n %% %[4]d + 1]`, name, most, strings.Join(ids, ", "), len(ids)),
		fmt.Sprintf(`INSERT INTO acting_codes (code_hash, delegation_id, client_id, redirect_uri, code_challenge, expires_at)
			SELECT sha256(convert_to('%[1]s-' || n, 'UTF8')), md5('%[1]s-' || n)::uuid, '%[3]s', '%[4]s', '%[5]s', now() + interval '1 hour' FROM generate_series(0, %[2]d) n`,
			name, most, like[0].Client.ID, serviceReturn, challenge()),
		`ANALYZE delegations`, `ANALYZE acting_codes`,
	} {
		if _, err := c.Exec(ctx, q); err != nil {
			return fmt.Errorf("lay out codes: %w", err)
		}
	}
	return nil
}

var (
	hashLiteral = regexp.MustCompile(`'\\x[0-9a-f]{64}'`)
	uuidLiteral = regexp.MustCompile(`'[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'`)
)

// statements are those of what a service does with the code "<name>-0", as a
// script, whose codes, delegations, tokens and events are new each time: the first
// code is heard, every other is computed from the number of the transaction.
func (f *field) statements(ctx context.Context, name string, order loadOrder, does func(*service) error) (string, error) {
	if err := f.layCodes(ctx, name, 0, f.granted[0]); err != nil {
		return "", err
	}
	t := *order.Tokens
	t.Codes = name
	s, err := newService(ctx, loadOrder{Address: f.address, Tokens: &t})
	if err != nil {
		return "", err
	}
	script, err := f.hear(true, func() error { return does(s) })
	if err != nil {
		return "", err
	}
	number := func(of string) string { return "'" + of + name + "-' || :n" }
	own := map[string]string{fmt.Sprintf(`'\x%x'`, sha256.Sum256([]byte(name+"-0"))): "sha256(convert_to(" + number("") + ", 'UTF8'))"}
	script = hashLiteral.ReplaceAllStringFunc(script, func(l string) string {
		if own[l] == "" {
			own[l] = "sha256(convert_to(" + number(fmt.Sprint(len(own))) + ", 'UTF8'))"
		}
		return own[l]
	})
	known, d := map[string]string{}, f.granted[0]
	for _, id := range []uuid.UUID{d.Client.ID, d.Account, d.Organisation, d.Beneficiary, d.Mandate, d.Grant} {
		known["'"+id.String()+"'"] = "'" + id.String() + "'"
	}
	delegation := md5.Sum([]byte(name + "-0")) // #nosec G401 -- a name, not a secret
	known["'"+uuid.UUID(delegation).String()+"'"] = "md5(" + number("") + ")::uuid"
	script = uuidLiteral.ReplaceAllStringFunc(script, func(l string) string {
		if known[l] != "" {
			return known[l]
		}
		return "gen_random_uuid()"
	})
	return fmt.Sprintf("\\set i :i + 1\n\\set n :client_id + :i * %d\n", flowClients) + script, nil
}

func challenge() string {
	sum := sha256.Sum256([]byte(codeVerifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

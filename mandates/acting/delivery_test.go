package acting_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog"
)

// receiver is a real service's endpoint, which answers as it is told.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status []int // of the next answers; then 202
	got    []received
}

type received struct {
	path, body string
	header     http.Header
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, received{q.URL.Path, string(body), q.Header.Clone()})
		status := http.StatusAccepted
		if len(r.status) > 0 {
			status, r.status = r.status[0], r.status[1:]
		}
		if status == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) at(path string) []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []received
	for _, g := range r.got {
		if g.path == path {
			out = append(out, g)
		}
	}
	return out
}

// deliveries is a bundle whose service listens on this machine.
func deliveries(t *testing.T) (*bundle, *receiver) {
	t.Helper()
	r := newReceiver(t)
	b := setup(t, func(d *acting.Dependencies) { d.AllowPrivate = true })
	b.client = b.newService("here", func(n *clients.New) {
		n.EventsURI, n.BackChannelLogoutURI = r.URL+"/events", r.URL+"/logout"
	})
	return b, r
}

// work makes one attempt at every delivery that waits, and gives the errors.
func (b *bundle) work(attempt int) []error {
	b.t.Helper()
	must(b.t, b.Register(river.NewWorkers()))
	var errs []error
	for _, job := range b.jobs() {
		job.Attempt = attempt
		if err := b.Deliver(context.Background(), job); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// jobs are those queued, whatever became of them: each is tried as River would.
func (b *bundle) jobs() []*rivertype.JobRow {
	b.t.Helper()
	rows, err := b.store.Pool().Query(context.Background(), `SELECT id, args, max_attempts FROM river_job WHERE kind = 'acting_deliver' ORDER BY id`)
	must(b.t, err)
	defer rows.Close()
	var out []*rivertype.JobRow
	for rows.Next() {
		j := &rivertype.JobRow{Kind: "acting_deliver"}
		must(b.t, rows.Scan(&j.ID, &j.EncodedArgs, &j.MaxAttempts))
		out = append(out, j)
	}
	must(b.t, rows.Err())
	return out
}

// OP-05: a revocation reaches the service: one security event for the mandate,
// one logout token for the session, signed, once.
func TestRevocationReachesTheService(t *testing.T) {
	t.Parallel()
	b, r := deliveries(t)
	ctx := t.Context()
	m := b.signed(b.person, packs.DefaultActions(), "housing")
	d, tokens := b.tokens("view")
	claims, err := b.Claims(ctx, d, b.client)
	must(t, err)
	b.revoke(m)
	if errs := b.work(1); len(errs) != 0 {
		t.Fatalf("attempts: %v", errs)
	}
	b.work(2) // once sent, never again
	sets, logouts := r.at("/events"), r.at("/logout")
	if len(sets) != 1 || len(logouts) != 1 || sets[0].header.Get("Content-Type") != "application/secevent+jwt" {
		t.Fatalf("%d events, %d logouts", len(sets), len(logouts))
	}
	set := b.verified(sets[0].body, "secevent+jwt")
	sub := set["sub_id"].(map[string]any)
	what, _ := set["events"].(map[string]any)[issuer+"/events/mandate-revoked"].(map[string]any)
	if set["iss"] != issuer || set["aud"] != b.client.ClientID || set["jti"] == "" || set["txn"] == "" || sub["sub"] != claims.Subject || sub["format"] != "iss_sub" ||
		what["reason"] != "recalled" || what["mandate"] != b.MandateAt(b.client, d) || what["sids"].([]any)[0] != d.ID.String() || set["sub"] != nil || set["exp"] != nil {
		t.Errorf("event %v", set)
	}
	form, err := url.ParseQuery(logouts[0].body)
	must(t, err)
	out := b.verified(form.Get("logout_token"), "logout+jwt")
	if _, there := out["events"].(map[string]any)["http://schemas.openid.net/event/backchannel-logout"]; !there || out["sid"] != d.ID.String() ||
		out["sub"] != claims.Subject || out["nonce"] != nil || out["exp"].(float64)-out["iat"].(float64) != 120 {
		t.Errorf("logout token %v", out)
	}
	if strings.Contains(sets[0].body+logouts[0].body, tokens.AccessID) {
		t.Error("a token went out")
	}
	log, err := b.DeliveriesOf(ctx, b.as(b.operator), b.client.ID)
	if err != nil || len(log) != 2 || log[0].State != "sent" || log[0].Attempts != 1 || log[0].SentAt.IsZero() {
		t.Errorf("log %+v %v", log, err)
	}
	b.fails("not_found", func() error { _, err := b.DeliveriesOf(ctx, b.as(b.mediator), b.client.ID); return err })
}

// A service that saw the mandate earlier is told too, though its session is
// over, ended or timed out; one that never did is not; each stop has its own name
// and reason. What timed out ended then: no stop ends it again, with a logout
// token and a reason of its own.
func TestWhoIsToldOfWhat(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		stop          func(b *bundle, m mandates.Mandate) error
		event, reason string
		after         bool // also once the delegation is over
		never         bool // at that stop no delegation is live: its own time came first
	}{
		"suspended": {func(b *bundle, m mandates.Mandate) error {
			return b.mandates.Suspend(t.Context(), b.as(b.referent), m.ID, "enquête")
		}, "mandate-suspended", "disabled", true, false},
		"expired": {func(b *bundle, m mandates.Mandate) error {
			b.clock.Set(m.EndsAt)
			_, err := b.mandates.ExpireDue(t.Context())
			return err
		}, "mandate-expired", "expired", true, true},
		"superseded": {func(b *bundle, _ mandates.Mandate) error {
			b.signed(b.person, packs.DefaultActions(), "housing")
			return nil
		}, "mandate-revoked", "superseded", true, false},
		"revoked": {func(b *bundle, m mandates.Mandate) error { b.revoke(m); return nil }, "mandate-revoked", "recalled", true, false},
		"erased": {func(b *bundle, m mandates.Mandate) error {
			if err := b.mandates.Renounce(t.Context(), b.as(b.mediator), m.ID, "plus de moyens"); err != nil {
				return err
			}
			b.work(1) // of the renunciation
			return b.people.Erase(t.Context(), b.as(b.referent), b.person)
		}, "mandate-revoked", "deleted", true, true},
		"account": {func(b *bundle, _ mandates.Mandate) error {
			return b.orgs.SuspendAccount(t.Context(), b.mediator, "Olga Petit", "compte volé")
		}, "mediator-suspended", "disabled", false, false},
		"mediator": {func(b *bundle, _ mandates.Mandate) error {
			return b.orgs.Suspend(t.Context(), b.as(b.referent), b.memberships[b.mediator], "enquête en cours")
		}, "mediator-suspended", "disabled", false, false},
		"organisation": {func(b *bundle, _ mandates.Mandate) error {
			return b.orgs.SuspendOrganisation(t.Context(), b.as(b.operator), b.org, "enquête en cours")
		}, "organisation-suspended", "disabled", false, false},
		"signed out":        {func(b *bundle, _ mandates.Mandate) error { return b.signOut() }, "delegation-ended", "signed_out", false, false},
		"provider's logout": {func(b *bundle, _ mandates.Mandate) error { return b.providerLogout() }, "delegation-ended", "signed_out", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, over := range []string{"", "ended", "timed out"} {
				b, r := deliveries(t)
				m := b.signed(b.person, packs.DefaultActions(), "housing")
				d := b.granted(params(), "view")
				b.newService("never")
				switch over {
				case "ended":
					must(t, b.EndDelegation(t.Context(), b.as(b.mediator), d.ID))
					b.work(1)
				case "timed out":
					b.clock.Set(d.EndsAt)
				}
				logouts := len(r.at("/logout"))
				must(t, x.stop(b, m))
				before := len(r.at("/events"))
				b.work(1)
				sets, live := r.at("/events")[before:], over == "" && !x.never
				if want := over == "" || x.after; (len(sets) == 1) != want {
					t.Fatalf("%q: %d events", over, len(sets))
				}
				if n := len(r.at("/logout")) - logouts; x.reason != "deleted" && (n == 1) != live {
					t.Errorf("%q: %d logout tokens", over, n)
				}
				if n := b.count(`SELECT count(*) FROM delegations WHERE end_reason = $1`, x.reason); x.reason != "deleted" && (n == 1) != (live || x.reason == "signed_out" && over == "ended") {
					t.Errorf("%q: %d delegations ended by it", over, n)
				}
				if len(sets) == 0 {
					continue
				}
				what, _ := b.verified(sets[0].body, "secevent+jwt")["events"].(map[string]any)[issuer+"/events/"+x.event].(map[string]any)
				if what["reason"] != x.reason || what["mandate"] != b.MandateAt(b.client, d) || (what["sids"] != nil) != live {
					t.Errorf("%q: %v", over, what)
				}
			}
		})
	}
}

// A receiver that fails is tried again under the same id; one that refuses for
// good is not; redirects are not followed.
func TestRetries(t *testing.T) {
	t.Parallel()
	b, r := deliveries(t)
	m := b.signed(b.person, packs.DefaultActions(), "housing")
	b.granted(params(), "view")
	r.status = []int{503, 503}
	b.revoke(m)
	if errs := b.work(1); len(errs) != 2 {
		t.Fatalf("%d attempts failed, want 2", len(errs))
	}
	if n := b.count(`SELECT count(*) FROM deliveries WHERE state = 'queued' AND attempts = 1 AND last_status = 503 AND next_at IS NOT NULL`); n != 2 {
		t.Errorf("%d wait", n)
	}
	if errs := b.work(2); len(errs) != 0 {
		t.Fatalf("again: %v", errs)
	}
	sets := r.at("/events")
	if a, z := b.verified(sets[0].body, "secevent+jwt"), b.verified(sets[1].body, "secevent+jwt"); len(sets) != 2 || a["jti"] != z["jti"] {
		t.Errorf("two ids: %v %v", a["jti"], z["jti"])
	}
	for status, state := range map[int]string{400: "failed", 410: "failed", 302: "queued", 500: "queued"} {
		b2, r2 := deliveries(t)
		m := b2.signed(b2.person, packs.DefaultActions(), "housing")
		b2.granted(params(), "view")
		r2.status = []int{status, status}
		b2.revoke(m)
		b2.work(1)
		if n := b2.count(`SELECT count(*) FROM deliveries WHERE state = $1 AND last_status = $2`, state, status); n != 2 {
			t.Errorf("%d: %d are %s", status, n, state)
		}
		if len(r2.at("/elsewhere")) != 0 {
			t.Error("a redirect was followed")
		}
	}
}

// A stop that is rolled back tells nobody; the last attempt is the last.
func TestDeliveryKeepsToItsTransaction(t *testing.T) {
	t.Parallel()
	b, r := deliveries(t)
	m := b.signed(b.person, packs.DefaultActions(), "housing")
	d := b.granted(params(), "view")
	stale := b.asPerson(b.person)
	stale.Beneficiary = uuid.New()
	if err := b.mandates.Revoke(t.Context(), stale, mandates.Revocation{Mandate: m.ID}); err == nil {
		t.Fatal("a stranger revoked")
	}
	if n := b.count(`SELECT count(*) FROM deliveries`) + len(b.jobs()); n != 0 {
		t.Errorf("%d were queued for nothing", n)
	}
	r.status = []int{500, 500}
	b.revoke(m)
	for _, j := range b.jobs() {
		j.Attempt = j.MaxAttempts
		if err := b.Deliver(t.Context(), j); err == nil {
			t.Error("the last attempt is not given up")
		}
	}
	if n := b.count(`SELECT count(*) FROM deliveries WHERE state = 'failed'`); n != 2 {
		t.Errorf("%d failed", n)
	}
	if n := b.count(`SELECT count(*) FROM delegations WHERE id = $1 AND ended_at IS NOT NULL`, d.ID); n != 1 {
		t.Error("the delegation is live")
	}
}

// Deliveries go out only: nothing on this machine or its network is reached,
// by number or by name.
func TestNothingInsideIsReached(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	port := r.Listener.Addr().String()[strings.LastIndex(r.Listener.Addr().String(), ":"):]
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]"} {
		b := setup(t) // no development switch
		b.client = b.newService("inside", func(n *clients.New) { n.EventsURI, n.BackChannelLogoutURI = "http://"+host+port+"/events", "" })
		m := b.signed(b.person, packs.DefaultActions(), "housing")
		b.granted(params(), "view")
		b.revoke(m)
		b.work(1)
		if n := b.count(`SELECT count(*) FROM deliveries WHERE state = 'failed' AND last_error = 'private_address'`); n != 1 {
			t.Errorf("%s: not refused", host)
		}
	}
	if len(r.at("/events")) != 0 {
		t.Error("the receiver inside was reached")
	}
}

// An organisation's software is told of its own organisation's events, signed,
// by ids alone.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	b, r := deliveries(t)
	ctx := t.Context()
	var hook acting.Webhook
	var secret acting.WebhookSecret
	b.adds(translog.WebhookRegistered, func() error {
		var err error
		hook, secret, err = b.RegisterWebhook(ctx, b.as(b.referent), acting.NewWebhook{Organisation: b.org, URL: r.URL + "/hook",
			Kinds: []string{string(translog.MandateSigned), string(translog.MandateRevoked)}})
		return err
	})
	b.refuses("not_found", func() error {
		_, _, err := b.RegisterWebhook(ctx, b.as(b.mediator), acting.NewWebhook{Organisation: b.org, URL: r.URL, Kinds: []string{"mandate.signed"}})
		return err
	})
	for _, n := range []acting.NewWebhook{{URL: "http://hook.example/x", Kinds: []string{"mandate.signed"}}, {URL: "ftp://x", Kinds: []string{"mandate.signed"}},
		{URL: r.URL, Kinds: nil}, {URL: r.URL, Kinds: []string{"sign_in.done"}}} {
		n.Organisation = b.org
		b.fails("invalid", func() error { _, _, err := b.RegisterWebhook(ctx, b.as(b.referent), n); return err })
	}
	m := b.signed(b.person, packs.DefaultActions(), "housing")
	b.work(1)
	got := r.at("/hook")
	if len(got) != 1 {
		t.Fatalf("%d were told", len(got))
	}
	var body map[string]string
	must(t, json.Unmarshal([]byte(got[0].body), &body))
	if body["type"] != "mandate.signed" || body["mandate"] != m.ID.String() || body["beneficiary"] != b.person.String() || body["organisation"] != b.org.String() ||
		body["id"] != got[0].header.Get(acting.HeaderDelivery) || strings.Contains(got[0].body, "Haddad") {
		t.Errorf("body %v", body)
	}
	sent, mac, _ := strings.Cut(strings.TrimPrefix(got[0].header.Get(acting.HeaderSignature), "t="), ",v1=")
	at, err := strconv.ParseInt(sent, 10, 64)
	must(t, err)
	if want := acting.WebhookSignature([]byte(secret.Reveal()), time.Unix(at, 0), []byte(got[0].body)); want != "t="+sent+",v1="+mac || at != b.clock.Now().Unix() {
		t.Errorf("signature %s, want %s", got[0].header.Get(acting.HeaderSignature), want)
	}
	if n := b.count(`SELECT count(*) FROM webhooks WHERE position(convert_to($1, 'UTF8') in secret_sealed) > 0`, secret.Reveal()); n != 0 {
		t.Error("the secret is kept as it is")
	}
	hooks, err := b.Webhooks(ctx, b.as(b.referent))
	if err != nil || len(hooks) != 1 || hooks[0].ID != hook.ID {
		t.Errorf("hooks %v %v", hooks, err)
	}
	if log, err := b.DeliveriesOf(ctx, b.as(b.referent), hook.ID); err != nil || len(log) != 1 {
		t.Errorf("log %v %v", log, err)
	}
	b.revoke(m) // queued, then the webhook ends before it is sent
	b.adds(translog.WebhookEnded, func() error { return b.EndWebhook(ctx, b.as(b.referent), hook.ID) })
	b.addsNone(func() error { return b.EndWebhook(ctx, b.as(b.referent), hook.ID) })
	b.work(1)
	if n := len(r.at("/hook")); n != 1 {
		t.Errorf("%d were told after the end", n)
	}
	b.fails("not_found", func() error { return b.EndWebhook(ctx, b.as(b.referent), uuid.New()) })
}

package acting_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/translog"
)

// verified reads a JWS of ours as a service would: by the published keys.
func (b *bundle) verified(jws, typ string) map[string]any {
	b.t.Helper()
	signed, err := jose.ParseSignedCompact(jws, []jose.SignatureAlgorithm{jose.ES256})
	must(b.t, err)
	header := signed.Signatures[0].Protected
	if got := header.ExtraHeaders[jose.HeaderType]; got != typ {
		b.t.Fatalf("typ %v, want %s", got, typ)
	}
	set := b.keys.PublicJWKS()
	keys := set.Key(header.KeyID)
	if len(keys) != 1 {
		b.t.Fatalf("%d keys for %s", len(keys), header.KeyID)
	}
	raw, err := signed.Verify(keys[0].Key)
	must(b.t, err)
	var claims map[string]any
	must(b.t, json.Unmarshal(raw, &claims))
	return claims
}

// OP-06: yes or no, signed, with reasons, and one event either way.
func TestCheck(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.signed(b.person, packs.DefaultActions(), "housing")
	d, tokens := b.tokens("view", "submit")
	ask := func(key, action, procedure string) acting.Answer {
		t.Helper()
		var a acting.Answer
		e := b.adds(translog.CommitChecked, func() error {
			var err error
			a, err = b.Check(ctx, b.client, tokens.AccessID, acting.CheckRequest{Key: key, Action: action, Procedure: procedure})
			return err
		})
		if want := map[bool]string{true: "done", false: "refused"}[a.Allowed]; e.Outcome != want || e.Role != "service" || e.Beneficiary != b.person || e.Detail["allowed"] != a.Allowed {
			t.Errorf("event %+v", e)
		}
		return a
	}
	yes := ask("k1", "submit", "")
	c := b.verified(yes.JWS, "relais-check+jwt")
	claims, err := b.Claims(ctx, d, b.client)
	must(t, err)
	if !yes.Allowed || len(yes.Reasons) != 0 || c["allowed"] != true || c["iss"] != issuer || c["aud"] != b.client.ClientID || c["request_key"] != "k1" ||
		c["sub"] != claims.Subject || c["mandate"] != b.MandateAt(b.client, d) || c["procedure"] != apl || c["action"] != "submit" || c["sid"] != d.ID.String() ||
		c["policy_hash"] == "" || c["jti"] == "" || c["exp"].(float64)-c["iat"].(float64) != 60 {
		t.Errorf("yes %+v %v", yes, c)
	}
	if act := c["act"].(map[string]any); act["sub"] != claims.Actor.Subject || act["org"] != b.org.String() {
		t.Errorf("act %v", act)
	}
	for key, x := range map[string]struct{ action, procedure, reason string }{
		"k2": {"prepare", "", "action_not_in_scope"},
		"k3": {"submit", "housing.fsl", "procedure_not_in_scope"},
		"k4": {"change_payment", "", "action_not_in_scope"},
	} {
		no := ask(key, x.action, x.procedure)
		if c := b.verified(no.JWS, "relais-check+jwt"); no.Allowed || !slices.Contains(no.Reasons, x.reason) || c["allowed"] != false || fmt.Sprint(c["reasons"]) != fmt.Sprint(no.Reasons) {
			t.Errorf("%s: %+v %v", key, no, c)
		}
	}
	for name, act := range map[string]func() error{
		"unknown token": func() error {
			_, err := b.Check(ctx, b.client, "x", acting.CheckRequest{Key: "k", Action: "view"})
			return err
		},
		"refresh token": func() error {
			_, err := b.Check(ctx, b.client, tokens.Refresh, acting.CheckRequest{Key: "k", Action: "view"})
			return err
		},
		"another client": func() error {
			_, err := b.Check(ctx, b.target(), tokens.AccessID, acting.CheckRequest{Key: "k", Action: "view"})
			return err
		},
	} {
		if err := act(); !problem.Is(err, "token_invalid") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, q := range []acting.CheckRequest{{Action: "view"}, {Key: "k", Action: "steal"}, {Key: string(make([]byte, 101)), Action: "view"}} {
		b.fails("invalid", func() error { _, err := b.Check(ctx, b.client, tokens.AccessID, q); return err })
	}
}

// OP-06: the same key gives the same bytes, to many at once too; another
// question under it is refused; an answer that has expired is not given again.
func TestCheckIsIdempotent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	m := b.signed(b.person, packs.DefaultActions(), "housing")
	_, tokens := b.tokens("view", "submit")
	q := acting.CheckRequest{Key: "send-1", Action: "submit"}
	answers := make([]acting.Answer, 8)
	b.adds(translog.CommitChecked, func() error {
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() {
				var err error
				if answers[i], err = b.Check(ctx, b.client, tokens.AccessID, q); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		return nil
	})
	for _, a := range answers {
		if a.JWS != answers[0].JWS || !a.Allowed {
			t.Error("several answers to one key")
		}
	}
	_, rotated, err := b.Refresh(ctx, b.client, tokens.Refresh)
	must(t, err)
	b.addsNone(func() error { // another token of the same delegation: the same question
		a, err := b.Check(ctx, b.client, rotated.AccessID, q)
		if a.JWS != answers[0].JWS || !a.Repeated {
			t.Errorf("with the next token: %+v", a)
		}
		return err
	})
	b.fails("idempotency_key_reused", func() error {
		_, err := b.Check(ctx, b.client, tokens.AccessID, acting.CheckRequest{Key: q.Key, Action: "view"})
		return err
	})
	b.clock.Advance(acting.CheckLifetime)
	b.revoke(m)
	b.fails("check_over", func() error { _, err := b.Check(ctx, b.client, tokens.AccessID, q); return err })
	if a, err := b.Check(ctx, b.client, tokens.AccessID, acting.CheckRequest{Key: "send-2", Action: "submit"}); err != nil || a.Allowed || !slices.Contains(a.Reasons, "mandate_revoked") {
		t.Errorf("after the revocation: %+v %v", a, err)
	}
}

// OP-05: a yes is not given again once it would be a no, whatever stopped it: its
// key is over, and a new one gets a signed no. A no stays the same bytes.
func TestAYesIsNotGivenAgainAfterAStop(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(b *bundle, m mandates.Mandate, d acting.Delegation) error{
		"mandate": func(b *bundle, m mandates.Mandate, _ acting.Delegation) error { b.revoke(m); return nil },
		"mediator": func(b *bundle, _ mandates.Mandate, _ acting.Delegation) error {
			return b.orgs.Suspend(t.Context(), b.as(b.referent), b.memberships[b.mediator], "enquête en cours")
		},
		"delegation": func(b *bundle, _ mandates.Mandate, d acting.Delegation) error {
			return b.EndDelegation(t.Context(), b.as(b.mediator), d.ID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			m := b.signed(b.person, packs.DefaultActions(), "housing")
			d, tokens := b.tokens("submit")
			ask := func(key, action string) (acting.Answer, error) {
				return b.Check(t.Context(), b.client, tokens.AccessID, acting.CheckRequest{Key: key, Action: action})
			}
			yes, err := ask("K", "submit")
			no, errNo := ask("N", "view")
			if err != nil || errNo != nil || !yes.Allowed || no.Allowed {
				t.Fatalf("before: %+v %v, %+v %v", yes, err, no, errNo)
			}
			must(t, stop(b, m, d))
			b.fails("check_over", func() error { _, err := ask("K", "submit"); return err })
			if again, err := ask("N", "view"); err != nil || again.JWS != no.JWS {
				t.Errorf("the no of before: %+v %v", again, err)
			}
			if anew, err := ask("K2", "submit"); err != nil || anew.Allowed || b.verified(anew.JWS, "relais-check+jwt")["allowed"] != false {
				t.Errorf("anew: %+v %v", anew, err)
			}
		})
	}
}

// OP-10: a sensitive act long after the sign-in answers no, needs_step_up, and
// yes once the mediator came back with a fresh one.
func TestCheckOfSensitiveAct(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.signed(b.person, packs.Actions(), "housing")
	_, tokens := b.tokens("view", "change_payment")
	b.clock.Advance(authz.StepUpAge + time.Second)
	_, next, err := b.Refresh(ctx, b.client, tokens.Refresh)
	must(t, err)
	a, err := b.Check(ctx, b.client, next.AccessID, acting.CheckRequest{Key: "1", Action: "change_payment"})
	if err != nil || a.Allowed || !slices.Equal(a.Reasons, []string{"needs_step_up"}) {
		t.Errorf("stale: %+v %v", a, err)
	}
	if a, err := b.Check(ctx, b.client, next.AccessID, acting.CheckRequest{Key: "2", Action: "view"}); err != nil || !a.Allowed {
		t.Errorf("an ordinary act: %+v %v", a, err)
	}
	_, fresh := b.tokens("change_payment")
	if a, err := b.Check(ctx, b.client, fresh.AccessID, acting.CheckRequest{Key: "3", Action: "change_payment"}); err != nil || !a.Allowed {
		t.Errorf("fresh: %+v %v", a, err)
	}
}

// OP-07: a step that a service reports is in the person's case, which is opened
// if none is, marked as reported by that service.
func TestReportedStep(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.signed(b.person, packs.DefaultActions(), "housing")
	_, tokens := b.tokens("prepare", "submit")
	r := acting.Reported{Action: "submit", Outcome: "submitted", ReceiptNumber: "CAF-42", Note: "Dossier complet.", Present: true, IdempotencyKey: "one"}
	var st mandates.Step
	e := b.adds(translog.StepReported, func() error {
		var err error
		st, err = b.ReportStep(ctx, b.client, tokens.AccessID, r)
		return err
	})
	if e.Role != "service" || e.Actor != b.client.ID || e.Step != st.ID || e.Detail["opened"] != true || e.Detail["for"] != b.mediator.String() {
		t.Errorf("event %+v", e)
	}
	c, err := b.mandates.GetCase(ctx, b.as(b.colleague), st.Case)
	must(t, err)
	if len(c.Steps) != 1 || c.Procedure != apl || c.State != "submitted" || c.AssignedTo != b.mediator {
		t.Fatalf("case %+v", c)
	}
	if s := c.Steps[0]; s.ReportedBy != b.client.ID || s.ReportedByName != b.client.Name || s.Mediator != b.mediator || s.ReceiptNumber != "CAF-42" || s.Action != "submit" {
		t.Errorf("step %+v", s)
	}
	if n := b.count(`SELECT count(*) FROM messages WHERE kind = 'first_use'`); n != 1 {
		t.Errorf("%d messages of first use", n)
	}
	b.addsNone(func() error {
		again, err := b.ReportStep(ctx, b.client, tokens.AccessID, r)
		if again.ID != st.ID {
			t.Errorf("the same key gave %s", again.ID)
		}
		return err
	})
	r.IdempotencyKey = "two"
	second, err := b.ReportStep(ctx, b.client, tokens.AccessID, acting.Reported{Action: "prepare", Outcome: "prepared", IdempotencyKey: "two"})
	if err != nil || second.Case != st.Case {
		t.Errorf("the next step: %+v %v", second, err)
	}
	b.fails("idempotency_key_reused", func() error { _, err := b.ReportStep(ctx, b.client, tokens.AccessID, r); return err })
	if n := b.count(`SELECT count(*) FROM cases`); n != 1 {
		t.Errorf("%d cases", n)
	}
}

// A key used again for anything else is refused: other words, or the same words
// about another person or under another mandate. Nothing of the first step, nor
// its id, is told to whoever holds a token for somebody else.
func TestAKeyIsOneReport(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.signed(b.person, packs.DefaultActions(), "housing")
	_, tokens := b.tokens("prepare", "submit")
	first := acting.Reported{Action: "submit", Outcome: "submitted", ReceiptNumber: "CAF-42", Note: "Dossier complet.", IdempotencyKey: "one"}
	kept, err := b.ReportStep(ctx, b.client, tokens.AccessID, first)
	must(t, err)
	reused := func(name, token string, change func(*acting.Reported)) {
		t.Helper()
		r := first
		change(&r)
		got, err := b.ReportStep(ctx, b.client, token, r)
		if !problem.Is(err, "idempotency_key_reused") || got.ID != uuid.Nil {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	reused("another receipt", tokens.AccessID, func(r *acting.Reported) { r.ReceiptNumber = "CAF-43" })
	reused("another note", tokens.AccessID, func(r *acting.Reported) { r.Note = "" })
	reused("another presence", tokens.AccessID, func(r *acting.Reported) { r.Present = true })
	spaced := first
	spaced.ReceiptNumber, spaced.Note = " CAF-42 ", "Dossier  complet.\r\n"
	if again, err := b.ReportStep(ctx, b.client, tokens.AccessID, spaced); err != nil || again.ID != kept.ID {
		t.Errorf("the same words, spaced otherwise: %+v %v", again, err)
	}

	fatima := b.person
	b.person = b.newPerson(b.as(b.mediator), "Rosa", "Lima")
	b.signed(b.person, packs.DefaultActions(), "housing")
	_, others := b.tokens("prepare", "submit")
	reused("another person", others.AccessID, func(*acting.Reported) {})
	b.person = fatima
	b.signed(fatima, packs.DefaultActions(), "housing") // takes the first one's place
	_, next := b.tokens("prepare", "submit")
	reused("another mandate", next.AccessID, func(*acting.Reported) {})
	if n := b.count(`SELECT count(*) FROM steps`); n != 1 {
		t.Errorf("%d steps", n)
	}
}

// A report is held to token, mandate and mediator; what it says to the same
// rules as at the screen.
func TestReportsThatAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	m := b.signed(b.person, packs.DefaultActions(), "housing")
	_, tokens := b.tokens("prepare")
	report := func(r acting.Reported) func() error {
		return func() error { _, err := b.ReportStep(ctx, b.client, tokens.AccessID, r); return err }
	}
	done := acting.Reported{Action: "prepare", Outcome: "prepared"}
	b.refuses("forbidden", report(acting.Reported{Action: "submit", Outcome: "submitted"}), "action_not_in_scope")
	b.refuses("invalid", report(acting.Reported{Action: "prepare", Outcome: "prepared", Note: "2 55 08 14 168 025 38"}), "secret_in_text")
	b.fails("invalid", report(acting.Reported{Action: "prepare", Outcome: "granted"}))
	b.fails("invalid", report(acting.Reported{Action: "steal", Outcome: "done"}))
	b.fails("token_invalid", func() error { _, err := b.ReportStep(ctx, b.target(), tokens.AccessID, done); return err })
	b.fails("token_invalid", func() error { _, err := b.ReportStep(ctx, b.client, "x", done); return err })
	b.revoke(m)
	b.refuses("forbidden", report(done), "mandate_revoked")
	if n := b.count(`SELECT count(*) FROM steps`) + b.count(`SELECT count(*) FROM cases`); n != 0 {
		t.Errorf("%d rows stayed of refused reports", n)
	}
}

// DESIGN §5, 1 and 2: reports under a revocation, many at once, open one case,
// and none is dated after it.
func TestReportsUnderRevocation(t *testing.T) {
	t.Parallel()
	b := setupRacing(t)
	ctx := context.Background()
	m := b.signed(b.person, packs.DefaultActions(), "housing")
	_, tokens := b.tokens("prepare")
	var accepted atomic.Int32
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			for range 8 {
				_, err := b.ReportStep(ctx, b.client, tokens.AccessID, acting.Reported{Action: "prepare", Outcome: "prepared", IdempotencyKey: uuid.NewString()})
				switch {
				case err == nil:
					accepted.Add(1)
				case !problem.Is(err, "forbidden"):
					t.Error(err)
				}
			}
		})
	}
	ended := make(chan struct{})
	go func() { all.Wait(); close(ended) }()
	for over := false; accepted.Load() < 4 && !over; {
		select {
		case <-ended:
			over = true
		case <-time.After(time.Millisecond):
		}
	}
	if accepted.Load() < 4 {
		t.Fatalf("all reports ended, %d were accepted: nothing was raced", accepted.Load())
	}
	b.revoke(m)
	<-ended
	if n := b.count(`SELECT count(*) FROM steps s JOIN events r ON r.kind = 'mandate.revoked' WHERE s.at > r.at`); n != 0 {
		t.Errorf("%d steps are dated after the revocation", n)
	}
	if n := b.count(`SELECT count(*) FROM cases`); n != 1 {
		t.Errorf("%d cases", n)
	}
	if n := b.count(`SELECT count(*) FROM steps`); n != int(accepted.Load()) {
		t.Errorf("%d steps, %d accepted", n, accepted.Load())
	}
}

// BenchmarkCheck is goal T: p99 of a check under 10 ms at 500 a second.
func BenchmarkCheck(b *testing.B) {
	h := setupRacing(b)
	h.signed(h.person, packs.DefaultActions(), "housing")
	_, tokens := h.tokens("submit")
	ctx := context.Background()
	took := make([]time.Duration, b.N)
	var n atomic.Int64
	var all sync.WaitGroup
	start := time.Now()
	b.ResetTimer()
	for range 16 {
		all.Go(func() {
			for i := n.Add(1) - 1; i < int64(b.N); i = n.Add(1) - 1 {
				due := start.Add(time.Duration(i) * 2 * time.Millisecond) // 500 a second
				time.Sleep(time.Until(due))
				if _, err := h.Check(ctx, h.client, tokens.AccessID, acting.CheckRequest{Key: uuid.NewString(), Action: "submit"}); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(due)
			}
		})
	}
	all.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "checks/s")
}

// BenchmarkFlow is code → token → userinfo, without HTTP and without signing
// the tokens themselves.
func BenchmarkFlow(b *testing.B) {
	h := setupRacing(b)
	h.signed(h.person, packs.DefaultActions(), "housing")
	ctx := context.Background()
	granted := h.granted(params(), "view")
	codes := make([]string, b.N)
	for i := range codes {
		codes[i] = uuid.NewString()
	}
	_, err := h.store.Pool().Exec(ctx, `INSERT INTO acting_codes (code_hash, delegation_id, client_id, redirect_uri, code_challenge, expires_at)
		SELECT sha256(convert_to(c, 'UTF8')), $2, $3, $4, $5, now() + interval '1 hour' FROM unnest($1::text[]) c`,
		codes, granted.ID, h.client.ID, backURL, challengeOf(verifier))
	must(b, err)
	var n atomic.Int64
	var all sync.WaitGroup
	b.ResetTimer()
	for range 8 {
		all.Go(func() {
			for i := n.Add(1) - 1; i < int64(b.N); i = n.Add(1) - 1 {
				d, err := h.Redeem(ctx, h.client, redemption(codes[i]))
				if err != nil {
					b.Error(err)
					return
				}
				t, err := h.IssueAccess(ctx, d, "caf", true)
				if err != nil {
					b.Error(err)
					return
				}
				if _, err := h.Use(ctx, t.AccessID); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "flows/s")
}

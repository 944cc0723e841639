package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// benchToken measures code → tokens by itself: the program's whole work on the
// request, its decisions, event and two ES256 signatures, in the server's process
// and without a connection, against the same SQL without any of that.
func (f *field) benchToken(ctx context.Context, s settings, order loadOrder) error {
	script, err := f.statements(ctx, "heardtoken", order, func(at *service) error {
		_, err := at.redeem(0)
		return err
	})
	if err != nil {
		return err
	}
	var control, tokens runs
	for round := range s.rounds {
		codes := fmt.Sprint("token", round)
		if err := errors.Join(f.layCodes(ctx, codes, 2*codesLaid*s.seconds, f.granted[:flowClients]...), f.layCodes(ctx, "control"+codes, 2*codesLaid*s.seconds, f.granted[:flowClients]...)); err != nil {
			return err
		}
		b, err := f.pgbench(ctx, strings.ReplaceAll(script, "heardtoken-", "control"+codes+"-"), flowClients, s.seconds, "-D", "i=-1")
		if err != nil {
			return err
		}
		t := *order.Tokens
		t.Codes = codes
		r, err := f.redeemHere(ctx, t, order.Length)
		if err != nil {
			return err
		}
		control, tokens = append(control, b), append(tokens, r)
	}
	fmt.Println("tokens, without a connection: code, tokens, two signatures")
	line("the same SQL", control)
	line("Relais", tokens)
	fmt.Printf("  p50 %.1f ms, p99 %.1f ms; %s\n", tokens.p50(), tokens.p99(), goal("T", tokens.ratio(control), 0.5))
	return nil
}

// redeemHere has the server's handler redeem codes for so long, flowClients at once.
func (f *field) redeemHere(ctx context.Context, t tokenOrder, length time.Duration) (measured, error) {
	before, err := f.spent()
	if err != nil {
		return measured{}, err
	}
	took, errs := make([][]time.Duration, flowClients), make([]error, flowClients)
	began := time.Now()
	var all sync.WaitGroup
	for i := range flowClients {
		all.Go(func() {
			for n := i; time.Since(began) < length && errs[i] == nil; n += flowClients {
				at := time.Now()
				errs[i] = f.redeemOne(ctx, t, n)
				took[i] = append(took[i], time.Since(at))
			}
		})
	}
	all.Wait()
	a := loadAnswer{Elapsed: time.Since(began)}
	a.take(slices.Concat(took...))
	after, err := f.spent()
	return measured{perSecond: float64(a.Answered) / a.Elapsed.Seconds(), count: float64(a.Answered), p50: a.P50, p99: a.P99,
		cpu: cpu{server: after.server - before.server, postgres: after.postgres - before.postgres}}, errors.Join(append(errs, err)...)
}

func (f *field) redeemOne(ctx context.Context, t tokenOrder, n int) error {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {fmt.Sprintf("%s-%d", t.Codes, n)}, "redirect_uri": {t.Redirect}, "code_verifier": {codeVerifier}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Host, req.RemoteAddr = f.address, "127.0.0.1:1"
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(t.ID, t.Secret)
	res := httptest.NewRecorder()
	f.handler.ServeHTTP(res, req)
	if res.Code != http.StatusOK || !strings.Contains(res.Body.String(), `"id_token"`) {
		return fmt.Errorf("%w: %d: %s", errAnswer, res.Code, res.Body)
	}
	return nil
}

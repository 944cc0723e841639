package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// tokenOrder tells the load generator to be a service.
type tokenOrder struct {
	ID, Secret, Redirect string
	// Codes are "<Codes>-<n>", from First; each client takes every Clients-th.
	Codes string
	First int
	// Bearer and PerSecond ask for checks at that pace instead of whole flows.
	Bearer    string
	PerSecond int
}

// service is a service under load. Its clients share one pool of connections,
// as a service's do.
type service struct {
	loadOrder
	http *http.Client
}

var errShape = errors.New("an answer of another shape")

func runService(ctx context.Context, order loadOrder) (loadAnswer, error) {
	s := &service{order, &http.Client{Timeout: 30 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: order.Clients, MaxConnsPerHost: order.Clients}}}
	one := s.flow
	if s.Tokens.PerSecond > 0 {
		one = s.check
	}
	began := time.Now()
	took, last := make([][]time.Duration, s.Clients), make([][]time.Duration, s.Clients)
	errs := make([]error, s.Clients)
	var all sync.WaitGroup
	for i := range s.Clients {
		all.Go(func() {
			for n := i; time.Since(began) < s.Length; n += s.Clients {
				at := s.due(began, n)
				within, err := one(ctx, n)
				if err != nil {
					errs[i] = err
					return
				}
				took[i], last[i] = append(took[i], time.Since(at)), append(last[i], within)
			}
		})
	}
	all.Wait()
	a := loadAnswer{Elapsed: time.Since(began)}
	if err := errors.Join(errs...); err != nil {
		return a, err
	}
	a.take(slices.Concat(took...))
	part := slices.Concat(last...)
	slices.Sort(part)
	a.Last99 = part[len(part)*99/100]
	return a, nil
}

// due waits for the n-th request's turn, and says when that was: a late answer
// makes the next ones late too, and all of that counts.
func (s *service) due(began time.Time, n int) time.Time {
	if s.Tokens.PerSecond == 0 {
		return time.Now()
	}
	at := began.Add(time.Duration(n) * time.Second / time.Duration(s.Tokens.PerSecond))
	time.Sleep(time.Until(at))
	return at
}

// redeem takes a code in exchange for an access token.
func (s *service) redeem(ctx context.Context, n int) (string, error) {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {fmt.Sprintf("%s-%d", s.Tokens.Codes, s.Tokens.First+n)},
		"redirect_uri": {s.Tokens.Redirect}, "code_verifier": {codeVerifier}}
	basic := base64.StdEncoding.EncodeToString([]byte(s.Tokens.ID + ":" + s.Tokens.Secret))
	var tokens struct {
		Access string `json:"access_token"`
		ID     string `json:"id_token"`
	}
	err := s.ask(ctx, http.MethodPost, "/oauth/token", "Basic "+basic, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()), &tokens)
	if err == nil && (tokens.Access == "" || tokens.ID == "") {
		err = fmt.Errorf("%w: no tokens", errShape)
	}
	return tokens.Access, err
}

// flow redeems a code and asks who it is about; it says how long the latter took.
func (s *service) flow(ctx context.Context, n int) (time.Duration, error) {
	access, err := s.redeem(ctx, n)
	if err != nil {
		return 0, err
	}
	at := time.Now()
	var person struct {
		Subject string `json:"sub"`
		Actor   struct {
			Subject string `json:"sub"`
		} `json:"act"`
	}
	err = s.ask(ctx, http.MethodGet, "/oauth/userinfo", "Bearer "+access, "", nil, &person)
	if err == nil && (person.Subject == "" || person.Actor.Subject == "") {
		err = errShape
	}
	return time.Since(at), err
}

// check asks whether the mediator may send.
func (s *service) check(ctx context.Context, _ int) (time.Duration, error) {
	at := time.Now()
	var answer struct {
		Allowed bool `json:"allowed"`
	}
	err := s.ask(ctx, http.MethodPost, "/api/v1/commit-checks", "Bearer "+s.Tokens.Bearer, "application/json",
		strings.NewReader(`{"action":"submit","procedure":"housing.apl"}`), &answer)
	if err == nil && !answer.Allowed {
		err = fmt.Errorf("%w: refused", errShape)
	}
	return time.Since(at), err
}

func (s *service) ask(ctx context.Context, method, path, authorization, kind string, body io.Reader, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.Address+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", authorization)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
		req.Header.Set("Idempotency-Key", uuid.NewString())
	}
	res, err := s.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // read to its end
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: %s %s: %s", errAnswer, path, res.Status, bytes.TrimSpace(raw))
	}
	return json.Unmarshal(raw, into)
}

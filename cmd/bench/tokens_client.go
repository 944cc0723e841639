package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
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
	// Bearers, one for each client, and PerSecond ask for checks, or who it is about,
	// at that pace instead of whole flows.
	Bearers   []string
	PerSecond int
	Get       string // "": checks
}

// service is one of a service's connections, kept, under load. It writes its
// requests itself, as client does.
type service struct {
	loadOrder
	bearer string
	conn   net.Conn
	in     *bufio.Reader
}

const userInfoPath = "/oauth/userinfo"

var errShape = errors.New("an answer of another shape")

func newService(ctx context.Context, order loadOrder) (*service, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", order.Address)
	if err != nil {
		return nil, err
	}
	return &service{loadOrder: order, conn: conn, in: bufio.NewReaderSize(conn, 16<<10)}, nil
}

func runService(ctx context.Context, order loadOrder) (loadAnswer, error) {
	services := make([]*service, order.Clients)
	for i := range services {
		var err error
		if services[i], err = newService(ctx, order); err != nil {
			return loadAnswer{}, err
		}
	}
	began := time.Now()
	took, last := make([][]time.Duration, order.Clients), make([][]time.Duration, order.Clients)
	errs := make([]error, order.Clients)
	var all sync.WaitGroup
	for i, s := range services {
		one := s.flow
		if s.Tokens.PerSecond > 0 {
			one, s.bearer = s.paced, s.Tokens.Bearers[i%len(s.Tokens.Bearers)]
		}
		all.Go(func() {
			for n := i; time.Since(began) < s.Length; n += s.Clients {
				at := s.due(began, n)
				within, err := one(n)
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
func (s *service) redeem(n int) (string, error) {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {fmt.Sprintf("%s-%d", s.Tokens.Codes, s.Tokens.First+n)},
		"redirect_uri": {s.Tokens.Redirect}, "code_verifier": {codeVerifier}}
	basic := base64.StdEncoding.EncodeToString([]byte(s.Tokens.ID + ":" + s.Tokens.Secret))
	var tokens struct {
		Access string `json:"access_token"`
		ID     string `json:"id_token"`
	}
	err := s.ask("POST /oauth/token", "Basic "+basic, "application/x-www-form-urlencoded", form.Encode(), &tokens)
	if err == nil && (tokens.Access == "" || tokens.ID == "") {
		err = fmt.Errorf("%w: no tokens", errShape)
	}
	return tokens.Access, err
}

// flow redeems a code and asks who it is about; it says how long the latter took.
func (s *service) flow(n int) (time.Duration, error) {
	access, err := s.redeem(n)
	if err != nil {
		return 0, err
	}
	at := time.Now()
	err = s.userInfo(access)
	return time.Since(at), err
}

func (s *service) userInfo(access string) error {
	var person struct {
		Subject string `json:"sub"`
		Actor   struct {
			Subject string `json:"sub"`
		} `json:"act"`
	}
	err := s.ask("GET "+userInfoPath, "Bearer "+access, "", "", &person)
	if err == nil && (person.Subject == "" || person.Actor.Subject == "") {
		err = errShape
	}
	return err
}

// paced asks what is due: who the token is about, or whether the mediator may send.
func (s *service) paced(int) (time.Duration, error) {
	at, err := time.Now(), error(nil)
	switch s.Tokens.Get {
	case "":
		err = s.check()
	case userInfoPath:
		err = s.userInfo(s.bearer)
	default:
		err = s.ask("GET "+s.Tokens.Get, "", "", "", nil)
	}
	return time.Since(at), err
}

func (s *service) check() error {
	var answer struct {
		Allowed bool `json:"allowed"`
	}
	err := s.ask("POST /api/v1/commit-checks", "Bearer "+s.bearer, "application/json",
		`{"action":"submit","procedure":"housing.apl"}`, &answer)
	if err == nil && !answer.Allowed {
		err = fmt.Errorf("%w: refused", errShape)
	}
	return err
}

func (s *service) ask(what, authorization, kind, body string, into any) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\n", what, s.Address, authorization)
	if kind != "" {
		fmt.Fprintf(&b, "Content-Type: %s\r\nContent-Length: %d\r\nIdempotency-Key: %s\r\n", kind, len(body), uuid.NewString())
	}
	b.WriteString("\r\n" + body)
	if _, err := s.conn.Write(b.Bytes()); err != nil {
		return err
	}
	res, err := http.ReadResponse(s.in, nil)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // read to its end
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: %s: %s: %s", errAnswer, what, res.Status, bytes.TrimSpace(raw))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(raw, into)
}

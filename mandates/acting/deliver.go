package acting

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/riverqueue/river"

	"github.com/relais-org/relais/organisations/clients"
)

// The typ of what is signed, so that none is taken for another.
const (
	typSet    = "secevent+jwt"
	typLogout = "logout+jwt"
	typCheck  = "relais-check+jwt"
)

// logoutLifetime bounds a logout token (Back-Channel Logout 1.0 §2.4).
const logoutLifetime = 2 * time.Minute

// The headers of a webhook. A receiver computes HMAC-SHA-256, with its secret,
// of "<t>.<body>" and compares it with v1 in constant time; refuses a t more
// than five minutes from its own clock; and keeps the ids it has seen for that
// long, which refuses a replay. docs/acting.md says so to them.
const (
	HeaderSignature = "Relais-Signature" // t=<unix seconds>,v1=<hex>
	HeaderDelivery  = "Relais-Delivery"  // the id, also in the body
	HeaderEvent     = "Relais-Event"     // the kind
)

// The queues of deliveries, each with workers of its own: receivers that answer
// slowly or not at all keep nobody's messages waiting, and an organisation's
// software never keeps services from hearing of a stop.
const (
	queueServices = "deliveries"
	queueSoftware = "webhooks"
)

// Queues are what the process that works jobs must work for deliveries.
func Queues() map[string]river.QueueConfig {
	return map[string]river.QueueConfig{queueServices: {MaxWorkers: 8}, queueSoftware: {MaxWorkers: 4}}
}

// queueOf says where a kind of delivery waits.
func queueOf(kind string) string {
	if kind == deliverWebhook {
		return queueSoftware
	}
	return queueServices
}

// Register adds the worker that pushes deliveries.
func (s *Service) Register(workers *river.Workers) error {
	return river.AddWorkerSafely(workers, &deliverWorker{service: s})
}

type deliverWorker struct {
	river.WorkerDefaults[deliverArgs]
	service *Service
}

// Timeout of one attempt.
func (*deliverWorker) Timeout(*river.Job[deliverArgs]) time.Duration { return 30 * time.Second }

// Work pushes one delivery. It is at-least-once: one that is no longer queued
// is nothing to do, and an attempt that a crash cut short is made again under
// the same id.
func (w *deliverWorker) Work(ctx context.Context, job *river.Job[deliverArgs]) error {
	return w.service.deliver(ctx, job)
}

// errFinal says that trying again is useless.
var errFinal = errors.New("acting: refused for good")

func (s *Service) deliver(ctx context.Context, job *river.Job[deliverArgs]) error {
	p, err := loadParcel(ctx, s.commands.Store(), job.Args.Delivery)
	if err != nil {
		return fmt.Errorf("load a delivery: %w", err)
	}
	if p.state != "queued" {
		return nil
	}
	status, sendErr := 0, errFinal
	if p.active {
		status, sendErr = s.push(ctx, p)
	}
	last := job.Attempt >= job.MaxAttempts || errors.Is(sendErr, errFinal)
	var next time.Time
	if sendErr != nil && !last {
		next = (&river.DefaultClientRetryPolicy{}).NextRetry(job.JobRow)
	}
	if err := markAttempt(ctx, s.commands.Store(), p, outcome{status: status, err: sendErr, last: last, next: next}); err != nil {
		return fmt.Errorf("keep what became of a delivery: %w", err)
	}
	if sendErr != nil && last {
		return river.JobCancel(sendErr)
	}
	return sendErr
}

// push makes the one request of an attempt.
func (s *Service) push(ctx context.Context, p parcel) (status int, err error) {
	req, err := s.request(ctx, p)
	if err != nil {
		return 0, err
	}
	req.Header.Set("User-Agent", "Relais")
	res, err := s.http.Do(req)
	if err != nil {
		if errors.Is(err, errPrivate) {
			return 0, errors.Join(errFinal, errPrivate)
		}
		return 0, fmt.Errorf("push: %w", err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 4096))
	_ = res.Body.Close()
	switch {
	case res.StatusCode >= 200 && res.StatusCode < 300:
		return res.StatusCode, nil
	case slices.Contains([]int{http.StatusBadRequest, http.StatusGone}, res.StatusCode): // RFC 8935 §2.3: it will never be taken
		return res.StatusCode, errFinal
	}
	return res.StatusCode, fmt.Errorf("acting: answered %d", res.StatusCode)
}

// request is what is sent: signed now, under the delivery's own id.
func (s *Service) request(ctx context.Context, p parcel) (*http.Request, error) {
	now := s.commands.Store().Now()
	body, kind := p.body, "application/json"
	switch p.kind {
	case deliverSet:
		jws, err := s.signed(typSet, p.body, map[string]int64{"iat": now.Unix()})
		if err != nil {
			return nil, err
		}
		body, kind = []byte(jws), "application/secevent+jwt"
	case deliverLogout:
		jws, err := s.signed(typLogout, p.body, map[string]int64{"iat": now.Unix(), "exp": now.Add(logoutLifetime).Unix()})
		if err != nil {
			return nil, err
		}
		body, kind = []byte("logout_token="+jws), "application/x-www-form-urlencoded"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil || !clients.Address(p.url) {
		return nil, errFinal
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Accept", "application/json")
	if p.kind == deliverWebhook {
		clear, err := s.sealer.Open(p.sealed, p.receiver)
		if err != nil {
			return nil, fmt.Errorf("open a webhook's secret: %w", err)
		}
		req.Header.Set(HeaderDelivery, p.id.String())
		req.Header.Set(HeaderEvent, p.event)
		req.Header.Set(HeaderSignature, WebhookSignature(clear, now, p.body))
	}
	return req, nil
}

// WebhookSignature is the value of HeaderSignature.
func WebhookSignature(secret []byte, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// signed adds times to stored claims and signs them.
func (s *Service) signed(typ string, claims []byte, times map[string]int64) (string, error) {
	all := map[string]any{}
	if err := json.Unmarshal(claims, &all); err != nil {
		return "", fmt.Errorf("read a delivery: %w", err)
	}
	for name, at := range times {
		all[name] = at
	}
	raw, err := json.Marshal(all)
	if err != nil {
		return "", fmt.Errorf("write a delivery: %w", err)
	}
	jws, _, err := s.keys.SignAs(typ, raw)
	return jws, err
}

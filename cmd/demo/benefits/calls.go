package benefits

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Addresses of Relais for machines.
const (
	checksPath = "/api/v1/commit-checks"
	stepsPath  = "/api/v1/reported-steps"
)

// checkFresh is how old a signed answer may be: it is about this moment.
const checkFresh = time.Minute

// checkType is the kind of token that answers a commit check.
const checkType = "relais-check+jwt"

// verdict is the answer to a commit check, once its signature held.
type verdict struct {
	Allowed bool
	Reasons []string
}

// signedVerdict is the answer as it is signed: only this counts.
type signedVerdict struct {
	Audience   audience `json:"aud"`
	Allowed    bool     `json:"allowed"`
	Reasons    []string `json:"reasons"`
	Action     string   `json:"action"`
	Procedure  string   `json:"procedure"`
	Delegation string   `json:"sid"`
	Subject    string   `json:"sub"`
	Key        string   `json:"request_key"`
	IssuedAt   float64  `json:"iat"`
	Expires    float64  `json:"exp"`
}

// commitCheck asks whether this may be done now, and believes only what is
// signed: for this client, this person, this act, now.
func (r *relais) commitCheck(ctx context.Context, o opened, action, key string) (verdict, error) {
	var told struct {
		Signed string `json:"signed"`
	}
	if err := r.call(ctx, o, checksPath, key, map[string]string{"procedure": r.Procedure, "action": action}, &told); err != nil {
		return verdict{}, err
	}
	d, err := r.discover(ctx)
	if err != nil {
		return verdict{}, err
	}
	var s signedVerdict
	if err := r.signed(ctx, d, told.Signed, checkType, &s); err != nil {
		return verdict{}, fmt.Errorf("the answer to the commit check: %w", err)
	}
	at := time.Unix(int64(s.IssuedAt), 0)
	switch {
	case !slices.Contains(s.Audience, r.ClientID), s.Subject != o.Person, s.Delegation != o.Delegation:
		return verdict{}, errors.New("the answer to the commit check is for somebody else")
	case s.Action != action, s.Procedure != r.Procedure, s.Key != key:
		return verdict{}, errors.New("the answer to the commit check is about something else")
	case r.Now().Sub(at) > checkFresh || at.Sub(r.Now()) > checkFresh || !r.Now().Before(time.Unix(int64(s.Expires), 0)):
		return verdict{}, errors.New("the answer to the commit check is not of now")
	}
	return verdict{Allowed: s.Allowed, Reasons: s.Reasons}, nil
}

// reported is a step that was done here.
type reported struct {
	Action        string `json:"action"`
	Outcome       string `json:"outcome"`
	ReceiptNumber string `json:"receipt_number,omitempty"`
	Note          string `json:"note,omitempty"`
	Key           string `json:"-"`
}

func (r *relais) reportStep(ctx context.Context, o opened, step reported) error {
	var taken struct {
		ID string `json:"id"`
	}
	return r.call(ctx, o, stepsPath, step.Key, step, &taken)
}

// call posts JSON with the access token. The same key is the same request.
func (r *relais) call(ctx context.Context, o opened, path, key string, body, into any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.Issuer+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+o.access)
	req.Header.Set("Idempotency-Key", key)
	_, answer, err := r.do(req)
	if said := (*answerError)(nil); err != nil && (!errors.As(err, &said) || said.Status >= http.StatusInternalServerError) {
		return fmt.Errorf("%w: %w", errAway, err)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(answer, into)
}

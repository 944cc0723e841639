package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Gateway sends SMS by one signed HTTP request:
//
//	POST <address>   Content-Type: application/json   Idempotency-Key: <message id>
//	Relais-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256(secret, t + "." + body)>
//	{"id":"…","to":"+33612345678","text":"…"}
//
// Any 2xx accepts; 400, 404 and 422 refuse for good; anything else is tried again.
type Gateway struct {
	address string
	secret  []byte
	client  *http.Client
	now     func() time.Time
}

// NewGateway makes the sender; now is the signing clock.
func NewGateway(address string, secret []byte, now func() time.Time) *Gateway {
	return &Gateway{address: address, secret: secret, now: now, client: &http.Client{Timeout: 15 * time.Second}}
}

type smsBody struct {
	ID   string `json:"id"`
	To   string `json:"to"`
	Text string `json:"text"`
}

// Send hands one message to the gateway.
func (g *Gateway) Send(ctx context.Context, id string, m Message) error {
	body, err := json.Marshal(smsBody{ID: id, To: m.Recipient, Text: m.Body})
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.address, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("gateway address: %w", err)
	}
	at := strconv.FormatInt(g.now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", id)
	req.Header.Set("Relais-Signature", "t="+at+",v1="+SignSMS(g.secret, at, body))
	resp, err := g.client.Do(req)
	if err != nil {
		return fmt.Errorf("reach the SMS gateway: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // read to the end below
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	switch {
	case resp.StatusCode/100 == 2:
		return nil
	case resp.StatusCode == 400 || resp.StatusCode == 404 || resp.StatusCode == 422:
		return ErrRefused
	}
	return fmt.Errorf("the SMS gateway answered %d", resp.StatusCode)
}

// SignSMS is the signature of a request, for gateways and for tests.
func SignSMS(secret []byte, at string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(at + "."))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

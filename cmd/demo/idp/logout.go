package idp

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
)

const (
	logoutTokenLifetime = 2 * time.Minute
	deliveryTimeout     = 3 * time.Second
	// logoutEvent is the member of events that makes a token a logout token.
	logoutEvent = "http://schemas.openid.net/event/backchannel-logout"
)

// courier brings logout tokens to relying parties (Back-Channel Logout 1.0
// §2.5). An unreachable one is logged and not tried again, as the
// specification allows.
type courier struct {
	storage *storage
	client  *http.Client
}

func newCourier(s *storage) *courier {
	return &courier{storage: s, client: &http.Client{
		Timeout:       deliveryTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (c *courier) deliver(ctx context.Context, ended []session) { c.tell(ctx, ended) }

// tell sends one token for each relying party of each session, at the same
// time, and counts those that accepted.
func (c *courier) tell(ctx context.Context, ended []session) int {
	// The browser may leave before the relying parties have answered.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deliveryTimeout)
	defer cancel()
	var accepted atomic.Int64
	var all sync.WaitGroup
	for _, s := range ended {
		for _, id := range s.clients {
			client, ok := c.storage.client(id)
			if !ok || client.BackChannelURI == "" {
				continue
			}
			all.Go(func() {
				if err := c.post(ctx, client, s); err != nil {
					slog.WarnContext(ctx, "logout token not delivered", "client", client.ID, "error", err)
					return
				}
				accepted.Add(1)
			})
		}
	}
	all.Wait()
	return int(accepted.Load())
}

func (c *courier) post(ctx context.Context, client Client, s session) error {
	token, err := c.token(client, s)
	if err != nil {
		return err
	}
	body := url.Values{"logout_token": {token}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, client.BackChannelURI, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := c.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // nothing read from it
	if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusNoContent {
		return fmt.Errorf("answered %s", answer.Status)
	}
	return nil
}

// token makes a logout token (Back-Channel Logout 1.0 §2.4), typed
// logout+jwt so that it cannot pass for an ID token.
func (c *courier) token(client Client, s session) (string, error) {
	key := c.storage.keys.current()
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: key.alg, Key: jose.JSONWebKey{Key: key.signer, KeyID: key.id}},
		(&jose.SignerOptions{}).WithType("logout+jwt"))
	if err != nil {
		return "", err
	}
	now := time.Now()
	claims, err := json.Marshal(map[string]any{
		"iss": c.storage.issuer, "aud": client.ID, "sub": s.subject, "sid": s.sid,
		"iat": now.Unix(), "exp": now.Add(logoutTokenLifetime).Unix(), "jti": uuid.NewString(),
		"events": map[string]any{logoutEvent: struct{}{}},
	})
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

package clients

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ErrTokenOver is the cause of token_invalid, and of a refusal by AccessToken.Check,
// where a token of ours was shown that does not hold, or not here: who shows it was
// given it once, and guesses nothing.
var ErrTokenOver = errors.New("a token of ours that does not hold")

// Audience is one string or a list (RFC 7519 §4.1.3).
type Audience []string

// UnmarshalJSON reads either.
func (a *Audience) UnmarshalJSON(raw []byte) error {
	var one string
	if err := json.Unmarshal(raw, &one); err == nil {
		*a = Audience{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(a))
}

// AccessToken is what is read of a delegated access token (RFC 9068 §2.2), once its
// signature is known to be ours. All else it says is for the service: what it still
// opens is looked up by its ID.
type AccessToken struct {
	Issuer   string   `json:"iss"`
	Audience Audience `json:"aud"`
	ClientID string   `json:"client_id"` // whom it was given to
	ID       string   `json:"jti"`
	IssuedAt int64    `json:"iat"` // Unix seconds, as Expiry
	Expiry   int64    `json:"exp"` // exclusive
	Actor    struct {
		Subject string `json:"sub"` // the mediator, pairwise
	} `json:"act"`
}

// Check holds a token to its issuer and its end (RFC 9068 §4). Whom it is for is
// the reader's to say. A refusal is an [ErrTokenOver].
func (t AccessToken) Check(issuer string, now time.Time) error {
	switch {
	case t.Issuer != issuer:
		return fmt.Errorf("%w: another issuer's", ErrTokenOver)
	case !now.Before(time.Unix(t.Expiry, 0)):
		return fmt.Errorf("%w: expired", ErrTokenOver)
	case t.ID == "":
		return fmt.Errorf("%w: without jti", ErrTokenOver)
	}
	return nil
}

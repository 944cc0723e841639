package login

import (
	"errors"

	"github.com/relais-org/relais/internal/problem"
)

// Fault is why a sign-in or a logout token was refused: a stable word for the
// event. People are never told which one it was.
type Fault string

// The faults.
const (
	StateUnknown        Fault = "state_unknown"        // no such attempt, or removed since
	StateReplayed       Fault = "state_replayed"       // the attempt was used before
	BrowserMismatch     Fault = "browser_mismatch"     // begun in another browser
	Expired             Fault = "expired"              // attempt or token too old
	ProviderError       Fault = "provider_error"       // the issuer answered with an error
	ProviderUnavailable Fault = "provider_unavailable" // the issuer does not answer
	TokenExchange       Fault = "token_exchange"       // code or PKCE verifier refused, or no ID token
	Algorithm           Fault = "alg"                  // unsigned, or signed in a way not named
	Signature           Fault = "signature"            // not signed by a key of the issuer
	WrongIssuer         Fault = "issuer"               // another issuer's answer or token
	WrongAudience       Fault = "audience"             // made for another client
	WrongNonce          Fault = "nonce"                // made for another attempt
	Clock               Fault = "clock"                // from the future
	AccessTokenHash     Fault = "at_hash"              // ID and access token do not belong together
	Subject             Fault = "subject"              // missing, or userinfo is about somebody else
	ACRNotMet           Fault = "acr_not_met"          // not as strong as asked for
	MaxAgeNotMet        Fault = "max_age_not_met"      // not as fresh as asked for
	LogoutReplayed      Fault = "logout_replayed"      // this logout token was used before
	LogoutShape         Fault = "logout_shape"         // not a logout token (Back-Channel Logout 1.0 §2.6)
)

// failure is the cause inside the problem.
type failure struct {
	fault  Fault
	detail error
}

func (f *failure) Error() string {
	if f.detail == nil {
		return string(f.fault)
	}
	return string(f.fault) + ": " + f.detail.Error()
}

func (f *failure) Unwrap() error { return f.detail }

func fail(f Fault, detail error) *failure { return &failure{fault: f, detail: detail} }

// Cause says which fault is behind an error of this package, or nothing when
// the error is something else, such as a database that does not answer.
func Cause(err error) Fault {
	var f *failure
	if errors.As(err, &f) {
		return f.fault
	}
	return ""
}

// refuse turns a fault into the one answer for all of them; other errors pass.
func refuse(err error) error {
	if Cause(err) == "" {
		return err
	}
	return problem.New(problem.KindUnauthenticated, "login_failed").Because(err)
}

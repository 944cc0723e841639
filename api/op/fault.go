package op

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/organisations/clients"
)

// The error codes of the protocols, with their source.
const (
	invalidRequest         = "invalid_request"                  // RFC 6749 §4.1.2.1, §5.2
	invalidClient          = "invalid_client"                   // RFC 6749 §5.2
	invalidGrant           = "invalid_grant"                    // RFC 6749 §5.2
	invalidScope           = "invalid_scope"                    // RFC 6749 §5.2
	unauthorizedClient     = "unauthorized_client"              // RFC 6749 §5.2
	unsupportedGrant       = "unsupported_grant_type"           // RFC 6749 §5.2
	unsupportedResponse    = "unsupported_response_type"        // RFC 6749 §4.1.2.1
	accessDenied           = "access_denied"                    // RFC 6749 §4.1.2.1
	serverError            = "server_error"                     // RFC 6749 §4.1.2.1
	temporarilyDown        = "temporarily_unavailable"          // RFC 6749 §4.1.2.1
	invalidToken           = "invalid_token"                    // RFC 6750 §3.1
	insufficientScope      = "insufficient_scope"               // RFC 6750 §3.1
	insufficientAuth       = "insufficient_user_authentication" // RFC 9470 §3
	invalidTarget          = "invalid_target"                   // RFC 8693 §2.2.2
	invalidDetails         = "invalid_authorization_details"    // RFC 9396 §5
	interactionRequired    = "interaction_required"             // OpenID Connect Core §3.1.2.6
	requestNotSupported    = "request_not_supported"            // OpenID Connect Core §3.1.2.6
	requestURIInvalid      = "invalid_request_uri"              // OpenID Connect Core §3.1.2.6: a pushed one that is over
	requestURINotSupported = "request_uri_not_supported"        // OpenID Connect Core §3.1.2.6: one of elsewhere
	registrationForbidden  = "registration_not_supported"       // OpenID Connect Core §3.1.2.6
)

// fault is an error as the protocols say it. What it describes is for
// developers, in English, as RFC 6749 §5.2 has it; people read pages.
type fault struct {
	status      int
	code        string
	description string
	reasons     []string // of a refusal, as authz names them
	challenge   string   // WWW-Authenticate
	stepUp      bool     // a fresh authentication would help
	over        bool     // shown to a person: used already, or too late
	retryAfter  string
	cause       error // for the log alone

	// Of a refused proof: the client it was shown for, as it says, and a reason
	// of clients; for the record, never for the answer.
	claimed, why string
	client       uuid.UUID // ours, of the client refused when it is registered; for the log
}

func (f *fault) Error() string {
	if f.cause != nil {
		return f.code + ": " + f.description + ": " + f.cause.Error()
	}
	return f.code + ": " + f.description
}

func (f *fault) Unwrap() error { return f.cause }

// bad is a fault of the request.
func bad(code, description string) *fault {
	return &fault{status: http.StatusBadRequest, code: code, description: description}
}

// unknownClient is the one answer whatever was wrong with the client or its
// proof.
func unknownClient(cause error) *fault {
	return &fault{status: http.StatusUnauthorized, code: invalidClient, description: "client authentication failed", cause: cause}
}

// unproved is unknownClient of a proof that was shown for some client.
func unproved(clientID, why string, cause error) *fault {
	f := unknownClient(cause)
	f.claimed, f.why = clientID, why
	return f
}

// asFault reads any error; refused is the code of a refusal by the rules.
func asFault(err error, refused string) *fault {
	var f *fault
	if errors.As(err, &f) {
		return f
	}
	p := problem.As(err)
	out := &fault{status: http.StatusBadRequest, code: refused, description: p.Code, reasons: p.Reasons, cause: err}
	switch p.Kind {
	case problem.KindNeedsStepUp:
		out.code, out.stepUp, out.description = insufficientAuth, true, "a fresh authentication of the mediator is needed"
	case problem.KindTooMany:
		out.status, out.code, out.retryAfter = http.StatusTooManyRequests, temporarilyDown, "60"
	case problem.KindUnavailable:
		out.status, out.code = http.StatusServiceUnavailable, temporarilyDown
	case problem.KindInternal:
		out.status, out.code, out.description = http.StatusInternalServerError, serverError, ""
	case problem.KindForbidden:
		out.description = "refused: " + strings.Join(p.Reasons, ", ")
	case problem.KindInvalid, problem.KindUnauthenticated, problem.KindNotFound, problem.KindConflict:
	}
	return out
}

// body is the JSON of an error (RFC 6749 §5.2). The members after the first two
// are ours; clients ignore what they do not know.
type faultBody struct {
	Error       string   `json:"error"`
	Description string   `json:"error_description,omitempty"`
	Reasons     []string `json:"reasons,omitempty"`
	ACRValues   string   `json:"acr_values,omitempty"`
	MaxAge      *int     `json:"max_age,omitempty"`
}

func (f *fault) body() faultBody {
	b := faultBody{Error: f.code, Description: f.description, Reasons: f.reasons}
	if f.stepUp {
		age := stepUpSeconds
		b.ACRValues, b.MaxAge = acrStepUp, &age
	}
	return b
}

// endpoint is a handler of machines that may fail; the one adaptor of errors.
// refused is the code that a refusal by the rules has here.
func (p *Provider) endpoint(refused string, h func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		defer p.rescue(c)
		noStore(c)
		if c.Request.Body != nil {
			c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxBody)
		}
		if err := h(c); err != nil {
			p.fail(c, asFault(err, refused))
		}
	}
}

func (p *Provider) fail(c *gin.Context, f *fault) {
	p.log(c, f)
	if f.challenge != "" {
		c.Header("WWW-Authenticate", f.challenge)
	}
	if f.retryAfter != "" {
		c.Header("Retry-After", f.retryAfter)
	}
	p.json(c, f.status, f.body())
}

// log keeps our own faults with their cause; refusals by their codes alone,
// for a cause could quote what was sent.
func (p *Provider) log(c *gin.Context, f *fault) {
	attrs := []any{slog.String("route", c.FullPath()), slog.String("code", f.code), slog.Int("status", f.status)}
	if f.why != "" {
		attrs = append(attrs, slog.String("why", f.why))
	}
	if f.client != uuid.Nil {
		attrs = append(attrs, slog.String("client", f.client.String()))
	}
	if f.status >= http.StatusInternalServerError {
		p.Logger.ErrorContext(c.Request.Context(), "the provider failed", append(attrs, slog.Any("error", f.cause))...)
		return
	}
	p.Logger.InfoContext(c.Request.Context(), "the provider refused", attrs...)
}

// logSilent keeps in the log a refusal that the answer must not tell.
func (p *Provider) logSilent(c *gin.Context, client clients.Client, err error) {
	f := asFault(err, invalidToken)
	f.status, f.why, f.client = http.StatusOK, problem.As(err).Code, client.ID
	p.log(c, f)
}

// rescue turns a panic into an answer; its value may hold personal data.
func (p *Provider) rescue(c *gin.Context) {
	r := recover()
	if r == nil {
		return
	}
	if err, ok := r.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(r) // net/http's own way to cut a connection
	}
	p.Logger.ErrorContext(c.Request.Context(), "panic in the provider", slog.String("route", c.FullPath()), slog.String("at", stack()))
	if !c.Writer.Written() {
		p.json(c, http.StatusInternalServerError, faultBody{Error: serverError})
	}
}

func (p *Provider) json(c *gin.Context, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		p.Logger.ErrorContext(c.Request.Context(), "write an answer", slog.Any("error", err))
		c.Status(http.StatusInternalServerError)
		return
	}
	c.Data(status, "application/json", raw)
}

// noStore keeps answers out of caches (RFC 6749 §5.1).
func noStore(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	c.Header("Pragma", "no-cache")
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Referrer-Policy", "no-referrer")
}

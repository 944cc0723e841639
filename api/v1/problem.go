package v1

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/problem"
)

var (
	errNotThere     = problem.NotFound()
	errMethod       = problem.New(problem.KindInvalid, "method_not_allowed")
	errMediaType    = problem.New(problem.KindInvalid, "unsupported_media_type")
	errTooMany      = problem.New(problem.KindTooMany, "api_rate")
	errTooLarge     = problem.New(problem.KindTooMany, "too_large")
	errNoToken      = problem.New(problem.KindUnauthenticated, "token_missing")
	errTokenInvalid = problem.New(problem.KindUnauthenticated, "token_invalid")
	errNeedsVersion = problem.New(problem.KindConflict, "precondition_required")
	errOtherVersion = problem.New(problem.KindConflict, "precondition_failed")
)

// byCode are the statuses that a kind alone does not tell.
var byCode = map[string]int{
	errMethod.Code:       http.StatusMethodNotAllowed,
	errMediaType.Code:    http.StatusUnsupportedMediaType,
	errTooLarge.Code:     http.StatusRequestEntityTooLarge,
	errNeedsVersion.Code: http.StatusPreconditionRequired,
	errOtherVersion.Code: http.StatusPreconditionFailed,
}

// status is the one place of this surface where kinds become numbers. Software
// cannot step up: what asks for it is forbidden to it.
func status(p *problem.Error) int {
	if s, special := byCode[p.Code]; special {
		return s
	}
	switch p.Kind {
	case problem.KindInvalid:
		return http.StatusBadRequest
	case problem.KindUnauthenticated:
		return http.StatusUnauthorized
	case problem.KindForbidden, problem.KindNeedsStepUp:
		return http.StatusForbidden
	case problem.KindNotFound:
		return http.StatusNotFound
	case problem.KindConflict:
		return http.StatusConflict
	case problem.KindTooMany:
		return http.StatusTooManyRequests
	case problem.KindUnavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// challengeOf says what kind of token would do (RFC 6750 §3). One that we did
// give is told apart, in words, from one that we never did.
func challengeOf(c *gin.Context, p *problem.Error, code int) string {
	const realm = `Bearer realm="relais"`
	switch {
	case p.Code == "scope_missing":
		scope, _ := p.Args["Scope"].(string)
		return realm + `, error="insufficient_scope", scope="` + scope + `"`
	case code != http.StatusUnauthorized:
		return ""
	case p.Code == errNoToken.Code:
		return realm
	case c.GetBool(oursKey):
		return realm + `, error="invalid_token", ` + tokenOver
	}
	return realm + `, error="invalid_token"`
}

// fail answers an error with its problem details (RFC 9457).
func (a *API) fail(c *gin.Context, err error) {
	c.Abort()
	p := problem.As(err)
	code := status(p)
	request := c.GetString(requestKey)
	a.log(c, p, code, err)
	if c.Writer.Written() {
		return
	}
	words := printer(c)
	if challenge := challengeOf(c, p, code); challenge != "" {
		c.Header("WWW-Authenticate", challenge)
	}
	c.Header("Content-Language", string(words.Lang()))
	body, err := json.Marshal(details(words, p, code, request))
	if err != nil {
		c.Status(http.StatusInternalServerError)
		return
	}
	c.Data(code, "application/problem+json", body)
}

func (a *API) log(c *gin.Context, p *problem.Error, code int, err error) {
	attrs := []any{slog.String("request", c.GetString(requestKey)), slog.String("route", c.FullPath()), slog.String("code", p.Code), slog.Int("status", code)}
	switch {
	case errors.Is(err, context.Canceled):
		a.Logger.InfoContext(c.Request.Context(), "left before the answer", attrs...)
	case code >= http.StatusInternalServerError:
		a.Logger.ErrorContext(c.Request.Context(), "failed", append(attrs, slog.Any("error", err))...)
	default:
		a.Logger.InfoContext(c.Request.Context(), "refused", attrs...)
	}
}

// details puts a problem in the words of a language.
func details(words *i18n.Printer, p *problem.Error, code int, request string) Problem {
	out := Problem{Type: "about:blank", Title: titleOf(words, p), Status: code, Code: p.Code}
	if request != "" {
		instance := "urn:uuid:" + request
		out.Instance = &instance
	}
	if len(p.Fields) > 0 {
		faults := make([]FieldFault, len(p.Fields))
		for i, f := range p.Fields {
			faults[i] = FieldFault{Field: f.Name, Code: f.Code, Detail: words.TMap("error."+f.Code, f.Args)}
		}
		out.Errors = &faults
	}
	if len(p.Reasons) > 0 {
		reasons := reasonsIn(words, p.Reasons)
		out.Reasons = &reasons
	}
	if matches, ok := p.Args["matches"].([]beneficiaries.Match); ok {
		ids := make([]uuid.UUID, len(matches))
		for i, m := range matches {
			ids[i] = m.ID
		}
		out.Matches = &ids
	}
	return out
}

// titleOf says what went wrong. A few codes read otherwise to a program than at
// the screen.
func titleOf(words *i18n.Printer, p *problem.Error) string {
	if words.Has("api." + p.Code) {
		return words.TMap("api."+p.Code, p.Args)
	}
	return words.TMap("problem."+p.Code, p.Args)
}

func reasonsIn(words *i18n.Printer, codes []string) []Reason {
	out := make([]Reason, len(codes))
	for i, code := range codes {
		key := "reason." + code
		if !words.Has(key) {
			key = "error." + code
		}
		out[i] = Reason{Code: code, Detail: words.T(key)}
	}
	return out
}

// unreadable is a body that cannot be read.
func unreadable(err error) error {
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		return errTooLarge
	}
	return problem.Invalid(problem.At("body", "value_not_valid")).Because(err)
}

// refusedBySpec names the fields that do not hold to the specification. What was
// sent is never repeated.
func refusedBySpec(err error) error {
	var fields []problem.Field
	collect(err, "body", &fields)
	if len(fields) == 0 {
		fields = append(fields, problem.At("body", "value_not_valid"))
	}
	const most = 20
	return problem.Invalid(fields[:min(len(fields), most)]...).Because(err)
}

// collect walks the errors of the validator.
func collect(err error, where string, into *[]problem.Field) {
	switch e := err.(type) { //nolint:errorlint // each layer is looked at in turn
	case openapi3.MultiError:
		for _, one := range e {
			collect(one, where, into)
		}
	case *openapi3filter.RequestError:
		if e.Parameter != nil {
			where = e.Parameter.Name
		}
		if e.Err == nil {
			add(into, where, "value_not_valid")
			return
		}
		collect(e.Err, where, into)
	case *openapi3.SchemaError:
		add(into, pointer(e, where), schemaCode(e))
	default:
		if errors.Is(err, openapi3filter.ErrInvalidRequired) {
			add(into, where, "value_missing")
			return
		}
		add(into, where, "value_not_valid")
	}
}

func add(into *[]problem.Field, name, code string) {
	for _, f := range *into {
		if f.Name == name && f.Code == code {
			return
		}
	}
	*into = append(*into, problem.At(name, code))
}

// pointer names a field of a body by the names that lead to it.
func pointer(e *openapi3.SchemaError, where string) string {
	path := e.JSONPointer()
	if where != "body" || len(path) == 0 {
		return where
	}
	for i, part := range path {
		if len(part) > 60 || strings.ContainsFunc(part, func(r rune) bool { return r < 'A' && (r < '0' || r > '9') || r > 'z' }) {
			path[i] = "…" // a name of the sender's own
		}
	}
	return strings.Join(path, ".")
}

func schemaCode(e *openapi3.SchemaError) string {
	switch e.SchemaField {
	case "required":
		return "value_missing"
	case "additionalProperties", "properties":
		return "field_unknown"
	case "maxLength", "maxItems":
		return "value_too_long"
	default:
		return "value_not_valid"
	}
}

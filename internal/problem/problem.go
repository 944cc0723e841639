package problem

import (
	"errors"
	"fmt"
	"strings"
)

// Kind is what went wrong, in business words. Each surface maps it once.
type Kind string

// The kinds. A surface that meets an unknown kind treats it as Internal.
const (
	KindInvalid         Kind = "invalid"         // what was sent does not hold; Fields says where
	KindUnauthenticated Kind = "unauthenticated" // nobody is signed in, or the session ended
	KindNeedsStepUp     Kind = "needs_step_up"   // a fresh authentication is asked for (RFC 9470)
	KindForbidden       Kind = "forbidden"       // known actor, refused; Reasons says why
	KindNotFound        Kind = "not_found"       // not there, or not yours: the same
	KindConflict        Kind = "conflict"        // the state no longer allows it
	KindTooMany         Kind = "too_many"        // a rate or size limit
	KindUnavailable     Kind = "unavailable"     // a part we depend on does not answer; try again
	KindInternal        Kind = "internal"        // our fault; the cause stays in the log
)

// Field is one field at fault.
type Field struct {
	// Name is the form or JSON field, as the caller sent it.
	Name string
	// Code is the stable reason, also the text key "error.<code>".
	Code string
	// Args fill the placeholders of the text.
	Args map[string]any
}

// Error is the one error type. Make it with the constructors below.
type Error struct {
	Kind Kind
	// Code is stable and is the text key "problem.<code>".
	Code string
	// Args fill the placeholders of the text.
	Args map[string]any
	// Fields at fault, in page order.
	Fields []Field
	// Reasons of an authorisation refusal (authz.Reason values), in order.
	Reasons []string
	cause   error
}

// Error is for logs; people read the translated text of Code.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Code)
	if len(e.Reasons) > 0 {
		b.WriteString(" [" + strings.Join(e.Reasons, ",") + "]")
	}
	for _, f := range e.Fields {
		b.WriteString(" " + f.Name + "=" + f.Code)
	}
	if e.cause != nil {
		b.WriteString(": " + e.cause.Error())
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is makes errors.Is compare by code, so a sentinel made by New matches any
// error of that code whatever its cause.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// New makes an error of a kind and a stable code.
func New(kind Kind, code string) *Error { return &Error{Kind: kind, Code: code} }

// Invalid says which fields do not hold.
func Invalid(fields ...Field) *Error {
	return &Error{Kind: KindInvalid, Code: "invalid", Fields: fields}
}

// At names one field at fault.
func At(name, code string) Field { return Field{Name: name, Code: code} }

// NotFound is the one answer for "not there" and "not yours".
func NotFound() *Error { return &Error{Kind: KindNotFound, Code: "not_found"} }

// Forbidden refuses with the reasons of a decision.
func Forbidden(reasons ...string) *Error {
	return &Error{Kind: KindForbidden, Code: "forbidden", Reasons: reasons}
}

// Conflict says that the state no longer allows the act.
func Conflict(code string) *Error { return &Error{Kind: KindConflict, Code: code} }

// Because returns a copy that keeps the cause for the log.
func (e *Error) Because(err error) *Error {
	c := *e
	c.cause = err
	return &c
}

// With returns a copy with one argument more for its text.
func (e *Error) With(key string, value any) *Error {
	c := *e
	c.Args = make(map[string]any, len(e.Args)+1)
	for k, v := range e.Args {
		c.Args[k] = v
	}
	c.Args[key] = value
	return &c
}

// As finds the house error in a chain; anything else becomes KindInternal with
// code "internal", keeping the cause. As(nil) is nil.
func As(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: KindInternal, Code: "internal", cause: err}
}

// Is reports whether err carries this code.
func Is(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// Wrap adds what was being tried, keeping the kind and code of err.
func Wrap(err error, trying string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", trying, err)
}

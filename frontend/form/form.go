package form

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/problem"
)

// Form is what was typed and what is wrong with it. A nil *Form is an empty
// form, so that components can be shown outside of one.
type Form struct {
	values url.Values
	files  map[string]File
	errs   []Error
	first  map[string]string // per name, the id to link to when not the default
	p      *i18n.Printer
}

// Error is one thing to mend, translated.
type Error struct {
	// Name of the field; empty when the error concerns the whole form.
	Name string
	// Code is the stable reason, as in problem.Field.
	Code string
	// Text is what the person reads.
	Text string
}

// Link is a line of the error summary.
type Link struct {
	// Target is the id of the element to mend, empty for the whole form.
	Target string
	Text   string
}

// New is an empty form, ready to be filled with what is known already.
func New(p *i18n.Printer) *Form { return FromValues(p, url.Values{}) }

// FromValues is a form over given values, a query string for instance.
func FromValues(p *i18n.Printer, values url.Values) *Form {
	return &Form{values: values, p: p, first: map[string]string{}}
}

// Set fills a field, replacing what it held.
func (f *Form) Set(name string, values ...string) *Form {
	f.values[name] = values
	return f
}

// Value is what the field holds, cleaned: composed Unicode, no control
// characters, no space around. Line breaks stay, as "\n".
func (f *Form) Value(name string) string {
	if f == nil || len(f.values[name]) == 0 {
		return ""
	}
	return clean(f.values[name][0])
}

// Values is every value of the field, cleaned, empty ones left out.
func (f *Form) Values(name string) []string {
	if f == nil {
		return nil
	}
	out := make([]string, 0, len(f.values[name]))
	for _, v := range f.values[name] {
		if v = clean(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// Holds says whether value is among those of the field.
func (f *Form) Holds(name, value string) bool {
	return f != nil && slices.Contains(f.values[name], value)
}

// Checked is for a lone checkbox: something was sent for it.
func (f *Form) Checked(name string) bool { return f.Value(name) != "" }

// Fail notes that the field does not hold, with the text "error.<code>". Only
// the first error of a field is kept: one thing at a time.
func (f *Form) Fail(name, code string, pairs ...any) {
	args := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		args[pairs[i].(string)] = pairs[i+1]
	}
	f.add(problem.Field{Name: name, Code: code, Args: args})
}

func (f *Form) add(field problem.Field) {
	if f.Has(field.Name) {
		return
	}
	f.errs = append(f.errs, Error{Name: field.Name, Code: field.Code, Text: f.p.TMap("error."+field.Code, field.Args)})
}

// Accept takes the error of a command. It answers true when there is nothing
// to mend: no error here and err is nil. An invalid problem becomes field
// errors, a conflict or a too-many becomes an error of the whole form; both
// answer false with nothing left to handle. Any other error is handed back.
func (f *Form) Accept(err error) (ok bool, rest error) {
	var p *problem.Error
	switch {
	case err == nil:
		return f.Valid(), nil
	case !errors.As(err, &p):
		return false, err
	case p.Kind == problem.KindInvalid && len(p.Fields) > 0:
		for _, field := range p.Fields {
			f.add(field)
		}
		return false, nil
	case p.Kind == problem.KindInvalid, p.Kind == problem.KindConflict, p.Kind == problem.KindTooMany:
		f.errs = append(f.errs, Error{Code: p.Code, Text: f.p.TMap("problem."+p.Code, p.Args)})
		return false, nil
	default:
		return false, err
	}
}

// Valid says that nothing is wrong so far.
func (f *Form) Valid() bool { return f == nil || len(f.errs) == 0 }

// Has says whether the field has an error.
func (f *Form) Has(name string) bool { return name != "" && f.Error(name) != "" }

// Error is the text of the field's error, or "".
func (f *Form) Error(name string) string {
	if f == nil {
		return ""
	}
	for _, e := range f.errs {
		if e.Name == name {
			return e.Text
		}
	}
	return ""
}

// Summary lists what to mend, in the order it was found, each with the id of
// the element to go to.
func (f *Form) Summary() []Link {
	if f == nil {
		return nil
	}
	out := make([]Link, 0, len(f.errs))
	for _, e := range f.errs {
		out = append(out, Link{Target: f.target(e.Name), Text: e.Text})
	}
	return out
}

func (f *Form) target(name string) string {
	if name == "" {
		return ""
	}
	if id, ok := f.first[name]; ok {
		return id
	}
	return ID(name)
}

// ID is the element id of a field: the one rule both the fields and the error
// summary follow. JSON-like names ("grants[0].theme") become plain ids.
func ID(name string) string {
	return "f-" + strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, name)
}

func clean(s string) string {
	s = strings.ReplaceAll(norm.NFC.String(strings.ToValidUTF8(s, "")), "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

// Printer is the language the form speaks.
func (f *Form) Printer() *i18n.Printer {
	if f == nil || f.p == nil {
		return i18n.For(i18n.Default)
	}
	return f.p
}

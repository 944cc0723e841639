package benefits

import (
	"bytes"
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

var skeleton = template.Must(template.New("").Funcs(template.FuncMap{"list": func(s ...string) []string { return s }}).ParseFS(files, "assets/*.html"))

// view is what a template gets; it decides nothing itself.
type view struct {
	speech
	Screen string
	// Open is the application shown, with who acts for whom; nil on other pages.
	Open    *opened
	Page    string
	Faults  faults
	Reasons []string
	// Action is the one that was refused.
	Action  string
	Mine    []opened
	Flow    flow
	Entries []entry
	Issuer  string
	Status  int
	path    *url.URL
}

// Title is the page's own name, in the document's title and as its h1.
func (v view) Title() template.HTML {
	switch v.Screen {
	case "fill", pageCheck:
		return v.T("page." + v.Page)
	case "stopped":
		return v.T("stopped." + v.Open.Stop.Why + ".title")
	case "problem":
		return v.T("problem." + v.Page + ".title")
	}
	return v.T(v.Screen + ".title")
}

// Failed gives the title its prefix.
func (v view) Failed() bool { return v.Status >= http.StatusBadRequest }

// Languages are the other languages, each with the address of this page in it.
func (v view) Languages() []languageLink {
	var out []languageLink
	for _, l := range languages {
		q := v.path.Query()
		q.Set("lang", l)
		out = append(out, languageLink{Code: l, Name: words[l]["language"], Href: (&url.URL{Path: v.path.Path, RawQuery: q.Encode()}).String(), Current: l == v.Lang})
	}
	return out
}

type languageLink struct {
	Code, Name, Href string
	Current          bool
}

// Fields are those of the page shown.
func (v view) Fields() []shown { return v.fieldsOf(v.Page) }

// Steps are the pages of an application, for the line above.
func (v view) Steps() []step {
	var out []step
	for i, p := range append(slices.Clone(filled), pageCheck) {
		out = append(out, step{Number: i + 1, Name: v.T("page." + p), Current: p == v.Page, Done: v.Open.Done[p],
			Href: "/applications/" + v.Open.Application + "/" + p})
	}
	return out
}

type step struct {
	Number        int
	Name          template.HTML
	Current, Done bool
	Href          string
}

// shown is a field with what it holds.
type shown struct {
	field
	view
	answers map[string]string
}

func (v view) fieldsOf(page string) []shown {
	var out []shown
	for _, f := range forms[page] {
		out = append(out, shown{field: f, view: v, answers: v.Open.Answers})
	}
	return out
}

// Label, Hint and Fault are the words of a field; Hint and Fault may be none.
func (s shown) Label() template.HTML { return s.T("field."+s.Name+".label", "person", s.Open.Name) }

func (s shown) Hint() template.HTML {
	if !s.Has("field." + s.Name + ".hint") {
		return ""
	}
	return s.T("field." + s.Name + ".hint")
}

func (s shown) Fault() template.HTML {
	if key := s.Faults[s.Name]; key != "" {
		return s.T("field." + key)
	}
	return ""
}

// Described are the ids that describe the field to a screen reader.
func (s shown) Described() string {
	var ids []string
	if s.Hint() != "" {
		ids = append(ids, s.Name+"-hint")
	}
	if s.Fault() != "" {
		ids = append(ids, s.Name+"-fault")
	}
	return strings.Join(ids, " ")
}

// First is the id the summary of errors leads to.
func (s shown) First() string {
	if s.Kind == kindDate {
		return s.Name + "-day"
	}
	if s.Kind == kindChoice {
		return s.Name + "-" + s.Options[0]
	}
	return s.Name
}

// Value is what was typed in one of the field's boxes. Account numbers are
// never shown again, nor a promise kept.
func (s shown) Value(box string) string {
	if s.Kind == kindAccount || s.Kind == kindAgreed {
		return ""
	}
	return s.answers[box]
}

// Read is the answer as it is read back.
func (s shown) Read() template.HTML {
	value := s.answers[s.Name]
	switch {
	case s.Kind == kindDate:
		if when, ok := date(s.answers, s.Name); ok {
			return s.T("plain", "text", s.Day(when))
		}
		return s.T("none")
	case value == "":
		return s.T("none")
	case s.Kind == kindChoice:
		return s.T("field." + s.Name + "." + value)
	case s.Kind == kindAmount:
		if n, ok := cents(value); ok {
			return s.T("amount", "amount", s.Amount(n))
		}
	}
	return s.T("plain", "text", value)
}

// Summary is everything typed, page by page.
func (v view) Summary() []chapter {
	var out []chapter
	for _, p := range filled {
		fields := slices.DeleteFunc(v.fieldsOf(p), func(s shown) bool { // what was not for this person to answer
			return s.Needed != nil && !s.Needed(s.answers) && s.answers[s.Name] == ""
		})
		out = append(out, chapter{Page: p, Title: v.T("page." + p), Fields: fields})
	}
	return out
}

type chapter struct {
	Page   string
	Title  template.HTML
	Fields []shown
}

// Allowed and Lacks split the actions of this service by what the token allows.
func (v view) Allowed() []template.HTML { return v.actions(true) }

// Lacks are the actions that would have to be asked for.
func (v view) Lacks() []template.HTML { return v.actions(false) }

func (v view) actions(allowed bool) []template.HTML {
	var out []template.HTML
	for _, a := range []string{actionPrepare, actionSubmit, actionPayment} {
		if v.Open.allows(a) == allowed {
			out = append(out, v.T("action."+a))
		}
	}
	return out
}

// MaySend and MayChangeAccount say what the token allows.
func (v view) MaySend() bool { return v.Open.allows(actionSubmit) }

// Ask is the address that asks Relais for what this page needs.
func (v view) Ask(stepUp bool) string {
	q := url.Values{"page": {v.Page}}
	if v.Open != nil {
		q.Set("for", v.Open.Application)
	} else if v.Flow.Application != "" {
		q.Set("for", v.Flow.Application)
		q.Set("page", v.Flow.Page)
	}
	if stepUp {
		q.Set("step_up", "1")
	}
	return "/act?" + q.Encode()
}

// anyOther reason has words that say no more.
const anyOther = "other"

// Why are the reasons in words.
func (v view) Why() []template.HTML { return v.why(v.Reasons) }

func (v view) why(reasons []string) []template.HTML {
	var out []template.HTML
	for _, r := range reasons {
		key := "reason." + r
		if !v.Has(key) {
			key = "reason." + anyOther
		}
		out = append(out, v.T(key))
	}
	return slices.Compact(out)
}

// Line is an entry of the journal in words.
func (v view) Line(e entry) template.HTML {
	action := ""
	if e.Action != "" {
		action = v.raw("action." + e.Action)
	}
	if name := "event." + e.Detail; v.Has(name) {
		e.Detail = v.raw(name)
	}
	key := "journal." + e.Kind
	if e.Person == "" && v.Has(key+".nobody") {
		key += ".nobody"
	}
	receipt := ""
	if e.Detail != "" {
		receipt = " " + e.Detail
	}
	return v.T(key, "receipt", receipt, "mediator", e.Mediator, "organisation", e.Organisation, "person", e.Person, "action", action, "detail", e.Detail)
}

// EntryWhy are the reasons of an entry.
func (v view) EntryWhy(e entry) []template.HTML { return v.why(e.Reasons) }

// Kept is until when what was typed is kept.
func (v view) Kept() string { return v.Day(v.Open.TouchedAt.Add(keptFor)) }

// render shows a page.
func (s *Service) render(v *visitor, status int, screen string, show view) error {
	show.speech, show.Screen, show.Issuer, show.Status = speech{Lang: v.lang, zone: s.zone}, screen, s.Issuer, status
	show.path = v.r.URL
	if show.Open == nil {
		show.Open = v.open
	}
	var body bytes.Buffer
	if err := skeleton.ExecuteTemplate(&body, "layout.html", show); err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.lang)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	v.w.WriteHeader(status)
	_, err := body.WriteTo(v.w)
	return err
}

// problem says what happened, that nothing is lost, and what to do.
func (s *Service) problem(v *visitor, status int, what string, reasons ...string) error {
	return s.render(v, status, "problem", view{Page: what, Reasons: reasons})
}

// failed is the last way out of a handler.
func (s *Service) failed(ctx context.Context, v *visitor, err error) {
	status, what := http.StatusInternalServerError, "fault"
	if errors.Is(err, errAway) {
		status, what = http.StatusServiceUnavailable, "away"
	}
	s.Logger.ErrorContext(ctx, "the benefits service", "error", err)
	if err := s.problem(v, status, what); err != nil {
		s.Logger.ErrorContext(ctx, "the page of a fault", "error", err)
	}
}

// journal is the service's own log.
func (s *Service) journal(v *visitor) error {
	return s.render(v, http.StatusOK, "journal", view{Entries: s.memory.entries()})
}

// MayCorrect says whether answers carry links to change them.
func (v view) MayCorrect() bool { return v.Screen == pageCheck }

// MayComeBack says whether Relais may well give another authorisation.
func (v view) MayComeBack() bool {
	return v.Open.SentAt.IsZero() && (v.Open.Stop.Why == whySession || v.Open.Stop.Why == whyEnded)
}

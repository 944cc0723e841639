package templates

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/relais-org/relais/frontend/form"
)

// Width is how wide a text field is: as wide as the answer expected.
type Width string

// The widths, in characters.
const (
	Full     Width = ""
	Chars2   Width = "2"
	Chars4   Width = "4"
	Chars10  Width = "10"
	Chars20  Width = "20"
	Chars30  Width = "30"
	OneThird Width = "third"
)

// TextField asks for one line of text. Value and error come from the form.
type TextField struct {
	Name  string
	Label string
	// Hint is read with the label.
	Hint string
	// Type is text unless told: email, tel, search, password, number is not
	// used (wheels change it).
	Type string
	// Autocomplete is the HTML token ("given-name"); "off" for somebody else's
	// facts typed by a mediator.
	Autocomplete string
	// InputMode is the keyboard of a phone: numeric, tel, email.
	InputMode string
	Width     Width
	MaxLength int
	// Optional writes "(facultatif)" after the label.
	Optional bool
	// Spellcheck is off unless told: names are not spelling mistakes.
	Spellcheck bool
	// Big makes the label a page heading size, for one question a page.
	Big bool
	// Suggestions fill a datalist.
	Suggestions []string
}

// TextareaField asks for several lines.
type TextareaField struct {
	Name      string
	Label     string
	Hint      string
	Rows      int
	MaxLength int
	Optional  bool
	Big       bool
}

// Option is one choice.
type Option struct {
	Value string
	Label string
	Hint  string
	Icon  Icon
	// Body is shown under the option (a field that goes with it).
	Body templ.Component
}

// SelectField asks to choose in a list; prefer radios below eight.
type SelectField struct {
	Name    string
	Label   string
	Hint    string
	Options []Option
	// Blank is the text of the empty first choice; none when empty.
	Blank    string
	Optional bool
}

// ChoiceField is radios or checkboxes.
type ChoiceField struct {
	Name    string
	Label   string
	Hint    string
	Options []Option
	// Filter adds a type-ahead box over a long list (with script only).
	Filter bool
	// Cards shows each choice as a card with its icon.
	Cards bool
	// Inline sets short choices side by side.
	Inline bool
	// Big and Heading: the legend is the page's heading size, or its h1.
	Big     bool
	Heading bool
}

// CheckField is a lone checkbox; it sends "1".
type CheckField struct {
	Name  string
	Label string
	Hint  string
}

// DateField is three boxes.
type DateField struct {
	Name  string
	Label string
	Hint  string
	// Birthday adds autocomplete="bday-…" for one's own date of birth.
	Birthday bool
	Optional bool
	Big      bool
}

// FileField asks for a file.
type FileField struct {
	Name   string
	Label  string
	Hint   string
	Accept string
	// Camera opens the rear camera on a phone.
	Camera   bool
	Optional bool
}

// FormTo is the form element.
type FormTo struct {
	Action string
	// Files posts multipart.
	Files bool
	// Get makes it a search.
	Get bool
	ID  string
}

// Signature is the drawing pad. It posts two fields: <Name>_strokes, JSON
// [[[x,y,ms,pressure],…],…] in pad units 0–1000, and <Name>_png, a data URL.
// It exists with script only: offer the other ways of signing beside it.
type Signature struct {
	Name  string
	Label string
	Hint  string
}

// summaryTitle asks to correct only where a field is to be corrected: what could
// not be done for another reason is nobody's mistake.
func summaryTitle(p Page, f *form.Form) string {
	for _, l := range f.Summary() {
		if l.Target != "" {
			return p.T("shell.error_summary")
		}
	}
	return p.T("shell.error_whole")
}

// field is what all fields share, made by a function so that it can be tested.
type field struct {
	id, label, hint, err string
	optional, big        bool
}

func (x field) describedBy() string {
	var ids []string
	if x.hint != "" {
		ids = append(ids, x.id+"-hint")
	}
	if x.err != "" {
		ids = append(ids, x.id+"-error")
	}
	return strings.Join(ids, " ")
}

func (x field) labelClass() string {
	if x.big {
		return "ds-label r-label r-label-big"
	}
	return "ds-label r-label"
}

// attrs are the accessibility attributes of the input itself.
func (x field) attrs() templ.Attributes {
	out := templ.Attributes{}
	if d := x.describedBy(); d != "" {
		out["aria-describedby"] = d
	}
	if x.err != "" {
		out["aria-invalid"] = "true"
	}
	return out
}

func (x field) wrapClass() string {
	if x.err != "" {
		return "ds-field r-field r-field-bad"
	}
	return "ds-field r-field"
}

func set(out templ.Attributes, name, value string) {
	if value != "" {
		out[name] = value
	}
}

func textOf(f *form.Form, t TextField) field {
	return field{form.ID(t.Name), t.Label, t.Hint, f.Error(t.Name), t.Optional, t.Big}
}

func textAttrs(f *form.Form, t TextField) templ.Attributes {
	out := textOf(f, t).attrs()
	set(out, "autocomplete", t.Autocomplete)
	set(out, "inputmode", t.InputMode)
	set(out, "data-width", string(t.Width))
	if t.MaxLength > 0 {
		out["maxlength"] = strconv.Itoa(t.MaxLength)
	}
	if !t.Spellcheck {
		out["spellcheck"] = "false"
	}
	if len(t.Suggestions) > 0 {
		out["list"] = form.ID(t.Name) + "-list"
	}
	return out
}

func (t TextField) kind() string {
	if t.Type == "" {
		return "text"
	}
	return t.Type
}

// value never gives a password back to the page.
func (t TextField) value(f *form.Form) string {
	if t.Type == "password" {
		return ""
	}
	return f.Value(t.Name)
}

func areaOf(f *form.Form, t TextareaField) field {
	return field{form.ID(t.Name), t.Label, t.Hint, f.Error(t.Name), t.Optional, t.Big}
}

func areaAttrs(f *form.Form, t TextareaField) templ.Attributes {
	out := areaOf(f, t).attrs()
	out["rows"] = strconv.Itoa(max(t.Rows, 3))
	if t.MaxLength > 0 {
		out["maxlength"] = strconv.Itoa(t.MaxLength)
	}
	return out
}

func selectOf(f *form.Form, t SelectField) field {
	return field{form.ID(t.Name), t.Label, t.Hint, f.Error(t.Name), t.Optional, false}
}

func choiceOf(f *form.Form, t ChoiceField) field {
	return field{form.ID(t.Name), t.Label, t.Hint, f.Error(t.Name), false, t.Big || t.Heading}
}

// optionID makes the first option the target of the error summary.
func optionID(name string, i int) string {
	if i == 0 {
		return form.ID(name)
	}
	return form.ID(name) + "-" + strconv.Itoa(i+1)
}

func optionAttrs(name string, i int, o Option) templ.Attributes {
	if o.Hint == "" {
		return nil
	}
	return templ.Attributes{"aria-describedby": optionID(name, i) + "-note"}
}

func choiceClass(t ChoiceField) string {
	switch {
	case t.Cards:
		return "r-options r-options-cards"
	case t.Inline:
		return "r-options r-options-inline"
	default:
		return "r-options"
	}
}

func checkOf(f *form.Form, t CheckField) field {
	return field{id: form.ID(t.Name), label: t.Label, hint: t.Hint, err: f.Error(t.Name)}
}

func dateOf(f *form.Form, t DateField) field {
	return field{form.ID(t.Name), t.Label, t.Hint, f.Error(t.Name), t.Optional, t.Big}
}

// box is one of the three boxes of a date.
type box struct {
	suffix, key, auto string
	width             Width
	length            string
}

func dateBoxes() []box {
	return []box{
		{form.DayBox, "shell.day", "bday-day", Chars2, "2"},
		{form.MonthBox, "shell.month", "bday-month", Chars2, "2"},
		{form.YearBox, "shell.year", "bday-year", Chars4, "4"},
	}
}

func boxAttrs(f *form.Form, t DateField, b box) templ.Attributes {
	out := templ.Attributes{}
	if f.Error(t.Name) != "" {
		out["aria-invalid"] = "true"
	}
	if t.Birthday {
		out["autocomplete"] = b.auto
	} else {
		out["autocomplete"] = "off"
	}
	return out
}

func fileOf(f *form.Form, t FileField) field {
	return field{form.ID(t.Name), t.Label, t.Hint, f.Error(t.Name), t.Optional, false}
}

func fileAttrs(f *form.Form, t FileField) templ.Attributes {
	out := fileOf(f, t).attrs()
	set(out, "accept", t.Accept)
	if t.Camera {
		out["capture"] = "environment"
	}
	return out
}

func formAttrs(t FormTo) templ.Attributes {
	out := templ.Attributes{"method": "post", "data-once": true}
	if t.Get {
		out = templ.Attributes{"method": "get", "role": "search"}
	}
	if t.Files {
		out["enctype"] = "multipart/form-data"
	}
	set(out, "id", t.ID)
	return out
}

func fieldsetAttrs(x field) templ.Attributes {
	out := templ.Attributes{}
	set(out, "aria-describedby", x.describedBy())
	return out
}

func phone(t TextField) TextField {
	t.Type, t.InputMode = "tel", "tel"
	if t.Width == Full {
		t.Width = Chars20
	}
	if t.Autocomplete == "" {
		t.Autocomplete = "off"
	}
	return t
}

func code(t TextField) TextField {
	t.Width, t.Autocomplete = Chars20, "off"
	if t.MaxLength == 0 {
		t.MaxLength = 40
	}
	return t
}

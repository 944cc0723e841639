package templates

import (
	"strings"

	"github.com/a-h/templ"
)

// Tone is how a status feels; each has its colour and its icon, and the word
// is always written.
type Tone string

// The tones.
const (
	Neutral Tone = "neutral"
	Info    Tone = "info"
	Success Tone = "success"
	Warning Tone = "warning"
	Danger  Tone = "danger"
)

func (t Tone) or(fallback Tone) Tone {
	if t == "" {
		return fallback
	}
	return t
}

func (t Tone) icon() Icon {
	switch t {
	case Success:
		return IconCheck
	case Warning:
		return IconAlert
	case Danger:
		return IconStop
	case Info:
		return IconInfo
	default:
		return NoIcon
	}
}

// PersonBanner is on top of every page about somebody.
type PersonBanner struct {
	// Name as the person writes it.
	Name string
	// Facts are short: "née le 3 mars 1946", "Gijón".
	Facts []string
	// Href is the person's page, empty when on it.
	Href string
	Tags []Tag
	// Label says what the banner is ("Personne aidée").
	Label string
}

// Tag is a status in one or two words.
type Tag struct {
	Text string
	Tone Tone
	// Icon replaces that of the tone.
	Icon Icon
}

func (t Tag) icon() Icon {
	if t.Icon != NoIcon {
		return t.Icon
	}
	return t.Tone.icon()
}

// AlertBox is a boxed sentence that must not be missed.
type AlertBox struct {
	Tone Tone
	// Title is optional; without it the box is one paragraph.
	Title string
	// Status makes screen readers say it when the page opens.
	Status bool
}

// ButtonKind is what a button is for.
type ButtonKind string

// The kinds of buttons. One primary a page: the thing to do next.
const (
	Primary   ButtonKind = "primary"
	Secondary ButtonKind = "secondary"
	Quiet     ButtonKind = "tertiary"
	Dangerous ButtonKind = "danger"
)

func (k ButtonKind) variant() string {
	switch k {
	case Secondary:
		return "secondary"
	case Quiet:
		return "tertiary"
	default:
		return "primary"
	}
}

func (k ButtonKind) color() string {
	if k == Dangerous {
		return "danger"
	}
	return "accent"
}

// Submit is a button that sends its form.
type Submit struct {
	Text string
	Kind ButtonKind
	Icon Icon
	// Name and Value tell which button was used.
	Name, Value string
	// Action posts to another address than the form's.
	Action string
	// Hidden is read by screen readers after Text, to tell ten equal buttons
	// apart ("Arrêter" + "le mandat du 3 mars").
	Hidden string
}

// ButtonLink is a link that looks like a button: it goes somewhere and changes
// nothing.
type ButtonLink struct {
	Text   string
	Href   string
	Kind   ButtonKind
	Icon   Icon
	Hidden string
}

// Card is a bordered block. With Href its title is a link and the whole card
// is its target.
type Card struct {
	Title string
	Href  string
	Text  string
	Icon  Icon
	Tags  []Tag
	// Strong is for the two or three big actions of a home page.
	Strong bool
	// Level of the title: 2 unless told (3).
	Level int
}

func (c Card) class() string {
	s := "ds-card r-card"
	if c.Href != "" {
		s += " r-card-link"
	}
	if c.Strong {
		s += " r-card-strong"
	}
	return s
}

// Row is one line of a summary list.
type Row struct {
	Key string
	// Value or Body; Lines are several values under one key.
	Value string
	Lines []string
	Body  templ.Component
	// Action changes it, on the right.
	Action Link
}

// Moment is one entry of a timeline.
type Moment struct {
	// When, in words; DateTime is the machine form (RFC 3339), optional.
	When     string
	DateTime string
	Title    string
	Href     string
	Text     string
	// Who did it.
	Who  string
	Icon Icon
	Tone Tone
	Tag  Tag
	Body templ.Component
}

func (m Moment) icon() Icon {
	switch {
	case m.Icon != NoIcon:
		return m.Icon
	case m.Tone.icon() != NoIcon:
		return m.Tone.icon()
	default:
		return IconClock
	}
}

// Table becomes a stack of cards on a narrow screen.
type Table struct {
	// Caption is always there for screen readers; ShowCaption shows it.
	Caption     string
	ShowCaption bool
	Columns     []Column
	Rows        [][]Cell
}

// Column is one column; Numeric ones align on the end.
type Column struct {
	Title   string
	Numeric bool
	Tight   bool // as wide as what is in it, on one line: dates, a button
}

// Cell is one cell. The first of a row is its header.
type Cell struct {
	Text string
	Href string
	// Small is a second line, quieter.
	Small string
	Tags  []Tag
	Body  templ.Component
}

func (t Table) cellClass(i int) string {
	switch {
	case i >= len(t.Columns):
		return ""
	case t.Columns[i].Numeric:
		return "r-num"
	case t.Columns[i].Tight:
		return "r-tight"
	}
	return ""
}

func (t Table) title(i int) string {
	if i < len(t.Columns) {
		return t.Columns[i].Title
	}
	return ""
}

// Pager goes through a list by cursor: there is no page number to be wrong.
type Pager struct {
	// PreviousHref and NextHref are empty at the ends.
	PreviousHref, NextHref string
	// Count is a sentence ("50 personnes montrées, plus de 1 000 en tout").
	Count string
}

// Tab is one of several views, each with its own address.
type Tab struct {
	Text    string
	Href    string
	Current bool
	Count   int
}

// EmptyState says that there is nothing, why, and what to do.
type EmptyState struct {
	Title  string
	Text   string
	Icon   Icon
	Action ButtonLink
}

// Progress says where one is in a wizard.
type Progress struct {
	// Step counts from 1.
	Step  int
	Names []string
	// Hrefs of the steps already done, to go back to; may be shorter.
	Hrefs []string
}

func (g Progress) state(i int) string {
	switch {
	case i+1 < g.Step:
		return "done"
	case i+1 == g.Step:
		return "current"
	default:
		return "todo"
	}
}

func (g Progress) href(i int) string {
	if i < len(g.Hrefs) && i+1 < g.Step {
		return g.Hrefs[i]
	}
	return ""
}

// BigCode shows a code to read aloud or copy by hand, in groups.
type BigCode struct {
	Label string
	// Value as it is typed back; groups are cut at spaces or hyphens, else by
	// four.
	Value string
}

// Groups cuts a code the way it is shown.
func (c BigCode) Groups() []string {
	if parts := strings.FieldsFunc(c.Value, func(r rune) bool { return r == ' ' || r == '-' }); len(parts) > 1 {
		return parts
	}
	var out []string
	runes := []rune(c.Value)
	const group = 4
	for len(runes) > group {
		out, runes = append(out, string(runes[:group])), runes[group:]
	}
	return append(out, string(runes))
}

// Spelled is the code with pauses, for screen readers.
func (c BigCode) Spelled() string {
	groups := c.Groups()
	for i, g := range groups {
		groups[i] = strings.Join(strings.Split(g, ""), " ")
	}
	return strings.Join(groups, ", ")
}

// Confirmation is a page before a dangerous act.
type Confirmation struct {
	// Consequences, each a plain sentence.
	Consequences []string
	// Action is where the dangerous form posts; Do is its button.
	Action string
	Do     string
	// Safe is the way out, as prominent.
	Safe Link
	// Hidden fields of the form: name, value.
	Hidden [][2]string
}

// Figure is one number worth looking at.
type Figure struct {
	Value string
	Label string
	Href  string
	Tone  Tone
}

// Live refreshes a region without reloading the page; without script Head.Refresh does.
type Live struct {
	// ID of the region, unique on the page.
	ID string
	// URL answers the region's HTML fragment.
	URL string
	// Seconds between two looks, at least 2.
	Seconds int
}

func backText(p Page, l Link) string {
	if l.Text == "" {
		return p.T("shell.back")
	}
	return l.Text
}

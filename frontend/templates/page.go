package templates

import (
	"net/url"
	"strings"

	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/internal/i18n"
)

// Scheme is the colour scheme somebody chose.
type Scheme string

// The colour schemes. Auto follows the device.
const (
	SchemeAuto  Scheme = "auto"
	SchemeLight Scheme = "light"
	SchemeDark  Scheme = "dark"
)

// Page is what every page knows about the request. Package web fills it; the
// printer is embedded so that translation is a method of the page: p.T("key").
type Page struct {
	*i18n.Printer
	// Path is the path and query being shown; language and theme links keep it.
	Path string
	// Scheme and LargeType are the reader's choices.
	Scheme    Scheme
	LargeType bool
	// Viewer is who is signed in; nil when nobody is.
	Viewer *Viewer
	// Nav is the navigation of the viewer's role.
	Nav []NavLink
	// Flash is the sentence to show once after a redirect, or "".
	Flash string
	// RequestID helps support find the request in the logs.
	RequestID string
}

// Viewer is who is signed in.
type Viewer struct {
	Name string
	// Role in words, already translated.
	Role string
	// Organisation acted for, empty for the person helped.
	Organisation string
	// SwitchHref leads to the choice of another organisation or role, empty
	// when there is only one.
	SwitchHref string
	// SignOutAction is where the sign-out form posts.
	SignOutAction string
}

// NavLink is one entry of the navigation.
type NavLink struct {
	Text string
	Href string
	// Current marks the section being shown.
	Current bool
	// Count is shown beside the text when above zero.
	Count int
}

// Link is a link with its words.
type Link struct {
	Text string
	Href string
}

// Head is what a page says of itself to the layout.
type Head struct {
	// Title is the page's name: the h1, and the start of the document title.
	Title string
	// Caption is a small line over the h1: where we are, which step.
	Caption string
	// Lead is one sentence under the h1.
	Lead string
	// Form, when it holds errors, gives the error summary and the "Erreur :"
	// prefix of the title.
	Form *form.Form
	// Failed gives the prefix without a form (the error pages).
	Failed bool
	// Back is the link above the content; Trail are breadcrumbs. Use one.
	Back  Link
	Trail []Link
	// Person is the banner of a page about somebody.
	Person *PersonBanner
	// Wide lets tables and two columns breathe; the default is a reading
	// column of 66 characters.
	Wide bool
	// OwnHeading: the page shows its own h1 (a fieldset legend, say).
	OwnHeading bool
	// Refresh, in seconds, reloads the page without script; 0 does not.
	Refresh int
}

func (h Head) failed() bool { return h.Failed || !h.Form.Valid() }

// documentTitle is "Erreur : <title> – Relais".
func documentTitle(p Page, h Head) string {
	title := h.Title + " – " + p.T("shell.service")
	if h.failed() {
		return p.T("shell.error_title", "Title", title)
	}
	return title
}

// with returns the path shown with one query parameter more.
func (p Page) with(name, value string) string {
	u, err := url.Parse(p.Path)
	if err != nil || !strings.HasPrefix(p.Path, "/") || strings.HasPrefix(p.Path, "//") {
		u = &url.URL{Path: "/"}
	}
	q := u.Query()
	q.Set(name, value)
	return (&url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: q.Encode()}).String()
}

func (p Page) scheme() string {
	if p.Scheme == "" {
		return string(SchemeAuto)
	}
	return string(p.Scheme)
}

// otherSchemes is what the switch leads to: the opposite of what is shown. When
// the device decides, both are there and the style sheet shows the right one.
func (p Page) otherSchemes() []Scheme {
	switch p.Scheme {
	case SchemeDark:
		return []Scheme{SchemeLight}
	case SchemeLight:
		return []Scheme{SchemeDark}
	default:
		return []Scheme{SchemeDark, SchemeLight}
	}
}

// when is the class that shows the link to a scheme on a device of the other.
func (s Scheme) when() string {
	if s == SchemeLight {
		return "r-when-dark"
	}
	return "r-when-light"
}

func (s Scheme) icon() Icon {
	if s == SchemeLight {
		return IconSun
	}
	return IconMoon
}

func (p Page) typeSize() string {
	if p.LargeType {
		return "large"
	}
	return "normal"
}

func (p Page) nextTypeSize() string {
	if p.LargeType {
		return "normal"
	}
	return "large"
}

func mainClass(h Head) string {
	if h.Wide {
		return "r-main r-main-wide"
	}
	return "r-main"
}

func current(yes bool) string {
	if yes {
		return "page"
	}
	return "false"
}

// promise says what Relais owes the person helped: to them, or about them to
// those who work with them.
func promise(p Page) string {
	if p.Viewer != nil && p.Viewer.Role != "" {
		return p.T("shell.promise_staff")
	}
	return p.T("shell.promise")
}

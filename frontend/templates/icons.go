package templates

import (
	"slices"
	"strings"

	"github.com/a-h/templ"
)

// Icon names one drawing of our own set: 24 × 24, lines of 1.75, round ends.
type Icon string

// The icons. NoIcon draws nothing.
const (
	NoIcon        Icon = ""
	IconPerson    Icon = "person"
	IconPeople    Icon = "people"
	IconHouse     Icon = "house"
	IconEuro      Icon = "euro"
	IconPaper     Icon = "paper"
	IconHeart     Icon = "heart"
	IconWork      Icon = "work"
	IconCar       Icon = "car"
	IconJustice   Icon = "justice"
	IconGlobe     Icon = "globe"
	IconLeaf      Icon = "leaf"
	IconCheck     Icon = "check"
	IconCross     Icon = "cross"
	IconClock     Icon = "clock"
	IconPause     Icon = "pause"
	IconStop      Icon = "stop"
	IconPen       Icon = "pen"
	IconPhone     Icon = "phone"
	IconMail      Icon = "mail"
	IconLetter    Icon = "letter"
	IconEye       Icon = "eye"
	IconShield    Icon = "shield"
	IconAlert     Icon = "alert"
	IconInfo      Icon = "info"
	IconArrow     Icon = "arrow"
	IconBack      Icon = "back"
	IconSearch    Icon = "search"
	IconPrint     Icon = "print"
	IconCard      Icon = "card"
	IconPlus      Icon = "plus"
	IconCalendar  Icon = "calendar"
	IconKey       Icon = "key"
	IconDownload  Icon = "download"
	IconOffice    Icon = "office"
	IconBook      Icon = "book"
	IconSpeaker   Icon = "speaker"
	IconSun       Icon = "sun"
	IconMoon      Icon = "moon"
	IconType      Icon = "type"
	IconHandshake Icon = "relay"
	IconList      Icon = "list"
	IconChart     Icon = "chart"
	IconLock      Icon = "lock"
)

// drawings are the path data of each icon, one string per stroke.
var drawings = map[Icon][]string{
	IconPerson:    {"M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Z", "M4.5 20.5c.8-3.6 3.8-5.5 7.5-5.5s6.7 1.9 7.5 5.5"},
	IconPeople:    {"M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z", "M2.5 19.5c.6-3.2 3.2-5 6.5-5s5.9 1.8 6.5 5", "M16 5a3.3 3.3 0 0 1 0 6.3", "M18.2 15c1.8.7 3 2.2 3.3 4.5"},
	IconHouse:     {"M3.5 11 12 4l8.5 7", "M6 9.5V20h12V9.5", "M10 20v-5.5h4V20"},
	IconEuro:      {"M18 6.6A7 7 0 1 0 18 17.4", "M3.5 10.5H13", "M3.5 13.5H12"},
	IconPaper:     {"M6 3.5h8l4.5 4.5v12.5H6Z", "M13.5 3.5V8.5h5", "M9 12.5h6", "M9 16h6"},
	IconHeart:     {"M12 20S3.5 15 3.5 9.2A4.5 4.5 0 0 1 12 7.2a4.5 4.5 0 0 1 8.5 2C20.5 15 12 20 12 20Z"},
	IconWork:      {"M3.5 8h17v11.5h-17Z", "M9 8V5h6v3", "M3.5 13h17"},
	IconCar:       {"M3.5 16.5v-4l2-6h13l2 6v4Z", "M3.8 12.5h16.4", "M5.5 16.5V19", "M18.5 16.5V19", "M7 14.5h.01", "M17 14.5h.01"},
	IconJustice:   {"M12 4v16", "M8 20h8", "M5 7.5l7-2 7 2", "M2.5 14 5 7.5 7.5 14a2.6 2.6 0 0 1-5 0Z", "M16.5 14 19 7.5l2.5 6.5a2.6 2.6 0 0 1-5 0Z"},
	IconGlobe:     {"M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17Z", "M3.5 12h17", "M12 3.5c2.5 2.5 3.5 5.5 3.5 8.5s-1 6-3.5 8.5c-2.5-2.5-3.5-5.5-3.5-8.5s1-6 3.5-8.5Z"},
	IconLeaf:      {"M5 19C4 10 9 5 20 4.5 20 15 15 20 7.5 17.5", "M4 20.5c2-4.5 5-7.5 9.5-9.5"},
	IconCheck:     {"M4.5 12.5l5 5 10-11"},
	IconCross:     {"M6 6l12 12", "M18 6 6 18"},
	IconClock:     {"M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17Z", "M12 7v5.2l3.5 2"},
	IconPause:     {"M8.5 5.5v13", "M15.5 5.5v13"},
	IconStop:      {"M8.5 3.5h7l5 5v7l-5 5h-7l-5-5v-7Z", "M9.5 9.5l5 5", "M14.5 9.5l-5 5"},
	IconPen:       {"M4 20l1-4.5L16.5 4 20 7.5 8.5 19Z", "M14 6.5l3.5 3.5"},
	IconPhone:     {"M7.5 3.5h9v17h-9Z", "M11 17.8h2"},
	IconMail:      {"M12 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z", "M15.5 8.5v4.7c0 3 5 2.8 5-1.2a8.5 8.5 0 1 0-3.5 6.9"},
	IconLetter:    {"M3.5 6h17v12.5h-17Z", "M3.5 7l8.5 6.5L20.5 7"},
	IconEye:       {"M2.5 12C5 7.7 8.3 5.5 12 5.5s7 2.2 9.5 6.5c-2.5 4.3-5.8 6.5-9.5 6.5S5 16.3 2.5 12Z", "M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z"},
	IconShield:    {"M12 3.5l7.5 2.5v5.5c0 4.5-3 7.5-7.5 9-4.5-1.5-7.5-4.5-7.5-9V6Z", "M8.5 12l2.5 2.5 4.5-5"},
	IconAlert:     {"M12 4 21.5 20h-19Z", "M12 10v4.5", "M12 17.3h.01"},
	IconInfo:      {"M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17Z", "M12 11.5v5", "M12 7.8h.01"},
	IconArrow:     {"M4 12h15.5", "M13.5 6l6 6-6 6"},
	IconBack:      {"M20 12H4.5", "M10.5 6l-6 6 6 6"},
	IconSearch:    {"M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Z", "M15.5 15.5 20.5 20.5"},
	IconPrint:     {"M7 9V3.5h10V9", "M7 17H3.5V9h17v8H17", "M7 14h10v6.5H7Z"},
	IconCard:      {"M3 5.5h18v13H3Z", "M3 9.5h18", "M6.5 15h5"},
	IconPlus:      {"M12 5v14", "M5 12h14"},
	IconCalendar:  {"M4 5.5h16v15H4Z", "M4 10h16", "M8.5 3v4", "M15.5 3v4"},
	IconKey:       {"M8 15.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8Z", "M12 11.5h9", "M17 11.5v4", "M20.5 11.5v2.5"},
	IconDownload:  {"M12 4v11", "M7 10.5l5 5 5-5", "M4.5 19.5h15"},
	IconOffice:    {"M5 20.5v-17h9v17", "M14 9.5h5.5v11", "M3 20.5h18", "M8 7.5h3", "M8 11.5h3", "M8 15.5h3"},
	IconBook:      {"M12 6.5C9.5 4.8 6.5 4.5 3.5 5v13.5c3-.5 6-.2 8.5 1.5 2.5-1.7 5.5-2 8.5-1.5V5c-3-.5-6-.2-8.5 1.5Z", "M12 6.5V20"},
	IconSpeaker:   {"M4 9.5v5h3.5l5 4.5V5l-5 4.5Z", "M16 9a4.2 4.2 0 0 1 0 6", "M18.5 6.5a7.8 7.8 0 0 1 0 11"},
	IconSun:       {"M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8Z", "M12 2.5v2", "M12 19.5v2", "M2.5 12h2", "M19.5 12h2", "M5.3 5.3l1.4 1.4", "M17.3 17.3l1.4 1.4", "M5.3 18.7l1.4-1.4", "M17.3 6.7l1.4-1.4"},
	IconMoon:      {"M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z"},
	IconType:      {"M3 18.5 8 6l5 12.5", "M4.7 14.5h6.6", "M14 18.5l3.5-8.5 3.5 8.5", "M15.2 15.7h4.6"},
	IconHandshake: {"M5 17.5V12a5 5 0 0 1 5-5h4", "M19 6.5V12a5 5 0 0 1-5 5h-4"},
	IconList:      {"M9 6.5h11", "M9 12h11", "M9 17.5h11", "M4.5 6.5h.01", "M4.5 12h.01", "M4.5 17.5h.01"},
	IconChart:     {"M4 4v16h16", "M8.5 16v-4", "M13 16V8", "M17.5 16v-6"},
	IconLock:      {"M5.5 10.5h13v10h-13Z", "M8 10.5V8a4 4 0 0 1 8 0v2.5", "M12 14.5v2.5"},
}

// Icons lists the names of all drawings, in order.
func Icons() []Icon {
	out := make([]Icon, 0, len(drawings))
	for i := range drawings {
		out = append(out, i)
	}
	slices.Sort(out)
	return out
}

// class marks the drawings that point along the line of text, which turn
// with it from right to left.
func (i Icon) class() string {
	switch i {
	case IconArrow, IconBack:
		return "r-icon r-flip"
	default:
		return "r-icon"
	}
}

// after says that the drawing comes after the words: an arrow points on.
func (i Icon) after() bool { return i == IconArrow }

// svgs are the drawings as markup, made once: a page shows dozens.
var svgs = func() map[Icon]templ.Component {
	out := map[Icon]templ.Component{NoIcon: templ.NopComponent}
	for name, strokes := range drawings {
		var b strings.Builder
		b.WriteString(`<svg class="` + name.class() + `" viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">`)
		for _, d := range strokes {
			b.WriteString(`<path d="` + d + `"></path>`)
		}
		b.WriteString(`</svg>`)
		out[name] = templ.Raw(b.String())
	}
	return out
}()

// SVG draws an icon beside words that say the same; screen readers pass it.
func SVG(name Icon) templ.Component {
	if c, ok := svgs[name]; ok {
		return c
	}
	return templ.NopComponent
}

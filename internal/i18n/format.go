package i18n

import (
	"strings"
	"time"
)

// Date writes the day in words: "mercredi 3 mars 2027".
func (p *Printer) Date(t time.Time) string {
	t = t.In(p.loc)
	return p.firstOfMonth(t, p.format.FmtDateFull(t))
}

// LongDate is Date without the day of the week: "3 mars 2027".
func (p *Printer) LongDate(t time.Time) string {
	t = t.In(p.loc)
	return p.firstOfMonth(t, p.format.FmtDateLong(t))
}

// Time writes hours and minutes: "14:05".
func (p *Printer) Time(t time.Time) string { return t.In(p.loc).Format("15:04") }

// DateTime writes day and time in words: "mercredi 3 mars 2027 à 14:05".
func (p *Printer) DateTime(t time.Time) string {
	return p.T("shell.date_time", "Date", p.Date(t), "Time", p.Time(t))
}

// Number writes a whole number with the language's grouping.
func (p *Printer) Number(n int) string { return p.format.FmtNumber(float64(n), 0) }

// List joins words the way a sentence does: "a, b et c".
func (p *Printer) List(words []string) string {
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0]
	}
	last := len(words) - 1
	return p.T("shell.list_last", "Start", strings.Join(words[:last], ", "), "Last", words[last])
}

// firstOfMonth writes the first as French does ("1er mars"), which the CLDR
// pattern leaves out, and drops the comma English puts after the week day.
func (p *Printer) firstOfMonth(t time.Time, s string) string {
	switch p.c.lang {
	case French:
		if t.Day() == 1 {
			return strings.Replace(" "+s, " 1 ", " 1er ", 1)[1:]
		}
	case English:
		return strings.Replace(s, ",", "", 1)
	case Spanish:
	}
	return s
}

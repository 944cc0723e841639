package i18n

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-playground/locales"
	"github.com/go-playground/locales/en_GB"
	"github.com/go-playground/locales/es"
	"github.com/go-playground/locales/fr"
	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
)

// Printer prints in one language and one time zone. It is immutable and safe
// for concurrent use.
type Printer struct {
	c      *catalogue
	format locales.Translator
	loc    *time.Location
}

var printers = func() map[Lang]*Printer {
	formats := map[Lang]locales.Translator{French: fr.New(), English: en_GB.New(), Spanish: es.New()}
	out := make(map[Lang]*Printer, len(formats))
	for lang, f := range formats {
		out[lang] = &Printer{c: catalogues[lang], format: f, loc: time.UTC}
	}
	return out
}()

var missing atomic.Int64

// Missing counts the keys asked for and not found since start, for metrics.
func Missing() int64 { return missing.Load() }

// For gives the printer of a language, in UTC; an unknown language gives that
// of [Default].
func For(l Lang) *Printer {
	if p, ok := printers[l]; ok {
		return p
	}
	return printers[Default]
}

// In returns the same printer showing times in loc. An organisation has one
// time zone; pages about it print in that one.
func (p *Printer) In(loc *time.Location) *Printer {
	q := *p
	if loc != nil {
		q.loc = loc
	}
	return &q
}

// Lang is the language printed.
func (p *Printer) Lang() Lang { return p.c.lang }

// Location is the time zone printed.
func (p *Printer) Location() *time.Location { return p.loc }

// Dir is the writing direction for the HTML dir attribute.
func (p *Printer) Dir() string {
	switch p.c.lang {
	case "ar", "fa", "he", "ur":
		return "rtl"
	default:
		return "ltr"
	}
}

// Has says whether the key exists.
func (p *Printer) Has(key string) bool { _, ok := p.c.known[key]; return ok }

// T gives the words of key. The rest are name, value pairs filling its
// placeholders: p.T("person.since", "Date", p.Date(t)).
func (p *Printer) T(key string, pairs ...any) string {
	if s, ok := p.c.plain[key]; ok {
		return s
	}
	return p.localize(key, &goi18n.LocalizeConfig{MessageID: key, TemplateData: data(key, pairs)})
}

// TMap is T for placeholders that are already a map, as in a problem.Error.
func (p *Printer) TMap(key string, args map[string]any) string {
	if s, ok := p.c.plain[key]; ok {
		return s
	}
	return p.localize(key, &goi18n.LocalizeConfig{MessageID: key, TemplateData: args})
}

// N gives the words of key for a count, with the plural category CLDR gives
// the language; {{.Count}} is the number as written in it.
func (p *Printer) N(key string, count int, pairs ...any) string {
	d := data(key, pairs)
	d["Count"] = p.Number(count)
	return p.localize(key, &goi18n.LocalizeConfig{MessageID: key, TemplateData: d, PluralCount: count})
}

func (p *Printer) localize(key string, cfg *goi18n.LocalizeConfig) string {
	if !p.Has(key) {
		return p.fail(key, "no such key")
	}
	s, err := p.c.localizer.Localize(cfg)
	if err != nil {
		return p.fail(key, err.Error())
	}
	if strings.Contains(s, "<no value>") {
		p.fail(key, "a placeholder has no value")
		return strings.ReplaceAll(s, "<no value>", "…")
	}
	return s
}

// fail panics under test, where it is a fault to mend, and shows the key in
// service, where a page with one odd word beats no page.
func (p *Printer) fail(key, why string) string {
	missing.Add(1)
	if testing.Testing() {
		panic(fmt.Sprintf("i18n: %s: %q: %s", p.c.lang, key, why))
	}
	return key
}

func data(key string, pairs []any) map[string]any {
	d := make(map[string]any, len(pairs)/2+1)
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			panic(fmt.Sprintf("i18n: %q: placeholder name %v is not a string", key, pairs[i]))
		}
		d[name] = pairs[i+1]
	}
	return d
}

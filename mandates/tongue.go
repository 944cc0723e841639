package mandates

import (
	"embed"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/go-playground/locales"
	"github.com/go-playground/locales/ar"
	"github.com/pelletier/go-toml/v2"

	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/i18n"
)

// tongue says the words of papers in one language. People read and sign in
// more languages than the interface speaks; for those, only the words of
// papers are translated, in tongues/<language>.toml.
type tongue struct {
	language string
	// say gives the words of a key, with name, value pairs for its placeholders.
	say func(key string, pairs ...any) string
	// date has the day of the week, longDate has not, dateTime has both hours.
	date, longDate, dateTime func(time.Time) string
}

//go:embed tongues/*.toml
var tongueFiles embed.FS

// foreign are the languages of papers beyond those of the interface.
var foreign = mustReadTongues(map[string]locales.Translator{"ar": ar.New()})

type foreignTongue struct {
	words  map[string]string
	format locales.Translator
}

func mustReadTongues(formats map[string]locales.Translator) map[string]foreignTongue {
	out := map[string]foreignTongue{}
	for language, format := range formats {
		raw, err := tongueFiles.ReadFile(path.Join("tongues", language+".toml"))
		if err != nil {
			panic(err) // embedded at build: only a broken build gets here
		}
		words := map[string]string{}
		if err := toml.Unmarshal(raw, &words); err != nil {
			panic(err)
		}
		out[language] = foreignTongue{words: words, format: format}
	}
	return out
}

// tongueOf gives a language's words with dates in zone; a language that is not
// translated speaks the default one.
func tongueOf(language string, zone *time.Location) tongue {
	p := beneficiaries.Printer(language).In(zone)
	f, ok := foreign[language]
	if !ok || i18n.Known(language) {
		return tongue{language: string(p.Lang()), say: p.T, date: p.Date, longDate: p.LongDate, dateTime: p.DateTime}
	}
	date := func(t time.Time) string { return f.format.FmtDateFull(t.In(zone)) }
	return tongue{
		language: language, say: f.say, date: date,
		longDate: func(t time.Time) string { return f.format.FmtDateLong(t.In(zone)) },
		dateTime: func(t time.Time) string { return date(t) + " - " + t.In(zone).Format("15:04") },
	}
}

// tongues lists every language papers speak.
func tongues() []string {
	out := slices.Sorted(maps.Keys(foreign))
	for _, l := range i18n.Langs() {
		out = append(out, string(l))
	}
	return out
}

// say fills {{.Name}} placeholders, as the files of the interface write them.
func (f foreignTongue) say(key string, pairs ...any) string {
	s, ok := f.words[key]
	if !ok {
		return beneficiaries.Printer("").T(key, pairs...)
	}
	var replace []string
	for i := 0; i+1 < len(pairs); i += 2 {
		name, _ := pairs[i].(string)
		value, _ := pairs[i+1].(string)
		replace = append(replace, "{{."+name+"}}", value)
	}
	return strings.NewReplacer(replace...).Replace(s)
}

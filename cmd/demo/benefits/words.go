package benefits

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
)

//go:embed locales assets
var files embed.FS

// languages offered, the office's own first. locales/ has a file for each.
var languages = []string{"fr", "en", "es"}

var (
	matcher = language.NewMatcher([]language.Tag{language.French, language.English, language.Spanish})
	words   = loadWords()
)

// loadWords panics on a faulty file: it is part of the program.
func loadWords() map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, l := range languages {
		raw, err := files.ReadFile("locales/" + l + ".json")
		if err != nil {
			panic(err)
		}
		texts := map[string]string{}
		if err := json.Unmarshal(raw, &texts); err != nil {
			panic(fmt.Errorf("locales/%s.json: %w", l, err))
		}
		if l == "fr" { // French does not let a line break before these
			noBreak := strings.NewReplacer(" :", "\u00a0:", " ;", "\u202f;", " !", "\u202f!", " ?", "\u202f?", "« ", "«\u00a0", " »", "\u00a0»", " €", "\u00a0€")
			for k, text := range texts {
				texts[k] = noBreak.Replace(text)
			}
		}
		all[l] = texts
	}
	return all
}

// language follows ?lang=, then the choice kept, then the browser.
func (v *visitor) language() string {
	if asked := v.r.URL.Query().Get("lang"); slices.Contains(languages, asked) {
		v.cookie(languageCookie, asked, int((365 * 24 * time.Hour).Seconds()))
		return asked
	}
	if c, err := v.r.Cookie(languageCookie); err == nil && slices.Contains(languages, c.Value) {
		return c.Value
	}
	accepted, _, err := language.ParseAcceptLanguage(v.r.Header.Get("Accept-Language"))
	if err != nil || len(accepted) == 0 {
		return languages[0]
	}
	_, index, _ := matcher.Match(accepted...)
	return languages[index]
}

// speech speaks one language.
type speech struct {
	Lang string
	zone *time.Location
}

// T gives the words for a key; pairs are names in braces and what stands for
// them. What is given is set apart from the sentence, in its own direction.
func (s speech) T(key string, pairs ...string) template.HTML {
	text := template.HTMLEscapeString(s.raw(key))
	for i := 0; i+1 < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, "{"+pairs[i]+"}", "<bdi>"+template.HTMLEscapeString(pairs[i+1])+"</bdi>")
	}
	return template.HTML(text) //nolint:gosec // both parts are escaped above
}

// Has says whether there are words for a key: hints are not everywhere.
func (s speech) Has(key string) bool { return words[s.Lang][key] != "" }

// raw is never empty: a key without words shows itself, and a test finds it.
func (s speech) raw(key string) string {
	if text := words[s.Lang][key]; text != "" {
		return text
	}
	return key
}

// Day is a date in words.
func (s speech) Day(t time.Time) string {
	t = t.In(s.zone)
	month := strings.Fields(s.raw("date.months"))[t.Month()-1]
	weekday := strings.Fields(s.raw("date.weekdays"))[t.Weekday()]
	day := strconv.Itoa(t.Day())
	if t.Day() == 1 {
		day = s.raw("date.first")
	}
	return strings.NewReplacer("{weekday}", weekday, "{day}", day, "{month}", month, "{year}", strconv.Itoa(t.Year())).Replace(s.raw("date.day"))
}

// Moment is a date and a time.
func (s speech) Moment(t time.Time) string {
	return strings.NewReplacer("{day}", s.Day(t), "{time}", t.In(s.zone).Format("15:04")).Replace(s.raw("date.moment"))
}

// Amount writes cents as euros, without the sign.
func (s speech) Amount(cents int) string {
	return fmt.Sprintf("%d%s%02d", cents/100, s.raw("amount.point"), cents%100)
}

// Clock is a time of day.
func (s speech) Clock(t time.Time) string { return t.In(s.zone).Format("15:04:05") }

// asset serves the style sheet, the mark and the script.
func asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if !slices.Contains([]string{"style.css", "mark.svg", "print.js"}, name) {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "max-age=300")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeFileFS(w, r, files, "assets/"+name) //nolint:gosec // one of three names
}

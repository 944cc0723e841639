package i18n

import "golang.org/x/text/language"

var matcher = func() language.Matcher {
	tags := make([]language.Tag, 0, len(Langs()))
	for _, l := range Langs() {
		tags = append(tags, language.Make(string(l)))
	}
	return language.NewMatcher(tags)
}()

// Known says whether s names an interface language exactly.
func Known(s string) bool {
	for _, l := range Langs() {
		if string(l) == s {
			return true
		}
	}
	return false
}

// Parse picks the language to answer in: what was just asked for (query), what
// was chosen before (cookie), what the browser prefers (Accept-Language), then
// [Default]. Anything unknown is passed over, never an error.
func Parse(acceptLanguage, cookie, query string) Lang {
	for _, s := range []string{query, cookie} {
		if Known(s) {
			return Lang(s)
		}
	}
	const longest = 200 // a browser sends far less; more is only work to parse
	if acceptLanguage == "" || len(acceptLanguage) > longest {
		return Default
	}
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil || len(tags) == 0 {
		return Default
	}
	_, i, confidence := matcher.Match(tags...)
	if confidence == language.No {
		return Default
	}
	return Langs()[i]
}

// EndonymKey is the text key of a language's own name ("Français").
func (l Lang) EndonymKey() string { return "shell.language." + string(l) }

package idp

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"

	"golang.org/x/text/language"
)

//go:embed locales assets
var files embed.FS

// languages offered, the fallback first. locales/ has a file for each.
var languages = []string{"en", "fr", "es"}

var (
	matcher  = newMatcher()
	words    = loadWords()
	skeleton = template.Must(template.ParseFS(files, "assets/page.html"))
)

func newMatcher() language.Matcher {
	tags := make([]language.Tag, len(languages))
	for i, l := range languages {
		tags[i] = language.MustParse(l)
	}
	return language.NewMatcher(tags)
}

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
		all[l] = texts
	}
	return all
}

// screen is which page to show; the value is also the prefix of its words.
type screen string

const (
	screenChoose    screen = "choose"
	screenConfirm   screen = "confirm"
	screenSignOut   screen = "signout"
	screenSignedOut screen = "signedout"
	screenWelcome   screen = "welcome"
	screenLost      screen = "lost"
)

// view is what the template gets; it decides nothing itself.
type view struct {
	Language string
	Screen   screen
	Title    string
	Intro    string
	Audience string
	Request  string
	People   []choice
	texts    map[string]string
}

type choice struct{ Subject, Name, Hint, Initial string }

// T gives the words for a key.
func (v view) T(key string) string { return v.texts[key] }

// Is reports which screen this is.
func (v view) Is(s string) bool { return v.Screen == screen(s) }

func (p *pages) render(w http.ResponseWriter, r *http.Request, asked request, s screen) error {
	lang := languageOf(r, asked)
	v := view{Language: lang, Screen: s, Audience: asked.audience, Request: asked.id, texts: words[lang]}
	heading := string(s)
	if s == screenChoose {
		heading += "." + asked.audience
		v.People = p.choices(asked, lang)
	}
	v.Title, v.Intro = v.T(heading+".title"), v.T(heading+".intro")
	return write(w, v, http.StatusOK, asked.RedirectURI)
}

// choices are the people of the request's audience, the one named by
// login_hint first.
func (p *pages) choices(asked request, lang string) []choice {
	var list []choice
	for _, person := range p.storage.people {
		if person.Audience != asked.audience {
			continue
		}
		c := choice{Subject: person.Subject, Name: person.Name, Hint: person.Hint[lang], Initial: string([]rune(person.Name)[0])}
		if asked.LoginHint != "" && (asked.LoginHint == person.Subject || asked.LoginHint == person.Email) {
			list = append([]choice{c}, list...)
			continue
		}
		list = append(list, c)
	}
	return list
}

// languageOf follows ui_locales, then the browser.
func languageOf(r *http.Request, asked request) string {
	accepted, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil {
		accepted = nil // an unreadable header says nothing
	}
	_, index, _ := matcher.Match(append(append([]language.Tag{}, asked.UILocales...), accepted...)...)
	return languages[index]
}

func write(w http.ResponseWriter, v view, status int, redirectURI string) error {
	var body bytes.Buffer
	if err := skeleton.Execute(&body, v); err != nil {
		return err
	}
	// Browsers hold the redirects that follow a form to form-action too, so
	// the relying party's origin must be in it.
	formTo := "'self'"
	if to, err := url.Parse(redirectURI); err == nil && to.Host != "" {
		formTo += " " + to.Scheme + "://" + to.Host
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.Language)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action "+formTo+"; base-uri 'none'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_, err := body.WriteTo(w)
	return err
}

// page turns an error into a page; an expired request is the usual one, after
// a "back" in the browser.
func page(show func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := show(w, r)
		if err == nil {
			return
		}
		status := http.StatusBadRequest
		if !errors.Is(err, errUnknown) {
			status = http.StatusInternalServerError
			slog.ErrorContext(r.Context(), "demonstration sign-in page", "error", err)
		}
		lang := languageOf(r, request{})
		texts := words[lang]
		lost := view{Language: lang, Screen: screenLost, Title: texts["lost.title"], Intro: texts["lost.intro"], texts: texts}
		if err := write(w, lost, status, ""); err != nil {
			slog.WarnContext(r.Context(), "demonstration sign-in page", "error", err)
		}
	})
}

func style(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "max-age=300")
	http.ServeFileFS(w, r, files, "assets/style.css")
}

package i18n

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"

	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/language"
)

//go:embed all:locales
var localeFiles embed.FS

// Lang is one of the interface languages, as a BCP 47 primary tag.
type Lang string

// The interface languages. French is the default and the one others are
// measured against.
const (
	French  Lang = "fr"
	English Lang = "en"
	Spanish Lang = "es"
)

// Default is used when nothing tells which language somebody reads.
const Default = French

// Langs lists the interface languages in the order shown to people.
func Langs() []Lang { return []Lang{French, English, Spanish} }

// catalogue is one language, ready to print.
type catalogue struct {
	lang Lang
	// plain holds messages without placeholder or plural: most of them, and
	// the fast path of every page.
	plain map[string]string
	// known holds every key, to tell "missing" from "needs arguments".
	known     map[string]*goi18n.Message
	localizer *goi18n.Localizer
	// twice lists keys met again, as "file: key".
	twice []string
}

var catalogues = mustLoad()

func mustLoad() map[Lang]*catalogue {
	c, err := load(localeFiles)
	if err != nil {
		panic(err) // embedded at build: only a broken build gets here
	}
	return c
}

// load reads every language folder of files.
func load(files fs.FS) (map[Lang]*catalogue, error) {
	out := make(map[Lang]*catalogue, len(Langs()))
	bundle := goi18n.NewBundle(language.Make(string(Default)))
	for _, lang := range Langs() {
		c := &catalogue{lang: lang, plain: map[string]string{}, known: map[string]*goi18n.Message{}}
		names, err := fs.Glob(files, path.Join("locales", string(lang), "*.toml"))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if err := c.read(files, name); err != nil {
				return nil, err
			}
		}
		tag := language.Make(string(lang))
		for _, m := range c.known {
			if err := bundle.AddMessages(tag, m); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", lang, m.ID, err)
			}
		}
		out[lang] = c
	}
	for _, c := range out {
		c.localizer = goi18n.NewLocalizer(bundle, string(c.lang))
	}
	return out, nil
}

// read adds one message file.
func (c *catalogue) read(files fs.FS, name string) error {
	raw, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	unmarshal := map[string]goi18n.UnmarshalFunc{"toml": toml.Unmarshal}
	file, err := goi18n.ParseMessageFileBytes(raw, string(c.lang)+".toml", unmarshal)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, m := range file.Messages {
		if _, twice := c.known[m.ID]; twice {
			c.twice = append(c.twice, name+": "+m.ID)
			continue // the first one stands; a test fails on any
		}
		typeset(c.lang, m)
		c.known[m.ID] = m
		if m.One == "" && m.Few == "" && m.Many == "" && !strings.Contains(m.Other, "{{") {
			c.plain[m.ID] = m.Other
		}
	}
	return nil
}

// nbsp is the no-break space.
const nbsp = "\u00a0"

var frenchSpaces = strings.NewReplacer(" :", nbsp+":", " ;", nbsp+";", " !", nbsp+"!", " ?", nbsp+"?",
	"« ", "«"+nbsp, " »", nbsp+"»")

// messages are sent as SMS too, where one no-break space would halve what a
// message may hold (it is not in the GSM alphabet).
const messages = "message."

// typeset applies the language's typography, which authors cannot see in a
// text file and would forget.
func typeset(lang Lang, m *goi18n.Message) {
	if lang != French || strings.HasPrefix(m.ID, messages) {
		return
	}
	for _, s := range []*string{&m.Zero, &m.One, &m.Two, &m.Few, &m.Many, &m.Other} {
		*s = frenchSpaces.Replace(*s)
	}
}

package packs

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// located is one Text of a pack and the rules for it.
type located struct {
	path     string
	text     Text
	max      int
	optional bool
}

// texts lists every Text of the pack.
func (p *Pack) texts() []located {
	all := []located{{path: "name", text: p.Name, max: maxName}}
	for i, d := range p.Durations {
		all = append(all, located{path: durationPath(i) + ".name", text: d.Name, max: maxName})
	}
	for _, t := range p.Themes {
		at := themePath(t)
		all = append(all,
			located{path: at + ".name", text: t.Name, max: maxName},
			located{path: at + ".plain", text: t.Plain, max: maxPlain},
			located{path: at + ".warning", text: t.Warning, max: maxNote, optional: true})
	}
	for _, x := range p.Procedures {
		at := procedurePath(x)
		all = append(all,
			located{path: at + ".name", text: x.Name, max: maxName},
			located{path: at + ".plain", text: x.Plain, max: maxPlain},
			located{path: at + ".needs_documents", text: x.NeedsDocuments, max: maxNote, optional: true},
			located{path: at + ".warning", text: x.Warning, max: maxNote, optional: true})
	}
	for _, r := range p.Protection {
		at := protectionPath(r)
		all = append(all,
			located{path: at + ".name", text: r.Name, max: maxPlain},
			located{path: at + ".text", text: r.Text, max: maxNote})
	}
	for _, d := range p.IdentityDocuments {
		all = append(all, located{path: identityPath(d) + ".name", text: d.Name, max: maxName})
	}
	all = append(all, p.IdentityCodes.texts()...)
	all = append(all, located{path: "charter.title", text: p.Charter.Title, max: maxName})
	for i, t := range p.Charter.Paragraphs {
		all = append(all, located{path: "charter.paragraphs[" + strconv.Itoa(i) + "]", text: t, max: maxNote})
	}
	return all
}

// text checks that one Text is complete and fits.
func (c *checker) text(t located) {
	if len(t.text.Languages()) == 0 && t.optional {
		return
	}
	for _, l := range c.languages() {
		c.require(t.text[l] != "", t.path+"."+l, "is missing")
	}
	for _, l := range t.text.Languages() {
		if t.text[l] != "" {
			c.length(t.path+"."+l, t.text[l], t.max)
		}
	}
}

// languages are those every text of the pack needs.
func (c *checker) languages() []string {
	langs := slices.Clone(requiredLanguages)
	for _, l := range c.pack.Languages {
		if !slices.Contains(langs, l) {
			langs = append(langs, l)
		}
	}
	return langs
}

// length checks that words are there, trimmed, and not longer than longest.
func (c *checker) length(path, words string, longest int) {
	n := utf8.RuneCountInString(words)
	c.require(n > 0, path, "is missing")
	c.require(n <= longest, path, "is %d characters long, %d at most", n, longest)
	c.require(words == strings.TrimSpace(words), path, "has space around it")
}

func (c *checker) consent() {
	once := c.unique()
	c.require(len(c.pack.ConsentTexts) > 0, "consent_texts", "none")
	spoken := map[string][]string{}
	for _, t := range c.pack.ConsentTexts {
		path := consentPath(t)
		once(path, t.Version+" "+t.Language)
		c.require(consentForm.MatchString(t.Version) && strings.HasPrefix(t.Version, c.pack.ID+"-"), path+".version", "%q is not a version like %s-2026-1", t.Version, c.pack.ID)
		c.require(langForm.MatchString(t.Language), path+".language", "%q is not a language code", t.Language)
		c.length(path+".title", t.Title, maxPlain)
		if len(c.pack.Languages) > 0 && t.Language != c.pack.Languages[0] {
			c.length(path+".note", t.Note, maxNote)
		}
		c.lines(path+".paragraphs", t.Paragraphs)
		c.lines(path+".declarations", t.Declarations)
		c.lines(path+".promises", t.Promises)
		c.lines(path+".rights", t.Rights)
		c.lines(path+".revocation", t.Revocation)
		spoken[t.Version] = append(spoken[t.Version], t.Language)
	}
	for _, version := range sortedKeys(spoken) {
		for _, l := range c.languages() {
			c.require(slices.Contains(spoken[version], l), "consent_texts["+version+"]", "is not there in %s", l)
		}
	}
}

func (c *checker) lines(path string, lines []string) {
	c.require(len(lines) > 0, path, "is missing")
	for i, line := range lines {
		c.length(path+"["+strconv.Itoa(i)+"]", line, maxConsent)
	}
}

func (c *checker) charter() {
	ch := c.pack.Charter
	c.require(consentForm.MatchString(ch.Version) && strings.HasPrefix(ch.Version, c.pack.ID+"-"), "charter.version", "%q is not a version like %s-2026-1", ch.Version, c.pack.ID)
	c.require(len(ch.Paragraphs) > 0, "charter.paragraphs", "none")
}

func (c *checker) calendar() {
	once := c.unique()
	c.require(len(c.pack.Holidays) > 0, "holidays", "none")
	for _, day := range c.pack.Holidays {
		_, err := time.Parse(time.DateOnly, day)
		c.require(err == nil, "holidays", "%q is not a date like 2026-12-25", day)
		once("holidays", day)
	}
	for _, of := range retentions() {
		c.require(c.pack.RetentionDays[of] > 0, "retention_days."+of, "is missing")
	}
	for _, of := range sortedKeys(c.pack.RetentionDays) {
		days := c.pack.RetentionDays[of]
		c.require(slices.Contains(retentions(), of), "retention_days."+of, "nothing is called so")
		c.require(days <= 20*366, "retention_days."+of, "%d days is more than twenty years", days)
	}
}

// sortedKeys makes the faults of a map come in the same order each time.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// fileOf finds the file a faulty path came from: that of its longest known
// parent, else the head file.
func (p *Pack) fileOf(path string) string {
	best := ""
	for at := range p.origin {
		if strings.HasPrefix(path, at) && len(at) > len(best) {
			best = at
		}
	}
	return p.origin[best]
}

func durationPath(i int) string              { return "durations[" + strconv.Itoa(i) + "]" }
func themePath(t Theme) string               { return "themes[" + t.Code + "]" }
func procedurePath(x Procedure) string       { return "procedures[" + x.Code + "]" }
func protectionPath(r ProtectionRule) string { return "protection[" + r.Status + "]" }
func identityPath(d IdentityDocument) string { return "identity_documents[" + d.Code + "]" }
func consentPath(t ConsentText) string {
	return "consent_texts[" + t.Version + " " + t.Language + "]"
}

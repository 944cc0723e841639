package packs

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a pack's time zone must be checkable on any machine
)

// requiredLanguages are the languages of the interface: every text has them.
var requiredLanguages = []string{"fr", "en", "es"}

// Longest texts, in characters: what fits a card, a button or a printed line.
const (
	maxName    = 90
	maxPlain   = 200
	maxNote    = 600
	maxConsent = 600
)

// mandateDays are the durations a mandate can have (design §4), with their
// codes.
var mandateDays = map[int]string{1: "short", 31: "month", 182: "semester", 365: "year"}

var (
	packIDForm  = regexp.MustCompile(`^[a-z]{2}(-[a-z]{2,3})?$`)
	versionForm = regexp.MustCompile(`^20\d\d-(0[1-9]|1[0-2])-\d+$`)
	codeForm    = regexp.MustCompile(`^[a-z]+(-[a-z0-9]+)*$`)
	regionForm  = regexp.MustCompile(`^[A-Z]{2}$`)
	langForm    = regexp.MustCompile(`^[a-z]{2,3}$`)
	consentForm = regexp.MustCompile(`^[a-z]{2}(-[a-z]{2,3})?-20\d\d-\d+$`)
)

// Validate lists every fault of a pack, each a [Fault]; none means it may load.
func Validate(p *Pack) []error {
	c := &checker{pack: p}
	c.head()
	c.durations()
	c.themes()
	c.procedures()
	c.protection()
	c.identityDocuments()
	c.identityCodes()
	c.patterns("secrets", p.Secrets)
	c.patterns("harmless", p.Harmless)
	c.consent()
	c.charter()
	c.calendar()
	for _, t := range p.texts() {
		c.text(t)
	}
	return c.faults
}

// checker gathers faults so that all are listed at once.
type checker struct {
	pack   *Pack
	faults []error
}

func (c *checker) fault(path, format string, args ...any) {
	c.faults = append(c.faults, Fault{File: c.pack.fileOf(path), Path: path, Reason: fmt.Sprintf(format, args...)})
}

// require adds a fault unless ok.
func (c *checker) require(ok bool, path, format string, args ...any) {
	if !ok {
		c.fault(path, format, args...)
	}
}

// unique answers a function that finds fault with a code seen before.
func (c *checker) unique() func(path, code string) {
	seen := map[string]bool{}
	return func(path, code string) {
		c.require(!seen[code], path, "%q is there twice", code)
		seen[code] = true
	}
}

func (c *checker) head() {
	p := c.pack
	c.require(packIDForm.MatchString(p.ID), "id", "%q is not a pack id like fr or es-as", p.ID)
	c.require(versionForm.MatchString(p.Version), "version", "%q is not a version like 2026-11-1", p.Version)
	c.require(regionForm.MatchString(p.Country), "country", "%q is not an ISO 3166-1 code", p.Country)
	c.require(len(p.Languages) > 0, "languages", "none; the first is the administration's")
	for i, l := range p.Languages {
		c.require(langForm.MatchString(l), "languages["+strconv.Itoa(i)+"]", "%q is not a language code", l)
	}
	_, err := time.LoadLocation(p.TimeZone)
	c.require(err == nil && p.TimeZone != "" && p.TimeZone != "Local", "time_zone", "%q is not a known time zone", p.TimeZone)
	c.require(len(p.PhoneRegions) > 0, "phone_regions", "none")
	for i, r := range p.PhoneRegions {
		c.require(regionForm.MatchString(r), "phone_regions["+strconv.Itoa(i)+"]", "%q is not an ISO 3166-1 code", r)
	}
	for _, code := range sortedKeys(p.Administrations) {
		path := "administrations." + code
		c.require(codeForm.MatchString(code), path, "%q is not a code", code)
		c.length(path, p.Administrations[code], maxName)
	}
}

func (c *checker) durations() {
	once := c.unique()
	c.require(len(c.pack.Durations) > 0, "durations", "none")
	for i, d := range c.pack.Durations {
		path := durationPath(i)
		once(path, d.Code)
		code, known := mandateDays[d.Days]
		c.require(known, path+".days", "%d is not 1, 31, 182 or 365", d.Days)
		c.require(!known || code == d.Code, path+".code", "%q should be %q for %d days", d.Code, code, d.Days)
		for j, before := range d.Reminders {
			at := path + ".reminders[" + strconv.Itoa(j) + "]"
			c.require(before >= 0 && before < d.Days, at, "%d days before the end is outside a mandate of %d days", before, d.Days)
			c.require(j == 0 || before < d.Reminders[j-1], at, "must come down from the first to the last")
		}
	}
}

func (c *checker) themes() {
	once := c.unique()
	c.require(len(c.pack.Themes) > 0, "themes", "none")
	for _, t := range c.pack.Themes {
		path := themePath(t)
		once(path, t.Code)
		c.require(codeForm.MatchString(t.Code), path+".code", "%q is not a code like social-health", t.Code)
		c.require(codeForm.MatchString(t.Icon), path+".icon", "%q is not an icon name", t.Icon)
		c.require(len(c.pack.ProceduresOf(t.Code)) > 0, path, "has no procedure")
	}
}

func (c *checker) procedures() {
	once := c.unique()
	for _, x := range c.pack.Procedures {
		path := procedurePath(x)
		once(path, x.Code)
		_, known := c.pack.Theme(x.Theme)
		c.require(known, path+".theme", "unknown theme %q", x.Theme)
		theme, rest, _ := strings.Cut(x.Code, ".")
		c.require(theme == x.Theme && codeForm.MatchString(rest), path+".code", "must be %s, a point and a code", x.Theme)
		_, known = c.pack.Administrations[x.Administration]
		c.require(known, path+".administration", "unknown administration %q", x.Administration)
		c.require(x.Delay >= 0 && x.Delay <= 730, path+".delay", "%d days is not between 0 and 730", x.Delay)
		c.require(isOfficialURL(x.URL), path+".url", "%q is not a plain https address", x.URL)
		c.actions(path+".actions", x.Actions)
	}
}

func (c *checker) actions(path string, actions []string) {
	once := c.unique()
	c.require(len(actions) > 0, path, "none")
	for _, a := range actions {
		once(path, a)
		c.require(slices.Contains(Actions(), a), path, "unknown action %q", a)
	}
	c.require(len(actions) == 0 || slices.Contains(actions, ActionView), path, "what can be done can also be looked at: view is missing")
}

func isOfficialURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && strings.Contains(u.Host, ".") && u.User == nil && u.RawQuery == ""
}

func (c *checker) protection() {
	once := c.unique()
	for _, r := range c.pack.Protection {
		path := protectionPath(r)
		once(path, r.Status)
		c.require(codeForm.MatchString(strings.ReplaceAll(r.Status, "_", "-")), path, "%q is not a code", r.Status)
		c.require(r.Rule == RuleRefuse || r.Rule == RuleRepresentativeSigns, path+".rule", "unknown rule %q", r.Rule)
	}
	for _, s := range []string{StatusMinor, StatusGuardianship, StatusCuratorship, StatusSafeguard, StatusRepresentation} {
		_, ruled := c.pack.Protection.For(s)
		c.require(ruled, "protection", "no rule for %s", s)
	}
}

func (c *checker) identityDocuments() {
	once := c.unique()
	c.require(len(c.pack.IdentityDocuments) > 0, "identity_documents", "none")
	for _, d := range c.pack.IdentityDocuments {
		path := identityPath(d)
		once(path, d.Code)
		c.require(codeForm.MatchString(d.Code), path, "%q is not a code", d.Code)
	}
}

func (c *checker) patterns(list string, patterns []SecretPattern) {
	for i, s := range patterns {
		path := list + "[" + strconv.Itoa(i) + "]"
		c.require(codeForm.MatchString(s.Code), path+".code", "%q is not a code", s.Code)
		err := s.compile()
		c.require(err == nil, path+".pattern", "%v", err)
		c.require(s.Pattern != "" && (err != nil || !s.re.MatchString("")), path+".pattern", "matches nothing at all, or everything")
		_, known := checksums[s.Checksum]
		c.require(known || s.Checksum == "", path+".checksum", "unknown checksum %q", s.Checksum)
	}
}

package packs

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

func load(t *testing.T, id string) *Pack {
	t.Helper()
	set, err := Load()
	if err != nil {
		t.Fatalf("the embedded packs do not hold: %v", err)
	}
	p, err := set.Get(id)
	if err != nil {
		t.Fatalf("no pack %s: %v", id, err)
	}
	return p
}

var tenThemes = []string{"papers", "family", "social-health", "work", "housing", "transport", "money", "justice", "foreigners", "leisure"}

func TestFranceHasTheTenThemesAndItsProcedures(t *testing.T) {
	t.Parallel()
	p := load(t, "fr")
	if got := codes(p); !slices.Equal(got, tenThemes) {
		t.Errorf("themes are %v, want %v", got, tenThemes)
	}
	if len(p.Procedures) < 60 {
		t.Errorf("%d procedures, want 60 at least", len(p.Procedures))
	}
	has(t, p, "housing.apl", "social-health.rsa", "social-health.aah", "social-health.css", "social-health.apa",
		"work.jobseeker-registration", "money.tax-return", "money.over-indebtedness", "justice.legal-aid",
		"foreigners.residence-permit-renewal", "transport.vehicle-registration", "papers.identity-card")
	if apl, _ := p.Procedure("housing.apl"); apl.AdministrationName != "Caisse d'allocations familiales (CAF)" {
		t.Errorf("housing.apl is at %q", apl.AdministrationName)
	}
}

func TestAsturiasHasItsProcedures(t *testing.T) {
	t.Parallel()
	p := load(t, "es-as")
	if got := codes(p); !slices.Equal(got, tenThemes) {
		t.Errorf("themes are %v, want %v", got, tenThemes)
	}
	if len(p.Procedures) < 32 {
		t.Errorf("%d procedures, want 32 at least", len(p.Procedures))
	}
	has(t, p, "social-health.imv", "social-health.ssb", "social-health.health-card", "papers.padron",
		"papers.digital-certificate", "papers.clave", "housing.bono-social", "work.job-demand", "transport.conecta-card")
	if p.Country != "ES" || p.Languages[0] != "es" || p.TimeZone != "Europe/Madrid" {
		t.Errorf("country %s, languages %v, zone %s", p.Country, p.Languages, p.TimeZone)
	}
}

func codes(p *Pack) []string {
	var of []string
	for _, th := range p.Themes {
		of = append(of, th.Code)
	}
	return of
}

func has(t *testing.T, p *Pack, procedures ...string) {
	t.Helper()
	for _, code := range procedures {
		if _, ok := p.Procedure(code); !ok {
			t.Errorf("%s has no %s", p.ID, code)
		}
	}
}

// The law keeps the signature of an over-indebtedness file for the applicant.
func TestOverIndebtednessIsNeverSubmittedByAMediator(t *testing.T) {
	t.Parallel()
	p := load(t, "fr")
	x, _ := p.Procedure("money.over-indebtedness")
	if x.Allows(ActionSubmit) {
		t.Error("a mediator may submit an over-indebtedness file")
	}
	th, _ := p.Theme("money")
	for _, lang := range requiredLanguages {
		if th.Warning[lang] == "" || x.Warning[lang] == "" {
			t.Errorf("no warning in %s", lang)
		}
	}
}

// What people read is one easy sentence: no second sentence, not long.
func TestPlainSentencesAreEasy(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"fr", "es-as"} {
		p := load(t, id)
		for _, x := range p.Procedures {
			for _, lang := range p.Languages {
				s := x.Plain[lang]
				if words := len(strings.Fields(s)); words > 24 {
					t.Errorf("%s %s: %d words: %s", x.Code, lang, words, s)
				}
				if !strings.HasSuffix(s, ".") || strings.Contains(s, ". ") {
					t.Errorf("%s %s is not one sentence: %s", x.Code, lang, s)
				}
			}
		}
	}
}

// MA-04
func TestChoosingAThemeNeverIncludesASensitiveAction(t *testing.T) {
	t.Parallel()
	want := []string{ActionView, ActionPrepare, ActionSubmit, ActionCorrespond}
	if got := DefaultActions(); !slices.Equal(got, want) {
		t.Errorf("default actions are %v, want %v", got, want)
	}
	for _, a := range Actions() {
		if Sensitive(a) == slices.Contains(want, a) {
			t.Errorf("%s: sensitive is %v", a, Sensitive(a))
		}
	}
	if Sensitive("") || Sensitive("anything") {
		t.Error("an unknown action is not a sensitive one; it is unknown")
	}
}

// MA-13: what was resolved stays what it was, however the catalogue grows.
func TestResolveIsFrozen(t *testing.T) {
	t.Parallel()
	p := *load(t, "fr")
	p.Procedures = slices.Clone(p.Procedures)
	before := p.Resolve("housing", DefaultActions())
	frozen := slices.Clone(before)

	p.Procedures = append(p.Procedures, Procedure{Code: "housing.added-tomorrow", Theme: "housing", Actions: Actions()})
	after := p.Resolve("housing", DefaultActions())

	if !slices.Equal(before, frozen) || slices.Contains(before, "housing.added-tomorrow") {
		t.Errorf("the earlier answer became %v", before)
	}
	if !slices.Contains(after, "housing.added-tomorrow") || len(after) != len(before)+1 {
		t.Errorf("the later answer is %v", after)
	}
	after[0] = "changed by its reader"
	if again := p.Resolve("housing", DefaultActions()); again[0] == after[0] {
		t.Error("a reader changed the catalogue through an answer")
	}
}

// MA-03
func TestResolve(t *testing.T) {
	t.Parallel()
	p := load(t, "fr")
	for name, c := range map[string]struct {
		theme   string
		actions []string
		want    int
	}{
		"whole theme":               {"housing", DefaultActions(), len(p.ProceduresOf("housing"))},
		"unknown theme":             {"space", DefaultActions(), 0},
		"no theme":                  {"", DefaultActions(), 0},
		"no action":                 {"housing", nil, 0},
		"unknown action":            {"housing", []string{"sell"}, 0},
		"action nobody there knows": {"justice", []string{ActionChangePayment}, 0},
	} {
		got := p.Resolve(c.theme, c.actions)
		if len(got) != c.want || !slices.IsSorted(got) || got == nil {
			t.Errorf("%s: %v, want %d sorted codes", name, got, c.want)
		}
	}
	for _, code := range p.Resolve("housing", []string{ActionChangePayment}) {
		if x, _ := p.Procedure(code); !x.Allows(ActionChangePayment) {
			t.Errorf("%s does not know change_payment", code)
		}
	}
}

// MA-03, MA-11
func TestDurationsAndTheirReminders(t *testing.T) {
	t.Parallel()
	want := map[int][]int{1: {}, 31: {3, 0}, 182: {30, 7, 1}, 365: {30, 7, 1}}
	for _, id := range []string{"fr", "es-as"} {
		p := load(t, id)
		for days, reminders := range want {
			d, ok := p.Duration(days)
			if !ok || !slices.Equal(d.Reminders, reminders) {
				t.Errorf("%s: %d days reminds at %v, want %v", id, days, d.Reminders, reminders)
			}
		}
		for _, days := range []int{-1, 0, 2, 30, 366} {
			if _, ok := p.Duration(days); ok {
				t.Errorf("%s offers %d days", id, days)
			}
		}
	}
}

// MA-16
func TestEveryLegalSituationHasARule(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"fr", "es-as"} {
		p := load(t, id)
		for _, s := range []string{StatusMinor, StatusGuardianship, StatusCuratorship, StatusSafeguard, StatusRepresentation} {
			r, ok := p.Protection.For(s)
			if !ok || r.Text.In("es") == "" {
				t.Errorf("%s says nothing of %s", id, s)
			}
		}
		if _, ok := p.Protection.For("none"); ok {
			t.Errorf("%s has a rule for nobody", id)
		}
	}
	if r, _ := load(t, "fr").Protection.For(StatusMinor); r.Rule != RuleRefuse {
		t.Errorf("a minor in France: %s", r.Rule)
	}
	if r, _ := load(t, "fr").Protection.For(StatusCuratorship); r.Rule != RuleRepresentativeSigns {
		t.Errorf("curatelle in France: %s", r.Rule)
	}
}

// CO-07
func TestConsentTextsByVersionAndLanguage(t *testing.T) {
	t.Parallel()
	for id, langs := range map[string][]string{"fr": {"fr", "en", "es", "ar"}, "es-as": {"es", "en", "fr"}} {
		p := load(t, id)
		if got := p.ConsentLanguages(); !slices.Equal(got, langs) {
			t.Errorf("%s is read in %v, want %v", id, got, langs)
		}
		if p.ConsentVersion() != id+"-2026-1" {
			t.Errorf("%s: current version is %q", id, p.ConsentVersion())
		}
		first, _ := p.Consent(p.ConsentVersion(), langs[0])
		for _, lang := range langs {
			c, ok := p.Consent(p.ConsentVersion(), lang)
			if !ok || len(c.Paragraphs) != len(first.Paragraphs) || len(c.Declarations) != len(first.Declarations) ||
				len(c.Promises) != len(first.Promises) || len(c.Rights) != len(first.Rights) || len(c.Revocation) != len(first.Revocation) {
				t.Errorf("%s in %s does not say as much as in %s", id, lang, langs[0])
			}
		}
		if _, ok := p.Consent(p.ConsentVersion(), "xx"); ok {
			t.Errorf("%s has a consent text in no language", id)
		}
	}
}

func TestTextFallsBack(t *testing.T) {
	t.Parallel()
	apl, _ := load(t, "fr").Procedure("housing.apl")
	imv, _ := load(t, "es-as").Procedure("social-health.imv")
	for _, c := range []struct {
		text       Text
		lang, want string
	}{
		{apl.Name, "en", "Housing benefit (APL, ALF, ALS)"},
		{apl.Name, "en-GB", "Housing benefit (APL, ALF, ALS)"},
		{apl.Name, "ar", "Aide au logement (APL, ALF, ALS)"},
		{imv.Name, "ar", "Ingreso mínimo vital (IMV)"},
		{imv.Name, "", "Ingreso mínimo vital (IMV)"},
		{Text{"sv": "hej", "pt": "olá"}, "fr", "olá"},
		{nil, "fr", ""},
	} {
		if got := c.text.In(c.lang); got != c.want {
			t.Errorf("In(%q) is %q, want %q", c.lang, got, c.want)
		}
	}
	raw, err := json.Marshal(apl.Name)
	if err != nil || strings.Contains(string(raw), `"":`) || !strings.Contains(string(raw), `"es":`) {
		t.Errorf("as JSON: %s, %v", raw, err)
	}
}

// The French calendar is law: computed here, compared with the data.
func TestFrenchHolidays(t *testing.T) {
	t.Parallel()
	p := load(t, "fr")
	var want []string
	for year := 2026; year <= 2028; year++ {
		for _, day := range []string{"-01-01", "-05-01", "-05-08", "-07-14", "-08-15", "-11-01", "-11-11", "-12-25"} {
			want = append(want, time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Format("2006")+day)
		}
		for _, after := range []int{1, 39, 50} {
			want = append(want, easter(year).AddDate(0, 0, after).Format(time.DateOnly))
		}
	}
	slices.Sort(want)
	if !slices.Equal(p.Holidays, want) {
		t.Errorf("holidays are %v\nwant %v", p.Holidays, want)
	}
}

func TestAsturianHolidays(t *testing.T) {
	t.Parallel()
	p := load(t, "es-as")
	for year := 2026; year <= 2028; year++ {
		for _, before := range []int{3, 2} {
			if day := easter(year).AddDate(0, 0, -before).Format(time.DateOnly); !slices.Contains(p.Holidays, day) {
				t.Errorf("%s, before Easter, is not there", day)
			}
		}
	}
	for _, day := range p.Holidays {
		if d, err := time.Parse(time.DateOnly, day); err != nil || d.Weekday() == time.Sunday {
			t.Errorf("%s is a Sunday, it should have moved to Monday", day)
		}
	}
	if len(p.Holidays) != 36 {
		t.Errorf("%d holidays, want twelve a year", len(p.Holidays))
	}
}

// easter is the Gregorian computus (Meeus, Jones, Butcher).
func easter(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 19*l) / 433
	n := h + l - 7*m
	month := (n + 90) / 25
	return time.Date(year, time.Month(month), (n+33*month+19)%32, 0, 0, 0, 0, time.UTC)
}

func TestAdministrationsAreAllUsed(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"fr", "es-as"} {
		p := load(t, id)
		used := map[string]bool{}
		for _, x := range p.Procedures {
			used[x.Administration] = true
		}
		for code := range p.Administrations {
			if !used[code] {
				t.Errorf("%s: nothing is done at %s", id, code)
			}
		}
	}
}

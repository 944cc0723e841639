package document

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/relais-org/relais/internal/problem"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares with testdata/name, or writes it with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (%d bytes, want %d); run with -update and read the diff", name, len(got), len(want))
	}
}

func samplePayload(t *testing.T) Payload {
	t.Helper()
	paris := zone(t, "Europe/Paris")
	presented := time.Date(2027, 1, 31, 10, 0, 0, 0, paris)
	coded := func(code, person, administration string) Coded {
		return Coded{Code: code, Name: Both{Person: person, Administration: administration}}
	}
	return Payload{
		Mandate: "M-7K4P-2XQH", Version: 1,
		Languages:    Both{Person: "es", Administration: "fr"},
		Organisation: Organisation{ID: "org-12", Name: "Maison France Services de Guéret", Address: "3 rue des Écoles", City: "23000 Guéret"},
		Beneficiary: Beneficiary{ID: "ben-34", GivenNames: "María Ángeles", FamilyName: "Núñez Ibáñez", UsageName: "Núñez",
			BirthDate: "1944-05-02", BirthPlace: "Cangas de Onís", Language: "es"},
		Mediator: Named{ID: "med-56", Name: "Camille Durand"},
		Grants: []Grant{
			{ID: "g-1", Theme: coded("housing", "Vivienda", "Logement"),
				Procedures: []Coded{
					coded("housing.benefit", "Ayuda al alojamiento", "Aide au logement"),
					coded("housing.social", "Solicitud de vivienda social", "Demande de logement social"),
				},
				Actions: []Coded{coded("view", "ver", "consulter"), coded("prepare", "preparar", "préparer"), coded("submit", "enviar", "envoyer")}},
			{ID: "g-2", Theme: coded("family", "Familia", "Famille"),
				Procedures: []Coded{coded("family.payment", "Cuenta donde recibo mis ayudas", "Compte où mes aides sont versées")},
				Actions:    []Coded{coded("change_payment", "cambiar la cuenta bancaria", "changer le compte bancaire")}, Sensitive: true},
		},
		Days: 31, TimeZone: "Europe/Paris", PresentedAt: presented, EndsAt: EndOf(presented, 31, paris),
		EndsInWords: Both{Person: "miércoles 3 de marzo de 2027", Administration: "mercredi 3 mars 2027"},
		Consent: Consent{Version: "fr-2027-01", Method: "on_screen",
			Read: []string{
				"Camille Durand puede hacer por mí solo los trámites escritos en esta hoja. Nunca me pedirá mis contraseñas.",
				"Puedo parar este mandato cuando quiera, sin dar explicaciones. Puedo ver todo lo que se ha hecho en mi nombre.",
			},
			Administration: []string{
				"Camille Durand ne peut faire pour moi que les démarches écrites sur cette feuille. Elle ne me demandera jamais mes mots de passe.",
				"Je peux arrêter ce mandat quand je veux, sans donner de raison. Je peux voir tout ce qui a été fait en mon nom.",
			},
			Interpreter: "Lucía Prieto"},
		Catalogue: Catalogue{Pack: "fr", Version: "2027.1"},
	}
}

func marshal(t *testing.T, p Payload) []byte {
	t.Helper()
	stored, err := Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func TestMarshalGolden(t *testing.T) {
	t.Parallel()
	stored := marshal(t, samplePayload(t))
	golden(t, "payload.golden.json", stored)
	p, err := Parse(stored)
	if err != nil {
		t.Fatal(err)
	}
	if again := marshal(t, p); !bytes.Equal(again, stored) {
		t.Error("parsing and writing again changes the bytes")
	}
	if Hash(stored) != sha256.Sum256(stored) {
		t.Error("Hash is not SHA-256 of the stored bytes")
	}
}

func TestMarshalIsOneForm(t *testing.T) {
	t.Parallel()
	a, b := samplePayload(t), samplePayload(t)
	a.Beneficiary.GivenNames = "Mari\u0301a" // decomposed
	b.Beneficiary.GivenNames = "Mar\u00eda"
	b.PresentedAt = b.PresentedAt.UTC().Add(300 * time.Nanosecond)
	if !bytes.Equal(marshal(t, a), marshal(t, b)) {
		t.Error("the same text and instant, written otherwise, give other bytes")
	}
	a.Organisation.Name = `<script>"\&` + "\u20ac"
	if got := marshal(t, a); !bytes.Contains(got, []byte(`"name":"<script>\"\\&€"`)) {
		t.Errorf("escapes are not those of RFC 8785: %s", got)
	}
}

// The example of RFC 8785 section 3.2.3: keys sort by UTF-16 code units.
func TestCanonicalOrder(t *testing.T) {
	t.Parallel()
	got, err := canonical([]byte(`{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}`))
	if err != nil {
		t.Fatal(err)
	}
	// U+FB33 has a canonical decomposition, so NFC writes it as two letters.
	want := "{\"\\r\":2,\"1\":4,\"\u0080\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u05d3\u05bc\":3}"
	if string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, bad := range []string{`1.5`, `1e3`, `9007199254740993`, `-0`, `null`, `{} {}`, `{`} {
		if got, err := canonical([]byte(bad)); err == nil {
			t.Errorf("%s accepted as %s", bad, got)
		}
	}
}

func TestMarshalRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		field, code string
		change      func(*Payload)
	}{
		{"beneficiary.family_name", "control_character", func(p *Payload) { p.Beneficiary.FamilyName = "a\u202eb" }},
		{"consent.read.1", "control_character", func(p *Payload) { p.Consent.Read[1] = "a\nb" }},
		{"consent.witness.name", "control_character", func(p *Payload) { p.Consent.Witness = &Named{Name: "\u0085", ID: "x"} }},
		{"grants.0.theme.name.person", "not_text", func(p *Payload) { p.Grants[0].Theme.Name.Person = "\xff" }},
		{"grants", "required", func(p *Payload) { p.Grants = nil }},
		{"grants.1.actions", "required", func(p *Payload) { p.Grants[1].Actions = nil }},
		{"beneficiary.given_names", "required", func(p *Payload) { p.Beneficiary.GivenNames = " " }},
		{"ends_at", "mismatch", func(p *Payload) { p.EndsAt = p.EndsAt.Add(time.Hour) }},
		{"days", "too_small", func(p *Payload) { p.Days = 0 }},
		{"time_zone", "unknown_zone", func(p *Payload) { p.TimeZone = "Europe/Atlantis" }},
		{"v", "unknown_version", func(p *Payload) { p.V = 2 }},
		{"typ", "unknown_type", func(p *Payload) { p.Type = "relais-card" }},
	} {
		p := samplePayload(t)
		c.change(&p)
		_, err := Marshal(p)
		var refused *problem.Error
		if !errors.As(err, &refused) {
			t.Errorf("%s %s: accepted", c.field, c.code)
			continue
		}
		if len(refused.Fields) != 1 || refused.Fields[0].Name != c.field || refused.Fields[0].Code != c.code {
			t.Errorf("want %s=%s, got %v", c.field, c.code, refused)
		}
	}
}

func TestParseRefusesOtherSpellings(t *testing.T) {
	t.Parallel()
	stored := string(marshal(t, samplePayload(t)))
	for name, other := range map[string]string{
		"space":          strings.Replace(stored, `"v":1`, `"v": 1`, 1),
		"trailing":       stored + "\n",
		"unknown field":  strings.Replace(stored, `"v":1`, `"v":1,"w":1`, 1),
		"twice":          strings.Replace(stored, `"v":1`, `"v":1,"v":1`, 1),
		"other version":  strings.Replace(stored, `"v":1`, `"v":2`, 1),
		"escaped letter": strings.Replace(stored, `Camille`, `\u0043amille`, 1),
		"decomposed":     strings.Replace(stored, "María", "Mari\u0301a", 1),
		"other end":      strings.Replace(stored, `2027-03-03T23:00:00Z`, `2028-03-03T23:00:00Z`, 1),
		"empty":          "",
	} {
		if other == stored {
			t.Fatalf("%s: the sample no longer holds what is changed", name)
		}
		if _, err := Parse([]byte(other)); !errors.Is(err, ErrPayload) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

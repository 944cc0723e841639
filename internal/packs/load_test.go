package packs

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/relais-org/relais/internal/problem"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The fixture has every kind of fault; the golden file is what its author reads.
func TestCheckListsEveryFaultAtOnce(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := Check(os.DirFS("testdata/broken"), &out)
	if !problem.Is(err, "packs_invalid") {
		t.Fatalf("the broken pack gives %v", err)
	}
	golden := filepath.Join("testdata", "broken.golden")
	if *update {
		if err := os.WriteFile(golden, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("check says\n%s\nwant\n%s", out.String(), want)
	}
}

func TestLoadFSRefusesABrokenPackWithAllItsFaults(t *testing.T) {
	t.Parallel()
	set, err := LoadFS(os.DirFS("testdata/broken"))
	if set != nil || !problem.Is(err, "packs_invalid") {
		t.Fatalf("set %v, error %v", set, err)
	}
	var f Fault
	if !errors.As(err, &f) {
		t.Fatal("the cause holds no fault")
	}
	for _, part := range []string{"procedures[housing.rent].plain.es: is missing", `unknown action "sell"`, "field colour not found"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("nothing about %s", part)
		}
	}
}

func TestCheckHoldsForTheEmbeddedPacks(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := Check(os.DirFS("data"), &out); err != nil || !strings.HasSuffix(out.String(), "no fault\n") {
		t.Errorf("%v\n%s", err, out.String())
	}
	out.Reset()
	if err := Check(os.DirFS("data/fr"), &out); err != nil || !strings.HasPrefix(out.String(), "pack fr, version ") {
		t.Errorf("a single pack: %v\n%s", err, out.String())
	}
	out.Reset()
	if err := Check(fstest.MapFS{}, &out); !problem.Is(err, "packs_invalid") {
		t.Errorf("an empty folder: %v", err)
	}
}

// copyOf is the embedded pack as files a test may damage.
func copyOf(t *testing.T, id string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	data := os.DirFS("data")
	err := fs.WalkDir(data, id, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(data, path)
		files[path] = &fstest.MapFile{Data: raw}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestOneDamageOneFault(t *testing.T) {
	t.Parallel()
	const housing, head = "fr/50-housing.yaml", "fr/pack.yaml"
	for name, c := range map[string]struct{ file, old, new, want string }{
		"unknown action":       {housing, "change_contact, change_payment]", "change_contact, pay]", `fr/50-housing.yaml: procedures[housing.apl].actions: unknown action "pay"`},
		"missing language":     {housing, "      es: Pido a la CAF una ayuda para pagar el alquiler.\n", "", "fr/50-housing.yaml: procedures[housing.apl].plain.es: is missing"},
		"too long":             {housing, "Je demande un logement avec", strings.Repeat("Je demande ", 20), "fr/50-housing.yaml: procedures[housing.social-housing].plain.fr: is "},
		"code of other theme":  {housing, "code: housing.fsl", "code: money.fsl", "procedures[money.fsl].code: must be housing, a point and a code"},
		"unknown key":          {housing, "    delay: 61", "    deley: 61", "field deley not found"},
		"plain http":           {housing, "https://www.visale.fr", "http://www.visale.fr", "procedures[housing.visale].url"},
		"no rule for minors":   {head, "status: minor", "status: child", "fr/pack.yaml: protection: no rule for minor"},
		"unknown checksum":     {head, "checksum: spi", "checksum: sum", `secrets[2].checksum: unknown checksum "sum"`},
		"bad time zone":        {head, "Europe/Paris", "Europe/Lyon", `time_zone: "Europe/Lyon" is not a known time zone`},
		"no code for home":     {head, "    home: '99100'", "    home: '99999'", `identity_codes.birth_country.home: "99999" is not the code of FR`},
		"a country twice":      {head, "'99101': [DK]", "'99101': [DK, SE]", `identity_codes.birth_country.codes.99104: "SE" is there twice`},
		"wrong example":        {head, "example: '35238'", "example: '35000'", `identity_codes.birth_place.example: "35000" does not hold to the pattern`},
		"unnamed gender":       {head, "        es: Femenino\n", "", "fr/pack.yaml: identity_codes.genders[female].name.es: is missing"},
		"id is not the folder": {head, "id: fr", "id: de", "must be the name of its folder, fr"},
	} {
		files := copyOf(t, "fr")
		raw := string(files[c.file].Data)
		if !strings.Contains(raw, c.old) {
			t.Errorf("%s: %s no longer says %q", name, c.file, c.old)
			continue
		}
		files[c.file] = &fstest.MapFile{Data: []byte(strings.Replace(raw, c.old, c.new, 1))}
		_, err := LoadFS(files)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestGetAnUnknownPack(t *testing.T) {
	t.Parallel()
	set, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := set.Get("atlantis"); !problem.Is(err, "not_found") {
		t.Errorf("an unknown pack gives %v", err)
	}
	if ids := set.IDs(); len(ids) != 2 || ids[0] != "es-as" || ids[1] != "fr" || len(set.All()) != 2 {
		t.Errorf("packs are %v", ids)
	}
}

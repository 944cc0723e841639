package packs

import (
	"bytes"
	"embed"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/relais-org/relais/internal/problem"
)

//go:embed data
var embedded embed.FS

// headFile is the one file every pack has; its presence makes a folder a pack.
const headFile = "pack.yaml"

// part is any other file of a pack: a theme with its procedures, consent texts
// or the charter.
type part struct {
	Theme        *Theme        `yaml:"theme"`
	Procedures   []Procedure   `yaml:"procedures"`
	ConsentTexts []ConsentText `yaml:"consent_texts"`
	Charter      *Charter      `yaml:"charter"`
}

var loadEmbedded = sync.OnceValues(func() (*Set, error) {
	data, err := fs.Sub(embedded, "data")
	if err != nil {
		return nil, problem.Wrap(err, "open embedded packs")
	}
	return LoadFS(data)
})

// Load parses and checks the embedded packs, once.
func Load() (*Set, error) { return loadEmbedded() }

// LoadFS parses and checks the packs of fsys, one folder each. Any fault in any
// pack makes the whole fail with code "packs_invalid", its cause listing all.
func LoadFS(fsys fs.FS) (*Set, error) {
	all, faults := readAll(fsys)
	for _, p := range all {
		faults = append(faults, Validate(p)...)
	}
	if len(faults) > 0 {
		return nil, problem.New(problem.KindInternal, "packs_invalid").Because(errors.Join(faults...))
	}
	set := &Set{byID: make(map[string]*Pack, len(all))}
	for _, p := range all {
		set.byID[p.ID] = p
	}
	return set, nil
}

// readAll reads every pack folder of fsys, or fsys itself when it is one.
func readAll(fsys fs.FS) ([]*Pack, []error) {
	heads, err := fs.Glob(fsys, "*/"+headFile)
	if err != nil {
		return nil, []error{problem.Wrap(err, "list packs")}
	}
	if _, err := fs.Stat(fsys, headFile); err == nil {
		heads = []string{headFile}
	}
	if len(heads) == 0 {
		return nil, []error{Fault{Path: headFile, Reason: "no pack here: expected one folder per pack, each with this file"}}
	}
	var all []*Pack
	var faults []error
	seen := map[string]string{}
	for _, head := range heads {
		p, bad := readPack(fsys, path.Dir(head))
		faults = append(faults, bad...)
		if p == nil {
			continue
		}
		if other, twice := seen[p.ID]; twice {
			faults = append(faults, Fault{File: head, Path: "id", Reason: "already used by " + other})
		}
		seen[p.ID] = head
		all = append(all, p)
	}
	return all, faults
}

// readPack reads one folder. It answers with the pack as far as it could be
// read, so that its other faults can be listed too; with none if the head file
// is no YAML, when every other fault would only be an echo.
func readPack(fsys fs.FS, dir string) (*Pack, []error) {
	p := &Pack{origin: map[string]string{}}
	head := path.Join(dir, headFile)
	faults := decode(fsys, head, p)
	if len(faults) > 0 && p.ID == "" {
		return nil, faults
	}
	p.origin[""] = head
	if dir != "." && p.ID != path.Base(dir) {
		faults = append(faults, Fault{File: head, Path: "id", Reason: "must be the name of its folder, " + path.Base(dir)})
	}
	files, err := fs.Glob(fsys, path.Join(dir, "*.yaml"))
	if err != nil {
		return p, append(faults, problem.Wrap(err, "list files of "+dir))
	}
	for _, file := range files {
		if file == head {
			continue
		}
		var x part
		faults = append(faults, decode(fsys, file, &x)...)
		faults = append(faults, p.add(file, x)...)
	}
	p.settle()
	return p, faults
}

// add takes in one more file.
func (p *Pack) add(file string, x part) []error {
	var faults []error
	theme := ""
	if x.Theme != nil {
		theme = x.Theme.Code
		p.origin[themePath(*x.Theme)] = file
		p.Themes = append(p.Themes, *x.Theme)
	}
	for i, proc := range x.Procedures {
		if proc.Theme == "" {
			x.Procedures[i].Theme = theme
		}
		p.origin[procedurePath(proc)] = file
	}
	p.Procedures = append(p.Procedures, x.Procedures...)
	for _, c := range x.ConsentTexts {
		p.origin[consentPath(c)] = file
	}
	p.ConsentTexts = append(p.ConsentTexts, x.ConsentTexts...)
	if x.Charter != nil {
		if p.Charter.Version != "" {
			faults = append(faults, Fault{File: file, Path: "charter", Reason: "a pack has one charter"})
		}
		p.origin["charter"] = file
		p.Charter = *x.Charter
	}
	return faults
}

// settle fills what is derived: administration names, each text's fallback
// language, compiled patterns.
func (p *Pack) settle() {
	for i := range p.Procedures {
		p.Procedures[i].AdministrationName = p.Administrations[p.Procedures[i].Administration]
	}
	slices.Sort(p.Holidays)
	for i := range p.Secrets {
		_ = p.Secrets[i].compile() // a bad pattern is one of the faults that check lists
	}
	for i := range p.Harmless {
		_ = p.Harmless[i].compile() // likewise
	}
	if p.IdentityCodes.BirthPlace != nil {
		_ = p.IdentityCodes.BirthPlace.compile() // likewise
	}
	if len(p.Languages) == 0 {
		return
	}
	for _, t := range p.texts() {
		if t.text != nil {
			t.text[""] = p.Languages[0]
		}
	}
}

// decode reads one YAML file strictly: a key nobody knows is a fault.
func decode(fsys fs.FS, file string, into any) []error {
	raw, err := fs.ReadFile(fsys, file)
	if err != nil {
		return []error{Fault{File: file, Reason: "cannot be read: " + err.Error()}}
	}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	err = dec.Decode(into)
	var typed *yaml.TypeError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF):
		return []error{Fault{File: file, Reason: "is empty"}}
	case errors.As(err, &typed):
		faults := make([]error, len(typed.Errors))
		for i, reason := range typed.Errors {
			faults[i] = Fault{File: file, Reason: reason}
		}
		return faults
	default:
		return []error{Fault{File: file, Reason: strings.TrimPrefix(err.Error(), "yaml: ")}}
	}
}

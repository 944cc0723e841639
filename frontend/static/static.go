package static

import "embed"

// Prefix is where the files are served.
const Prefix = "/static/"

// Files are the generated files, by hashed name.
//
//go:embed files
var Files embed.FS

// Path is the address of a file by its plain name: Path("relais.css") is
// "/static/relais.1a2b3c4d.css". An unknown name gives its plain address, which
// answers 404.
func Path(name string) string {
	if hashed, ok := manifest[name]; ok {
		return Prefix + hashed
	}
	return Prefix + name
}

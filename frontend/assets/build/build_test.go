package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The committed files are those the sources give.
func TestGeneratedFilesAreFresh(t *testing.T) {
	t.Chdir(filepath.Join("..", "..", ".."))
	files, err := bundle()
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if !strings.HasSuffix(name, ".woff2") {
			name = hashName(name, content)
		}
		committed, err := os.ReadFile(filepath.Join(output, "files", name))
		if err != nil || !bytes.Equal(committed, content) {
			t.Errorf("%s is not the committed one: run make generate", name)
		}
	}
	for _, f := range files {
		if bytes.Contains(f, []byte("http://")) && !bytes.Contains(f, []byte("www.w3.org")) || bytes.Contains(f, []byte("https://")) {
			t.Error("a generated file names another origin")
		}
	}
}

func TestContrast(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want float64
	}{{"#000000", "#ffffff", 21}, {"#ffffff", "#ffffff", 1}, {"#767676", "#ffffff", 4.54}} {
		if got := contrast(c.a, c.b); got < c.want-0.01 || got > c.want+0.01 {
			t.Errorf("contrast(%s, %s) = %.3f, want %.2f", c.a, c.b, got, c.want)
		}
	}
}

// A theme that cannot be read is refused when it is built, not when it is seen.
func TestPaleThemeIsRefused(t *testing.T) {
	t.Parallel()
	pale := strings.TrimSpace(strings.Repeat("#cccccc ", len(steps)))
	for name, colors := range map[string]string{"pale": pale, "short": "#000000", "not colours": strings.ReplaceAll(pale, "c", "z")} {
		if _, err := scheme("light", map[string]string{"accent": colors, "neutral": colors}, nil); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

package web

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
	"github.com/klauspost/compress/gzhttp"

	"github.com/relais-org/relais/frontend/static"
	"github.com/relais-org/relais/internal/problem"
)

// asset is one static file, and its gzip form when that is smaller.
type asset struct {
	kind   string
	plain  []byte
	zipped []byte
}

// assets are read and compressed once: they are a few hundred kilobytes.
var assets = sync.OnceValues(func() (map[string]asset, error) {
	out := map[string]asset{}
	entries, err := fs.ReadDir(static.Files, "files")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		content, err := fs.ReadFile(static.Files, path.Join("files", e.Name()))
		if err != nil {
			return nil, err
		}
		a := asset{kind: kindOf(e.Name()), plain: content}
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is a constant
		if _, err := z.Write(content); err != nil {
			return nil, err
		}
		if err := z.Close(); err != nil {
			return nil, err
		}
		if b.Len() < len(content) {
			a.zipped = b.Bytes()
		}
		out[e.Name()] = a
	}
	return out, nil
})

func kindOf(name string) string {
	if strings.HasSuffix(name, ".woff2") {
		return "font/woff2"
	}
	return mime.TypeByExtension(path.Ext(name))
}

// Static serves the generated files, cacheable for a year: a changed file has
// another name.
func (w *Web) Static(r gin.IRouter) {
	h := Handle(serveAsset)
	r.GET(static.Prefix+":name", h)
	r.HEAD(static.Prefix+":name", h)
}

func serveAsset(c *gin.Context) error {
	all, err := assets()
	if err != nil {
		return err
	}
	a, ok := all[c.Param("name")]
	if !ok {
		return problem.NotFound()
	}
	h := c.Writer.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	h.Del("Content-Language")
	body := a.plain
	if a.zipped != nil && strings.Contains(c.GetHeader("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = a.zipped
	}
	c.Data(http.StatusOK, a.kind, body)
	return nil
}

// Compress wraps the whole server: pages are compressed with a random length
// added, so that lengths do not tell what is on them (BREACH). What machines ask
// for is sent as it is: short, and mostly secrets.
func Compress(h http.Handler) (http.Handler, error) {
	const smallest, jitter = 1024, 32
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(smallest), gzhttp.RandomJitter(jitter, 0, false),
		gzhttp.ExceptContentTypes([]string{"application/json", "application/problem+json", "application/jwt", "application/jwk-set+json"}))
	if err != nil {
		return nil, err
	}
	return wrap(h), nil
}

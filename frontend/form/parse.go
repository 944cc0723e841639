package form

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"

	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/problem"
)

// Limits of one form. A page about one person needs a hundredth of them.
const (
	maxBody  = 256 << 10
	maxNames = 200
	maxValue = 192 << 10 // a minute of a drawn signature, points and picture
	// memory kept per multipart form; the rest goes to temporary files.
	maxMemory = 1 << 20
)

// File is one uploaded file, bounded by the limit given to ParseFiles.
type File struct {
	// Name is what the browser says it was called; never used as a path.
	Name string
	// Content is the bytes; its type is for the reader to sniff, not the
	// browser's word.
	Content []byte
}

// Parse reads an ordinary post. Bodies beyond the limit and bodies that are
// not a form are refused.
func Parse(w http.ResponseWriter, r *http.Request, p *i18n.Printer) (*Form, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		return nil, refused(err)
	}
	if err := bounded(r.PostForm); err != nil {
		return nil, err
	}
	return FromValues(p, r.PostForm), nil
}

// ParseFiles reads a post that may hold files of at most limit bytes each.
func ParseFiles(w http.ResponseWriter, r *http.Request, p *i18n.Printer, limit int64) (*Form, error) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "multipart/form-data" {
		return Parse(w, r, p)
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit+maxBody)
	if err := r.ParseMultipartForm(maxMemory); err != nil {
		return nil, refused(err)
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }()
	values := url.Values(r.MultipartForm.Value)
	if err := bounded(values); err != nil {
		return nil, err
	}
	f := FromValues(p, values)
	f.files = map[string]File{}
	for name, headers := range r.MultipartForm.File {
		if err := f.attach(name, headers, limit); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *Form) attach(name string, headers []*multipart.FileHeader, limit int64) error {
	h := headers[0]
	if h.Size > limit {
		f.Fail(name, "file_too_large")
		return nil
	}
	if h.Size == 0 {
		return nil // an empty file input is posted too
	}
	file, err := h.Open()
	if err != nil {
		return problem.Wrap(err, "open uploaded file")
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, limit))
	if err != nil {
		return problem.Wrap(err, "read uploaded file")
	}
	f.files[name] = File{Name: clean(h.Filename), Content: content}
	return nil
}

// File is the file posted under name.
func (f *Form) File(name string) (File, bool) { file, ok := f.files[name]; return file, ok }

func bounded(values url.Values) error {
	n := 0
	for name, vs := range values {
		n += len(vs)
		for _, v := range vs {
			if len(v) > maxValue || len(name) > maxNames {
				return problem.New(problem.KindTooMany, "too_large")
			}
		}
	}
	if n > maxNames {
		return problem.New(problem.KindTooMany, "too_large")
	}
	return nil
}

func refused(err error) error {
	var tooBig *http.MaxBytesError
	if errors.As(err, &tooBig) {
		return problem.New(problem.KindTooMany, "too_large").Because(err)
	}
	return problem.New(problem.KindInvalid, "malformed").Because(err)
}

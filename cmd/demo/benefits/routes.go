package benefits

import (
	"net/http"
)

const mostTyped = 64 << 10 // bytes of a form

// routes are all addresses of the service.
func (s *Service) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page(s.home))
	mux.HandleFunc("GET /for-me", s.page(s.forMe))
	mux.HandleFunc("GET /act", s.page(s.act))
	mux.HandleFunc("GET "+CallbackPath, s.page(s.callback))
	mux.HandleFunc("GET /applications/{id}", s.page(s.resume))
	mux.HandleFunc("GET /applications/{id}/{page}", s.page(s.show))
	mux.HandleFunc("POST /applications/{id}/{page}", s.page(s.save))
	mux.HandleFunc("POST /leave", s.page(s.leave))
	mux.HandleFunc("GET /journal", s.page(s.journal))
	mux.HandleFunc("POST "+EventsPath, s.events)
	mux.HandleFunc("POST "+LogoutPath, s.logout)
	mux.HandleFunc("GET /assets/{name}", asset)
	mux.HandleFunc("/", s.page(func(v *visitor) error { return s.problem(v, http.StatusNotFound, "missing") }))
	// Forms of other origins are refused; machines send no Origin.
	return http.NewCrossOriginProtection().Handler(mux)
}

// visitor is one request of a browser.
type visitor struct {
	w      http.ResponseWriter
	r      *http.Request
	id     string // of the visit
	lang   string
	secure bool
	open   *opened // the application of the address, once it is found
}

const (
	visitCookie    = "rive_visit" // cookies of one machine are shared by its ports
	languageCookie = "rive_language"
)

// page adapts a handler: the visit, the language, headers, errors.
func (s *Service) page(h func(*visitor) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, mostTyped)
		v := &visitor{w: w, r: r, secure: len(s.BaseURL) > 5 && s.BaseURL[:5] == "https"}
		v.lang = v.language()
		if c, err := r.Cookie(visitCookie); err == nil && s.memory.knows(c.Value) {
			v.id = c.Value
		} else {
			v.setVisit(s.memory.newVisit())
		}
		if err := h(v); err != nil {
			s.failed(r.Context(), v, err)
		}
	}
}

func (v *visitor) setVisit(id string) {
	v.id = id
	v.cookie(visitCookie, id, 0)
}

func (v *visitor) cookie(name, value string, age int) {
	http.SetCookie(v.w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: v.secure, SameSite: http.SameSiteLaxMode})
}

func (v *visitor) see(path string) error {
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

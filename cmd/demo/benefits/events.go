package benefits

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
)

// eventLife is how old a security event may be when it is first seen: Relais
// tries again for some days when we do not answer.
const eventLife = 7 * 24 * time.Hour

// event is a security event token (RFC 8417).
type event struct {
	ID       string   `json:"jti"`
	Audience audience `json:"aud"`
	IssuedAt float64  `json:"iat"`
	// At is when it happened, which may be before the token was made.
	At      float64                    `json:"toe"`
	Subject json.RawMessage            `json:"sub_id"`
	Events  map[string]json.RawMessage `json:"events"`
}

// events takes one security event pushed by Relais (RFC 8935): a mandate that
// ended, say. It answers once the event has had its effect.
func (s *Service) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/secevent+jwt" {
		s.refuseEvent(w, r, "invalid_request", "not a security event token")
		return
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostTyped))
	if err != nil {
		s.refuseEvent(w, r, "invalid_request", "unreadable")
		return
	}
	d, err := s.relais.discover(r.Context())
	if err != nil {
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	var e event
	if err := s.relais.signed(r.Context(), d, string(raw), "secevent+jwt", &e); err != nil {
		s.Logger.WarnContext(r.Context(), "a security event does not hold", "error", err)
		s.refuseEvent(w, r, "invalid_key", "the signature, the type or the issuer does not hold")
		return
	}
	at := time.Unix(int64(e.IssuedAt), 0)
	switch now := s.Now(); {
	case !slices.Contains(e.Audience, s.ClientID) && !slices.Contains(e.Audience, s.BaseURL+EventsPath):
		s.refuseEvent(w, r, "invalid_audience", "for somebody else")
		return
	case e.ID == "" || len(e.Events) == 0 || now.Sub(at) > eventLife || at.Sub(now) > checkFresh:
		s.refuseEvent(w, r, "invalid_request", "jti, events or iat")
		return
	}
	if s.memory.once(e.ID) { // a second delivery is taken, and changes nothing
		s.happened(e)
	}
	w.WriteHeader(http.StatusAccepted)
}

// refuseEvent is RFC 8935 §2.4's answer.
func (s *Service) refuseEvent(w http.ResponseWriter, r *http.Request, code, description string) {
	s.memory.note(entry{Kind: "event_refused", Detail: code})
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Language", "en")
	w.WriteHeader(http.StatusBadRequest)
	if err := json.NewEncoder(w).Encode(map[string]string{"err": code, "description": description}); err != nil {
		s.Logger.WarnContext(r.Context(), "answer an event", "error", err)
	}
}

// happened stops what the event is about.
func (s *Service) happened(e event) {
	about := e.about()
	when := e.At
	if when == 0 {
		when = e.IssuedAt
	}
	reason := whyMediator
	for uri := range e.Events {
		if strings.Contains(uri, "mandate") || strings.Contains(uri, "grant") {
			reason = whyMandate
		}
	}
	g, n := s.memory.stopWhere(about.fits, stop{At: time.Unix(int64(when), 0), Why: reason})
	line := entry{Kind: "event", Good: true}
	if n > 0 {
		line = holding{grant: g}.entry("event", true)
	}
	for uri := range e.Events {
		line.Detail = uri[strings.LastIndexByte(uri, '/')+1:]
	}
	s.memory.note(line)
}

// logout takes a logout token: the mediator's session at Relais ended
// (Back-Channel Logout 1.0 §2.5).
func (s *Service) logout(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, mostTyped)
	d, err := s.relais.discover(r.Context())
	if err != nil {
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	token, err := d.ids.VerifyLogout(s.relais.context(r.Context()), r.PostFormValue("logout_token"))
	if err != nil || !s.memory.once(token.TokenID) {
		s.Logger.WarnContext(r.Context(), "a logout token does not hold", "error", err)
		s.memory.note(entry{Kind: "logout_refused"})
		http.Error(w, `{"error":"invalid_request"}`, http.StatusBadRequest)
		return
	}
	g, n := s.memory.stopWhere(func(g grant) bool {
		return token.SessionID != "" && g.Delegation == token.SessionID || token.SessionID == "" && g.Mediator == token.Subject
	}, stop{At: token.IssuedAt, Why: whySession})
	line := entry{Kind: "logout", Good: true}
	if n > 0 {
		line = holding{grant: g}.entry("logout", true)
	}
	s.memory.note(line)
	w.WriteHeader(http.StatusOK)
}

// subject is whom a security event is about (RFC 9493), and what in it.
type subject struct {
	Person, Mandate, Delegation string
}

// about reads the subject and the event's own members.
func (e event) about() subject {
	var id struct {
		Subject string `json:"sub"`
	}
	_ = json.Unmarshal(e.Subject, &id) // without a subject it fits nothing
	out := subject{Person: id.Subject}
	for _, raw := range e.Events {
		var more struct {
			Mandate    string `json:"mandate"`
			Delegation string `json:"sid"`
		}
		if err := json.Unmarshal(raw, &more); err == nil {
			out.Mandate, out.Delegation = more.Mandate, more.Delegation
		}
	}
	return out
}

// fits says whether it is about what a token gave.
func (a subject) fits(g grant) bool {
	switch {
	case a.Delegation != "":
		return g.Delegation == a.Delegation
	case a.Mandate != "":
		return g.Mandate == a.Mandate
	}
	return a.Person != "" && g.Person == a.Person
}

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
	At     float64                    `json:"toe"`
	Events map[string]json.RawMessage `json:"events"`
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
	when := e.At
	if when == 0 {
		when = e.IssuedAt
	}
	for uri, raw := range e.Events {
		c := change{name: strings.TrimPrefix(uri, s.Issuer+"/events/")}
		if err := json.Unmarshal(raw, &c); err != nil {
			continue // another kind of event, which says nothing we know
		}
		g, n := s.memory.stopWhere(c.fits, stop{At: time.Unix(int64(when), 0), Why: c.why()})
		line := entry{Kind: "event", Good: true}
		if n > 0 {
			line = holding{grant: g}.entry("event", true)
		}
		line.Detail = c.name
		s.memory.note(line)
	}
}

// change is what an event of Relais tells.
type change struct {
	name     string
	Reason   string   `json:"reason"`
	Mandate  string   `json:"mandate"`
	Sessions []string `json:"sids"`
}

// fits says whether it is about what a token gave. A mandate that ended ends
// everything under it; one of its lines that ended, only what rested on it.
func (c change) fits(g grant) bool {
	whole := strings.HasPrefix(c.name, "mandate-") && c.Reason != "narrowed"
	return whole && c.Mandate != "" && g.Mandate == c.Mandate || slices.Contains(c.Sessions, g.Delegation)
}

func (c change) why() string {
	switch {
	case c.Reason == "superseded": // a new mandate took its place: the way goes through Relais
		return whyEnded
	case strings.HasPrefix(c.name, "mandate-"):
		return whyMandate
	case c.name == "mediator-suspended", c.name == "organisation-suspended":
		return whyMediator
	case c.Reason == "signed_out":
		return whySession
	}
	return whyEnded
}

// logout takes a logout token: what was given has ended, whatever the reason
// (Back-Channel Logout 1.0 §2.5). The security event that comes with it says why.
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
		return token.SessionID != "" && g.Delegation == token.SessionID || token.SessionID == "" && g.Person == token.Subject
	}, stop{At: token.IssuedAt, Why: whyEnded})
	line := entry{Kind: "logout", Good: true}
	if n > 0 {
		line = holding{grant: g}.entry("logout", true)
	}
	s.memory.note(line)
	w.WriteHeader(http.StatusOK)
}

package idp

import (
	"slices"
	"time"
)

// sessionLifetime is how long a browser stays signed in here.
const sessionLifetime = 12 * time.Hour

// session is a browser signed in as one person for one audience.
type session struct {
	// sid names the session in tokens; cookie is the secret the browser holds.
	sid, cookie string
	subject     string
	audience    string
	authTime    time.Time
	acr         string
	// clients that got a token in this session and must hear of its end.
	clients []string
}

// sessionOf finds a live session by the browser's secret.
func (s *storage) sessionOf(cookie, audience string) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, held := range s.sessions {
		if held.cookie == cookie && held.audience == audience && s.now().Before(held.authTime.Add(sessionLifetime)) {
			return *held, true
		}
	}
	return session{}, false
}

// authenticate notes that a person has just signed in, keeping the sid where
// the same person does so again in the same browser.
func (s *storage) authenticate(previous session, fresh session) session {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh.authTime = s.now()
	held, again := s.sessions[previous.sid]
	if again && held.subject == fresh.subject {
		fresh.sid, fresh.clients = held.sid, slices.Clone(held.clients)
	} else {
		delete(s.sessions, previous.sid)
	}
	for sid, old := range s.sessions {
		if !s.now().Before(old.authTime.Add(sessionLifetime)) {
			delete(s.sessions, sid)
		}
	}
	s.sessions[fresh.sid] = &fresh
	return fresh
}

// end removes the sessions that match and returns them, for the logout tokens.
func (s *storage) end(match func(session) bool) []session {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ended []session
	for sid, held := range s.sessions {
		if match(*held) {
			ended = append(ended, *held)
			delete(s.sessions, sid)
		}
	}
	return ended
}

package authz

// mostKnown bounds how many sessions are remembered: about 300 bytes for each.
const mostKnown = 20_000

// Recall gives the session of a token as it was last read here, if its clocks let
// it in and need not be written now; without page state and what its provider said
// (Data, SID, IDToken), which may name somebody and are not remembered. It is a
// supposition: somebody may have signed out since, at another process too. Whoever
// acts on it holds the act's own statement to the session's Row and Standing, so
// that nothing is written unless both are what they were, and else asks Load.
func (s *Sessions) Recall(token string) (Session, bool) {
	hash, ok := hashToken(token)
	if !ok {
		return Session{}, false
	}
	session, ok := s.known.Of(tokenHash(hash))
	now := s.env.Now()
	if !ok || !s.live(session, now) || now.Sub(session.SeenAt) >= touchEvery {
		return Session{}, false
	}
	return session, true
}

// keep remembers a session of staff; those of people helped do nothing so often.
func (s *Sessions) keep(hash tokenHash, session *Session) {
	if session.Standing == 0 || session.Row == 0 {
		return
	}
	kept := *session
	kept.Data, kept.SID, kept.IDToken = nil, "", ""
	s.known.Keep(hash, kept)
}

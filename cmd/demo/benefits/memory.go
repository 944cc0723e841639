package benefits

import (
	"crypto/rand"
	"maps"
	"slices"
	"sync"
	"time"
)

// What is kept, at most: it is a demonstration, and must not grow.
const (
	mostVisits       = 500
	mostApplications = 500
	mostFlows        = 8 // authorisations under way in one browser
	mostEntries      = 200
	visitIdle        = 8 * time.Hour
	keptFor          = 30 * 24 * time.Hour // what was typed, for the person
	flowLife         = 40 * time.Minute    // longer than a request is open at Relais
)

// application is one application for housing benefit. It belongs to a person
// as one organisation helps them, whichever of its mediators types.
type application struct {
	ID, Person, Organisation string
	Answers                  map[string]string
	Done                     map[string]bool
	// Attempt keys the commit check: one key is one question.
	Attempt     string
	Prepared    bool // the step "prepare" was reported
	SentAt      time.Time
	Receipt     string
	Reported    bool // Relais took the step "submit"
	AccountEnds string
	TouchedAt   time.Time
}

// stop is why a delegation no longer holds.
type stop struct {
	At time.Time
	// Why is mandate, grant, mediator, session or ended: which words are used.
	Why string
}

// holding is what Relais gave one browser for one application: who acts for
// whom, under which mandate, for what, and the tokens.
type holding struct {
	Application string
	grant       // who, for whom, what
	tokens
	Stop *stop
	// renewing keeps two tabs from spending one refresh token, which Relais
	// would take for theft.
	renewing *sync.Mutex
}

// flow is an authorisation under way: what was sent to Relais, and where to go
// when it comes back.
type flow struct {
	State, Nonce, Verifier string
	Application, Page      string // empty when a new one begins
	Began                  time.Time
}

type visit struct {
	holdings map[string]*holding // by application
	flows    map[string]flow     // by state
	seen     time.Time
}

// memory is everything the service knows, behind one lock. What leaves it is a
// copy.
type memory struct {
	mu           sync.Mutex
	now          func() time.Time
	visits       map[string]*visit
	applications map[string]*application
	jtis         map[string]time.Time
	journal      []entry
}

func newMemory(now func() time.Time) *memory {
	return &memory{now: now, visits: map[string]*visit{}, applications: map[string]*application{}, jtis: map[string]time.Time{}}
}

// newVisit begins a visit and forgets the oldest when there are too many.
func (m *memory) newVisit() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	maps.DeleteFunc(m.visits, func(_ string, v *visit) bool { return now.Sub(v.seen) > visitIdle })
	if len(m.visits) >= mostVisits {
		delete(m.visits, oldest(m.visits, func(v *visit) time.Time { return v.seen }))
	}
	id := rand.Text()
	m.visits[id] = &visit{holdings: map[string]*holding{}, flows: map[string]flow{}, seen: now}
	return id
}

// oldest is the key of what was touched longest ago.
func oldest[V any](all map[string]V, when func(V) time.Time) string {
	return slices.MinFunc(slices.Collect(maps.Keys(all)), func(a, b string) int { return when(all[a]).Compare(when(all[b])) })
}

func (m *memory) knows(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.visits[id]
	if !ok || m.now().Sub(v.seen) > visitIdle {
		return false
	}
	v.seen = m.now()
	return true
}

// renew gives a visit another id, after which the old one is worth nothing.
func (m *memory) renew(id string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.visits[id]
	if !ok {
		return id
	}
	delete(m.visits, id)
	id = rand.Text()
	m.visits[id] = v
	return id
}

// forget ends a visit and gives what it held.
func (m *memory) forget(id string) []holding {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []holding
	if v, ok := m.visits[id]; ok {
		for _, h := range v.holdings {
			out = append(out, *h)
		}
		delete(m.visits, id)
	}
	return out
}

func (m *memory) begin(id string, f flow) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.visits[id]
	if !ok {
		return
	}
	if len(v.flows) >= mostFlows {
		delete(v.flows, oldest(v.flows, func(f flow) time.Time { return f.Began }))
	}
	v.flows[f.State] = f
}

// take gives a flow once.
func (m *memory) take(id, state string) (flow, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.visits[id]
	if !ok {
		return flow{}, false
	}
	f, ok := v.flows[state]
	delete(v.flows, state)
	return f, ok && m.now().Sub(f.Began) < flowLife
}

// hold keeps what Relais gave, with the person's open application or a new one.
func (m *memory) hold(id string, g grant, t tokens) holding {
	m.mu.Lock()
	defer m.mu.Unlock()
	a := m.openFor(g)
	h := &holding{Application: a.ID, grant: g, tokens: t, renewing: &sync.Mutex{}}
	if v, ok := m.visits[id]; ok {
		maps.DeleteFunc(v.holdings, func(of string, _ *holding) bool { return m.applications[of] == nil })
		v.holdings[a.ID] = h
	}
	return *h
}

// openFor finds the application not yet sent, or begins one.
func (m *memory) openFor(g grant) *application {
	now := m.now()
	maps.DeleteFunc(m.applications, func(_ string, a *application) bool { return now.Sub(a.TouchedAt) > keptFor })
	for _, a := range m.applications {
		if a.Person == g.Person && a.Organisation == g.Organisation && a.SentAt.IsZero() {
			return a
		}
	}
	if len(m.applications) >= mostApplications {
		delete(m.applications, oldest(m.applications, func(a *application) time.Time { return a.TouchedAt }))
	}
	a := &application{ID: rand.Text()[:12], Person: g.Person, Organisation: g.Organisation, Attempt: rand.Text(), TouchedAt: now,
		Answers: map[string]string{}, Done: map[string]bool{}}
	if g.Address.Street != "" {
		a.Answers["street"], a.Answers["postcode"], a.Answers["town"] = g.Address.Street, g.Address.Postcode, g.Address.Town
	}
	m.applications[a.ID] = a
	return a
}

// open gives an application and what this browser holds for it.
func (m *memory) open(id, applicationID string) (application, holding, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.visits[id]
	if !ok {
		return application{}, holding{}, false
	}
	h, held := v.holdings[applicationID]
	a, there := m.applications[applicationID]
	if !held || !there {
		return application{}, holding{}, false
	}
	return a.copy(), *h, true
}

func (a *application) copy() application {
	c := *a
	c.Answers, c.Done = maps.Clone(a.Answers), maps.Clone(a.Done)
	return c
}

// mine are the applications of this browser, the latest first.
func (m *memory) mine(id string) []opened {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.visits[id]
	if !ok {
		return nil
	}
	var out []opened
	for _, h := range v.holdings {
		if a, ok := m.applications[h.Application]; ok {
			out = append(out, opened{a.copy(), *h})
		}
	}
	slices.SortFunc(out, func(a, b opened) int { return b.TouchedAt.Compare(a.TouchedAt) })
	return out
}

type opened struct {
	application
	holding
}

// change changes an application.
func (m *memory) change(applicationID string, do func(*application)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if a, ok := m.applications[applicationID]; ok {
		do(a)
		a.TouchedAt = m.now()
	}
}

// changeHolding changes what this browser holds.
func (m *memory) changeHolding(id, applicationID string, do func(*holding)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if v, ok := m.visits[id]; ok && v.holdings[applicationID] != nil {
		do(v.holdings[applicationID])
	}
}

// stopWhere marks every holding that fits, unless it stopped before; the first
// that fits tells the journal of whom it is.
func (m *memory) stopWhere(fits func(grant) bool, s stop) (g grant, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, v := range m.visits {
		for _, h := range v.holdings {
			if !fits(h.grant) {
				continue
			}
			g, n = h.grant, n+1
			if h.Stop == nil || h.Stop.Why == whyEnded { // the first reason stays; any says more than none
				h.Stop = &s
			}
		}
	}
	return g, n
}

// once says whether a jti is new, and remembers it for as long as a token with
// it would be taken.
func (m *memory) once(jti string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	maps.DeleteFunc(m.jtis, func(_ string, until time.Time) bool { return now.After(until) })
	if _, known := m.jtis[jti]; known || jti == "" {
		return false
	}
	m.jtis[jti] = now.Add(2 * eventLife)
	return true
}

// entry is one line of the service's own log.
type entry struct {
	At           time.Time
	Kind         string // the key of its words
	Good         bool
	Mediator     string
	Organisation string
	Person       string
	Action       string
	Reasons      []string
	Detail       string
}

func (m *memory) note(e entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e.At = m.now()
	m.journal = append(m.journal, e)
	if len(m.journal) > mostEntries {
		m.journal = slices.Delete(m.journal, 0, len(m.journal)-mostEntries)
	}
}

// entries are the log, the latest first.
func (m *memory) entries() []entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := slices.Clone(m.journal)
	slices.Reverse(out)
	return out
}

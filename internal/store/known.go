package store

import "sync"

// Known remembers a bounded number of things that were read, for whoever can tell
// by a version that they still are so: it ages nothing and forgets only to stay
// small. It turns over in two halves, so that the latest are always there.
//
// Safe for concurrent use. What is given is shared: never change it.
type Known[K comparable, V any] struct {
	most     int
	mu       sync.RWMutex
	now, old map[K]V
}

// NewKnown remembers at most so many.
func NewKnown[K comparable, V any](most int) *Known[K, V] {
	return &Known[K, V]{most: most, now: make(map[K]V)}
}

// Of gives what is known of k, if anything is.
func (m *Known[K, V]) Of(k K) (V, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if v, ok := m.now[k]; ok {
		return v, true
	}
	v, ok := m.old[k]
	return v, ok
}

// Keep remembers what was just read.
func (m *Known[K, V]) Keep(k K, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := m.now[k]; !there && len(m.now) >= m.most/2 {
		m.old, m.now = m.now, make(map[K]V)
	}
	m.now[k] = v
}

// Drop forgets it.
func (m *Known[K, V]) Drop(k K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.now, k)
	delete(m.old, k)
}

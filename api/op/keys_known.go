package op

import (
	"crypto/sha256"
	"sync"
)

// mostKnownTokens bounds what is remembered: about 1 kB for each token. Two
// halves turn over, so that the latest are always known.
const mostKnownTokens = 10_000

// knownTokens remembers access tokens whose signature is known to be ours, by
// their SHA-256. The zero value is ready. Safe for concurrent use.
type knownTokens struct {
	mu       sync.RWMutex
	now, old map[[sha256.Size]byte][]byte // payloads: never change them
}

func (k *knownTokens) payload(hash [sha256.Size]byte) []byte {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if p := k.now[hash]; p != nil {
		return p
	}
	return k.old[hash]
}

func (k *knownTokens) keep(hash [sha256.Size]byte, payload []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.now == nil || len(k.now) >= mostKnownTokens/2 {
		k.old, k.now = k.now, make(map[[sha256.Size]byte][]byte)
	}
	k.now[hash] = payload
}

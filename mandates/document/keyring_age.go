package document

import "time"

// ActiveSince is when the key that signs now was made.
func (k *Keyring) ActiveSince() time.Time {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.keys[0].CreatedAt
}

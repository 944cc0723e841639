package translog

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	// Version of the leaf format.
	Version = 1
	// SaltSize is the number of random bytes in front of committed content. It
	// is fixed, so that salt and content have one boundary only.
	SaltSize = 32

	factsDomain    = "relais/facts/v1\x00"
	personalDomain = "relais/personal/v1\x00"

	// timeLayout: UTC, always six digits, what PostgreSQL keeps.
	timeLayout = "2006-01-02T15:04:05.000000Z"
)

// Commitment is sha256(domain || salt || bytes).
type Commitment = [sha256.Size]byte

// CommitFacts commits to the canonical facts of an event.
func CommitFacts(salt, facts []byte) Commitment { return commit(factsDomain, salt, facts) }

// CommitPersonal commits to the canonical personal content of an event.
func CommitPersonal(salt, personal []byte) Commitment { return commit(personalDomain, salt, personal) }

func commit(domain string, salt, content []byte) Commitment {
	var room [1024]byte
	b := append(append(append(room[:0], domain...), salt...), content...)
	return sha256.Sum256(b)
}

// Leaf is what the public sees of an entry.
type Leaf struct {
	At       time.Time // UTC, to the microsecond
	ID       uuid.UUID // of the event
	Kind     Kind
	Facts    Commitment
	Personal *Commitment // nil: the event never had personal content
}

// Append writes the leaf's canonical bytes after dst.
func (l Leaf) Append(dst []byte) []byte {
	dst = append(dst, `{"at":"`...)
	dst = l.At.UTC().AppendFormat(dst, timeLayout)
	dst = append(dst, `","facts":"`...)
	dst = hex.AppendEncode(dst, l.Facts[:])
	dst = append(dst, `","id":"`...)
	dst = appendUUID(dst, l.ID)
	dst = append(dst, `","kind":`...)
	dst = appendText(dst, string(l.Kind))
	if l.Personal != nil {
		dst = append(dst, `,"personal":"`...)
		dst = hex.AppendEncode(dst, l.Personal[:])
		dst = append(dst, '"')
	}
	return append(dst, `,"v":1}`...)
}

var errLeaf = errors.New("translog: not a leaf of version 1")

// ParseLeaf reads the exact bytes of a leaf, and nothing that merely resembles
// one. It does not ask whether the kind is known.
func ParseLeaf(b []byte) (Leaf, error) {
	var l Leaf
	in := leafReader{in: b}
	in.literal(`{"at":"`)
	at := in.take(len(timeLayout))
	in.literal(`","facts":"`)
	in.hash(&l.Facts)
	in.literal(`","id":"`)
	id := in.take(36)
	in.literal(`","kind":"`)
	l.Kind = Kind(in.until('"'))
	if bytes.HasPrefix(in.in, []byte(`,"personal":"`)) {
		in.literal(`,"personal":"`)
		l.Personal = new(Commitment)
		in.hash(l.Personal)
		in.literal(`"`)
	}
	in.literal(`,"v":1}`)
	if in.bad || len(in.in) != 0 {
		return Leaf{}, errLeaf
	}
	var err error
	if l.At, err = time.Parse(timeLayout, string(at)); err != nil {
		return Leaf{}, errLeaf
	}
	if l.ID, err = uuid.ParseBytes(id); err != nil {
		return Leaf{}, errLeaf
	}
	if !bytes.Equal(l.Append(nil), b) {
		return Leaf{}, errLeaf
	}
	return l, nil
}

// LeafHash is the leaf's hash in the tree (RFC 6962, 2.1).
func LeafHash(leaf []byte) tlog.Hash {
	var room [512]byte
	return sha256.Sum256(append(append(room[:0], 0), leaf...))
}

// Open checks that facts and salt are what leaf commits to, and reads both.
func Open(leaf, facts, salt []byte) (Leaf, Facts, error) {
	l, err := ParseLeaf(leaf)
	if err != nil {
		return Leaf{}, Facts{}, err
	}
	f, err := ParseFacts(facts)
	if err != nil {
		return l, Facts{}, err
	}
	if len(salt) != SaltSize || CommitFacts(salt, facts) != l.Facts {
		return l, Facts{}, fmt.Errorf("translog: event %s: the facts are not those the leaf commits to", l.ID)
	}
	return l, f, nil
}

// leafReader takes fixed pieces from the front; one that does not fit makes all
// that follow empty.
type leafReader struct {
	in  []byte
	bad bool
}

func (r *leafReader) take(n int) []byte {
	if r.bad || len(r.in) < n {
		r.bad = true
		return nil
	}
	piece := r.in[:n]
	r.in = r.in[n:]
	return piece
}

func (r *leafReader) literal(s string) {
	if string(r.take(len(s))) != s {
		r.bad = true
	}
}

func (r *leafReader) until(b byte) []byte {
	i := bytes.IndexByte(r.in, b)
	if i < 0 {
		r.bad = true
		return nil
	}
	piece := r.take(i)
	r.take(1)
	return piece
}

func (r *leafReader) hash(into *Commitment) {
	if _, err := hex.Decode(into[:], r.take(2*sha256.Size)); err != nil {
		r.bad = true
	}
}

func appendUUID(dst []byte, id uuid.UUID) []byte {
	for i, group := range [5][]byte{id[0:4], id[4:6], id[6:8], id[8:10], id[10:16]} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, group)
	}
	return dst
}

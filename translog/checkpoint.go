package translog

import (
	"errors"
	"fmt"
	"math"

	formats "github.com/transparency-dev/formats/log"
	tlogproof "github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is a log's head: so many entries, under this root.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   tlog.Hash
}

// SignCheckpoint writes the signed note of C2SP tlog-checkpoint.
func SignCheckpoint(c Checkpoint, signer note.Signer) (string, error) {
	if c.Origin == "" || c.Size < 0 {
		return "", errors.New("translog: a checkpoint needs an origin and a size")
	}
	text := formats.Checkpoint{Origin: c.Origin, Size: uint64(c.Size), Hash: c.Root[:]}.Marshal()
	signed, err := note.Sign(&note.Note{Text: string(text)}, signer)
	if err != nil {
		return "", fmt.Errorf("sign the checkpoint: %w", err)
	}
	return string(signed), nil
}

// OpenCheckpoint checks the log's signature and origin, and reads the head.
func OpenCheckpoint(text, origin string, key note.Verifier) (Checkpoint, error) {
	c, _, _, err := formats.ParseCheckpoint([]byte(text), origin, key)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("translog: %w", err)
	}
	if c.Size > math.MaxInt64 || len(c.Hash) != tlog.HashSize {
		return Checkpoint{}, errors.New("translog: a checkpoint of an impossible size or hash")
	}
	return Checkpoint{Origin: c.Origin, Size: int64(c.Size), Root: tlog.Hash(c.Hash)}, nil
}

// Proof shows that one entry is in a log, without the log (C2SP tlog-proof).
type Proof struct {
	Position   int64
	Hashes     []tlog.Hash // the inclusion proof of RFC 6962, 2.1.1
	Checkpoint string      // the signed note it leads to
}

// Marshal writes the proof as text, which a receipt can carry.
func (p Proof) Marshal() string {
	out := tlogproof.TLogProof{Index: uint64(p.Position), Checkpoint: []byte(p.Checkpoint)}
	for _, h := range p.Hashes {
		out.Hashes = append(out.Hashes, h)
	}
	return string(out.Marshal())
}

// ParseProof reads what Marshal writes. It proves nothing yet: see Check.
func ParseProof(text string) (Proof, error) {
	var in tlogproof.TLogProof
	if err := in.Unmarshal([]byte(text)); err != nil {
		return Proof{}, fmt.Errorf("translog: %w", err)
	}
	if in.Index > math.MaxInt64 {
		return Proof{}, errors.New("translog: a proof of an impossible position")
	}
	p := Proof{Position: int64(in.Index), Checkpoint: string(in.Checkpoint)}
	for _, h := range in.Hashes {
		p.Hashes = append(p.Hashes, h)
	}
	return p, nil
}

// Check verifies the checkpoint's signature and that leaf is in its tree.
func (p Proof) Check(leaf []byte, origin string, key note.Verifier) (Checkpoint, error) {
	c, err := OpenCheckpoint(p.Checkpoint, origin, key)
	if err != nil {
		return Checkpoint{}, err
	}
	if p.Position < 0 || p.Position >= c.Size {
		return Checkpoint{}, fmt.Errorf("translog: position %d is not in a log of %d entries", p.Position, c.Size)
	}
	if err := tlog.CheckRecord(p.Hashes, c.Size, c.Root, p.Position, LeafHash(leaf)); err != nil {
		return Checkpoint{}, fmt.Errorf("translog: the entry is not at position %d: %w", p.Position, err)
	}
	return c, nil
}

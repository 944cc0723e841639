package verify

import (
	"errors"
	"fmt"
	"iter"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/relais-org/relais/translog"
)

// Options of a verification.
type Options struct {
	// Origin of the log; the name of the first key when empty.
	Origin string
	// Keys that may have signed checkpoints: today's, and former ones.
	Keys []note.Verifier
	// Known are checkpoints got elsewhere, from a witness or a receipt: the log
	// must contain them. Without any, a log cut short cannot be told from a
	// younger one.
	Known []string
}

// Run compares everything. An error means that it could not; a wrong log is a
// report with faults.
func Run(src Source, o Options) (*Report, error) {
	if len(o.Keys) == 0 {
		return nil, errors.New("verify: a key is needed")
	}
	if o.Origin == "" {
		o.Origin = o.Keys[0].Name()
	}
	r := &run{src: src, o: o, report: &Report{Last: -1}, tree: &translog.Tree{}, erased: map[uuid.UUID]int64{}, announced: map[uuid.UUID]bool{}}
	if err := r.all(); err != nil {
		return nil, err
	}
	return r.report, nil
}

// run is one verification under way.
type run struct {
	src    Source
	o      Options
	report *Report
	known  []translog.Checkpoint // not met yet

	tree *translog.Tree
	lost bool // the tree is wrong from here on: only entries alone are compared

	nextBatch func() (Batch, error, bool)
	batch     *Batch // the one being filled; nil after the last
	inBatch   []seen // its entries
	integral  int64  // positions the batches give out so far

	nextHead func() (Head, error, bool)
	head     *Head  // the next; nil after the last
	since    []seen // entries after the last good checkpoint, as many as are kept
	good     *translog.Tree

	erased    map[uuid.UUID]int64 // beneficiary → first position erased
	announced map[uuid.UUID]bool  // beneficiary.erased was logged
}

// seen is an entry on its way to a checkpoint.
type seen struct {
	event uuid.UUID
	hash  tlog.Hash
}

// mostSeen bounds what is kept to name an entry from a checkpoint.
const mostSeen = 1 << 14

func (r *run) all() error {
	for _, text := range r.o.Known {
		c, err := r.open(text)
		if err != nil {
			return fmt.Errorf("the known checkpoint: %w", err)
		}
		r.known = append(r.known, c)
	}
	var stop func()
	r.nextBatch, stop = iter.Pull2(r.src.Batches())
	defer stop()
	r.nextHead, stop = iter.Pull2(r.src.Heads())
	defer stop()
	r.good = r.tree.Clone()
	if err := r.advanceHead(); err != nil {
		return err
	}
	if err := r.meetHeads(); err != nil { // those of the empty log
		return err
	}
	if err := r.advanceBatch(); err != nil {
		return err
	}
	if err := lookAll(r.src.Entries(), r.place); err != nil {
		return err
	}
	return r.end()
}

// place puts the next entry into the tree.
func (r *run) place(c checked) error {
	for r.batch != nil && c.key.Compare(r.batch.Last) > 0 {
		if err := r.closeBatch(); err != nil {
			return err
		}
	}
	position := r.report.Entries
	r.note(c, position)
	if r.batch == nil {
		r.report.Waiting++
		return nil
	}
	r.report.Entries++
	if r.lost {
		return nil
	}
	r.inBatch = append(r.inBatch, seen{c.event, c.hash})
	if wrong, err := r.compareHash(c, position); err != nil || wrong {
		return err
	}
	for _, tile := range r.tree.Append(c.hash) {
		if err := r.compareTile(tile); err != nil {
			return err
		}
	}
	return nil
}

// note keeps what an entry says by itself.
func (r *run) note(c checked, position int64) {
	if c.wrong != "" {
		r.report.add(Fault{From: position, To: position, Event: c.event, What: c.wrong})
	}
	if c.kind == translog.BeneficiaryErased {
		r.announced[c.beneficiary] = true
	}
	switch {
	case c.personal == personalHeld:
		r.report.Personal++
	case c.personal == personalGone && r.src.WithPersonal():
		r.report.Erased++
		if _, there := r.erased[c.beneficiary]; !there {
			r.erased[c.beneficiary] = position
		}
	case c.personal == personalGone:
		r.report.Withheld++
	}
}

// compareHash holds an entry against its stored hash, where there is one.
func (r *run) compareHash(c checked, position int64) (wrong bool, err error) {
	tile, err := r.src.Tile(0, position/translog.TileWidth)
	if err != nil || tile == nil {
		return false, err
	}
	at := int(position % translog.TileWidth)
	if storedHash(tile, at) == c.hash {
		return false, nil
	}
	r.lost = true
	f := Fault{From: position, To: position, Event: c.event, What: "the entry is not the one that was integrated here: it was changed, or its neighbour was removed"}
	if elsewhere := find(tile, c.hash); elsewhere > at {
		f.What = fmt.Sprintf("this entry was integrated at position %d: the one that belongs here was removed or moved", position-int64(at)+int64(elsewhere))
	} else if elsewhere >= 0 {
		f.What = fmt.Sprintf("this entry was integrated at position %d and stands here again or was moved", position-int64(at)+int64(elsewhere))
	} else if c.wrong == "" {
		f.What = "this entry was never integrated: it was inserted or changed with its leaf"
	}
	r.report.add(f)
	return true, nil
}

func storedHash(tile []byte, i int) tlog.Hash {
	return tlog.Hash(tile[i*tlog.HashSize : (i+1)*tlog.HashSize])
}

func find(tile []byte, h tlog.Hash) int {
	for i := range len(tile) / tlog.HashSize {
		if storedHash(tile, i) == h {
			return i
		}
	}
	return -1
}

// compareTile holds a tile that the tree has filled against the stored one.
func (r *run) compareTile(tile translog.Tile) error {
	stored, err := r.src.Tile(tile.Level, tile.Index)
	if err != nil {
		return err
	}
	r.report.Tiles++
	path := translog.TilePath(tile.Level, tile.Index, translog.TileWidth)
	if stored == nil {
		r.report.add(Fault{From: -1, To: -1, What: "stored " + path + " is missing"})
	} else if string(stored) != string(tile.Hashes) {
		r.report.add(Fault{From: -1, To: -1, What: "stored " + path + " is not that of the entries under it"})
	}
	return nil
}

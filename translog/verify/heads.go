package verify

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/relais-org/relais/translog"
)

func (r *run) advanceBatch() error {
	b, err, there := r.nextBatch()
	r.batch, r.inBatch = nil, r.inBatch[:0]
	if err != nil || !there {
		return err
	}
	if b.First != r.integral || b.Size < 1 {
		r.report.add(Fault{From: -1, To: -1, What: fmt.Sprintf("the batch at position %d does not follow the one before, which ends at %d", b.First, r.integral)})
		r.lost = true
	}
	r.integral = b.First + b.Size
	r.batch = &b
	return nil
}

// closeBatch compares a batch that no further entry belongs to, and the
// checkpoints over it.
func (r *run) closeBatch() error {
	b := r.batch
	r.report.Batches++
	if !r.lost && int64(len(r.inBatch)) != b.Size {
		r.lost = true
		r.report.add(r.wrongBatch(b))
	}
	if !r.lost {
		if keep := min(len(r.inBatch), mostSeen-len(r.since)); keep > 0 {
			r.since = append(r.since, r.inBatch[:keep]...)
		}
		if err := r.meetHeads(); err != nil {
			return err
		}
	}
	return r.advanceBatch()
}

// wrongBatch names what a batch of the wrong number of entries allows to name.
func (r *run) wrongBatch(b *Batch) Fault {
	f := Fault{From: b.First, To: b.First + b.Size - 1}
	there := int64(len(r.inBatch))
	if there < b.Size {
		f.What = fmt.Sprintf("%d entries were integrated here, %d are there: %d removed", b.Size, there, b.Size-there)
		if there > 0 {
			f.What += fmt.Sprintf(" (what is left begins with event %s)", r.inBatch[0].event)
		}
		return f
	}
	f.What = fmt.Sprintf("%d entries were integrated here, %d are there: %d inserted", b.Size, there, there-b.Size)
	if i := r.inserted(b); i >= 0 {
		f.From, f.To, f.Event = b.First+int64(i), b.First+int64(i), r.inBatch[i].event
		f.What = "this entry was never integrated: it was inserted (without it the signed root is right)"
	}
	return f
}

// inserted finds the one entry without which the checkpoint at the end of the
// batch is right; -1 if there is none, or none that can be looked for in time.
func (r *run) inserted(b *Batch) int {
	const most = 1024
	if int64(len(r.inBatch)) != b.Size+1 || len(r.inBatch)+len(r.since) > most || r.head == nil || r.head.Size != b.First+b.Size {
		return -1
	}
	start := r.good.Clone()
	for _, s := range r.since {
		start.Append(s.hash)
	}
	for out := range r.inBatch {
		tree := start.Clone()
		for i, s := range r.inBatch {
			if i != out {
				tree.Append(s.hash)
			}
		}
		if tree.Size() == r.head.Size && tree.Root() == r.head.Root {
			return out
		}
	}
	return -1
}

func (r *run) advanceHead() error {
	h, err, there := r.nextHead()
	r.head = nil
	if err != nil || !there {
		return err
	}
	r.head = &h
	return nil
}

// open reads a checkpoint under any of the keys.
func (r *run) open(text string) (translog.Checkpoint, error) {
	var c translog.Checkpoint
	var err error
	for _, key := range r.o.Keys {
		if c, err = translog.OpenCheckpoint(text, r.o.Origin, key); err == nil {
			return c, nil
		}
	}
	return c, err
}

// meetHeads compares the checkpoints that the tree has reached.
func (r *run) meetHeads() error {
	for ; r.head != nil && r.head.Size <= r.tree.Size(); r.report.Checkpoints++ {
		if r.head.Size < r.tree.Size() {
			r.report.add(Fault{From: -1, To: -1, What: fmt.Sprintf("the checkpoint over %d entries ends within a batch", r.head.Size)})
		} else if err := r.meet(*r.head); err != nil {
			return err
		}
		if err := r.advanceHead(); err != nil {
			return err
		}
		if r.lost {
			return nil
		}
	}
	for i := 0; i < len(r.known); i++ {
		if c := r.known[i]; c.Size == r.tree.Size() {
			if c.Root != r.tree.Root() {
				r.report.add(Fault{From: -1, To: -1, What: fmt.Sprintf("the known checkpoint over %d entries has another root: this is another log", c.Size)})
			}
			r.known = append(r.known[:i], r.known[i+1:]...)
			i--
		}
	}
	return nil
}

// meet compares one stored checkpoint with the tree of its size.
func (r *run) meet(h Head) error {
	c, err := r.open(h.Note)
	switch {
	case err != nil:
		r.report.add(Fault{From: -1, To: -1, What: fmt.Sprintf("the checkpoint over %d entries is not signed by a key given: %s", h.Size, plain(err))})
		return nil
	case c.Size != h.Size || c.Root != h.Root:
		r.report.add(Fault{From: -1, To: -1, What: fmt.Sprintf("the row of the checkpoint over %d entries is not what its note says", h.Size)})
		if c.Size != h.Size {
			return nil
		}
	}
	if c.Root != r.tree.Root() {
		r.lost = true
		from := r.good.Size()
		f := Fault{From: from, To: h.Size - 1, What: fmt.Sprintf("the entries do not give the root signed over %d entries: one was changed or moved", h.Size)}
		if f.From == f.To && len(r.since) > 0 {
			f.Event = r.since[0].event
		}
		r.report.add(f)
		return nil
	}
	r.report.Last = h.Size
	r.good, r.since = r.tree.Clone(), r.since[:0]
	return nil
}

// end compares what must not be left over.
func (r *run) end() error {
	for r.batch != nil {
		if err := r.closeBatch(); err != nil {
			return err
		}
	}
	r.report.Unsigned = max(0, r.report.Entries-max(r.report.Last, 0))
	if !r.lost {
		for ; r.head != nil; r.report.Checkpoints++ {
			r.report.add(Fault{From: r.tree.Size(), To: r.head.Size - 1, What: fmt.Sprintf("a checkpoint is signed over %d entries, %d are there", r.head.Size, r.tree.Size())})
			if err := r.advanceHead(); err != nil {
				return err
			}
		}
		for _, c := range r.known {
			r.report.add(Fault{From: -1, To: -1, What: fmt.Sprintf("the known checkpoint over %d entries is not in this log of %d", c.Size, r.tree.Size())})
		}
		if err := r.countTiles(); err != nil {
			return err
		}
	}
	if r.report.Last < 0 && !r.lost {
		r.report.add(Fault{From: -1, To: -1, What: "there is no good checkpoint at all"})
	}
	for person, position := range r.erased {
		if person == uuid.Nil || !r.announced[person] {
			r.report.add(Fault{From: position, To: position, What: fmt.Sprintf("personal content is gone, and no entry says that beneficiary %s was erased", person)})
		}
	}
	return nil
}

func (r *run) countTiles() error {
	counts, err := r.src.TileCount()
	if err != nil {
		return err
	}
	for level := range translog.TileLevels(r.tree.Size()) {
		if want := translog.FullTiles(r.tree.Size(), level); counts[level] != want {
			r.report.add(Fault{From: -1, To: -1, What: fmt.Sprintf("%d tiles of level %d are stored, %d belong there", counts[level], level, want)})
		}
		delete(counts, level)
	}
	for level, n := range counts {
		r.report.add(Fault{From: -1, To: -1, What: fmt.Sprintf("%d tiles of level %d are stored, none belongs there", n, level)})
	}
	return nil
}

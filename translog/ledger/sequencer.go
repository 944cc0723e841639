package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog"
)

const (
	defaultInterval        = 200 * time.Millisecond
	defaultCheckpointEvery = 600 * time.Millisecond
	// defaultBatch bounds one transaction of the sequencer, and the entries that
	// finding a position walks over.
	defaultBatch = 8192
)

// Metrics are told what the sequencer does; any may be nil.
type Metrics struct {
	// Integrated so many entries, in one transaction that took so long.
	Integrated func(entries int, took time.Duration)
	// Signed a checkpoint of this size.
	Signed func(size int64)
	// Lag is the age of the oldest entry that has no place yet, each second while
	// leading. A long writing transaction anywhere on the server makes it grow:
	// alarm on it.
	Lag func(time.Duration)
	// Leading says whether this process is the one that sequences.
	Leading func(bool)
	// Failed counts steps that failed; the next one tries again.
	Failed func()
}

// Deps are what a sequencer needs.
type Deps struct {
	Store *store.Store
	// Key signs checkpoints.
	Key translog.SigningKey
	// FormerKeys are accepted on checkpoints signed before Key was.
	FormerKeys []note.Verifier
	// Origin of the log; the name of Key when empty.
	Origin string
	// Interval between steps; 200 ms when zero.
	Interval time.Duration
	// CheckpointEvery is the least time between checkpoints, 600 ms when zero:
	// with Interval it keeps a commit within a second of its checkpoint.
	CheckpointEvery time.Duration
	// Batch is the most entries of one transaction; 8192 when zero.
	Batch   int
	Logger  *slog.Logger // slog.Default when nil
	Metrics Metrics
}

// Sequencer gives entries their place and signs the log's heads. Any number may
// run; one leads, and the database keeps the others out.
type Sequencer struct {
	d        Deps
	trusted  []note.Verifier
	mu       sync.Mutex // one step at a time in this process
	state    *state     // nil: rebuild from the database before going on
	signedAt time.Time  // paces checkpoints; monotonic
	laggedAt time.Time
}

// NewSequencer checks what it is given; it does nothing yet.
func NewSequencer(d Deps) (*Sequencer, error) {
	if d.Store == nil || d.Key.Signer == nil {
		return nil, errors.New("ledger: a sequencer needs a store and a key")
	}
	own, err := d.Key.Verifier()
	if err != nil {
		return nil, fmt.Errorf("ledger: the key: %w", err)
	}
	if d.Origin == "" {
		d.Origin = d.Key.Name()
	}
	if d.Interval <= 0 {
		d.Interval = defaultInterval
	}
	if d.CheckpointEvery <= 0 {
		d.CheckpointEvery = defaultCheckpointEvery
	}
	if d.Batch <= 0 {
		d.Batch = defaultBatch
	}
	if d.Logger == nil {
		d.Logger = slog.Default()
	}
	return &Sequencer{d: d, trusted: append([]note.Verifier{own}, d.FormerKeys...)}, nil
}

// SequenceOnce integrates what can be at the moment it is called, and signs a
// checkpoint if anything is new, without waiting for leadership. It gives the
// number of entries integrated. What others commit meanwhile is left to the
// next call: under writers faster than it, it still ends. For commands and tests.
func (s *Sequencer) SequenceOnce(ctx context.Context) (int, error) {
	var until string
	err := s.d.Store.Pool().QueryRow(ctx, `SELECT pg_snapshot_xmin(pg_current_snapshot())::text`).Scan(&until)
	if err != nil {
		return 0, fmt.Errorf("ask what is committed: %w", err)
	}
	total := 0
	for {
		n, more, err := s.step(ctx, until, true)
		total += n
		if err != nil || !more {
			return total, err
		}
	}
}

// everything bounds a step by nothing but what has committed.
const everything = "18446744073709551615"

// step is one transaction: entries of transactions before until, their tiles,
// batch, checkpoint. more says that the batch was full.
func (s *Sequencer) step(ctx context.Context, until string, sign bool) (n int, more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	began := s.machine()
	var done outcome
	err = s.d.Store.InTx(ctx, store.System(), func(tx *store.Tx) error {
		// Until this transaction has committed, memory is ahead of the database:
		// another attempt, or the step after a failure, starts from what is stored.
		known := s.state
		s.state = nil
		var err error
		done, err = s.advance(tx, known, until, sign)
		return err
	})
	if err != nil {
		s.state = nil
		return 0, false, err
	}
	s.state = done.state
	if done.signed {
		s.signedAt = s.machine()
		if s.d.Metrics.Signed != nil {
			s.d.Metrics.Signed(done.state.tree.Size())
		}
	}
	if done.entries > 0 && s.d.Metrics.Integrated != nil {
		s.d.Metrics.Integrated(done.entries, s.machine().Sub(began))
	}
	return done.entries, done.entries == s.d.Batch, nil
}

// machine is the machine's own clock. It paces checkpoints and measures steps,
// and says nothing of when anything happened: that is the store's time.
func (s *Sequencer) machine() time.Time {
	return time.Now() //nolint:forbidigo // a frozen clock must not stop the pace
}

// due says whether a checkpoint is: the first, or one after the least time.
func (s *Sequencer) due() bool {
	return s.signedAt.IsZero() || s.machine().Sub(s.signedAt) >= s.d.CheckpointEvery
}

// Lag is the age of the oldest entry that has no place in the tree yet; zero
// when all have one.
func (s *Sequencer) Lag(ctx context.Context) (time.Duration, error) {
	var oldest *time.Time
	err := s.d.Store.Pool().QueryRow(ctx, `
		WITH last AS (SELECT incarnation, last_xid, last_id FROM log_batches ORDER BY first_position DESC LIMIT 1)
		SELECT (SELECT e.at FROM events e
			WHERE (e.incarnation, e.xid, e.id) > (
				coalesce((SELECT incarnation FROM last), 0),
				coalesce((SELECT last_xid FROM last), '0'::xid8),
				coalesce((SELECT last_id FROM last), 0))
			ORDER BY e.incarnation, e.xid, e.id LIMIT 1)`).Scan(&oldest)
	if err != nil {
		return 0, fmt.Errorf("measure the log's lag: %w", err)
	}
	if oldest == nil {
		return 0, nil
	}
	return max(0, s.d.Store.Now().Sub(*oldest)), nil
}

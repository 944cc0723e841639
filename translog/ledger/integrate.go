package ledger

import (
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog"
)

// sequenceLock is held by the transaction that writes tiles, batch and
// checkpoint, so that even two sequencers that both believe to lead cannot sign
// two heads over one.
const sequenceLock = 0x52656c61_0001

// key is a place in the order of events. xid is text: it is compared by the
// database only.
type key struct {
	incarnation int
	xid         string
	id          int64
}

// start is before every event.
var start = key{incarnation: 0, xid: "0", id: 0}

// head is how far the database says the log has got.
type head struct {
	size       int64 // integrated
	key        key   // of the last integrated event
	checkpoint *storedCheckpoint
	current    int // incarnation of this cluster
}

type storedCheckpoint struct {
	size int64
	root []byte
	note string
}

// state is the tree in memory, known to extend the last checkpoint.
type state struct {
	tree   *translog.Tree
	key    key
	signed translog.Checkpoint
}

// matches says whether the database is where memory left it.
func (st *state) matches(h head) bool {
	return st.tree.Size() == h.size && st.key == h.key && h.checkpoint != nil &&
		st.signed.Size == h.checkpoint.size && string(st.signed.Root[:]) == string(h.checkpoint.root)
}

// outcome of one step, to be believed after its commit.
type outcome struct {
	state   *state
	entries int
	signed  bool
}

// advance is the inside of a step's transaction.
func (s *Sequencer) advance(tx *store.Tx, known *state, until string, sign bool) (outcome, error) {
	if _, err := tx.SQL().ExecContext(tx.Context(), `SELECT pg_advisory_xact_lock($1)`, int64(sequenceLock)); err != nil {
		return outcome{}, fmt.Errorf("take the sequencer's lock: %w", err)
	}
	h, err := readHead(tx)
	if err != nil {
		return outcome{}, err
	}
	st := known
	if st == nil || !st.matches(h) {
		if st, err = s.rebuild(tx, h); err != nil {
			return outcome{}, err
		}
	}
	out := outcome{state: st}
	if out.entries, err = s.integrate(tx, st, h.current, until); err != nil {
		return outcome{}, err
	}
	if h.checkpoint == nil || st.tree.Size() > st.signed.Size && (sign || s.due()) {
		if err := s.sign(tx, st); err != nil {
			return outcome{}, err
		}
		out.signed = true
	}
	return out, nil
}

var errRestored = errors.New("ledger: the database was restored: transaction ids are behind the log; " +
	"declare the new incarnation as docs/log.md says, then start again")

func readHead(tx *store.Tx) (head, error) {
	h := head{key: start}
	var behind bool
	err := tx.SQL().QueryRowContext(tx.Context(), `
		SELECT first_position + size, incarnation, last_xid::text, last_id,
		       incarnation = (SELECT max(incarnation) FROM log_incarnation) AND last_xid >= pg_snapshot_xmax(pg_current_snapshot())
		FROM log_batches ORDER BY first_position DESC LIMIT 1`).
		Scan(&h.size, &h.key.incarnation, &h.key.xid, &h.key.id, &behind)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return head{}, fmt.Errorf("read the last batch: %w", err)
	}
	if behind {
		return head{}, errRestored
	}
	var c storedCheckpoint
	err = tx.SQL().QueryRowContext(tx.Context(), `SELECT size, root, note FROM log_checkpoints ORDER BY size DESC LIMIT 1`).
		Scan(&c.size, &c.root, &c.note)
	if err == nil {
		h.checkpoint = &c
	} else if !errors.Is(err, sql.ErrNoRows) {
		return head{}, fmt.Errorf("read the last checkpoint: %w", err)
	}
	if err := tx.SQL().QueryRowContext(tx.Context(), `SELECT max(incarnation) FROM log_incarnation`).Scan(&h.current); err != nil {
		return head{}, fmt.Errorf("read the incarnation: %w", err)
	}
	return h, nil
}

// integrate gives the next events their places: below the oldest transaction
// that may still write, so that none can come to lie behind, and below until.
func (s *Sequencer) integrate(tx *store.Tx, st *state, current int, until string) (int, error) {
	rows, err := tx.SQL().QueryContext(tx.Context(), `
		SELECT id, leaf FROM events
		WHERE (incarnation, xid, id) > ($1, $2::text::xid8, $3)
		  AND (incarnation, xid, id) < ($4, least(pg_snapshot_xmin(pg_current_snapshot()), $5::text::xid8), 0)
		ORDER BY incarnation, xid, id LIMIT $6`, st.key.incarnation, st.key.xid, st.key.id, current, until, s.d.Batch)
	if err != nil {
		return 0, fmt.Errorf("read new events: %w", err)
	}
	defer func() { _ = rows.Close() }() // Err below tells what went wrong
	var tiles []translog.Tile
	var last int64
	n := 0
	for rows.Next() {
		var leaf sql.RawBytes
		if err := rows.Scan(&last, &leaf); err != nil {
			return 0, fmt.Errorf("read an event: %w", err)
		}
		tiles = append(tiles, st.tree.Append(translog.LeafHash(leaf))...)
		n++
	}
	if err := rows.Err(); err != nil {
		return 0, fmt.Errorf("read new events: %w", err)
	}
	if n == 0 {
		return 0, nil
	}
	if err := writeTiles(tx, tiles); err != nil {
		return 0, err
	}
	return n, writeBatch(tx, st, n, last)
}

func writeTiles(tx *store.Tx, tiles []translog.Tile) error {
	if len(tiles) == 0 {
		return nil
	}
	levels, indexes, hashes := make([]int32, len(tiles)), make([]int64, len(tiles)), make([][]byte, len(tiles))
	for i, t := range tiles {
		levels[i], indexes[i], hashes[i] = int32(t.Level), t.Index, t.Hashes
	}
	_, err := tx.SQL().ExecContext(tx.Context(), `INSERT INTO log_tiles (level, index, hashes)
		SELECT * FROM unnest($1::int[], $2::bigint[], $3::bytea[])`, levels, indexes, hashes)
	if err != nil {
		return fmt.Errorf("write %d tiles: %w", len(tiles), err)
	}
	return nil
}

func writeBatch(tx *store.Tx, st *state, n int, last int64) error {
	err := tx.SQL().QueryRowContext(tx.Context(), `INSERT INTO log_batches (first_position, size, incarnation, last_xid, last_id, at)
		SELECT $1::bigint, $2::int, incarnation, xid, id, $4::timestamptz FROM events WHERE id = $3::bigint
		RETURNING incarnation, last_xid::text, last_id`, st.tree.Size()-int64(n), n, last, tx.Now()).
		Scan(&st.key.incarnation, &st.key.xid, &st.key.id)
	if err != nil {
		return fmt.Errorf("write the batch: %w", err)
	}
	return nil
}

// sign makes the head public. The transaction holds the lock, and the tree was
// rebuilt from the last head, whose root it still has under it.
func (s *Sequencer) sign(tx *store.Tx, st *state) error {
	next := translog.Checkpoint{Origin: s.d.Origin, Size: st.tree.Size(), Root: st.tree.Root()}
	text, err := translog.SignCheckpoint(next, s.d.Key)
	if err != nil {
		return err
	}
	_, err = tx.SQL().ExecContext(tx.Context(), `INSERT INTO log_checkpoints (size, root, at, note) VALUES ($1, $2, $3, $4)`,
		next.Size, next.Root[:], tx.Now(), text)
	if err != nil {
		return fmt.Errorf("write the checkpoint: %w", err)
	}
	st.signed = next
	return nil
}

// rebuild reads the tree at the last checkpoint, checks it against what was
// signed, and integrates again, in memory, what came after.
func (s *Sequencer) rebuild(tx *store.Tx, h head) (*state, error) {
	if err := checkIncarnation(tx, h.current); err != nil {
		return nil, err
	}
	st := &state{tree: &translog.Tree{}, key: h.key, signed: translog.Checkpoint{Origin: s.d.Origin, Root: (&translog.Tree{}).Root()}}
	if h.checkpoint != nil {
		var err error
		if st.signed, err = s.openStored(*h.checkpoint); err != nil {
			return nil, err
		}
	}
	signed := st.signed.Size
	if signed > h.size {
		return nil, fmt.Errorf("%w: %d entries are signed, %d have a place", ErrDiverged, signed, h.size)
	}
	q := sqlQueries{tx}
	tree, err := translog.ResumeTree(signed, func(level, width int) ([]byte, error) { return edge(q, nil, signed, level, width) })
	if err != nil {
		return nil, fmt.Errorf("rebuild the tree of %d entries: %w", signed, err)
	}
	if root := tree.Root(); root != st.signed.Root {
		return nil, fmt.Errorf("%w: root of %d entries is %v, signed was %v", ErrDiverged, signed, root, st.signed.Root)
	}
	st.tree = tree
	return st, replay(q, tree, h.size)
}

// replay takes the tree on to size from stored leaves, comparing the tiles that
// it fills with the stored ones.
func replay(q queries, tree *translog.Tree, size int64) error {
	const stride = 4096
	for tree.Size() < size {
		from := tree.Size()
		leaves, err := leavesAt(q, from, int(min(stride, size-from)))
		if err != nil {
			return err
		}
		for _, leaf := range leaves {
			for _, tile := range tree.Append(translog.LeafHash(leaf)) {
				stored, err := fullTile(q, tile.Level, tile.Index)
				if err != nil {
					return err
				}
				if string(stored) != string(tile.Hashes) {
					return fmt.Errorf("%w: stored tile %s is not that of its entries", ErrDiverged,
						translog.TilePath(tile.Level, tile.Index, translog.TileWidth))
				}
			}
		}
	}
	return nil
}

// ErrDiverged says that what is stored is not what was signed. Nothing more is
// signed until somebody has looked: cmd/verify names the entry.
var ErrDiverged = errors.New("ledger: the stored log is not the signed one")

// openStored reads a checkpoint under any key that was ever ours.
func (s *Sequencer) openStored(c storedCheckpoint) (translog.Checkpoint, error) {
	var err error
	for _, v := range s.trusted {
		var opened translog.Checkpoint
		if opened, err = translog.OpenCheckpoint(c.note, s.d.Origin, v); err == nil {
			if opened.Size != c.size || opened.Root != tlog.Hash(c.root) {
				return opened, fmt.Errorf("%w: the checkpoint's row and note differ at %d entries", ErrDiverged, c.size)
			}
			return opened, nil
		}
	}
	return translog.Checkpoint{}, fmt.Errorf("%w: the checkpoint of %d entries: %w", ErrDiverged, c.size, err)
}

// checkIncarnation refuses a half-declared restore, after which new events would
// be ordered before old ones.
func checkIncarnation(tx *store.Tx, current int) error {
	var same bool
	err := tx.SQL().QueryRowContext(tx.Context(), `SELECT pg_get_expr(d.adbin, d.adrelid) = $1::text
		FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
		WHERE d.adrelid = 'events'::regclass AND a.attname = 'incarnation'`, fmt.Sprint(current)).Scan(&same)
	if err != nil {
		return fmt.Errorf("read the incarnation of new events: %w", err)
	}
	if !same {
		return fmt.Errorf("ledger: new events are not marked as of incarnation %d; see docs/log.md", current)
	}
	return nil
}

package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog"
)

// ErrPending says that an event is written but not in a signed checkpoint yet;
// it will be, within a second or so.
var ErrPending = problem.New(problem.KindUnavailable, "log_pending")

// Reader gives out what is public of the log, and the place of an event. Safe
// for concurrent use.
type Reader struct {
	pool  *pgxpool.Pool
	roots *tileRoots
}

// NewReader reads from the store's pool.
func NewReader(st *store.Store) *Reader { return &Reader{pool: st.Pool(), roots: &tileRoots{}} }

// Checkpoint is the last signed note, for GET /log/checkpoint. NotFound before
// the first.
func (r *Reader) Checkpoint(ctx context.Context) (string, error) {
	_, text, err := r.last(ctx)
	return text, err
}

func (r *Reader) last(ctx context.Context) (tlog.Tree, string, error) {
	var tree tlog.Tree
	var root []byte
	var text string
	err := r.pool.QueryRow(ctx, `SELECT size, root, note FROM log_checkpoints ORDER BY size DESC LIMIT 1`).Scan(&tree.N, &root, &text)
	if errors.Is(err, pgx.ErrNoRows) {
		return tree, "", problem.NotFound()
	}
	if err != nil {
		return tree, "", fmt.Errorf("read the checkpoint: %w", err)
	}
	if copy(tree.Hash[:], root) != tlog.HashSize {
		return tree, "", fmt.Errorf("%w: a root of %d bytes", ErrDiverged, len(root))
	}
	return tree, text, nil
}

// Tile is the first width hashes of a tile (translog.ParseTilePath reads what is
// asked for), NotFound beyond the last checkpoint. A tile never changes: it may
// be cached for ever.
func (r *Reader) Tile(ctx context.Context, level int, index int64, width int) ([]byte, error) {
	head, _, err := r.last(ctx)
	if err != nil {
		return nil, err
	}
	return r.tile(ctx, head.N, level, index, width)
}

func (r *Reader) tile(ctx context.Context, size int64, level int, index int64, width int) ([]byte, error) {
	if !holds(size, level, index, width) {
		return nil, problem.NotFound()
	}
	q := poolQueries{ctx, r.pool}
	if index < translog.FullTiles(size, level) {
		hashes, err := fullTile(q, level, index)
		if err != nil {
			return nil, err
		}
		return hashes[:width*tlog.HashSize], nil
	}
	return edge(q, r.roots, size, level, width)
}

// Entries is a bundle: the first width leaves of those under a tile of level 0.
func (r *Reader) Entries(ctx context.Context, index int64, width int) ([]byte, error) {
	head, _, err := r.last(ctx)
	if err != nil {
		return nil, err
	}
	if !holds(head.N, 0, index, width) {
		return nil, problem.NotFound()
	}
	leaves, err := leavesAt(poolQueries{ctx, r.pool}, index*translog.TileWidth, width)
	if err != nil {
		return nil, err
	}
	var bundle []byte
	for _, leaf := range leaves {
		if bundle, err = translog.AppendBundleEntry(bundle, leaf); err != nil {
			return nil, err
		}
	}
	return bundle, nil
}

// Leaf is the public leaf at a position, NotFound beyond the last checkpoint.
func (r *Reader) Leaf(ctx context.Context, position int64) ([]byte, error) {
	head, _, err := r.last(ctx)
	if err != nil {
		return nil, err
	}
	if position < 0 || position >= head.N {
		return nil, problem.NotFound()
	}
	leaves, err := leavesAt(poolQueries{ctx, r.pool}, position, 1)
	if err != nil {
		return nil, err
	}
	return leaves[0], nil
}

func holds(size int64, level int, index int64, width int) bool {
	if level < 0 || level >= translog.TileLevels(size) || index < 0 || width < 1 || width > translog.TileWidth {
		return false
	}
	full := translog.FullTiles(size, level)
	return index < full || index == full && width <= translog.EdgeWidth(size, level)
}

// Position is an event's place in the tree: NotFound if there is no such event,
// ErrPending if it has no place yet.
func (r *Reader) Position(ctx context.Context, event uuid.UUID) (int64, error) {
	var k key
	err := r.pool.QueryRow(ctx, `SELECT incarnation, xid::text, id FROM events WHERE event_id = $1`, event).
		Scan(&k.incarnation, &k.xid, &k.id)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, problem.NotFound()
	}
	if err != nil {
		return 0, fmt.Errorf("find the event: %w", err)
	}
	var first int64
	err = r.pool.QueryRow(ctx, `SELECT first_position FROM log_batches
		WHERE (incarnation, last_xid, last_id) >= ($1, $2::text::xid8, $3)
		ORDER BY incarnation, last_xid, last_id LIMIT 1`, k.incarnation, k.xid, k.id).Scan(&first)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, ErrPending
	}
	if err != nil {
		return 0, fmt.Errorf("find the event's batch: %w", err)
	}
	after := start
	err = r.pool.QueryRow(ctx, `SELECT incarnation, last_xid::text, last_id FROM log_batches
		WHERE first_position < $1 ORDER BY first_position DESC LIMIT 1`, first).Scan(&after.incarnation, &after.xid, &after.id)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("find the batch before: %w", err)
	}
	var rank int64
	err = r.pool.QueryRow(ctx, `SELECT count(*) FROM events
		WHERE (incarnation, xid, id) > ($1, $2::text::xid8, $3) AND (incarnation, xid, id) < ($4, $5::text::xid8, $6)`,
		after.incarnation, after.xid, after.id, k.incarnation, k.xid, k.id).Scan(&rank)
	if err != nil {
		return 0, fmt.Errorf("count the entries before: %w", err)
	}
	return first + rank, nil
}

// Proof shows that an event is in the log, under the last checkpoint; it comes
// with the event's leaf. ErrPending until a checkpoint holds it.
func (r *Reader) Proof(ctx context.Context, event uuid.UUID) (translog.Proof, []byte, error) {
	position, err := r.Position(ctx, event)
	if err != nil {
		return translog.Proof{}, nil, err
	}
	head, text, err := r.last(ctx)
	if err != nil {
		return translog.Proof{}, nil, err
	}
	if position >= head.N {
		return translog.Proof{}, nil, ErrPending
	}
	tiles := translog.TileReader(func(level int, index int64, width int) ([]byte, error) {
		return r.tile(ctx, head.N, level, index, width)
	})
	hashes, err := tlog.ProveRecord(head.N, position, tlog.TileHashReader(head, tiles))
	if err != nil {
		return translog.Proof{}, nil, fmt.Errorf("prove position %d: %w", position, err)
	}
	leaves, err := leavesAt(poolQueries{ctx, r.pool}, position, 1)
	if err != nil {
		return translog.Proof{}, nil, err
	}
	return translog.Proof{Position: position, Hashes: hashes, Checkpoint: text}, leaves[0], nil
}

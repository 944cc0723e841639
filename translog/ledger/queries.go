package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog"
)

// queries runs a query and calls each once per row with its scan: inside a
// step's transaction, or on the pool for readers.
type queries interface {
	each(query string, args []any, row func(scan func(dest ...any) error) error) error
}

type sqlQueries struct{ tx *store.Tx }

func (q sqlQueries) each(query string, args []any, row func(func(...any) error) error) error {
	rows, err := q.tx.SQL().QueryContext(q.tx.Context(), query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err below tells what went wrong
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

type poolQueries struct {
	ctx  context.Context // of the one call that made it
	pool *pgxpool.Pool
}

func (q poolQueries) each(query string, args []any, row func(func(...any) error) error) error {
	rows, err := q.pool.Query(q.ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

var errNoTile = errors.New("ledger: a stored tile is missing")

// fullTile is the stored tile.
func fullTile(q queries, level int, index int64) ([]byte, error) {
	var hashes []byte
	err := q.each(`SELECT hashes FROM log_tiles WHERE level = $1 AND index = $2`, []any{level, index},
		func(scan func(...any) error) error { return scan(&hashes) })
	if err == nil && hashes == nil {
		err = errNoTile
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", translog.TilePath(level, index, translog.TileWidth), err)
	}
	return hashes, nil
}

// edge gives the width hashes of a level after its last full tile, in a tree of
// size: leaves from events, higher ones from the full tiles below.
func edge(q queries, known *tileRoots, size int64, level, width int) ([]byte, error) {
	first := translog.FullTiles(size, level) * translog.TileWidth
	out := make([]byte, 0, width*tlog.HashSize)
	if level == 0 {
		leaves, err := leavesAt(q, first, width)
		if err != nil {
			return nil, err
		}
		for _, leaf := range leaves {
			hash := translog.LeafHash(leaf)
			out = append(out, hash[:]...)
		}
		return out, nil
	}
	for i := range int64(width) {
		root, ok := known.get(level-1, first+i)
		if !ok {
			below, err := fullTile(q, level-1, first+i)
			if err != nil {
				return nil, err
			}
			root = translog.SubtreeRoot(below)
			known.put(level-1, first+i, root)
		}
		out = append(out, root[:]...)
	}
	return out, nil
}

// leavesAt gives the leaves at positions from, from+1, …: all count of them, or
// an error. They MUST all have a place already.
func leavesAt(q queries, from int64, count int) ([][]byte, error) {
	// The batch that holds from, and the one before, whose key is the bound.
	var firsts []int64
	var keys []key
	err := q.each(`SELECT first_position, incarnation, last_xid::text, last_id FROM log_batches
		WHERE first_position <= $1 ORDER BY first_position DESC LIMIT 2`, []any{from},
		func(scan func(...any) error) error {
			var f int64
			var k key
			err := scan(&f, &k.incarnation, &k.xid, &k.id)
			firsts, keys = append(firsts, f), append(keys, k)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("find the batch of position %d: %w", from, err)
	}
	if len(firsts) == 0 {
		return nil, fmt.Errorf("%w: no batch holds position %d", ErrDiverged, from)
	}
	after := start
	if len(keys) == 2 {
		after = keys[1]
	}
	leaves := make([][]byte, 0, count)
	err = q.each(`SELECT leaf FROM events WHERE (incarnation, xid, id) > ($1, $2::text::xid8, $3)
		ORDER BY incarnation, xid, id OFFSET $4 LIMIT $5`, []any{after.incarnation, after.xid, after.id, from - firsts[0], count},
		func(scan func(...any) error) error {
			var leaf []byte
			err := scan(&leaf)
			leaves = append(leaves, leaf)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read the entries from position %d: %w", from, err)
	}
	if len(leaves) != count {
		return nil, fmt.Errorf("%w: %d entries of %d are there from position %d", ErrDiverged, len(leaves), count, from)
	}
	return leaves, nil
}

// tileRoots remembers roots of full tiles, which never change. Nil remembers
// nothing. Safe for concurrent use.
type tileRoots struct {
	mu    sync.Mutex
	roots map[[2]int64]tlog.Hash
}

// mostRoots bounds the memory: two edges of every level fit.
const mostRoots = 4096

func (r *tileRoots) get(level int, index int64) (tlog.Hash, bool) {
	if r == nil {
		return tlog.Hash{}, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	h, ok := r.roots[[2]int64{int64(level), index}]
	return h, ok
}

func (r *tileRoots) put(level int, index int64, root tlog.Hash) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.roots == nil || len(r.roots) >= mostRoots {
		r.roots = make(map[[2]int64]tlog.Hash)
	}
	r.roots[[2]int64{int64(level), index}] = root
}

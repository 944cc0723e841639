package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/relais-org/relais/translog"
	"github.com/relais-org/relais/translog/verify"
)

const (
	// pageRows of batches and checkpoints are read at once.
	pageRows = 2000
	// pageTiles of level 0 are kept in memory: half a megabyte.
	pageTiles = 64
)

// database reads a log from PostgreSQL, in one snapshot over two connections:
// one streams entries, the other answers what they are compared with.
type database struct {
	ctx     context.Context // of the one verification it is opened for
	entries *pgx.Conn
	other   *pgx.Conn

	from int64 // index of the first tile in page
	page map[int64][]byte
}

func openDatabase(ctx context.Context, url string) (*database, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		// The parser's error may quote the address, which holds a password.
		return nil, errors.New("the database address cannot be read (expected postgres://role:password@host:port/name)")
	}
	for name, value := range map[string]string{
		"default_transaction_read_only": "on", "statement_timeout": "0", "idle_in_transaction_session_timeout": "0", "timezone": "UTC",
		"application_name": "relais verify",
	} {
		cfg.RuntimeParams[name] = value
	}
	d := &database{ctx: ctx, from: -1}
	if d.entries, err = pgx.ConnectConfig(ctx, cfg); err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	if d.other, err = pgx.ConnectConfig(ctx, cfg.Copy()); err != nil {
		d.close(ctx)
		return nil, fmt.Errorf("connect: %w", err)
	}
	if err := d.begin(); err != nil {
		d.close(ctx)
		return nil, err
	}
	return d, nil
}

func (d *database) begin() error {
	const begin = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`
	if _, err := d.entries.Exec(d.ctx, begin); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	var snapshot string
	if err := d.entries.QueryRow(d.ctx, `SELECT pg_export_snapshot()`).Scan(&snapshot); err != nil {
		return fmt.Errorf("share the snapshot: %w", err)
	}
	if _, err := d.other.Exec(d.ctx, begin); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if _, err := d.other.Exec(d.ctx, `SET TRANSACTION SNAPSHOT '`+snapshot+`'`); err != nil {
		return fmt.Errorf("share the snapshot: %w", err)
	}
	return nil
}

func (d *database) close(ctx context.Context) {
	for _, c := range []*pgx.Conn{d.entries, d.other} {
		if c != nil {
			_ = c.Close(ctx) // it only ever read
		}
	}
}

func (d *database) WithPersonal() bool { return true }

// binary results: no text to parse, and bytes that can be used in place.
var binaryRows = pgx.QueryResultFormats{pgx.BinaryFormatCode}

func (d *database) Entries() iter.Seq2[*verify.Entry, error] {
	return func(yield func(*verify.Entry, error) bool) {
		rows, err := d.entries.Query(d.ctx, `SELECT incarnation, xid, id, event_id, kind, at, actor_role, actor_id, organisation_id,
			beneficiary_id, mandate_id, case_id, step_id, procedure, action, outcome, leaf, facts, facts_salt, personal, personal_salt
			FROM events ORDER BY incarnation, xid, id`, binaryRows)
		if err != nil {
			yield(nil, fmt.Errorf("read the entries: %w", err))
			return
		}
		defer rows.Close()
		var e verify.Entry
		var c verify.Columns
		for rows.Next() {
			if err := fill(&e, &c, rows.RawValues()); err != nil {
				yield(nil, err)
				return
			}
			if !yield(&e, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, fmt.Errorf("read the entries: %w", err))
		}
	}
}

// postgresEpoch is what timestamps count their microseconds from.
var postgresEpoch = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// fill reads one row in PostgreSQL's binary form.
func fill(e *verify.Entry, c *verify.Columns, v [][]byte) error {
	if len(v) != 21 || len(v[0]) != 4 || len(v[1]) != 8 || len(v[2]) != 8 || len(v[5]) != 8 {
		return errors.New("a row of events has an unexpected form")
	}
	e.Key = verify.Key{
		Incarnation: int32(binary.BigEndian.Uint32(v[0])),
		XID:         binary.BigEndian.Uint64(v[1]),
		Number:      int64(binary.BigEndian.Uint64(v[2])),
	}
	*c = verify.Columns{Kind: string(v[4]), At: timestamp(int64(binary.BigEndian.Uint64(v[5])))}
	f := &c.Facts
	f.Actor.Role = translog.Role(v[6])
	for i, id := range [...]*uuid.UUID{&c.EventID, nil, nil, nil, &f.Actor.ID, &f.Organisation, &f.Beneficiary, &f.Mandate, &f.Case, &f.Step} {
		if id != nil && v[3+i] != nil {
			copy(id[:], v[3+i])
		}
	}
	f.Procedure, f.Action, f.Outcome = string(v[13]), string(v[14]), string(v[15])
	e.Columns = c
	e.Leaf, e.Facts, e.FactsSalt, e.Personal, e.PersonalSalt = v[16], v[17], v[18], v[19], v[20]
	return nil
}

func timestamp(micros int64) time.Time {
	if micros == math.MaxInt64 || micros == math.MinInt64 { // infinity: no leaf says so
		return time.Time{}
	}
	return postgresEpoch.Add(time.Duration(micros) * time.Microsecond)
}

// paged asks for page after page, until one is not full.
func paged[T any](page func(after *T) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var after *T
		for {
			rows, err := page(after)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for i := range rows {
				if !yield(rows[i], nil) {
					return
				}
			}
			if len(rows) < pageRows {
				return
			}
			after = &rows[len(rows)-1]
		}
	}
}

func (d *database) Batches() iter.Seq2[verify.Batch, error] {
	return paged(func(after *verify.Batch) ([]verify.Batch, error) {
		var first int64 = -1
		if after != nil {
			first = after.First
		}
		rows, err := d.other.Query(d.ctx, `SELECT first_position, size, incarnation, last_xid::text, last_id FROM log_batches
			WHERE first_position > $1 ORDER BY first_position LIMIT $2`, first, pageRows)
		if err != nil {
			return nil, fmt.Errorf("read the batches: %w", err)
		}
		return pgx.CollectRows(rows, func(row pgx.CollectableRow) (b verify.Batch, err error) {
			var xid string
			if err = row.Scan(&b.First, &b.Size, &b.Last.Incarnation, &xid, &b.Last.Number); err == nil {
				_, err = fmt.Sscan(xid, &b.Last.XID)
			}
			return b, err
		})
	})
}

func (d *database) Heads() iter.Seq2[verify.Head, error] {
	return paged(func(after *verify.Head) ([]verify.Head, error) {
		var size int64 = -1
		if after != nil {
			size = after.Size
		}
		rows, err := d.other.Query(d.ctx, `SELECT size, root, note FROM log_checkpoints WHERE size > $1 ORDER BY size LIMIT $2`, size, pageRows)
		if err != nil {
			return nil, fmt.Errorf("read the checkpoints: %w", err)
		}
		return pgx.CollectRows(rows, func(row pgx.CollectableRow) (h verify.Head, err error) {
			var root []byte
			err = row.Scan(&h.Size, &root, &h.Note)
			if len(root) == tlog.HashSize {
				h.Root = tlog.Hash(root)
			}
			return h, err
		})
	})
}

func (d *database) Tile(level int, index int64) ([]byte, error) {
	if level > 0 {
		var hashes []byte
		err := d.other.QueryRow(d.ctx, `SELECT hashes FROM log_tiles WHERE level = $1 AND index = $2`, level, index).Scan(&hashes)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil, nil
		}
		return whole(hashes, err)
	}
	if d.page == nil || index < d.from || index >= d.from+pageTiles {
		if err := d.turn(index); err != nil {
			return nil, err
		}
	}
	return d.page[index], nil
}

// turn reads the page of tiles that begins at index.
func (d *database) turn(index int64) error {
	rows, err := d.other.Query(d.ctx, `SELECT index, hashes FROM log_tiles WHERE level = 0 AND index >= $1 AND index < $2`, index, index+pageTiles)
	if err != nil {
		return fmt.Errorf("read the tiles: %w", err)
	}
	defer rows.Close()
	d.from, d.page = index, make(map[int64][]byte, pageTiles)
	for rows.Next() {
		var at int64
		var hashes []byte
		err := rows.Scan(&at, &hashes)
		if hashes, err = whole(hashes, err); err != nil {
			return err
		}
		d.page[at] = hashes
	}
	return rows.Err()
}

// whole lets a tile of the wrong size through as a wrong tile of the right one:
// the owner of the table may have dropped the constraint.
func whole(hashes []byte, err error) ([]byte, error) {
	if err != nil {
		return nil, fmt.Errorf("read the tiles: %w", err)
	}
	if len(hashes) != translog.TileBytes {
		return make([]byte, translog.TileBytes), nil
	}
	return hashes, nil
}

func (d *database) TileCount() (map[int]int64, error) {
	rows, err := d.other.Query(d.ctx, `SELECT level, count(*) FROM log_tiles GROUP BY level`)
	if err != nil {
		return nil, fmt.Errorf("count the tiles: %w", err)
	}
	defer rows.Close()
	counts := map[int]int64{}
	for rows.Next() {
		var level int
		var n int64
		if err := rows.Scan(&level, &n); err != nil {
			return nil, fmt.Errorf("count the tiles: %w", err)
		}
		counts[level] = n
	}
	return counts, rows.Err()
}

package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/relais-org/relais/translog"
	"github.com/relais-org/relais/translog/verify"
)

// folder reads a log from an export. It needs no network.
type folder struct {
	dir string
	// The last tile of level 0: asked for once an entry.
	index int64
	tile  []byte
	read  bool
}

// WithPersonal: an export may leave personal content out, and does not say so
// entry by entry.
func (d *folder) WithPersonal() bool { return false }

// each reads one JSON value a line.
func each[T, V any](path string, convert func(T) (V, error)) iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		var none V
		f, err := os.Open(path) //nolint:gosec // named on the command line
		if err != nil {
			yield(none, err)
			return
		}
		defer func() { _ = f.Close() }() // it was only read
		decoder := json.NewDecoder(bufio.NewReaderSize(f, 1<<20))
		for line := 1; ; line++ {
			var in T
			err := decoder.Decode(&in)
			if errors.Is(err, io.EOF) {
				return
			}
			out := none
			if err == nil {
				out, err = convert(in)
			}
			if err != nil {
				yield(none, fmt.Errorf("%s, entry %d: %w", filepath.Base(path), line, err))
				return
			}
			if !yield(out, nil) {
				return
			}
		}
	}
}

func (d *folder) Entries() iter.Seq2[*verify.Entry, error] {
	return each(filepath.Join(d.dir, entriesFile), func(in exportedEntry) (*verify.Entry, error) {
		key, err := in.in()
		if err != nil {
			return nil, err
		}
		e := &verify.Entry{Key: key, Leaf: []byte(in.Leaf), Facts: []byte(in.Facts)}
		if e.FactsSalt, err = hex.DecodeString(in.FactsSalt); err != nil {
			return nil, err
		}
		if in.Personal != "" {
			e.Personal = []byte(in.Personal)
		}
		if in.PersonalSalt != "" {
			e.PersonalSalt, err = hex.DecodeString(in.PersonalSalt)
		}
		return e, err
	})
}

func (d *folder) Batches() iter.Seq2[verify.Batch, error] {
	return each(filepath.Join(d.dir, batchesFile), func(in exportedBatch) (verify.Batch, error) {
		key, err := in.in()
		return verify.Batch{First: in.First, Size: in.Size, Last: key}, err
	})
}

// Heads of an export are their notes; the verifier opens and checks them.
func (d *folder) Heads() iter.Seq2[verify.Head, error] {
	return each(filepath.Join(d.dir, headsFile), func(in exportedHead) (verify.Head, error) {
		h := verify.Head{Note: in.Note}
		// Size and root stand on the second and third line; a note that says
		// otherwise than it was signed fails at its signature.
		parts := strings.SplitN(in.Note, "\n", 4)
		if len(parts) < 4 {
			return h, errors.New("not a checkpoint")
		}
		if _, err := fmt.Sscan(parts[1], &h.Size); err != nil {
			return h, errors.New("not a checkpoint")
		}
		root, err := tlog.ParseHash(parts[2])
		h.Root = root
		return h, err
	})
}

func (d *folder) Tile(level int, index int64) ([]byte, error) {
	if level == 0 && d.read && d.index == index {
		return d.tile, nil
	}
	hashes, err := os.ReadFile(filepath.Join(d.dir, filepath.FromSlash(translog.TilePath(level, index, translog.TileWidth))))
	if errors.Is(err, fs.ErrNotExist) {
		hashes, err = nil, nil
	}
	if err == nil && hashes != nil && len(hashes) != translog.TileBytes {
		hashes = make([]byte, translog.TileBytes) // a wrong tile of the right size
	}
	if level == 0 && err == nil {
		d.index, d.tile, d.read = index, hashes, true
	}
	return hashes, err
}

func (d *folder) TileCount() (map[int]int64, error) {
	counts := map[int]int64{}
	root := filepath.Join(d.dir, "tile")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == root {
			return nil // a small log has none
		}
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(d.dir, path)
		if err != nil {
			return err
		}
		level, _, width, err := translog.ParseTilePath(filepath.ToSlash(name))
		if err != nil || width != translog.TileWidth {
			return fmt.Errorf("%s does not belong in an export", name)
		}
		counts[level]++
		return nil
	})
	return counts, err
}

package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/relais-org/relais/translog"
	"github.com/relais-org/relais/translog/verify"
)

// The files of an export. Tiles lie under their C2SP paths.
const (
	entriesFile    = "entries.jsonl"
	batchesFile    = "batches.jsonl"
	headsFile      = "checkpoints.jsonl"
	checkpointFile = "checkpoint" // the last one, as the log serves it
	keyFile        = "key"
)

// exportedKey is a place in the order of events. The transaction is text: JSON
// readers keep 53 bits of a number only.
type exportedKey struct {
	Incarnation int32  `json:"incarnation"`
	XID         string `json:"xid"`
	Number      int64  `json:"number"`
}

type exportedEntry struct {
	Position int64 `json:"position"`
	exportedKey
	Leaf         string `json:"leaf"`
	Facts        string `json:"facts"`
	FactsSalt    string `json:"facts_salt"`
	Personal     string `json:"personal,omitempty"`
	PersonalSalt string `json:"personal_salt,omitempty"`
}

type exportedBatch struct {
	First int64 `json:"first"`
	Size  int64 `json:"size"`
	exportedKey
}

type exportedHead struct {
	Note string `json:"note"`
}

// export writes the log to a new folder: entries that have a place, tiles,
// batches, checkpoints and keys.
func export(src verify.Source, dir string, personal bool, keys []string) (entries int64, err error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return 0, err
	}
	total, last, err := exportBatches(src, dir)
	if err != nil {
		return 0, err
	}
	if err := exportHeads(src, dir); err != nil {
		return 0, err
	}
	if err := exportTiles(src, dir, total); err != nil {
		return 0, err
	}
	if err := os.WriteFile(filepath.Join(dir, keyFile), []byte(strings.Join(keys, "\n")+"\n"), 0o600); err != nil {
		return 0, err
	}
	return exportEntries(src, dir, last, personal)
}

func exportBatches(src verify.Source, dir string) (total int64, last verify.Key, err error) {
	err = lines(filepath.Join(dir, batchesFile), func(write func(any) error) error {
		for b, err := range src.Batches() {
			if err != nil {
				return err
			}
			total, last = b.First+b.Size, b.Last
			if err := write(exportedBatch{First: b.First, Size: b.Size, exportedKey: outKey(b.Last)}); err != nil {
				return err
			}
		}
		return nil
	})
	return total, last, err
}

func exportHeads(src verify.Source, dir string) error {
	var latest string
	err := lines(filepath.Join(dir, headsFile), func(write func(any) error) error {
		for h, err := range src.Heads() {
			if err != nil {
				return err
			}
			latest = h.Note
			if err := write(exportedHead{Note: h.Note}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, checkpointFile), []byte(latest), 0o600)
}

func exportTiles(src verify.Source, dir string, total int64) error {
	for level := range translog.TileLevels(total) {
		for index := range translog.FullTiles(total, level) {
			hashes, err := src.Tile(level, index)
			if err != nil {
				return err
			}
			if hashes == nil {
				continue // reported already
			}
			path := filepath.Join(dir, filepath.FromSlash(translog.TilePath(level, index, translog.TileWidth)))
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				return err
			}
			if err := os.WriteFile(path, hashes, 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}

func exportEntries(src verify.Source, dir string, last verify.Key, personal bool) (n int64, err error) {
	err = lines(filepath.Join(dir, entriesFile), func(write func(any) error) error {
		for e, err := range src.Entries() {
			if err != nil {
				return err
			}
			if e.Key.Compare(last) > 0 {
				return nil
			}
			out := exportedEntry{
				Position: n, exportedKey: outKey(e.Key),
				Leaf: string(e.Leaf), Facts: string(e.Facts), FactsSalt: hex.EncodeToString(e.FactsSalt),
			}
			if personal {
				out.Personal, out.PersonalSalt = string(e.Personal), hex.EncodeToString(e.PersonalSalt)
			}
			if err := write(out); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n, err
}

func outKey(k verify.Key) exportedKey {
	return exportedKey{Incarnation: k.Incarnation, XID: strconv.FormatUint(k.XID, 10), Number: k.Number}
}

func (k exportedKey) in() (verify.Key, error) {
	xid, err := strconv.ParseUint(k.XID, 10, 64)
	if err != nil {
		return verify.Key{}, fmt.Errorf("not a transaction: %q", k.XID)
	}
	return verify.Key{Incarnation: k.Incarnation, XID: xid, Number: k.Number}, nil
}

// lines writes one JSON value a line to a new file.
func lines(path string, fill func(write func(any) error) error) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // named on the command line
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	if err := fill(encoder.Encode); err != nil {
		return err
	}
	return w.Flush()
}

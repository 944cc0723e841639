package translog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// EntriesLevel is the level that stands for bundles of leaves, in paths.
const EntriesLevel = -1

var errTilePath = errors.New("translog: not the path of a tile")

// TilePath is the C2SP tlog-tiles path of a tile: "tile/0/x001/234" for a full
// one, "tile/0/x001/234.p/5" for its first five hashes, "tile/entries/000" for
// leaves. width TileWidth is a full one.
func TilePath(level int, index int64, width int) string {
	goPath := tlog.Tile{H: TileHeight, L: level, N: index, W: width}.Path()
	path := "tile/" + strings.TrimPrefix(goPath, "tile/"+strconv.Itoa(TileHeight)+"/")
	if level == EntriesLevel {
		path = "tile/entries/" + strings.TrimPrefix(path, "tile/data/")
	}
	return path
}

// ParseTilePath reads a path as TilePath writes it, and no other spelling.
func ParseTilePath(path string) (level int, index int64, width int, err error) {
	rest, ok := strings.CutPrefix(path, "tile/")
	if !ok || len(path) > 100 {
		return 0, 0, 0, errTilePath
	}
	if entries, ok := strings.CutPrefix(rest, "entries/"); ok {
		rest = "data/" + entries
	} else if strings.HasPrefix(rest, "data/") {
		return 0, 0, 0, errTilePath
	}
	tile, err := tlog.ParseTilePath(fmt.Sprintf("tile/%d/%s", TileHeight, rest))
	if err != nil || tile.N < 0 || tile.L > 63/TileHeight || TilePath(tile.L, tile.N, tile.W) != path {
		return 0, 0, 0, errTilePath
	}
	return tile.L, tile.N, tile.W, nil
}

// AppendBundleEntry adds a leaf to a bundle: two bytes of length, big-endian,
// and the leaf (C2SP tlog-tiles, "log entries").
func AppendBundleEntry(bundle, leaf []byte) ([]byte, error) {
	if len(leaf) > math.MaxUint16 {
		return nil, fmt.Errorf("translog: a leaf of %d bytes does not fit a bundle", len(leaf))
	}
	bundle = binary.BigEndian.AppendUint16(bundle, uint16(len(leaf)))
	return append(bundle, leaf...), nil
}

// ParseBundle splits a bundle into its leaves.
func ParseBundle(bundle []byte) ([][]byte, error) {
	var leaves [][]byte
	for len(bundle) > 0 {
		if len(bundle) < 2 {
			return nil, errors.New("translog: a bundle is cut off")
		}
		n := int(binary.BigEndian.Uint16(bundle))
		if len(bundle) < 2+n {
			return nil, errors.New("translog: a bundle is cut off")
		}
		leaves = append(leaves, bundle[2:2+n])
		bundle = bundle[2+n:]
	}
	return leaves, nil
}

// TileReader makes tlog's proofs and tile hash readers read from read, which
// gives the first width hashes of a tile.
func TileReader(read func(level int, index int64, width int) ([]byte, error)) tlog.TileReader {
	return tileReader{read}
}

type tileReader struct {
	read func(level int, index int64, width int) ([]byte, error)
}

func (r tileReader) Height() int { return TileHeight }

func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, t := range tiles {
		b, err := r.read(t.L, t.N, t.W)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", TilePath(t.L, t.N, t.W), err)
		}
		data[i] = b
	}
	return data, nil
}

// SaveTiles does nothing: what is read here is not kept.
func (r tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

package translog

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	// TileHeight in levels of the tree.
	TileHeight = 8
	// TileWidth is the number of hashes in a full tile.
	TileWidth = 1 << TileHeight
	// TileBytes is the size of a full tile.
	TileBytes = TileWidth * tlog.HashSize
)

// Tile is a full tile: TileWidth hashes of one level, level 0 being leaves.
type Tile struct {
	Level  int
	Index  int64
	Hashes []byte // TileBytes of them
}

// Tree grows by leaves and knows its root and its right edge, no more: what is
// to the left is in full tiles. The zero Tree is the empty one. Not safe for
// concurrent use.
type Tree struct {
	size int64
	// edge holds, for each tile level, the hashes after its last full tile.
	edge [][]byte
	// peaks are the roots of the perfect subtrees, the largest first.
	peaks []tlog.Hash
}

// Size is the number of leaves.
func (t *Tree) Size() int64 { return t.size }

// Append adds a leaf by its hash, and gives the tiles it fills, lowest first:
// none for most leaves.
func (t *Tree) Append(leaf tlog.Hash) []Tile {
	full := t.put(nil, 0, leaf)
	hash := leaf
	for level := 0; t.size>>level&1 == 1; level++ {
		last := len(t.peaks) - 1
		hash = nodeHash(t.peaks[last], hash)
		t.peaks = t.peaks[:last]
		if (level+1)%TileHeight == 0 {
			full = t.put(full, (level+1)/TileHeight, hash)
		}
	}
	t.peaks = append(t.peaks, hash)
	t.size++
	return full
}

// put adds a hash to the edge of a tile level, and cuts a full tile off it.
func (t *Tree) put(full []Tile, level int, hash tlog.Hash) []Tile {
	if level == len(t.edge) {
		t.edge = append(t.edge, make([]byte, 0, TileBytes))
	}
	t.edge[level] = append(t.edge[level], hash[:]...)
	if len(t.edge[level]) < TileBytes {
		return full
	}
	index := t.size >> (TileHeight * (level + 1)) // size is still without this leaf
	full = append(full, Tile{Level: level, Index: index, Hashes: t.edge[level]})
	t.edge[level] = make([]byte, 0, TileBytes)
	return full
}

// Root is the tree's root hash (RFC 6962, 2.1); sha256 of nothing when empty.
func (t *Tree) Root() tlog.Hash {
	if len(t.peaks) == 0 {
		return sha256.Sum256(nil)
	}
	last := len(t.peaks) - 1
	root := t.peaks[last]
	for i := last - 1; i >= 0; i-- {
		root = nodeHash(t.peaks[i], root)
	}
	return root
}

// Clone is a tree that grows on its own from here.
func (t *Tree) Clone() *Tree {
	c := &Tree{size: t.size, peaks: slices.Clone(t.peaks), edge: make([][]byte, len(t.edge))}
	for i, hashes := range t.edge {
		c.edge[i] = append(make([]byte, 0, TileBytes), hashes...)
	}
	return c
}

// TileLevels is the number of tile levels that a tree of this size has.
func TileLevels(size int64) int {
	n := 0
	for ; size > 0; size >>= TileHeight {
		n++
	}
	return n
}

// FullTiles is the number of full tiles of a level in a tree of this size.
func FullTiles(size int64, level int) int64 { return size >> (TileHeight * (level + 1)) }

// EdgeWidth is the number of hashes after the last full tile of a level.
func EdgeWidth(size int64, level int) int {
	return int(size >> (TileHeight * level) & (TileWidth - 1))
}

// ResumeTree rebuilds a tree from its right edge: edge gives the EdgeWidth
// hashes of a level, asked for in no particular order.
func ResumeTree(size int64, edge func(level, width int) ([]byte, error)) (*Tree, error) {
	t := &Tree{size: size, edge: make([][]byte, TileLevels(size))}
	for level := range t.edge {
		width := EdgeWidth(size, level)
		t.edge[level] = make([]byte, 0, TileBytes)
		if width == 0 {
			continue
		}
		hashes, err := edge(level, width)
		if err != nil {
			return nil, fmt.Errorf("read the edge of level %d: %w", level, err)
		}
		if len(hashes) != width*tlog.HashSize {
			return nil, fmt.Errorf("translog: the edge of level %d has %d bytes, not %d hashes", level, len(hashes), width)
		}
		t.edge[level] = append(t.edge[level], hashes...)
	}
	for level := len(t.edge) - 1; level >= 0; level-- {
		t.peaks = appendPeaks(t.peaks, t.edge[level])
	}
	return t, nil
}

// appendPeaks adds the roots of the perfect subtrees over hashes.
func appendPeaks(peaks []tlog.Hash, hashes []byte) []tlog.Hash {
	for count := len(hashes) / tlog.HashSize; count > 0; {
		width := 1
		for width*2 <= count {
			width *= 2
		}
		peaks = append(peaks, SubtreeRoot(hashes[:width*tlog.HashSize]))
		hashes, count = hashes[width*tlog.HashSize:], count-width
	}
	return peaks
}

// SubtreeRoot is the root over a power of two of hashes, as of a full tile.
func SubtreeRoot(hashes []byte) tlog.Hash {
	level := make([]tlog.Hash, len(hashes)/tlog.HashSize)
	for i := range level {
		copy(level[i][:], hashes[i*tlog.HashSize:])
	}
	for len(level) > 1 {
		for i := range len(level) / 2 {
			level[i] = nodeHash(level[2*i], level[2*i+1])
		}
		level = level[:len(level)/2]
	}
	return level[0]
}

// nodeHash is tlog.NodeHash without its allocations.
func nodeHash(left, right tlog.Hash) tlog.Hash {
	var b [1 + 2*tlog.HashSize]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[1+tlog.HashSize:], right[:])
	return sha256.Sum256(b[:])
}

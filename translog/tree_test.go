package translog

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// grown keeps what a Tree of n leaves put out.
type grown struct {
	tree  *Tree
	tiles map[string][]byte
	roots []tlog.Hash // by size
}

func leafOf(i int) tlog.Hash { return LeafHash(fmt.Appendf(nil, `{"entry":%d}`, i)) }

func grow(n int) *grown {
	g := &grown{tree: &Tree{}, tiles: map[string][]byte{}}
	g.roots = append(g.roots, g.tree.Root())
	for i := range n {
		for _, tile := range g.tree.Append(leafOf(i)) {
			g.tiles[TilePath(tile.Level, tile.Index, TileWidth)] = tile.Hashes
		}
		g.roots = append(g.roots, g.tree.Root())
	}
	return g
}

// read gives tiles as a server would: full ones, or the edge of now.
func (g *grown) read(level int, index int64, width int) ([]byte, error) {
	if full, ok := g.tiles[TilePath(level, index, TileWidth)]; ok {
		return full[:width*tlog.HashSize], nil
	}
	if index != FullTiles(g.tree.Size(), level) || level >= len(g.tree.edge) || len(g.tree.edge[level]) < width*tlog.HashSize {
		return nil, fmt.Errorf("no tile %s", TilePath(level, index, width))
	}
	return g.tree.edge[level][:width*tlog.HashSize], nil
}

const many = 66_000 // beyond one full tile of level 1

// The roots are those of two other implementations, at every size.
func TestTreeRoots(t *testing.T) {
	t.Parallel()
	g := grow(many)
	factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	other := factory.NewEmptyRange(0)
	var stored []tlog.Hash
	hashes := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, at := range indexes {
			out[i] = stored[at]
		}
		return out, nil
	})
	if g.roots[0] != tlog.Hash(rfc6962.DefaultHasher.EmptyRoot()) {
		t.Errorf("empty root %v", g.roots[0])
	}
	for i := range many {
		leaf := leafOf(i)
		if err := other.Append(leaf[:], nil); err != nil {
			t.Fatal(err)
		}
		root, err := other.GetRootHash(nil)
		if err != nil {
			t.Fatal(err)
		}
		if g.roots[i+1] != tlog.Hash(root) {
			t.Fatalf("root at %d is not that of transparency-dev/merkle", i+1)
		}
		more, err := tlog.StoredHashesForRecordHash(int64(i), leaf, hashes)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
		if i%997 == 0 || i < 600 {
			if th, err := tlog.TreeHash(int64(i+1), hashes); err != nil || th != g.roots[i+1] {
				t.Fatalf("root at %d is not that of sumdb/tlog: %v", i+1, err)
			}
		}
	}
	// The tiles are those of sumdb/tlog.
	for _, tile := range tlog.NewTiles(TileHeight, 0, many) {
		want, err := tlog.ReadTileData(tile, hashes)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := g.read(tile.L, tile.N, tile.W); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("tile %s differs: %v", TilePath(tile.L, tile.N, tile.W), err)
		}
	}
}

// LG-03: from tiles alone, authenticated by the root, every proof holds for two
// independent verifiers.
func TestProofsFromTiles(t *testing.T) {
	t.Parallel()
	g := grow(many)
	for _, size := range []int64{1, 2, 255, 256, 257, 512, 40_000, 65_535, 65_536, 65_537, many} {
		reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: g.roots[size]}, TileReader(g.read))
		for _, at := range []int64{0, 1, size / 3, size / 2, size - 2, size - 1} {
			if at < 0 || at >= size {
				continue
			}
			p, err := tlog.ProveRecord(size, at, reader)
			if err != nil {
				t.Fatalf("prove %d of %d: %v", at, size, err)
			}
			leaf := leafOf(int(at))
			if err := tlog.CheckRecord(p, size, g.roots[size], at, leaf); err != nil {
				t.Errorf("sumdb/tlog: %d of %d: %v", at, size, err)
			}
			if err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(at), uint64(size), leaf[:], raw(p), g.roots[size][:]); err != nil {
				t.Errorf("transparency-dev/merkle: %d of %d: %v", at, size, err)
			}
		}
		for _, older := range []int64{1, size/2 + 1, size} {
			p, err := tlog.ProveTree(size, older, reader)
			if err != nil {
				t.Fatalf("prove %d from %d: %v", size, older, err)
			}
			if err := tlog.CheckTree(p, size, g.roots[size], older, g.roots[older]); err != nil {
				t.Errorf("sumdb/tlog: %d from %d: %v", size, older, err)
			}
			err = proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(older), uint64(size), raw(p), g.roots[older][:], g.roots[size][:])
			if err != nil {
				t.Errorf("transparency-dev/merkle: %d from %d: %v", size, older, err)
			}
		}
	}
	// A tile that was tampered with is not believed.
	liar := func(level int, index int64, width int) ([]byte, error) {
		b, err := g.read(level, index, width)
		b = bytes.Clone(b)
		if err == nil && level == 0 && index == 3 {
			b[40] ^= 1
		}
		return b, err
	}
	reader := tlog.TileHashReader(tlog.Tree{N: many, Hash: g.roots[many]}, TileReader(liar))
	if _, err := tlog.ProveRecord(many, 3*TileWidth+9, reader); err == nil {
		t.Error("a proof from a false tile")
	}
}

func raw(hashes []tlog.Hash) [][]byte {
	out := make([][]byte, len(hashes))
	for i := range hashes {
		out[i] = hashes[i][:]
	}
	return out
}

func TestResumeTree(t *testing.T) {
	t.Parallel()
	g := grow(many)
	for _, size := range []int64{0, 1, 5, 255, 256, 257, 65_535, 65_536, 65_600} {
		resumed, err := ResumeTree(size, func(level, width int) ([]byte, error) {
			return g.read(level, FullTiles(size, level), width)
		})
		if err != nil {
			t.Fatalf("resume at %d: %v", size, err)
		}
		if resumed.Root() != g.roots[size] {
			t.Fatalf("root after resuming at %d differs", size)
		}
		aside := resumed.Clone()
		for i := size; i < size+300 && i < many; i++ {
			for _, tile := range resumed.Append(leafOf(int(i))) {
				if !bytes.Equal(tile.Hashes, g.tiles[TilePath(tile.Level, tile.Index, TileWidth)]) {
					t.Fatalf("tile %s after resuming at %d differs", TilePath(tile.Level, tile.Index, TileWidth), size)
				}
			}
			if resumed.Root() != g.roots[i+1] {
				t.Fatalf("root at %d after resuming at %d differs", i+1, size)
			}
		}
		if aside.Root() != g.roots[size] || aside.Size() != size {
			t.Errorf("a clone at %d moved with its original", size)
		}
	}
	if _, err := ResumeTree(5, func(int, int) ([]byte, error) { return make([]byte, 32), nil }); err == nil {
		t.Error("resumed from too few hashes")
	}
}

func TestTilePaths(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][3]int64{
		"tile/0/000":                 {0, 0, 256},
		"tile/0/000.p/5":             {0, 0, 5},
		"tile/1/x001/234":            {1, 1234, 256},
		"tile/0/x001/x234/067.p/255": {0, 1234067, 255},
		"tile/entries/x001/234":      {EntriesLevel, 1234, 256},
		"tile/entries/000.p/1":       {EntriesLevel, 0, 1},
	} {
		level, index, width, err := ParseTilePath(path)
		if err != nil || int64(level) != want[0] || index != want[1] || int64(width) != want[2] {
			t.Errorf("%s reads as %d %d %d %v", path, level, index, width, err)
		}
		if got := TilePath(level, index, width); got != path {
			t.Errorf("%s is written %s", path, got)
		}
	}
	for _, path := range []string{
		"", "tile", "tile/0", "tile/8/0/000", "tile/data/000", "tile/0/0", "tile/0/x000/001", "tile/0/000.p/0", "tile/0/000.p/256",
		"tile/0/000.p/05", "tile/00/000", "tile/-1/000", "tile/0/-01", "tile/entries/1", "tile/9/000", "/tile/0/000", "tile/0/000/",
		"tile/0/" + strings.Repeat("x999/", 30) + "999",
	} {
		if level, index, width, err := ParseTilePath(path); err == nil {
			t.Errorf("%q reads as %d %d %d", path, level, index, width)
		}
	}
}

func TestBundles(t *testing.T) {
	t.Parallel()
	var bundle []byte
	var err error
	for _, leaf := range []string{"a", "", "ccc"} {
		if bundle, err = AppendBundleEntry(bundle, []byte(leaf)); err != nil {
			t.Fatal(err)
		}
	}
	leaves, err := ParseBundle(bundle)
	if err != nil || len(leaves) != 3 || string(leaves[2]) != "ccc" {
		t.Errorf("read back %q, %v", leaves, err)
	}
	for cut := 1; cut < 3; cut++ {
		if _, err := ParseBundle(bundle[:len(bundle)-cut]); err == nil {
			t.Errorf("a bundle without its last %d bytes is read", cut)
		}
	}
	if _, err := AppendBundleEntry(nil, make([]byte, 1<<16)); err == nil {
		t.Error("a leaf too long for its length is bundled")
	}
}

func TestKeysCheckpointsAndProofs(t *testing.T) {
	t.Parallel()
	secret, err := GenerateKey(rand.Reader, "log.example/relais")
	if err != nil {
		t.Fatal(err)
	}
	key, err := ParseKey(secret + "\n")
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := key.Verifier()
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "PRIVATE+KEY", key.Public, secret[:len(secret)-6] + "AAAAA=", strings.Replace(secret, "log", "lag", 1)} {
		if _, err := ParseKey(bad); err == nil {
			t.Errorf("%d characters are read as a key", len(bad))
		}
	}
	g := grow(300)
	text, err := SignCheckpoint(Checkpoint{Origin: key.Name(), Size: 300, Root: g.roots[300]}, key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := OpenCheckpoint(text, key.Name(), verifier)
	if err != nil || c.Size != 300 || c.Root != g.roots[300] {
		t.Fatalf("read back %+v, %v", c, err)
	}
	if _, err := OpenCheckpoint(strings.Replace(text, "\n300\n", "\n301\n", 1), key.Name(), verifier); err == nil {
		t.Error("a checkpoint of another size opens")
	}
	if _, err := OpenCheckpoint(text, "log.example/other", verifier); err == nil {
		t.Error("a checkpoint of another origin opens")
	}
	otherSecret, otherPublic, err := note.GenerateKey(rand.Reader, "log.example/relais")
	if err != nil || otherSecret == secret {
		t.Fatal(err)
	}
	other, err := note.NewVerifier(otherPublic)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCheckpoint(text, key.Name(), other); err == nil {
		t.Error("a checkpoint opens under another key")
	}

	hashes, err := tlog.ProveRecord(300, 7, tlog.TileHashReader(tlog.Tree{N: 300, Hash: g.roots[300]}, TileReader(g.read)))
	if err != nil {
		t.Fatal(err)
	}
	p, err := ParseProof(Proof{Position: 7, Hashes: hashes, Checkpoint: text}.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Check([]byte(`{"entry":7}`), key.Name(), verifier); err != nil {
		t.Error(err)
	}
	if _, err := p.Check([]byte(`{"entry":8}`), key.Name(), verifier); err == nil {
		t.Error("the proof holds for another leaf")
	}
	p.Position = 300
	if _, err := p.Check([]byte(`{"entry":7}`), key.Name(), verifier); err == nil {
		t.Error("the proof holds beyond the log")
	}
}

func BenchmarkTreeAppend(b *testing.B) {
	leaf := leafOf(1)
	tree := &Tree{}
	for b.Loop() {
		tree.Append(leaf)
	}
}

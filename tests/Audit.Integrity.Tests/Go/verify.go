// Verifies a directory laid out as C2SP tlog-tiles with the Go project's own packages, which nobody here wrote:
// the signature of the checkpoint, every entry against the root, and proofs read from tiles.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8
const tileWidth = 1 << tileHeight

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: verify DIRECTORY VERIFIER-KEY")
		os.Exit(2)
	}
	if err := verify(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func verify(dir, key string) error {
	tree, err := openCheckpoint(dir, key)
	if err != nil {
		return err
	}
	leaves, err := hashEntries(dir, tree)
	if err != nil {
		return err
	}
	reader := tlog.TileHashReader(tree, tiles{dir})
	for _, index := range sample(tree.N) {
		proof, err := tlog.ProveRecord(tree.N, index, reader)
		if err != nil {
			return fmt.Errorf("no proof of entry %d: %v", index, err)
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaves[index]); err != nil {
			return fmt.Errorf("entry %d: %v", index, err)
		}
		older, err := tlog.TreeHash(index+1, reader)
		if err != nil {
			return err
		}
		consistency, err := tlog.ProveTree(tree.N, index+1, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(consistency, tree.N, tree.Hash, index+1, older); err != nil {
			return fmt.Errorf("tree of %d: %v", index+1, err)
		}
	}
	fmt.Printf("ok %d\n", tree.N)
	return nil
}

func openCheckpoint(dir, key string) (tlog.Tree, error) {
	var tree tlog.Tree
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return tree, err
	}
	text, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return tree, err
	}
	signed, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tree, fmt.Errorf("the checkpoint is not of the log %s", verifier.Name())
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tree, fmt.Errorf("the checkpoint has no root")
	}
	copy(tree.Hash[:], root)
	return tree, nil
}

// hashEntries computes the root over all entries from nothing but the entries.
func hashEntries(dir string, tree tlog.Tree) ([]tlog.Hash, error) {
	var stored []tlog.Hash
	var leaves []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			hashes[i] = stored[index]
		}
		return hashes, nil
	})
	for number := int64(0); number*tileWidth < tree.N; number++ {
		width := tree.N - number*tileWidth
		if width > tileWidth {
			width = tileWidth
		}
		bundle, err := os.ReadFile(filepath.Join(dir, path("entries", number, width)))
		if err != nil {
			return nil, err
		}
		for i := int64(0); i < width; i++ {
			if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
				return nil, fmt.Errorf("bundle %d is too short", number)
			}
			length := int(binary.BigEndian.Uint16(bundle))
			entry := bundle[2 : 2+length]
			bundle = bundle[2+length:]
			leaves = append(leaves, tlog.RecordHash(entry))
			hashes, err := tlog.StoredHashes(number*tileWidth+i, entry, read)
			if err != nil {
				return nil, err
			}
			stored = append(stored, hashes...)
		}
		if len(bundle) != 0 {
			return nil, fmt.Errorf("bundle %d is too long", number)
		}
	}
	root, err := tlog.TreeHash(tree.N, read)
	if err != nil {
		return nil, err
	}
	if root != tree.Hash {
		return nil, fmt.Errorf("the entries do not lead to the signed root")
	}
	return leaves, nil
}

func sample(size int64) []int64 {
	var indexes []int64
	for _, index := range []int64{0, 1, 255, 256, 65535, 65536, size / 2, size - 2, size - 1} {
		if index >= 0 && index < size {
			indexes = append(indexes, index)
		}
	}
	return indexes
}

type tiles struct{ dir string }

func (t tiles) Height() int { return tileHeight }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(wanted))
	for i, tile := range wanted {
		content, err := os.ReadFile(filepath.Join(t.dir, path(strconv.Itoa(tile.L), tile.N, int64(tile.W))))
		if err != nil {
			return nil, err
		}
		data[i] = content
	}
	return data, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func path(level string, number, width int64) string {
	name := fmt.Sprintf("%03d", number%1000)
	for number >= 1000 {
		number /= 1000
		name = fmt.Sprintf("x%03d/%s", number%1000, name)
	}
	if width < tileWidth {
		name = fmt.Sprintf("%s.p/%d", name, width)
	}
	return "tile/" + level + "/" + name
}

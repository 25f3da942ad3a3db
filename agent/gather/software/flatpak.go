package software

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// deployed is what flatpak keeps of what it deployed.
type deployed struct {
	Origin  string // remote
	Size    int64
	Name    string // for people
	Version string
}

// maxDeploy bounds a deploy file; those of large runtimes have some 20 KB.
const maxDeploy = 1 << 20

// parseDeploy reads flatpak's file "deploy": a GVariant (ssasta{sv}) of
// origin, commit, subpaths, installed size and further facts by name (flatpak
// common/flatpak-dir.c; GVariant specification §2.4, serialised tuples). Of
// the facts those are kept that say name and version of an application.
func parseDeploy(b []byte) (d deployed, ok bool) {
	if len(b) == 0 || len(b) > maxDeploy {
		return d, false
	}
	d.Origin, ok = text(b, 0)
	if !ok || len(d.Origin) > 256 {
		return deployed{}, false
	}
	d.Size = deploySize(b)
	d.Name = deployFact(b, "appdata-name")
	d.Version = deployFact(b, "appdata-version")
	return d, true
}

// text is the text that begins at a place and ends with a NUL.
func text(b []byte, at int) (string, bool) {
	if at < 0 || at >= len(b) {
		return "", false
	}
	n := bytes.IndexByte(b[at:], 0)
	if n < 0 {
		return "", false
	}
	return string(b[at : at+n]), true
}

// deploySize finds the size behind the subpaths. The ends of the members
// without a fixed size stand at the end, the first member's last, each as wide
// as the whole needs. The number itself is kept in network order.
func deploySize(b []byte) int64 {
	width := 1
	switch {
	case len(b) > 1<<16-1:
		width = 4
	case len(b) > 1<<8-1:
		width = 2
	}
	at := len(b) - 3*width
	if at < 0 {
		return 0
	}
	var end uint64
	for i := range width { // little-endian as on all machines flatpak is built for
		end |= uint64(b[at+i]) << (8 * i)
	}
	place := (end + 7) &^ 7
	if place+8 > uint64(at) {
		return 0
	}
	n := binary.BigEndian.Uint64(b[place:])
	if n > 1<<48 {
		return 0
	}
	return int64(n)
}

// deployFact finds a text by its name: in a dictionary entry the variant
// stands at the next multiple of 8 behind the name, with its type after it.
func deployFact(b []byte, name string) string {
	key := append([]byte(name), 0)
	from := 0
	for {
		i := bytes.Index(b[from:], key)
		if i < 0 {
			return ""
		}
		i += from
		from = i + len(key)
		// Entries are aligned to 8.
		if i%8 != 0 {
			continue
		}
		at := (from + 7) &^ 7
		s, ok := text(b, at)
		if end := at + len(s) + 1; ok && end+1 < len(b) && b[end] == 0 && b[end+1] == 's' && len(s) < 200 {
			return s
		}
	}
}

// refParts reads the path of something deployed: app/ID/ARCH/BRANCH.
func refParts(p string) (id, arch, branch string, ok bool) {
	w := strings.Split(p, "/")
	if len(w) != 4 || w[1] == "" || w[2] == "" || w[3] == "" {
		return "", "", "", false
	}
	return w[1], w[2], w[3], true
}

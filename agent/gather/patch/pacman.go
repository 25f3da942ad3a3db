package patch

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"muster/agent/host"
	"muster/internal/inventory"
)

const (
	pacmanLocal = "/var/lib/pacman/local"
	pacmanSync  = "/var/lib/pacman/sync"
	pacmanConf  = "/etc/pacman.conf"
)

func pacmanHere(h *host.Host) bool { return h.Exists(pacmanLocal) && h.Exists(pacmanSync) }

func pacmanFiles(h *host.Host) []string {
	return append([]string{pacmanLocal, pacmanSync, pacmanConf}, h.Glob(pacmanSync+"/*.db")...)
}

// pacman compares what is installed with the databases that the last look
// left. Names of folders tell all that is needed: NAME-VERSION-RELEASE, on the
// disk and in the databases (alpm's be_local and be_sync). Nothing there says
// which updates are for security.
func pacman(ctx context.Context, h *host.Host) (found, error) {
	var out found
	list, err := h.ReadDir(pacmanLocal)
	if err != nil {
		return out, fmt.Errorf("packages that are installed: %w", err)
	}
	installed := map[string]string{}
	for _, e := range list {
		if name, version, ok := named(e.Name()); ok && len(installed) < maxInstalled {
			installed[name] = version
		}
	}
	repos, kept := pacmanSettings(h)
	if repos == nil {
		for _, name := range h.Glob(pacmanSync + "/*.db") {
			repos = append(repos, strings.TrimSuffix(path.Base(name), ".db"))
		}
	}
	offered := map[string]string{}
	for _, repo := range repos[:min(len(repos), maxLists)] {
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		name := pacmanSync + "/" + repo + ".db"
		f, err := h.Open(name)
		if err != nil {
			out.faults = append(out.faults, repo+": its database is not there: pacman has not looked for updates yet")
			continue
		}
		err = pacmanDatabase(f, installed, offered)
		f.Close()
		if err != nil {
			out.faults = append(out.faults, fmt.Sprintf("%s: %v", repo, err))
		}
		out.checked = later(out.checked, modified(h, name))
	}
	if !out.checked.IsZero() {
		// Databases keep the time of the server; the folder is written to at
		// each look that brings something.
		out.checked = later(out.checked, modified(h, pacmanSync))
	}
	for name, version := range offered {
		if compareALPM(version, installed[name]) <= 0 {
			continue
		}
		row := inventory.Patch{Source: "pacman", Name: name, State: "missing", Class: "other", OldVersion: installed[name], NewVersion: version}
		if slices.ContainsFunc(kept, func(p string) bool { ok, err := path.Match(p, name); return ok && err == nil }) {
			row.State = "hidden"
		}
		out.patches = append(out.patches, row)
	}
	out.updated = modified(h, pacmanLocal)
	return out, nil
}

// named takes the name of a package's folder apart.
func named(folder string) (name, version string, ok bool) {
	i := strings.LastIndexByte(folder, '-')
	if i <= 0 {
		return "", "", false
	}
	if i = strings.LastIndexByte(folder[:i], '-'); i <= 0 || len(folder) > 255 {
		return "", "", false
	}
	return folder[:i], folder[i+1:], true
}

// pacmanSettings reads which repositories there are, the first before the
// next, and which packages are kept as they are (pacman.conf(5)). Repositories
// are nil when the file cannot be read.
func pacmanSettings(h *host.Host) (repos, kept []string) {
	f, err := h.Open(pacmanConf)
	if err != nil {
		return nil, nil
	}
	defer f.Close()
	s := bufio.NewScanner(io.LimitReader(f, 256<<10))
	for s.Scan() {
		line := strings.TrimSpace(s.Text())
		if repo, ok := strings.CutPrefix(line, "["); ok && strings.HasSuffix(repo, "]") {
			repo = strings.TrimSuffix(repo, "]")
			if repo != "options" && repo != "" && !strings.ContainsAny(repo, "/\x00") && len(repos) < maxLists {
				repos = append(repos, repo)
			}
			continue
		}
		if key, value, ok := strings.Cut(line, "="); ok && strings.TrimSpace(key) == "IgnorePkg" && len(kept) < 1000 {
			kept = append(kept, strings.Fields(value)...)
		}
	}
	return repos, kept
}

// pacmanDatabase notes what a repository offers of what is installed, unless
// one before it does: pacman takes the first, whatever the versions.
func pacmanDatabase(r io.Reader, installed, offered map[string]string) error {
	b := bufio.NewReaderSize(r, 16<<10)
	begin, err := b.Peek(4)
	if err != nil {
		return fmt.Errorf("read database: %w", err)
	}
	var plain io.Reader = b
	switch {
	case bytes.HasPrefix(begin, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(b)
		if err != nil {
			return err
		}
		defer z.Close()
		plain = z
	case bytes.Equal(begin, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return err
		}
		defer z.Close()
		plain = z
	case bytes.Equal(begin, []byte{0xfd, '7', 'z', 'X'}):
		return errPacked
	}
	here := map[string]string{}
	t := tar.NewReader(io.LimitReader(plain, maxList))
	for {
		head, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read database: %w", err)
		}
		folder, file := path.Split(path.Clean(head.Name))
		name, version, ok := named(strings.TrimSuffix(folder, "/"))
		if !ok || file != "desc" || installed[name] == "" || offered[name] != "" {
			continue
		}
		here[name] = version
	}
	for name, version := range here {
		offered[name] = version
	}
	return nil
}

// compareALPM orders versions as pacman does (vercmp(8)): epoch, version, and
// the release where both have one.
func compareALPM(a, b string) int {
	ea, va, ra := splitDpkg(a)
	eb, vb, rb := splitDpkg(b)
	if c := numbers(ea, eb); c != 0 {
		return c
	}
	if c := partALPM(va, vb); c != 0 || ra == "" || rb == "" {
		return c
	}
	return partALPM(ra, rb)
}

func partALPM(a, b string) int {
	for a != "" && b != "" {
		x, y := strings.TrimLeftFunc(a, separator), strings.TrimLeftFunc(b, separator)
		if x == "" || y == "" {
			a, b = x, y
			break
		}
		if c := (len(a) - len(x)) - (len(b) - len(y)); c != 0 {
			return c
		}
		same := isLetter
		if isDigit(x[0]) {
			same = isDigit
		}
		m, n := span(x, same), span(y, same)
		if n == 0 { // a number is newer than letters
			if isDigit(x[0]) {
				return 1
			}
			return -1
		}
		c := strings.Compare(x[:m], y[:n])
		if isDigit(x[0]) {
			c = numbers(x[:m], y[:n])
		}
		if c != 0 {
			return c
		}
		a, b = x[m:], y[n:]
	}
	switch {
	case a == "" && b == "":
		return 0
	case a == "" && !isLetter(b[0]), a != "" && isLetter(a[0]):
		return -1 // what goes on is newer, but for letters: 1.0rc, 1.0, 1.0.1
	}
	return 1
}

func separator(r rune) bool {
	return r >= 0x80 || !isDigit(byte(r)) && !isLetter(byte(r))
}

func span(s string, is func(byte) bool) int {
	n := 0
	for n < len(s) && is(s[n]) {
		n++
	}
	return n
}

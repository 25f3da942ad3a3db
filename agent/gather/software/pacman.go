package software

import (
	"bufio"
	"io"
	"path"
	"strings"

	"muster/internal/inventory"
)

// maxDesc bounds one package's entry in pacman's database; the longest have
// some 20 KB.
const maxDesc = 256 << 10

// parseDesc reads a desc file of pacman's local database: %FIELD%, its values
// a line each, an empty line (alpm's be_local).
func parseDesc(r io.Reader) (inventory.Software, bool) {
	p := inventory.Software{Source: "pacman", Scope: "machine"}
	s := bufio.NewScanner(io.LimitReader(r, maxDesc))
	s.Buffer(make([]byte, 0, 1024), 64<<10)
	field, first := "", false
	for s.Scan() {
		line := strings.TrimSpace(s.Text())
		if len(line) > 2 && line[0] == '%' && line[len(line)-1] == '%' {
			field, first = line, true
			continue
		}
		if line == "" || !first {
			continue
		}
		first = false // of a field with several values none is kept
		switch field {
		case "%NAME%":
			p.Name = line
		case "%VERSION%":
			p.Version = line
		case "%BASE%":
			p.Origin = line
		case "%ARCH%":
			p.Arch = line
		case "%PACKAGER%":
			if name := maintainer(line); name != "Unknown Packager" {
				p.Publisher = name
			}
		case "%INSTALLDATE%":
			p.InstalledAt = sane(unix(line))
		case "%SIZE%":
			p.SizeBytes = count(line)
		}
	}
	if p.Origin == "" {
		p.Origin = p.Name
	}
	return p, p.Name != "" && p.Version != ""
}

// parseIgnored gives the names, some with stars, that pacman.conf(5) keeps
// from upgrades.
func parseIgnored(r io.Reader) []string {
	var names []string
	s := bufio.NewScanner(io.LimitReader(r, maxDesc))
	for s.Scan() {
		key, value, ok := strings.Cut(strings.TrimSpace(s.Text()), "=")
		if ok && strings.TrimSpace(key) == "IgnorePkg" && len(names) < 1000 {
			names = append(names, strings.Fields(value)...)
		}
	}
	return names
}

func ignored(names []string, name string) bool {
	for _, n := range names {
		if fits, err := path.Match(n, name); err == nil && fits {
			return true
		}
	}
	return false
}

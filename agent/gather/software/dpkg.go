package software

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"muster/internal/inventory"
)

// maxPackages bounds one database; the largest desktops have some 5,000.
const maxPackages = inventory.MaxRows

// errTooMany says that a database holds more than it can.
var errTooMany = fmt.Errorf("more than %d packages", maxPackages)

// paragraph is one entry of a dpkg database, deb822(5), as far as it is kept.
type paragraph struct {
	name, version, arch, maintainer, source, multi string
	want, state                                    string
	size                                           int64 // KiB
}

// parseStatus reads /var/lib/dpkg/status, or with whole a file of status.d
// (images without dpkg keep one a package there, and no Status field), and
// calls each for every package that is there. It holds one line at a time:
// descriptions and lists of configuration files are most of the bytes and are
// passed over unread.
func parseStatus(r io.Reader, whole bool, each func(inventory.Software, bool)) error {
	b := bufio.NewReaderSize(r, 16<<10)
	var p paragraph
	count := 0
	flush := func() error {
		defer func() { p = paragraph{} }()
		if p.name == "" || p.version == "" || !whole && !present(p.state) {
			return nil
		}
		if count++; count > maxPackages {
			return errTooMany
		}
		each(p.row(), p.multi == "same")
		return nil
	}
	continued := false // the line before was longer than the buffer
	for {
		line, err := b.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		if err != nil && !long && !errors.Is(err, io.EOF) {
			return err
		}
		switch {
		case continued:
		case len(bytes.TrimSpace(line)) == 0:
			if ferr := flush(); ferr != nil {
				return ferr
			}
		case line[0] == ' ' || line[0] == '\t': // goes on with the field before
		default:
			p.set(line)
		}
		continued = long
		if err != nil && !long {
			return flush()
		}
	}
}

// present says whether a package's files are on the disk. Left-over
// configuration (config-files) is no program.
func present(state string) bool {
	switch state {
	case "installed", "triggers-pending", "triggers-awaited", "half-configured", "unpacked", "half-installed":
		return true
	}
	return false
}

func (p *paragraph) set(line []byte) {
	key, value, ok := bytes.Cut(line, []byte(":"))
	if !ok {
		return
	}
	value = bytes.TrimSpace(value)
	switch string(key) { // compared without copying
	case "Package":
		p.name = string(value)
	case "Version":
		p.version = string(value)
	case "Architecture":
		p.arch = string(value)
	case "Maintainer":
		p.maintainer = maintainer(string(value))
	case "Source":
		name, _, _ := bytes.Cut(value, []byte(" ")) // its version may follow in brackets
		p.source = string(name)
	case "Multi-Arch":
		p.multi = string(value)
	case "Installed-Size":
		if n, err := strconv.ParseInt(string(value), 10, 64); err == nil && n > 0 && n < 1<<40 {
			p.size = n
		}
	case "Status": // want, error flag, state: dpkg-query(1)
		if w := strings.Fields(string(value)); len(w) == 3 {
			p.want, p.state = w[0], w[2]
		}
	}
}

// maintainer is a maintainer's name without the mail address behind it.
func maintainer(s string) string {
	name, _, _ := strings.Cut(s, "<")
	if name = strings.Trim(name, ` "`); name == "" {
		return ""
	}
	return name
}

func (p *paragraph) row() inventory.Software {
	r := inventory.Software{Source: "dpkg", Scope: "machine", Name: p.name, Arch: p.arch, Version: p.version,
		Publisher: p.maintainer, Origin: p.source, SizeBytes: p.size << 10}
	if r.Origin == "" {
		r.Origin = p.name // a source package named as its binary does not repeat itself
	}
	if p.want == "hold" {
		held := true
		r.Held = &held
	}
	return r
}

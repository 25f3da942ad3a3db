package software

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"

	"muster/internal/inventory"
)

// parseAPK reads apk's database of installed packages: paragraphs of lines
// K:value divided by empty lines (apk(5), "installed database"). The list of
// files, most of the bytes, is passed over; a line longer than the buffer is
// cut. It calls each for every package.
func parseAPK(r io.Reader, each func(inventory.Software)) error {
	b := bufio.NewReaderSize(r, 16<<10)
	p := inventory.Software{Source: "apk", Scope: "machine"}
	seen := 0
	flush := func() error {
		defer func() { p = inventory.Software{Source: "apk", Scope: "machine"} }()
		if p.Name == "" || p.Version == "" {
			return nil
		}
		if seen++; seen > maxPackages {
			return errTooMany
		}
		if p.Origin == "" {
			p.Origin = p.Name
		}
		each(p)
		return nil
	}
	continued := false
	for {
		line, err := b.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		if err != nil && !long && !errors.Is(err, io.EOF) {
			return err
		}
		text := bytes.TrimSpace(line)
		switch {
		case continued:
		case len(text) == 0:
			if ferr := flush(); ferr != nil {
				return ferr
			}
		case len(text) > 2 && text[1] == ':':
			value := text[2:]
			switch text[0] {
			case 'P':
				p.Name = string(value)
			case 'V':
				p.Version = string(value)
			case 'A':
				p.Arch = string(value)
			case 'I': // bytes on the disk
				p.SizeBytes = count(string(value))
			case 'o':
				p.Origin = string(value)
			case 'm':
				p.Publisher = maintainer(string(value))
			}
		}
		continued = long
		if err != nil && !long {
			return flush()
		}
	}
}

// parseWorld gives the names in apk's world file that are held at a version:
// name=1.2, but not name=~1.2 or name>1.2, which go on with upgrades.
func parseWorld(text string) map[string]bool {
	held := map[string]bool{}
	for i, w := range strings.Fields(text) {
		if i > maxPackages {
			break
		}
		name, version, ok := strings.Cut(w, "=")
		if !ok || strings.HasPrefix(version, "~") || strings.ContainsAny(name, "<>~!") {
			continue
		}
		name, _, _ = strings.Cut(name, "@") // of a tagged repository
		held[name] = true
	}
	return held
}

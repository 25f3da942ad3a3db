// Package osrelease reads section os: the operating system, its release,
// kernel and architecture, and the names the host gives itself.
//
// It owns os-release(5) and the places where Linux keeps names and zones. It
// must not ask the network: a name that only DNS knows is not known here.
package osrelease

import (
	"bufio"
	"context"
	"io"
	"strings"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	row, asked, faults, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	r, err := gather.Rows([]inventory.OS{row}, asked...)
	r.Faults = faults
	return r, err
}

// Row reads the section as a struct: MachineID is evidence of identity (weak:
// clones share it), HostName and FQDN are the names in an enrolment.
func Row(ctx context.Context, h *host.Host) (inventory.OS, error) {
	row, _, _, err := read(ctx, h)
	return row, err
}

// release is what os-release says, as far as it is kept.
type release struct {
	ID, Name, Version, VersionID, Codename, UbuntuCodename, BuildID, ImageVersion, Variant, VariantID string
}

// parseRelease reads os-release(5): lines of KEY=VALUE in the quoting of a
// shell, without its expansions. A later line wins.
func parseRelease(r io.Reader) release {
	var x release
	s := bufio.NewScanner(io.LimitReader(r, 64<<10))
	s.Buffer(make([]byte, 0, 1024), 16<<10)
	for s.Scan() {
		key, value, ok := strings.Cut(strings.TrimSpace(s.Text()), "=")
		if !ok || strings.HasPrefix(key, "#") {
			continue
		}
		value = unquote(value)
		switch key {
		case "ID":
			x.ID = value
		case "NAME":
			x.Name = value
		case "VERSION":
			x.Version = value
		case "VERSION_ID":
			x.VersionID = value
		case "VERSION_CODENAME":
			x.Codename = value
		case "UBUNTU_CODENAME":
			x.UbuntuCodename = value
		case "BUILD_ID":
			x.BuildID = value
		case "IMAGE_VERSION":
			x.ImageVersion = value
		case "VARIANT":
			x.Variant = value
		case "VARIANT_ID":
			x.VariantID = value
		}
	}
	return x
}

// unquote takes a shell's quotes away: single ones keep all, double ones and
// bare words know the backslash.
func unquote(s string) string {
	var b strings.Builder
	var quote byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == quote && quote != 0:
			quote = 0
		case c == '\\' && quote != '\'' && i+1 < len(s):
			i++
			// Within double quotes the backslash only guards these four.
			if quote == '"' && strings.IndexByte("\"\\$`", s[i]) < 0 {
				b.WriteByte('\\')
			}
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// codename is the word for the release: told, or in brackets in VERSION.
func (x release) codename() string {
	switch {
	case x.Codename != "":
		return x.Codename
	case x.UbuntuCodename != "":
		return x.UbuntuCodename
	}
	if _, in, ok := strings.Cut(x.Version, "("); ok {
		// Fedora puts the edition there, and has no names.
		if word, _, ok := strings.Cut(in, ")"); ok && word != x.Variant {
			return word
		}
	}
	return ""
}

// version is VERSION_ID with the point release, where VERSION ("22.04.4 LTS")
// or another file of the distribution ("12.5" in /etc/debian_version) tells it.
func (x release) version(point string) string {
	if x.VersionID == "" {
		// Debian's testing has no version but a name.
		return x.BuildID
	}
	for _, more := range []string{firstWord(x.Version), firstWord(point)} {
		if strings.HasPrefix(more, x.VersionID+".") {
			return more
		}
	}
	return x.VersionID
}

func firstWord(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), " ")
	return s
}

// goArch turns uname's machine into the catalogue's architectures.
func goArch(machine string) string {
	switch machine {
	case "":
		return ""
	case "x86_64":
		return "amd64"
	case "i386", "i486", "i586", "i686":
		return "386"
	case "aarch64", "arm64":
		return "arm64"
	case "riscv64", "ppc64le", "s390x":
		return machine
	}
	switch {
	case strings.HasPrefix(machine, "arm"):
		return "arm"
	case strings.HasPrefix(machine, "mips"):
		return "mips"
	}
	return "other"
}

// elfArch is the architecture a program is built for, by the first 20 bytes of
// its ELF header: a 64-bit kernel often carries a 32-bit system.
func elfArch(b []byte) string {
	if len(b) < 20 || string(b[:4]) != "\x7fELF" {
		return ""
	}
	machine := uint16(b[18]) | uint16(b[19])<<8
	if b[5] == 2 { // big-endian
		machine = uint16(b[19]) | uint16(b[18])<<8
	}
	wide, little := b[4] == 2, b[5] == 1
	switch machine {
	case 3:
		return "386"
	case 8:
		return "mips"
	case 21:
		if little {
			return "ppc64le"
		}
	case 22:
		return "s390x"
	case 40:
		return "arm"
	case 62:
		if wide {
			return "amd64"
		}
	case 183:
		return "arm64"
	case 243:
		if wide {
			return "riscv64"
		}
	}
	return "other"
}

// zoneName is the IANA name in the target of /etc/localtime.
func zoneName(target string) string {
	_, name, ok := strings.Cut(target, "zoneinfo/")
	if !ok {
		return ""
	}
	name = strings.TrimPrefix(name, "posix/")
	return strings.TrimPrefix(name, "right/")
}

// hostNames looks a name up in a hosts file: the first entry that carries the
// short name says the full one. An address's own line counts more than that
// of the loopback net, where distributions put the name (Debian: 127.0.1.1).
func hostNames(hosts io.Reader, short string) string {
	s := bufio.NewScanner(io.LimitReader(hosts, 1<<20))
	s.Buffer(make([]byte, 0, 1024), 64<<10)
	best := ""
	for s.Scan() {
		line, _, _ := strings.Cut(s.Text(), "#")
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		var full string
		for _, w := range words[1:] {
			if strings.HasPrefix(strings.ToLower(w), strings.ToLower(short)+".") && full == "" {
				full = strings.TrimSuffix(w, ".")
			}
		}
		if full == "" || strings.HasSuffix(full, ".localdomain") {
			continue
		}
		if loopback := strings.HasPrefix(words[0], "127.") || words[0] == "::1"; !loopback {
			return full
		} else if best == "" {
			best = full
		}
	}
	return best
}

// searchDomain is the domain a resolv.conf(5) adds to short names: the last of
// domain and search wins.
func searchDomain(r io.Reader) string {
	s := bufio.NewScanner(io.LimitReader(r, 64<<10))
	domain := ""
	for s.Scan() {
		w := strings.Fields(s.Text())
		if len(w) >= 2 && (w[0] == "domain" || w[0] == "search") {
			domain = strings.Trim(w[1], ".")
		}
	}
	return domain
}

// oldest is the earliest of times that can be true: disks come out of image
// builders with times of 1970 or 1980, and clocks without a battery start
// there too.
func oldest(now time.Time, times ...time.Time) time.Time {
	var first time.Time
	for _, t := range times {
		if t.Year() < 2001 || t.After(now) {
			continue
		}
		if first.IsZero() || t.Before(first) {
			first = t
		}
	}
	return first
}

// desktop names the environment of the first session file known.
func desktop(sessions []string) string {
	for _, s := range sessions {
		s = strings.ToLower(s)
		for _, k := range [...][2]string{{"gnome", "gnome"}, {"ubuntu", "gnome"}, {"plasma", "kde"}, {"cinnamon", "cinnamon"},
			{"mate", "mate"}, {"xfce", "xfce"}, {"lxqt", "lxqt"}, {"budgie", "budgie"}, {"cosmic", "cosmic"}, {"sway", "sway"}} {
			if strings.Contains(s, k[0]) {
				return k[1]
			}
		}
	}
	return ""
}

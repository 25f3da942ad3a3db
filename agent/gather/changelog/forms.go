package changelog

import (
	"context"
	"fmt"
	"strings"
	"time"

	"muster/agent/host"
	"muster/internal/inventory"
)

// plain says whether a name or version is one: no space, no control character.
func plain(s string, most int) bool {
	if s == "" || len(s) > most {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

func row(at time.Time, name, action, before, after string) (inventory.ChangeLog, bool) {
	if !plain(name, 200) || before != "" && !plain(before, 200) || after != "" && !plain(after, 200) || at.Year() < 1990 || at.Year() > 2500 {
		return inventory.ChangeLog{}, false
	}
	return inventory.ChangeLog{At: at.UTC().Truncate(time.Second), Name: name, Action: action, Before: before, After: after}, true
}

// dpkg reads "2024-05-20 06:10:04 upgrade openssl:amd64 3.0.11-1 3.0.13-1"
// (dpkg(1), --log). What only says how far it is, is passed over.
func dpkg(line []byte, place *time.Location) (inventory.ChangeLog, bool) {
	w := strings.Fields(string(line))
	if len(w) != 6 {
		return inventory.ChangeLog{}, false
	}
	action := ""
	switch w[2] {
	case "install", "upgrade":
		action = w[2]
	case "remove", "purge":
		action = "remove"
	default:
		return inventory.ChangeLog{}, false
	}
	at, err := time.ParseInLocation(time.DateTime, w[0]+" "+w[1], place)
	if err != nil {
		return inventory.ChangeLog{}, false
	}
	none := func(v string) string {
		if v == "<none>" || v == "<unknown>" {
			return ""
		}
		return v
	}
	before, after := none(w[4]), none(w[5])
	if w[2] == "purge" && before == "" {
		return inventory.ChangeLog{}, false // only its settings went
	}
	name, _, _ := strings.Cut(w[3], ":")
	return row(at, name, action, before, after)
}

// dnf reads "2024-05-20T06:10:04+0200 SUBDEBUG Upgrade: openssl-1:3.2.2-1.fc40.x86_64".
// The line of what it replaced follows as "Upgraded:" and is passed over.
func dnf(line []byte, place *time.Location) (inventory.ChangeLog, bool) {
	w := strings.Fields(string(line))
	if len(w) != 4 || w[1] != "SUBDEBUG" && w[1] != "INFO" {
		return inventory.ChangeLog{}, false
	}
	action := ""
	switch w[2] {
	case "Installed:":
		action = "install"
	case "Upgrade:":
		action = "upgrade"
	case "Downgrade:":
		action = "downgrade"
	case "Erase:":
		action = "remove"
	default:
		return inventory.ChangeLog{}, false
	}
	at, ok := iso(w[0], place)
	if !ok {
		return inventory.ChangeLog{}, false
	}
	name, version := nevra(w[3])
	if action == "remove" {
		return row(at, name, action, version, "")
	}
	return row(at, name, action, "", version)
}

func iso(s string, place *time.Location) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02T15:04:05-0700", time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if at, err := time.ParseInLocation(layout, s, place); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// nevra takes a package's name apart: openssl-1:3.2.2-1.fc40.x86_64.
func nevra(s string) (name, version string) {
	if i := strings.LastIndexByte(s, '.'); i > 0 {
		s = s[:i] // the architecture
	}
	i := strings.LastIndexByte(s, '-')
	if i <= 0 {
		return s, ""
	}
	j := strings.LastIndexByte(s[:i], '-')
	if j <= 0 {
		return s, ""
	}
	return s[:j], s[j+1:]
}

// pacman reads "[2024-05-20T06:10:04+0200] [ALPM] upgraded openssl (3.3.0-1 -> 3.3.0-2)".
func pacman(line []byte, place *time.Location) (inventory.ChangeLog, bool) {
	text := strings.TrimRight(string(line), "\r\n")
	stamp, rest, ok := strings.Cut(strings.TrimPrefix(text, "["), "] ")
	rest, alpm := strings.CutPrefix(rest, "[ALPM] ")
	if !ok || !alpm {
		return inventory.ChangeLog{}, false
	}
	at, ok := iso(stamp, place)
	verb, rest, ok2 := strings.Cut(rest, " ")
	name, versions, ok3 := strings.Cut(rest, " (")
	versions = strings.TrimSuffix(versions, ")")
	if !ok || !ok2 || !ok3 {
		return inventory.ChangeLog{}, false
	}
	before, after, _ := strings.Cut(versions, " -> ")
	switch verb {
	case "installed":
		return row(at, name, "install", "", versions)
	case "removed":
		return row(at, name, "remove", versions, "")
	case "upgraded":
		return row(at, name, "upgrade", before, after)
	case "downgraded":
		return row(at, name, "downgrade", before, after)
	}
	return inventory.ChangeLog{}, false
}

// zypp reads "2024-05-20 06:10:04|install|openssl|3.1.4-1.1|x86_64|root@pc|repo|…".
// Who did it stands there too and is passed over.
func zypp(line []byte, place *time.Location) (inventory.ChangeLog, bool) {
	w := strings.Split(strings.TrimSpace(string(line)), "|")
	if len(w) < 5 {
		return inventory.ChangeLog{}, false
	}
	at, ok := iso(w[0], place)
	if !ok {
		return inventory.ChangeLog{}, false
	}
	switch strings.TrimSpace(w[1]) {
	case "install":
		return row(at, w[2], "install", "", w[3])
	case "remove":
		return row(at, w[2], "remove", w[3], "")
	}
	return inventory.ChangeLog{}, false
}

// apk reads what apk 3 writes, "2024-05-20T06:10:04Z (1/2) Upgrading musl
// (1.2.4-r2 -> 1.2.5-r0)"; versions before have no log.
func apk(line []byte, place *time.Location) (inventory.ChangeLog, bool) {
	stamp, rest, ok := strings.Cut(strings.TrimRight(string(line), "\r\n"), " ")
	at, ok2 := iso(stamp, place)
	if !ok || !ok2 {
		return inventory.ChangeLog{}, false
	}
	if strings.HasPrefix(rest, "(") {
		if _, rest, ok = strings.Cut(rest, ") "); !ok {
			return inventory.ChangeLog{}, false
		}
	}
	verb, rest, _ := strings.Cut(rest, " ")
	name, versions, _ := strings.Cut(rest, " (")
	versions = strings.TrimSuffix(versions, ")")
	before, after, _ := strings.Cut(versions, " -> ")
	switch verb {
	case "Installing":
		return row(at, name, "install", "", versions)
	case "Purging":
		return row(at, name, "remove", versions, "")
	case "Upgrading":
		return row(at, name, "upgrade", before, after)
	case "Downgrading":
		return row(at, name, "downgrade", before, after)
	}
	return inventory.ChangeLog{}, false
}

// rpmOnly says whether rpm's own times are all there is: dnf 5 keeps its
// history in a database.
func rpmOnly(h *host.Host) bool {
	for _, name := range []string{"/usr/lib/sysimage/rpm/rpmdb.sqlite", "/var/lib/rpm/rpmdb.sqlite", "/usr/lib/sysimage/rpm/Packages.db", "/var/lib/rpm/Packages"} {
		if h.Exists(name) {
			return true
		}
	}
	return false
}

// rpmTimes tells when each package that is there was installed. What went
// before it is not known, nor what was removed.
func rpmTimes(ctx context.Context, h *host.Host, from time.Time) ([]inventory.ChangeLog, error) {
	out, err := h.Run(ctx, "rpm")
	if err != nil {
		return nil, err
	}
	var list []inventory.ChangeLog
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) < 7 || f[0] == "gpg-pubkey" {
			continue
		}
		var n int64
		if _, err := fmt.Sscan(f[6], &n); err != nil || n <= 0 || n > 1<<36 {
			continue
		}
		at := time.Unix(n, 0)
		version := f[2] + "-" + f[3]
		if f[1] != "0" && f[1] != "" {
			version = f[1] + ":" + version
		}
		r, ok := row(at, f[0], "install", "", version)
		if !ok || at.Before(from) {
			continue
		}
		r.Kind, r.Outcome, r.Source = kind(r.Name, r.Action), "ok", "rpm"
		list = append(list, r)
	}
	return list, nil
}

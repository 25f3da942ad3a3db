package software

import (
	"strconv"
	"strings"
	"time"

	"muster/internal/inventory"
)

// parseRPM reads what host's rpm command prints: a package a line, its fields
// divided by tabs: name, epoch, version, release, architecture, vendor, time
// of installation, size, source package. A field without a value is (none).
// The second value counts lines that are none of that.
func parseRPM(out string) (rows []inventory.Software, strange int) {
	rows = make([]inventory.Software, 0, strings.Count(out, "\n"))
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			continue
		}
		var f [9]string
		rest, ok := line, true
		for i := range f {
			if i > 0 && !ok {
				break
			}
			f[i], rest, ok = strings.Cut(rest, "\t")
			if f[i] == "(none)" {
				f[i] = ""
			}
		}
		// The ninth field has no tab behind it: neither fewer nor more.
		if strings.Count(line, "\t") != 8 || f[0] == "" || f[2] == "" || len(rows) >= maxPackages {
			strange++
			continue
		}
		if f[0] == "gpg-pubkey" {
			continue // keys of repositories stand among the packages
		}
		rows = append(rows, inventory.Software{Source: "rpm", Scope: "machine", Name: f[0], Arch: f[4],
			Version: evr(f[1], f[2], f[3]), Publisher: f[5], Origin: sourceName(f[8]),
			InstalledAt: unix(f[6]), SizeBytes: count(f[7])})
	}
	return rows, strange
}

// evr joins epoch, version and release as rpm and dnf show them; an epoch of 0
// is not shown.
func evr(epoch, version, release string) string {
	v := version
	if release != "" {
		v += "-" + release
	}
	if epoch != "" && epoch != "0" {
		v = epoch + ":" + v
	}
	return v
}

// sourceName is the name in a source package's file name:
// openssl-3.0.9-2.fc38.src.rpm.
func sourceName(file string) string {
	name := strings.TrimSuffix(strings.TrimSuffix(file, ".rpm"), ".src")
	name = strings.TrimSuffix(name, ".nosrc")
	for range 2 { // release, version
		i := strings.LastIndexByte(name, '-')
		if i <= 0 {
			return name
		}
		name = name[:i]
	}
	return name
}

func unix(s string) time.Time {
	n := count(s)
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

// count reads a number; nonsense and what no size or time can be is 0.
func count(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > 1<<48 {
		return 0
	}
	return n
}

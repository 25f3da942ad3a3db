package changelog

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/agent/gather/recorded"
)

func TestMachines(t *testing.T) {
	place := time.FixedZone("", 2*60*60)
	for name, files := range map[string]string{
		"debian": `
-- /var/log/dpkg.log --
2024-05-20 06:10:01 startup archives unpack
2024-05-20 06:10:04 upgrade openssl:amd64 3.0.11-1~deb12u1 3.0.13-1~deb12u1
2024-05-20 06:10:04 status half-configured openssl:amd64 3.0.11-1~deb12u1
2024-05-20 06:10:05 install linux-image-6.1.0-21-amd64:amd64 <none> 6.1.90-1
2024-05-20 06:10:06 upgrade intel-microcode:amd64 3.20230808.1 3.20240312.1
2024-05-20 06:10:06 upgrade intel-microcode:amd64 3.20230808.1 3.20240312.1
2024-05-21 09:00:00 remove gimp:amd64 2.10.34-1 <none>
2024-05-21 09:00:01 purge gimp:amd64 <none> <none>
2024-05-21 09:00:02 install broadcom-sta-dkms:all <none> 6.30
2023-01-01 00:00:00 install old:amd64 <none> 1
`,
		"fedora": `
-- /var/log/dnf.rpm.log --
2024-05-20T06:10:04+0200 INFO --- logging initialized ---
2024-05-20T06:10:04+0200 SUBDEBUG Upgrade: openssl-1:3.2.2-1.fc40.x86_64
2024-05-20T06:10:05+0200 SUBDEBUG Upgraded: openssl-1:3.2.1-2.fc40.x86_64
2024-05-20T06:10:06+0200 SUBDEBUG Installed: kernel-core-6.8.9-300.fc40.x86_64
2024-05-20T06:10:07+0200 SUBDEBUG Erase: gimp-2:2.10.36-1.fc40.x86_64
`,
		"arch": `
-- /var/log/pacman.log --
[2024-05-20T06:10:04+0200] [PACMAN] Running 'pacman -Syu'
[2024-05-20T06:10:04+0200] [ALPM] upgraded openssl (3.3.0-1 -> 3.3.0-2)
[2024-05-20T06:10:05+0200] [ALPM] installed linux (6.9.1.arch1-1)
[2024-05-20T06:10:06+0200] [ALPM] removed gimp (2.10.36-4)
[2024-05-20T06:10:06+0200] [ALPM] running 'x.hook'...
`,
		"suse": `
-- /var/log/zypp/history --
# 2024-05-20 06:10:04 x
2024-05-20 06:10:04|command|root@pc|'zypper' 'up'|
2024-05-20 06:10:04|install|openssl|3.1.4-1.1|x86_64|root@pc|repo-oss|sum|
2024-05-20 06:10:05|remove |gimp|2.10.36-1|x86_64|root@pc|
`,
		"alpine": `
-- /var/log/apk.log --
2024-05-20T06:10:04Z (1/2) Upgrading musl (1.2.4-r2 -> 1.2.5-r0)
2024-05-20T06:10:05Z (2/2) Installing htop (3.3.0-r0)
OK: 12 MiB
`,
		"rpm": `
-- /usr/bin/rpm --
-- /usr/lib/sysimage/rpm/rpmdb.sqlite --
-- run rpm --
openssl	1	3.2.1	2.fc41	x86_64	Fedora Project	1716192604	9	s
old	0	1	1	x86_64	Fedora Project	1600000000	9	s
gpg-pubkey	0	1	1	(none)	x	1716192604	0	(none)
`,
	} {
		t.Run(name, func(t *testing.T) {
			h := recorded.Unpack(t, []byte(files))
			r, err := Reader{Place: place}.Read(context.Background(), h)
			recorded.Golden(t, h, "change_log", name, r, err)
		})
	}
	if _, err := Read(context.Background(), recorded.Unpack(t)); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

// Rotated logs are read too, packed or not, and the newest rows stay.
func TestRotatedAndBounded(t *testing.T) {
	h := recorded.Unpack(t, []byte("-- /var/log/dpkg.log --\n"))
	write := func(name string, pack bool, from, to int) {
		var b, z bytes.Buffer
		for i := from; i < to; i++ {
			at := h.Now().Add(-time.Duration(i) * time.Minute).UTC().Format(time.DateTime)
			fmt.Fprintf(&b, "%s install p%d:amd64 <none> 1.0\n", at, i)
		}
		if pack {
			g := gzip.NewWriter(&z)
			g.Write(b.Bytes())
			g.Close()
			b = z
		}
		if err := os.WriteFile(filepath.Join(h.Root, name), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("/var/log/dpkg.log", false, 0, 500)
	write("/var/log/dpkg.log.1", false, 500, 2500)
	write("/var/log/dpkg.log.2.gz", true, 2500, 3500)
	r, err := Reader{Place: time.UTC}.Read(context.Background(), h)
	rows := recorded.Check(t, "change_log", r)
	if err != nil || len(rows) != maxRows || len(r.Faults) != 1 {
		t.Fatalf("%d rows, %v, %v", len(rows), r.Faults, err)
	}
	seen := map[any]bool{}
	for _, row := range rows {
		seen[row["name"]] = true
	}
	if !seen["p0"] || !seen["p2999"] || seen["p3000"] {
		t.Error("not the newest were kept")
	}
}

func FuzzLines(f *testing.F) {
	f.Add("2024-05-20 06:10:04 upgrade openssl:amd64 3.0.11-1 3.0.13-1")
	f.Add("2024-05-20T06:10:04+0200 SUBDEBUG Upgrade: openssl-1:3.2.2-1.fc40.x86_64")
	f.Add("[2024-05-20T06:10:04+0200] [ALPM] upgraded openssl (3.3.0-1 -> 3.3.0-2)")
	f.Add("2024-05-20 06:10:04|install|openssl|3.1.4-1.1|x86_64|root@pc|repo-oss|sum|")
	f.Add("2024-05-20T06:10:04Z (1/2) Upgrading musl (1.2.4-r2 -> 1.2.5-r0)")
	f.Fuzz(func(t *testing.T, line string) {
		for _, l := range Forms() {
			r, ok := l.Line([]byte(line), time.UTC)
			if ok && (r.Name == "" || strings.ContainsAny(r.Name+r.Before+r.After, " \n\x00") || r.At.IsZero()) {
				t.Errorf("%s: %+v", l.Source, r)
			}
		}
	})
}

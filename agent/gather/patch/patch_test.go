package patch

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"muster/agent/gather/recorded"
	"muster/agent/host"
	"muster/internal/inventory"
)

func TestVersions(t *testing.T) {
	// Each list from old to new.
	for _, x := range []struct {
		name    string
		compare func(a, b string) int
		order   []string
	}{
		{"dpkg", compareDpkg, []string{"1.0~rc1-1", "1.0-1", "1.0-1+b1", "1.0-1+deb12u1", "1.0-1.1", "1.0-2", "1.0+git1-1", "1.1-1", "1.10-1", "2:0.9-1"}},
		{"dpkg tilde", compareDpkg, []string{"1.2~~", "1.2~~a", "1.2~", "1.2", "1.2a", "1.2+", "1.2.1"}},
		{"rpm", compareRPM, []string{"1.0~rc1-1.fc40", "1.0-1.fc39", "1.0-1.fc40", "1.0-2.fc40", "1.0^git1-1.fc40", "1.0.1-1.fc40", "1.10-1.fc40", "2a-1", "2.1-1", "1:0.5-1.fc40"}},
		{"pacman letters", compareALPM, []string{"1.0a", "1.0b", "1.0beta", "1.0p", "1.0pre", "1.0rc", "1.0", "1.0.a", "1.0.1"}}, // both of vercmp(8)
		{"pacman", compareALPM, []string{"1-1", "1.0-1", "1.0-2", "1.1-1", "1.1.1-1", "1.2-1", "1.10-1", "3.0.0-1", "1:0.5-1"}},
		{"apk", compareAPK, []string{"1.2.3_alpha1-r0", "1.2.3_rc2-r0", "1.2.3-r0", "1.2.3-r1", "1.2.3-r10", "1.2.3_p1-r0", "1.2.3a-r0", "1.2.4-r0", "1.2.10-r0", "1.10-r0"}},
	} {
		for i := range x.order {
			for j := range x.order {
				got := x.compare(x.order[i], x.order[j])
				if got < 0 != (i < j) || got > 0 != (i > j) {
					t.Errorf("%s: %s and %s: %d", x.name, x.order[i], x.order[j], got)
				}
			}
		}
	}
	if compareDpkg("1.0", "1.0-0") != 0 || compareDpkg("0:1.0-1", "1.0-1") != 0 || compareDpkg("1.001-1", "1.1-1") != 0 {
		t.Error("versions that are equal differ")
	}
}

const debian = `
-- /var/lib/dpkg/status --
Package: openssl
Status: install ok installed
Architecture: amd64
Version: 3.0.11-1~deb12u1
Description: tools
 Version: 99

Package: linux-image-amd64
Status: hold ok installed
Architecture: amd64
Version: 6.1.76-1

Package: tzdata
Status: install ok installed
Architecture: all
Version: 2024a-0+deb12u1

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0

Package: phased
Status: install ok installed
Architecture: amd64
Version: 1.0

Package: git
Status: install ok installed
Architecture: amd64
Version: 1:2.39.2-1.1
-- /var/lib/apt/lists/deb.example.org_debian_dists_bookworm_InRelease --
Suite: stable
-- /var/lib/apt/lists/deb.example.org_debian_dists_bookworm_main_binary-amd64_Packages @2024-06-01T05:00:00Z --
Package: openssl
Architecture: amd64
Version: 3.0.11-1~deb12u2

Package: linux-image-amd64
Architecture: amd64
Version: 6.1.90-1

Package: tzdata
Architecture: all
Version: 2024a-0+deb12u1

Package: gone
Architecture: amd64
Version: 2.0

Package: phased
Architecture: amd64
Version: 1.1
Phased-Update-Percentage: 30

Package: openssl
Architecture: i386
Version: 4.0
-- /var/lib/apt/lists/security.example.org_debian-security_dists_bookworm-security_main_binary-amd64_Packages @2024-06-02T05:00:00Z --
Package: openssl
Architecture: amd64
Version: 3.0.13-1~deb12u1
-- /var/lib/apt/lists/deb.example.org_debian_dists_bookworm-backports_InRelease --
Suite: stable-backports
NotAutomatic: yes
-- /var/lib/apt/lists/deb.example.org_debian_dists_bookworm-backports_main_binary-amd64_Packages --
Package: git
Architecture: amd64
Version: 1:2.45.0-1~bpo12+1
-- /var/lib/apt/lists/partial/ @2024-06-03T05:00:00Z --
-- /var/log/apt/history.log @2024-05-20T06:10:00Z --
-- /etc/apt/apt.conf.d/20auto-upgrades --
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
`

const fedora = `
-- /usr/bin/rpm --
-- /usr/lib/sysimage/rpm/rpmdb.sqlite --
-- run rpm --
openssl	1	3.2.1	2.fc40	x86_64	Fedora Project	1714000000	9	openssl-3.2.1-2.fc40.src.rpm
kernel-core	0	6.8.8	300.fc40	x86_64	Fedora Project	1714000000	9	kernel.src.rpm
kernel-core	0	6.8.9	300.fc40	x86_64	Fedora Project	1716000000	9	kernel.src.rpm
bash	0	5.2.26	3.fc40	x86_64	Fedora Project	1714000000	9	bash.src.rpm
-- /var/cache/dnf/updates-0123456789abcdef/repodata/aa-updateinfo.xml @2024-06-02T05:00:00Z --
<?xml version="1.0" encoding="UTF-8"?>
<updates>
<update type="security" status="stable" from="x">
 <id>FEDORA-2024-0001</id><title>openssl-3.2.1-3.fc40</title><issued date="2024-05-10 01:02:03"/><severity>Moderate</severity>
 <description>Long text.</description>
 <references><reference type="cve" id="CVE-2024-0001"/><reference type="bugzilla" id="1"/></references>
 <pkglist><collection><package name="openssl" epoch="1" version="3.2.1" release="3.fc40" arch="x86_64"><filename>x</filename></package></collection></pkglist>
</update>
<update type="bugfix" status="stable"><id>FEDORA-2024-0002</id><title>openssl-3.2.2-1.fc40</title><issued date="2024-05-20 01:02:03"/><severity>None</severity>
 <pkglist><collection><package name="openssl" epoch="1" version="3.2.2" release="1.fc40" arch="x86_64"><reboot_suggested>True</reboot_suggested></package>
 <package name="openssl" epoch="1" version="3.2.2" release="1.fc40" arch="i686"/></collection></pkglist>
</update>
<update type="security"><id>FEDORA-2024-0003</id><title>kernel</title><issued date="2024-05-01"/><severity>Important</severity>
 <pkglist><collection><package name="kernel-core" epoch="0" version="6.8.9" release="300.fc40" arch="x86_64"/></collection></pkglist>
</update>
</updates>
-- /var/cache/dnf/other-0123456789abcdef/repodata/bb-updateinfo.xml.zck @2024-06-01T05:00:00Z --
x
-- /etc/systemd/system/timers.target.wants/dnf-automatic.timer --
-- /etc/dnf/automatic.conf --
[commands]
download_updates = yes
apply_updates = no
`

const alpine = `
-- /lib/apk/db/installed --
C:Q1x=
P:busybox
V:1.36.1-r15
A:x86_64

P:musl
V:1.2.4_git20230717-r4
A:x86_64
`

func index(t *testing.T, h *host.Host, name, text string) {
	t.Helper()
	var b bytes.Buffer
	part := func(file, text string, last bool) {
		z := gzip.NewWriter(&b)
		w := tar.NewWriter(z)
		w.WriteHeader(&tar.Header{Name: file, Size: int64(len(text)), Mode: 0o644})
		w.Write([]byte(text))
		if w.Flush(); last {
			w.Close()
		}
		z.Close()
	}
	part(".SIGN.RSA.test.rsa.pub", "signature", false)
	part("APKINDEX", text, true)
	p := filepath.Join(h.Root, name)
	os.MkdirAll(filepath.Dir(p), 0o755)
	if err := os.WriteFile(p, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2024, 6, 1, 5, 0, 0, 0, time.UTC)
	os.Chtimes(p, at, at)
	os.Chtimes(filepath.Join(h.Root, apkInstalled), at.Add(-time.Hour), at.Add(-time.Hour))
}

const arch = `
-- /var/lib/pacman/local/ALPM_DB_VERSION --
9
-- /var/lib/pacman/local/openssl-3.3.0-1/desc --
-- /var/lib/pacman/local/linux-6.9.1.arch1-1/desc --
-- /var/lib/pacman/local/linux-firmware-1:20240409-1/desc --
-- /var/lib/pacman/local/nvidia-550.78-5/desc --
-- /var/lib/pacman/local/own-2.0-1/desc --
-- /var/lib/pacman/local/ @2024-05-20T06:10:00Z --
-- /etc/pacman.conf --
[options]
IgnorePkg = nvid* other

#[core-testing]
[core]
Include = /etc/pacman.d/mirrorlist
[extra]
Include = /etc/pacman.d/mirrorlist
[ours]
`

// databases are two of repositories that are used, one behind the other, one
// of a repository that is not used any more, and none of a third.
func databases(t *testing.T, h *host.Host) {
	t.Helper()
	at := time.Date(2024, 6, 1, 5, 0, 0, 0, time.UTC)
	for repo, list := range map[string][]string{
		"core":         {"openssl-3.3.0-2", "linux-6.9.2.arch1-1", "linux-firmware-1:20240409-1", "other-9-9"},
		"extra":        {"openssl-9.9-9", "nvidia-550.78-10"},
		"core-testing": {"linux-6.10-1"},
	} {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, name := range list {
			w.WriteHeader(&tar.Header{Name: name + "/", Mode: 0o755, Typeflag: tar.TypeDir})
			w.WriteHeader(&tar.Header{Name: name + "/desc", Size: 4, Mode: 0o644})
			w.Write([]byte("text"))
		}
		w.Close()
		var packed bytes.Buffer
		var z io.WriteCloser = gzip.NewWriter(&packed)
		if repo == "extra" {
			z, _ = zstd.NewWriter(&packed)
		}
		z.Write(b.Bytes())
		z.Close()
		p := filepath.Join(h.Root, pacmanSync, repo+".db")
		os.MkdirAll(filepath.Dir(p), 0o755)
		if err := os.WriteFile(p, packed.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		os.Chtimes(p, at, at)
	}
	os.Chtimes(filepath.Join(h.Root, pacmanSync), at.Add(time.Hour), at.Add(time.Hour))
}

func TestMachines(t *testing.T) {
	ctx := context.Background()
	for name, files := range map[string]string{"debian": debian, "fedora": fedora, "alpine": alpine, "arch": arch,
		"suse": strings.NewReplacer("/var/cache/dnf/", "/var/cache/zypp/raw/", "dnf-automatic", "other").Replace(fedora)} {
		t.Run(name, func(t *testing.T) {
			h := recorded.Unpack(t, []byte(files))
			if name == "alpine" {
				index(t, h, "/var/cache/apk/APKINDEX.01234567.tar.gz", "C:Q1y=\nP:busybox\nV:1.36.1-r19\n\nP:musl\nV:1.2.4_git20230717-r4\n\nP:other\nV:1\n")
			}
			if name == "arch" {
				databases(t, h)
			}
			rd := &Reader{}
			r, err := rd.Read(ctx, h)
			recorded.Golden(t, h, "patch", "patch."+name, r, err)
			r, err = rd.ReadStatus(ctx, h)
			recorded.Golden(t, h, "patch_status", "patch_status."+name, r, err)
		})
	}
	if _, err := (&Reader{}).Read(ctx, recorded.Unpack(t)); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	// Never looked: how many are missing is not known, which is not none.
	h := recorded.Unpack(t, []byte(alpine))
	r, err := (&Reader{}).ReadStatus(ctx, h)
	if rows := recorded.Check(t, "patch_status", r); err != nil || rows[0]["missing_count"] != nil {
		t.Errorf("%v, %v", rows, err)
	}
}

// Lists are read anew only when something changed.
func TestKept(t *testing.T) {
	h := recorded.Unpack(t, []byte(debian))
	rd := &Reader{}
	if _, err := rd.Read(context.Background(), h); err != nil {
		t.Fatal(err)
	}
	stamp := rd.stamp
	rd.kept.patches = nil
	if r, _ := rd.Read(context.Background(), h); len(r.Table.Rows) != 0 || rd.stamp != stamp {
		t.Error("read again though nothing changed")
	}
	if err := os.WriteFile(filepath.Join(h.Root, dpkgStatus), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := rd.Read(context.Background(), h); err != nil || rd.stamp == stamp {
		t.Error("a change was not seen")
	}
}

func FuzzVersions(f *testing.F) {
	f.Add("1:1.0~rc1-1+b1", "1.0^git-r3_p1")
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, c := range []func(a, b string) int{compareDpkg, compareRPM, compareAPK, compareALPM} {
			if x, y := c(a, b), c(b, a); x < 0 != (y > 0) {
				t.Errorf("%q and %q: %d, and back %d", a, b, x, y)
			}
			if c(a, a) != 0 {
				t.Errorf("%q is not itself", a)
			}
		}
	})
}

func FuzzMetadata(f *testing.F) {
	f.Add("Package: a\nVersion: 1\n\n", "a\t0\t1\t1\tx86_64\tv\t1\t1\ts\n", "<updates><update type=\"security\"><pkglist><collection><package name=\"a\" version=\"2\" release=\"1\" arch=\"x86_64\"/></collection></pkglist></update></updates>")
	f.Fuzz(func(t *testing.T, list, rpms, info string) {
		stanzas(strings.NewReader(list), []string{"Package", "Version"}, func(v []string) error { return nil })
		best := map[string]*inventory.Patch{}
		installed := rpmInstalled(rpms)
		advisories(strings.NewReader(info), installed, best)
		for k := range best {
			if _, ok := installed[k]; !ok {
				t.Errorf("%s is not installed", k)
			}
		}
		apkIndex(strings.NewReader(info), map[string]string{"a": "1"}, map[string]string{})
		pacmanDatabase(strings.NewReader(info), map[string]string{"a": "1"}, map[string]string{})
	})
}

// A frame by hand: one packed block, and one that reaches back into it.
func frame() []byte {
	b := []byte{0x04, 0x22, 0x4d, 0x18, 0x40, 0x40, 0xc0}
	block := func(p ...byte) { b = append(append(b, byte(len(p)), 0, 0, 0), p...) }
	block(0x35, 'a', 'b', 'c', 3, 0, 0x10, '!')  // abcabcabcabc!
	block(0x12, '-', 14, 0, 0x30, 'e', 'n', 'd') // - and six from fourteen back, end
	b = append(b, 3, 0, 0, 0x80, 'x', 'y', 'z')  // not packed
	return append(b, 0, 0, 0, 0)
}

func TestLZ4(t *testing.T) {
	got, err := io.ReadAll(&lz4Reader{r: bytes.NewReader(frame())})
	if want := "abcabcabcabc!-abcabcendxyz"; err != nil || string(got) != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	for i := range frame() {
		if _, err := io.ReadAll(&lz4Reader{r: bytes.NewReader(frame()[:i])}); err == nil {
			t.Errorf("cut at %d it is whole", i)
		}
	}
}

func FuzzLZ4(f *testing.F) {
	f.Add(frame())
	f.Fuzz(func(t *testing.T, b []byte) {
		z := &lz4Reader{r: bytes.NewReader(b)}
		n, _ := io.Copy(io.Discard, io.LimitReader(z, 64<<20))
		if n > int64(len(b))*256+64 {
			t.Errorf("%d bytes of %d", n, len(b))
		}
	})
}

//go:build linux

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// root is the folder of another system, made for a test: a name and version,
// some accounts and a service, and packages by its own manager.
type root struct {
	t   *testing.T
	dir string
}

func newRoot(t *testing.T, release string) root {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("only root can make a root for another system: run this test as root, as .ci/run does")
	}
	r := root{t, folder(t)}
	r.put("etc/os-release", release)
	r.put("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nada:x:1000:1000:Ada:/home/ada:/bin/sh\nprinter:x:33:33::/var/spool/lpd:/usr/sbin/nologin\n")
	r.put("etc/group", "root:x:0:\nada:x:1000:\nwheel:x:10:ada\n")
	r.put("usr/lib/systemd/system/sample.service", "[Unit]\nDescription=Sample of a service\n[Service]\nExecStart=/usr/bin/sample\n[Install]\nWantedBy=multi-user.target\n")
	r.put("proc/.keep", "")
	r.put("dev/null", "") // what a program reads that is given nothing
	return r
}

func (r root) put(name, text string) {
	r.t.Helper()
	p := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// program brings a program of this machine there, with the libraries it loads.
func (r root) program(path string) {
	r.t.Helper()
	files := []string{path}
	for line := range strings.Lines(string(command(r.t, "ldd", path))) {
		for _, w := range strings.Fields(line) {
			if strings.HasPrefix(w, "/") {
				files = append(files, w)
			}
		}
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			r.t.Fatal(err)
		}
		r.put(strings.TrimPrefix(f, "/"), string(b))
		if err := os.Chmod(filepath.Join(r.dir, f), 0o755); err != nil {
			r.t.Fatal(err)
		}
	}
}

// shown has the real agent report from within the root, and answers what the
// collector then shows of it.
func (r root) shown() shown {
	t := r.t
	t.Helper()
	b, err := os.ReadFile(program(t, "muster-agent"))
	if err != nil {
		t.Fatal(err)
	}
	r.put("muster-agent", string(b))
	if err := os.Chmod(filepath.Join(r.dir, "muster-agent"), 0o755); err != nil {
		t.Fatal(err)
	}
	o := newOffice(t, "")
	o.start()
	r.put("invitation", o.inviteText(1))
	r.put("agent.yaml", "data: /data\nproxy: none\nsections: {off: [network_probe]}\nlimits: {reader_timeout: 2m}\nlog: {level: debug}\n")
	// Where nothing may be mounted, as in some containers, the agent's readers
	// need no more of /proc than the way to their program.
	script := `mount -t proc proc "$1/proc" 2>/dev/null || { mkdir -p "$1/proc/self" && ln -sf /muster-agent "$1/proc/self/exe"; }
exec chroot "$1" /muster-agent run --once --config /agent.yaml --enroll-file /invitation`
	name, args := "sh", []string{"-c", script, "sh", r.dir}
	if exec.Command("unshare", "--mount", "true").Run() == nil {
		name, args = "unshare", append([]string{"--mount", "sh"}, args...)
	}
	p := launch(t, nil, name, args...)
	if code := p.wait(t, 5*time.Minute); code != 0 {
		t.Fatalf("the agent in the root ended with %d:\n%s", code, p.out)
	}
	t.Logf("%s", p.out)
	id, err := os.ReadFile(filepath.Join(r.dir, "data", "identity.json"))
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Device string `json:"device_id"`
	}
	decode(t, string(id), &f)
	s := o.show(f.Device)
	o.stop(t)
	return s
}

// common holds what both roots have against what was put there.
func (r root) common(s shown, name, version string) {
	t := r.t
	t.Helper()
	sys := s.row(t, "os")
	if sys["name"] != name || sys["version"] != version {
		t.Errorf("system %v %v, want %s %s", sys["name"], sys["version"], name, version)
	}
	mine := map[string]bool{}
	for _, u := range s.rows(t, "user") {
		mine[fmt.Sprint(u["name"], " ", u["account_id"], " ", u["home"], " ", u["shell"])] = true
	}
	compare(t, "accounts", mine, map[string]bool{"root 0 /root /bin/sh": true, "ada 1000 /home/ada /bin/sh": true, "printer 33 /var/spool/lpd /usr/sbin/nologin": true})
	mine = map[string]bool{}
	for _, g := range s.rows(t, "group_member") {
		mine[fmt.Sprint(g["group_name"], " ", g["user_name"])] = true
	}
	if !mine["wheel ada"] {
		t.Errorf("members of groups: %v", mine)
	}
	mine = map[string]bool{}
	for _, u := range s.rows(t, "service") {
		mine[fmt.Sprint(u["name"])] = true
	}
	compare(t, "services", mine, map[string]bool{"sample.service": true})
}

// software is what is shown of one manager: name, architecture, version.
func (s shown) software(t *testing.T, source string) map[string]bool {
	t.Helper()
	list := map[string]bool{}
	for _, p := range s.rows(t, "software") {
		if p["source"] != source {
			t.Errorf("%v is said to be of %v", p["name"], p["source"])
		}
		list[fmt.Sprint(p["name"], " ", p["arch"], " ", p["version"])] = true
	}
	return list
}

// A root of Debian is shown as its own dpkg tells it.
func TestDebianRootIsShownAsItIs(t *testing.T) {
	t.Parallel()
	r := newRoot(t, "ID=debian\nNAME=\"Debian GNU/Linux\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\n")
	for _, name := range []string{"status", "available"} {
		r.put("var/lib/dpkg/"+name, "")
	}
	for _, name := range []string{"info", "updates", "triggers"} {
		r.put("var/lib/dpkg/"+name+"/.keep", "")
		os.Remove(filepath.Join(r.dir, "var/lib/dpkg", name, ".keep"))
	}
	var debs []string
	for name, version := range map[string]string{"sample-one": "1.0-1", "sample-two": "2:3.4~rc1-1+b2", "sample-held": "5", "sample-gone": "7.1"} {
		debs = append(debs, buildPackage(t, name, version))
	}
	in := func(args ...string) string {
		return string(command(t, "dpkg", append([]string{"--root=" + r.dir, "--force-not-root", "--force-bad-path", "--log=/dev/null"}, args...)...))
	}
	in(append([]string{"-i"}, debs...)...)
	in("-r", "sample-gone")
	hold := exec.Command("dpkg", "--root="+r.dir, "--set-selections")
	hold.Stdin = strings.NewReader("sample-held hold\n")
	if out, err := hold.CombinedOutput(); err != nil {
		t.Fatalf("dpkg --set-selections: %v\n%s", err, out)
	}
	system := map[string]bool{}
	for line := range strings.Lines(string(command(t, "dpkg-query", "--root="+r.dir, "-W", "-f", "${db:Status-Status} ${Package} ${Architecture} ${Version}\n"))) {
		if l, ok := strings.CutPrefix(strings.TrimSpace(line), "installed "); ok {
			system[l] = true
		}
	}
	if len(system) != 3 {
		t.Fatalf("dpkg tells of %v", system)
	}
	s := r.shown()
	compare(t, "packages", s.software(t, "dpkg"), system)
	r.common(s, "Debian GNU/Linux", "12")
}

// A root of Fedora is shown as its own rpm tells it.
func TestFedoraRootIsShownAsItIs(t *testing.T) {
	t.Parallel()
	r := newRoot(t, "ID=fedora\nNAME=\"Fedora Linux\"\nPRETTY_NAME=\"Fedora Linux 41 (Workstation Edition)\"\nVERSION_ID=41\n")
	spec := filepath.Join(folder(t), "sample.spec")
	text := `Name: sample
Version: 1.2
Release: 3.fc41
Epoch: 1
Summary: Sample
License: MIT
Vendor: Sample Office
%description
Nothing.
%package tools
Summary: Tools
Epoch: 0
Version: 9~rc1
BuildArch: noarch
%description tools
Nothing.
%package docs
Summary: Docs
BuildArch: noarch
%description docs
Nothing.
%files
%files tools
%files docs
`
	if err := os.WriteFile(spec, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	top := filepath.Dir(spec)
	command(t, "rpmbuild", "-bb", "--define", "_topdir "+top, spec)
	rpms, err := filepath.Glob(filepath.Join(top, "RPMS", "*", "*.rpm"))
	if err != nil || len(rpms) != 3 {
		t.Fatalf("rpmbuild made %v, error %v", rpms, err)
	}
	// Debian's rpm keeps a database of its own in a home; Fedora's place is told.
	const place = "_dbpath /usr/lib/sysimage/rpm"
	in := func(args ...string) string {
		return string(command(t, "rpm", append([]string{"--root", r.dir, "--define", place}, args...)...))
	}
	in("--initdb")
	in(append([]string{"-i", "--nodeps", "--nosignature"}, rpms...)...)
	in("-e", "sample-docs")
	system := map[string]bool{}
	for line := range strings.Lines(in("-qa", "--qf", "%{NAME} %{ARCH} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\n")) {
		// An epoch of 0 is none.
		system[strings.Replace(strings.TrimSpace(line), " 0:", " ", 1)] = true
	}
	if len(system) != 2 {
		t.Fatalf("rpm tells of %v", system)
	}
	path, err := exec.LookPath("rpm")
	if err != nil {
		t.Fatal(err)
	}
	r.program(path)
	if path != "/usr/bin/rpm" {
		t.Fatalf("rpm is %s, where the agent does not look", path)
	}
	if err := os.CopyFS(filepath.Join(r.dir, "usr/lib/rpm"), os.DirFS("/usr/lib/rpm")); err != nil {
		t.Fatal(err)
	}
	r.put("usr/lib/rpm/macros.d/macros.fedora", "%"+place+"\n")
	s := r.shown()
	compare(t, "packages", s.software(t, "rpm"), system)
	r.common(s, "Fedora Linux", "41")
	if n := len(s.rows(t, "change_log")); n != 2 {
		t.Errorf("%d changes are told of, want the two packages that were installed", n)
	}
}

//go:build linux

package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// packages builds packages into a folder, as ARCHES, SYSTEMS and NAMES say.
func packages(t *testing.T, which ...string) string {
	t.Helper()
	dir := folder(t)
	cmd := exec.Command("make", "-s", "packages", "DIST="+dir)
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), which...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make packages: %v\n%s", err, out)
	}
	return dir
}

// one is the file in a folder that matches.
func one(t *testing.T, dir, pattern string) string {
	t.Helper()
	l, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(l) != 1 {
		t.Fatalf("%s in %s: %v %v", pattern, dir, l, err)
	}
	return l[0]
}

// Both packages do on a Debian what an administrator wants of them: installed,
// one enrolment string shows the machine on the collector; upgrades keep what
// was changed, an older one is refused, removal keeps data, purge leaves
// nothing. All in a copy of this machine that is thrown away: a layer over its
// file system, a network and processes of its own.
func TestPackages(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("packages are installed by root")
	}
	mine := []string{"ARCHES=" + runtime.GOARCH, "SYSTEMS=linux"}
	first := packages(t, mine...)
	t.Run("equal", func(t *testing.T) {
		equal(t, first, packages(t, mine...), 6)
	})
	if out, err := exec.Command("unshare", "--mount", "--net", "--pid", "--fork", "sh", "-c", "mount -t tmpfs none /mnt").CombinedOutput(); err != nil {
		t.Skipf("no file system of one's own here: %v: %s", err, out)
	}
	for name, steps := range map[string]string{
		"deb": layer + debSteps,
		"rpm": layer + rpmSteps,
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", steps, "sh",
				packageOf(t, first, "muster", name), packageOf(t, first, "muster-agent", name))
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "\nALL WELL\n") {
				t.Fatalf("%v\n%s", err, out)
			}
		})
	}
}

// equal holds two builds of one commit, of so many files, against each other.
func equal(t *testing.T, first, second string, files int) {
	t.Helper()
	a, err := os.ReadFile(filepath.Join(first, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(second, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) || bytes.Count(a, []byte("\n")) != files {
		t.Errorf("two builds of one commit differ, or are not %d files:\n%s\n%s", files, a, b)
	}
}

func packageOf(t *testing.T, dir, name, form string) string {
	t.Helper()
	if form == "deb" {
		return one(t, dir, name+"_*.deb")
	}
	return one(t, dir, name+"-[0-9]*.rpm")
}

// layer makes the copy and goes on in it: what is written goes to memory.
const layer = `
set -eu
say() { echo "== $*"; }
fail() { echo "FAILED: $*"; exit 1; }
umask 022
mount --make-rprivate /
mount -t tmpfs -o size=2g none /mnt
mkdir /mnt/upper /mnt/work /mnt/root /mnt/packages
cp "$1" "$2" /mnt/packages/
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
mount -t proc proc /mnt/root/proc
mount --rbind /sys /mnt/root/sys
mount --rbind /dev /mnt/root/dev
mount -t tmpfs none /mnt/root/tmp
mkdir /mnt/root/tmp/packages
mount --bind /mnt/packages /mnt/root/tmp/packages
ip link set lo up
there="chroot /mnt/root env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive"
inside() { $there "$@"; }
collector=/tmp/packages/$(basename "$1") agent=/tmp/packages/$(basename "$2")
# Runs a service as its unit says, but for the sandbox.
serve() {
	line=$(sed -n 's/^ExecStart=//p' /mnt/root/usr/lib/systemd/system/$1.service)
	caps=$(sed -n 's/^AmbientCapabilities=//p' /mnt/root/usr/lib/systemd/system/$1.service | tr ' ' '\n' | sed -n 's/^CAP_\(.*\)/+\1/p' | tr 'A-Z\n' 'a-z,' | sed 's/,$//')
	$there setpriv --reuid $1 --regid $1 --init-groups --bounding-set "-all${caps:+,$caps}" --inh-caps "-all${caps:+,$caps}" --ambient-caps "-all${caps:+,$caps}" $line >/mnt/$1.log 2>&1 &
}
# Waits up to a minute until a command is well.
await() { n=0; until "$@" >/mnt/said 2>&1; do n=$((n + 1)); [ $n -lt 300 ] || { cat /mnt/*.log /mnt/said; fail "$*"; }; sleep 0.2; done; }
owned() { [ "$(inside stat -c '%U:%G %a' $1)" = "$2" ] || fail "$1 is $(inside stat -c '%U:%G %a' $1), want $2"; }
`

const debSteps = `
say install
inside dpkg -i $collector $agent
inside dpkg -s muster muster-agent | grep -c '^Status: install ok installed' | grep -qx 2 || fail "not installed"
owned /var/lib/muster "muster:muster 700"
owned /var/lib/muster-agent "muster-agent:muster-agent 700"
owned /etc/muster/muster.yaml "root:muster 640"
owned /etc/muster-agent/agent.yaml "root:muster-agent 640"
inside muster version; inside muster-agent version
inside muster config check /etc/muster/muster.yaml

say "one enrolment shows the machine"
serve muster; served=$!
await inside muster status
inside muster enroll new | tail -n 1 >/mnt/invitation
inside muster-agent enroll <"/mnt/invitation" >/mnt/said 2>&1 && fail "nothing here starts services, and enroll says that it did"
grep -q 'The string is in\|the string is in' /mnt/said || { cat /mnt/said; fail "enroll does not say where the string is"; }
owned /etc/muster-agent/invitation "root:root 600"
serve muster-agent; reporting=$!
heard() { inside muster device list | grep -q "$(hostname)"; }
await heard
inside muster device show "$(hostname)" | head -n 20
inside muster-agent enroll <"/mnt/invitation" >/mnt/said 2>&1 && fail "enrolled twice"
grep -q 'enrolled already' /mnt/said || { cat /mnt/said; fail "enroll does not say that it is enrolled"; }
kill $reporting $served; wait $reporting $served || :

say "an upgrade keeps what was changed"
echo "# our own line" >>/mnt/root/etc/muster/muster.yaml
newer() {
	rm -rf /mnt/root/tmp/n; inside dpkg-deb -R $1 /tmp/n
	sed -i 's/^Version: .*/Version: 99.0.0-1/' /mnt/root/tmp/n/DEBIAN/control
	sed -i 's/gt "[^"]*"/gt "99.0.0-1"/' /mnt/root/tmp/n/DEBIAN/preinst
	inside dpkg-deb -Znone -b /tmp/n /tmp/$2 >/dev/null
}
newer $collector muster.deb; newer $agent muster-agent.deb
inside dpkg -i /tmp/muster.deb /tmp/muster-agent.deb </dev/null
grep -q "our own line" /mnt/root/etc/muster/muster.yaml || fail "the upgrade took the settings"
[ -s /mnt/root/var/lib/muster-agent/identity.json ] || fail "the upgrade took the identity"
inside dpkg-query -W -f '${Version}\n' muster | grep -qx 99.0.0-1 || fail "not upgraded"

say "an older one is refused"
inside dpkg -i $collector >/mnt/said 2>&1 && fail "an older package went in"
grep -q 'is installed, and this is the older' /mnt/said || { cat /mnt/said; fail "the refusal does not say why"; }
inside dpkg-query -W -f '${Version} ${db:Status-Status}\n' muster | grep -qx '99.0.0-1 installed' || fail "the refusal left a mess"

say "removal keeps data"
inside dpkg -r muster muster-agent
[ -s /mnt/root/var/lib/muster-agent/identity.json ] || fail "removal took the identity"
[ ! -e /mnt/root/usr/bin/muster ] || fail "removal left the program"

say "purge leaves nothing"
inside dpkg -P muster muster-agent
inside getent passwd muster muster-agent && fail "accounts are left"
left=$(cd /mnt/upper && find . -type f ! -path './var/lib/dpkg/*' ! -path './var/log/*' ! -path './var/cache/*' ! -path './etc/passwd*' ! -path './etc/group*' ! -path './etc/shadow*' ! -path './etc/gshadow*' ! -path './etc/subuid*' ! -path './etc/subgid*' ! -path './etc/.pwd.lock' ! -path './tmp/*' ! -path './root/.*')
[ -z "$left" ] || fail "left: $left"
echo; echo "ALL WELL"
`

// rpm's database is made in the copy: Debian's has no packages in it.
const rpmSteps = `
say install
inside rpm -i --nodeps $collector $agent
inside rpm -q muster muster-agent
owned /var/lib/muster "muster:muster 700"
owned /etc/muster-agent/agent.yaml "root:muster-agent 640"
inside rpm -V --nodeps muster-agent | grep -v ' c \| /etc/muster-agent$' && fail "rpm -V finds changes"
inside muster config check /etc/muster/muster.yaml
inside muster-agent report os
say "settings that were changed stay, and so do data"
echo "# our own line" >>/mnt/root/etc/muster-agent/agent.yaml
echo x >/mnt/root/var/lib/muster-agent/kept
inside rpm -U --nodeps --replacepkgs $agent
grep -q "our own line" /mnt/root/etc/muster-agent/agent.yaml || fail "the upgrade took the settings"
inside rpm -e muster muster-agent
[ ! -e /mnt/root/usr/bin/muster-agent ] || fail "removal left the program"
[ -e /mnt/root/var/lib/muster-agent/kept ] || fail "removal took the data"
echo; echo "ALL WELL"
`

//go:build linux

package e2e

import (
	"archive/zip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// unzip unpacks an archive's files into one folder.
func unzip(t *testing.T, archive, dir string) {
	t.Helper()
	r, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(f.Name)), b, 0o700); err != nil {
			t.Fatal(err)
		}
	}
}

// The script of the macOS archive installs, upgrades, refuses, removes and
// purges as it says. It runs in a copy of this machine that is thrown away,
// where uname says Darwin, launchctl writes down what it is told, and the
// program is that for Linux: what a Mac does with it is not shown here.
func TestMacInstaller(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("the script is run by root")
	}
	dist := packages(t, "ARCHES=arm64", "SYSTEMS=darwin", "NAMES=muster-agent")
	if out, err := exec.Command("unshare", "--mount", "--net", "--pid", "--fork", "sh", "-c", "mount -t tmpfs none /mnt").CombinedOutput(); err != nil {
		t.Skipf("no file system of one's own here: %v: %s", err, out)
	}
	o := newOffice(t, "")
	o.start()
	invitation := filepath.Join(o.dir, "invitation.txt")
	if err := os.WriteFile(invitation, []byte(o.inviteText(1)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	archive := one(t, dist, "*.tar.gz")
	if out, err := exec.Command("tar", "-tzvf", archive).CombinedOutput(); err != nil || strings.Count(string(out), "\n") != 6 ||
		!strings.Contains(string(out), "/install.sh") || !strings.Contains(string(out), "/muster-agent.plist") {
		t.Fatalf("the archive holds, %v:\n%s", err, out)
	}
	cmd := exec.Command("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", layer+macSteps, "sh", archive, invitation, program(t, "muster-agent"))
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "\nALL WELL\n") {
		t.Fatalf("%v\n%s", err, out)
	}
}

const macSteps = `
cp "$3" /mnt/packages/program
here=/mnt/root/tmp/here
mkdir $here
tar -xzf /mnt/packages/$(basename "$1") -C $here --strip-components=1
cp /mnt/packages/program $here/muster-agent
mkdir -p /mnt/root/Library/LaunchDaemons /mnt/root/Library/Logs "/mnt/root/Library/Application Support"
cat >/mnt/root/usr/sbin/launchctl <<'END'
#!/bin/sh
echo "$*" >>/tmp/launched
case $1 in
bootstrap) [ -x /usr/local/bin/muster-agent ] && [ -f "$3" ] && : >/tmp/loaded ;;
bootout) rm /tmp/loaded ;;
print) [ -e /tmp/loaded ] ;;
esac
END
chmod 755 /mnt/root/usr/sbin/launchctl
rm /mnt/root/usr/bin/uname /mnt/root/bin/uname 2>/dev/null || :
printf '#!/bin/sh\necho Linux\n' >/mnt/root/usr/bin/uname; chmod 755 /mnt/root/usr/bin/uname
run() { inside /tmp/here/install.sh "$@" >/mnt/said 2>&1; }
says() { grep -q "$1" /mnt/said || { cat /mnt/said; fail "it does not say $1"; }; }
support="/Library/Application Support/Muster Agent"

say "not here"
run && fail "installed on Linux"
says "is for macOS"
sed -i s/Linux/Darwin/ /mnt/root/usr/bin/uname
run --what && fail "a wrong flag was taken"
says "enroll-file FILE"
[ -z "$(ls /mnt/root/Library/LaunchDaemons)" ] || fail "something was installed"

say "a wrong string changes nothing"
echo nonsense >/mnt/root/tmp/nonsense
run --enroll-file /tmp/nonsense && fail "nonsense was taken"
says "nothing was changed"
[ ! -e /mnt/root/usr/local/bin/muster-agent ] && [ ! -e /mnt/root/usr/local/bin/muster-agent.new ] || fail "a program was left"

say install
run --enroll-file /tmp/packages/$(basename "$2") || { cat /mnt/said; fail "not installed"; }
owned /usr/local/bin/muster-agent "root:root 755"
[ "$(inside stat -c '%U %a' "$support")" = "root 700" ] || fail "the folder is open"
[ "$(inside stat -c '%U %a' "$support/agent.yaml")" = "root 600" ] || fail "the settings are open"
[ "$(inside stat -c '%U %a' /Library/LaunchDaemons/muster-agent.plist)" = "root 644" ] || fail "the list is not there"
cmp -s /mnt/packages/$(basename "$2") /mnt/root/etc/muster-agent/invitation || fail "the string is not kept"
[ -e /mnt/root/tmp/loaded ] || fail "not started"
tail -n 1 /mnt/root/tmp/launched | grep -qx "bootstrap system /Library/LaunchDaemons/muster-agent.plist" || fail "started by $(tail -n 1 /mnt/root/tmp/launched)"

say "once more, and an upgrade, keep what was changed"
echo "# our own line" >>"/mnt/root$support/agent.yaml"
run || { cat /mnt/said; fail "not once more"; }
sed -i "s/^name=muster-agent version=.*/name=muster-agent version='99.0.0+x'/" $here/install.sh
run || { cat /mnt/said; fail "no upgrade"; }
grep -q "our own line" "/mnt/root$support/agent.yaml" || fail "the upgrade took the settings"
[ -e /mnt/root/tmp/loaded ] || fail "not started after the upgrade"

say "an older one is refused"
sed -i "s/^name=muster-agent version=.*/name=muster-agent version='98.12.7+y'/" $here/install.sh
run && fail "an older one went in"
says "99.0.0+x is installed, and this is the older 98.12.7+y"
run --allow-downgrade || { cat /mnt/said; fail "not by force"; }

say "wrong settings are told before anything is touched"
echo "nonsense: 1" >>"/mnt/root$support/agent.yaml"
: >/mnt/root/tmp/launched
run && fail "installed over wrong settings"
says "correct the settings"
[ ! -s /mnt/root/tmp/launched ] && [ -e /mnt/root/tmp/loaded ] || fail "the service was touched"

say "removal keeps data, purge leaves nothing"
run --uninstall || { cat /mnt/said; fail "not removed"; }
[ ! -e /mnt/root/usr/local/bin/muster-agent ] && [ ! -e /mnt/root/Library/LaunchDaemons/muster-agent.plist ] && [ ! -e /mnt/root/tmp/loaded ] || fail "left"
grep -q "our own line" "/mnt/root$support/agent.yaml" || fail "removal took the settings"
: >/mnt/root/Library/Logs/muster-agent.log; : >/mnt/root/Library/Logs/muster-agent.log.1
run --uninstall --purge || { cat /mnt/said; fail "not purged"; }
left=$(find /mnt/root/Library -type f)
[ -z "$left" ] || fail "left: $left"
echo; echo "ALL WELL"
`

//go:build linux

package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// deviceCount is how many devices the collector knows.
func (o *office) deviceCount() int {
	o.t.Helper()
	return strings.Count(o.must("device", "list", "-o", "csv"), "\n") - 1
}

// A laptop that is docked, renamed, taken elsewhere and undocked stays the
// device that it was: cards come and go as rows, and nobody is asked to merge.
func TestDockAndUndock(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.inside()
	p := &played{t: t, data: filepath.Join(o.dir, "laptop"), host: machine(t, "fedora-laptop"), invited: o.inviteText(1)}
	p.must()
	id := p.device()
	const card = "enx00e04c680001"
	file := func(name, text string) {
		t.Helper()
		at := filepath.Join(p.host.Root, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	has := func(want bool, when string) {
		t.Helper()
		found := false
		for _, r := range o.show(id).rows(t, "interface") {
			found = found || fmt.Sprint(r["name"]) == card
		}
		if found != want {
			t.Errorf("%s the dock's network card is listed: %v, want %v", when, found, want)
		}
		if p.device() != id || o.deviceCount() != 1 {
			t.Errorf("%s the collector knows %d devices; it was %s and is %s", when, o.deviceCount(), id, p.device())
		}
		if out := o.must("enroll", "approvals", "-o", "csv"); strings.Count(out, "\n") > 1 {
			t.Errorf("%s somebody is asked: %s", when, out)
		}
	}
	has(false, "before")
	for range 3 {
		at := "/sys/class/net/" + card
		for name, text := range map[string]string{"ifindex": "77", "iflink": "77", "type": "1", "mtu": "1500", "address": "00:e0:4c:68:00:01", "flags": "0x1003", "carrier": "1", "operstate": "up"} {
			file(at+"/"+name, text)
		}
		file("/etc/hostname", "docked-laptop")
		p.must()
		has(true, "docked")
		if err := os.RemoveAll(filepath.Join(p.host.Root, at)); err != nil {
			t.Fatal(err)
		}
		file("/etc/hostname", "travelling-laptop")
		p.must()
		has(false, "undocked")
	}
}

// A disk that turns read-only under the agent, as ext4 does after an error,
// neither ends it nor makes it write a storm of complaints. After the restart
// that mends such a disk it goes on as the device that it was.
func TestDiskTurnsReadOnly(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root may mount: run this as root, as .ci/run does")
	}
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		t.Skipf("no file can be mounted here as a disk: %v", err)
	}
	run := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s %q: %v\n%s", name, args, err, out)
		}
	}
	o := newOffice(t, "")
	o.start()
	e := o.newEndpoint("sample: 10s\nsections: {off: [network_probe]}\n")
	if err := os.MkdirAll(e.data, 0o700); err != nil {
		t.Fatal(err)
	}
	disk := filepath.Join(o.dir, "disk.img")
	run("truncate", "-s", "64M", disk)
	run("mkfs.ext4", "-q", disk)
	run("mount", "-o", "loop", disk, e.data)
	t.Cleanup(func() { _ = exec.Command("umount", "-l", e.data).Run() })
	if err := os.Chmod(e.data, 0o700); err != nil {
		t.Fatal(err)
	}
	e.start()
	reported := func(since time.Time) {
		t.Helper()
		eventually(t, 3*time.Minute, func() error {
			if e.device() == "" {
				return fmt.Errorf("not enrolled:\n%s", e.out)
			}
			if s := o.show(e.device()); s.Sections["os"] == nil || !s.Device.LastSeen.After(since) {
				return fmt.Errorf("no report has arrived, seen last %s:\n%s", s.Device.LastSeen, tail(e.out.String(), 20))
			}
			return nil
		})
	}
	reported(time.Time{})
	id := e.device()

	before := strings.Count(e.out.String(), "\n")
	run("mount", "-o", "remount,abort", e.data)
	if err := os.WriteFile(filepath.Join(e.data, "x"), nil, 0o600); !errors.Is(err, syscall.EROFS) {
		t.Fatalf("the disk is not read-only: %v", err)
	}
	eventually(t, 2*time.Minute, func() error {
		if !strings.Contains(e.out.String(), "read-only file system") {
			return fmt.Errorf("the agent does not say that it cannot write:\n%s", tail(e.out.String(), 20))
		}
		return nil
	})
	time.Sleep(30 * time.Second) // three samples more
	if said := strings.Count(e.out.String(), "\n") - before; said > 60 {
		t.Errorf("%d lines of complaints:\n%s", said, tail(e.out.String(), 60))
	}
	if err := e.cmd.Process.Signal(syscall.Signal(0)); err != nil {
		t.Fatalf("the agent ended: %v\n%s", err, tail(e.out.String(), 20))
	}

	e.stop(t)
	run("umount", e.data)
	if out, err := exec.Command("fsck.ext4", "-y", disk).CombinedOutput(); err != nil && exec.Command("fsck.ext4", "-n", disk).Run() != nil {
		t.Fatalf("the disk is not mended: %v\n%s", err, out)
	}
	run("mount", "-o", "loop", disk, e.data)
	again := time.Now()
	e.start()
	reported(again)
	e.stop(t)
	if e.device() != id || o.deviceCount() != 1 {
		t.Errorf("the collector knows %d devices; it was %s and is %s", o.deviceCount(), id, e.device())
	}
}

package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/agent/gather"
	"muster/agent/gather/self"
	"muster/agent/host"
	"muster/internal/inventory"
	"muster/internal/report"
)

// TestMain lets the test's own program be the child that reads a section.
func TestMain(m *testing.M) {
	if len(os.Args) > 3 && os.Args[1] == "collect" {
		b := Bounds{}
		for i, a := range os.Args {
			switch a {
			case "--memory":
				b.Memory, _ = strconv.ParseInt(os.Args[i+1], 10, 64)
			case "--within":
				b.Within, _ = time.ParseDuration(os.Args[i+1])
			}
		}
		if err := answer(context.Background(), os.Stdout, badly(), os.Args[3], b); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// badly are sections read well and in all the ways that a reader goes wrong.
func badly() []gather.Section {
	part := func(name string, read func() (gather.Reading, error)) gather.Section {
		return apart(name, func(context.Context, *host.Host) (gather.Reading, error) { return read() })
	}
	return []gather.Section{
		part("volume", func() (gather.Reading, error) {
			free := int64(7)
			return gather.Rows([]inventory.Volume{{Mount: "/", SizeBytes: 1 << 40, FreeBytes: &free}}, "proc")
		}),
		part("software", func() (gather.Reading, error) {
			r, err := gather.Rows([]inventory.Software{{Name: "a"}}, "dpkg")
			r.Faults = []string{"/var/lib/x: damaged"}
			return r, err
		}),
		part("gpu", func() (gather.Reading, error) {
			return gather.Reading{}, fmt.Errorf("no bus: %w", errors.ErrUnsupported)
		}),
		part("user", func() (gather.Reading, error) {
			return gather.Reading{}, fmt.Errorf("open /etc/shadow: %w", fs.ErrPermission)
		}),
		part("cpu", func() (gather.Reading, error) { // in a goroutine, where nobody recovers
			go func() { panic("index out of range") }()
			select {}
		}),
		part("memory", func() (gather.Reading, error) {
			var all [][]byte
			for {
				b := make([]byte, 1<<20)
				for i := 0; i < len(b); i += 4096 {
					b[i] = 1
				}
				all = append(all, b)
				if len(all) > 4096 {
					return gather.Reading{}, errors.New("nobody stopped it")
				}
			}
		}),
		part("disk", func() (gather.Reading, error) { // a fault signal: the file ends before the mapping
			f, err := os.CreateTemp("", "muster-cut-*")
			if err != nil {
				return gather.Reading{}, err
			}
			defer os.Remove(f.Name())
			if err := f.Truncate(8192); err != nil {
				return gather.Reading{}, err
			}
			m, err := unix.Mmap(int(f.Fd()), 0, 8192, unix.PROT_READ, unix.MAP_SHARED)
			if err != nil {
				return gather.Reading{}, err
			}
			if err := f.Truncate(0); err != nil {
				return gather.Reading{}, err
			}
			return gather.Reading{Sources: []string{string(m[4096:4097])}}, nil
		}),
		part("os", func() (gather.Reading, error) { // deaf, with a program of its own
			c := exec.Command("sleep", "600")
			if err := c.Start(); err != nil {
				return gather.Reading{}, err
			}
			pids := fmt.Sprint(os.Getpid(), " ", c.Process.Pid)
			if err := os.WriteFile(os.Getenv("TZ"), []byte(pids), 0o600); err != nil {
				return gather.Reading{}, err
			}
			select {}
		}),
		part("boot", func() (gather.Reading, error) {
			os.Stdout.Write(bytes.Repeat([]byte{0}, mostAnswer+1))
			return gather.Reading{}, nil
		}),
		part("interface", func() (gather.Reading, error) {
			os.Stdout.WriteString("not CBOR")
			os.Exit(0)
			return gather.Reading{}, nil
		}),
	}
}

func testChild(t *testing.T, limit time.Duration) *child {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &child{program: exe, memory: 48 << 20, limit: limit}
}

func TestSectionsReadApart(t *testing.T) {
	c := testChild(t, 20*time.Second)
	for section, want := range map[string]struct {
		status report.Status
		reason string
	}{
		"volume":    {report.OK, ""},
		"software":  {report.Partial, "/var/lib/x: damaged"},
		"gpu":       {report.Unsupported, "no bus"},
		"user":      {report.Denied, "open /etc/shadow: permission denied"},
		"cpu":       {report.Failed, "its process crashed: exit status 2: panic: index out of range"},
		"memory":    {report.Failed, "its process crashed: exit status "},
		"disk":      {report.Failed, "its process crashed: exit status 2: "},
		"boot":      {report.Failed, "its process answered more than "},
		"interface": {report.Failed, "answer of its process: malformed"},
		"power":     {report.Failed, `its process crashed: exit status 1: section "power" is not read on this system`},
	} {
		t.Run(section, func(t *testing.T) {
			t.Parallel()
			r, err := c.read(t.Context(), section)
			status, reason := gather.StatusOf(r, err)
			if status != want.status || !strings.HasPrefix(reason, want.reason) {
				t.Fatalf("%s: %q, want %s: %q", status, reason, want.status, want.reason)
			}
			if section != "volume" {
				return
			}
			schema, _ := inventory.Lookup(section)
			got, faults, err := schema.Conform(r.Table)
			free := int64(7)
			here, _ := gather.Rows([]inventory.Volume{{Mount: "/", SizeBytes: 1 << 40, FreeBytes: &free}}, "proc")
			direct, _, _ := schema.Conform(here.Table)
			if err != nil || len(faults) > 0 || schema.HashTable(got) != schema.HashTable(direct) || latestHash(schema, got) != latestHash(schema, direct) {
				t.Errorf("read apart it is %v (%v, %v), here %v", got, faults, err, direct)
			}
		})
	}
}

// What children cost is the agent's cost, whatever became of them.
func TestChildrenAreCounted(t *testing.T) {
	before := spent()
	own, err := self.Measure()
	if err != nil {
		t.Fatal(err)
	}
	c := testChild(t, 20*time.Second)
	for _, section := range []string{"volume", "memory"} {
		_, _ = c.read(t.Context(), section)
	}
	after, err := self.Measure()
	if err != nil {
		t.Fatal(err)
	}
	if after.ChildrenSeconds <= own.ChildrenSeconds || spent() <= before {
		t.Errorf("processor time of children before %v, after %v", own, after)
	}
	if after.ChildrenRSS < 30<<20 || after.ChildrenRSS > 1<<30 {
		t.Errorf("the child that ate is said to have taken %d bytes", after.ChildrenRSS)
	}
}

// A reader that is deaf is ended with all that it started.
func TestADeafChildIsEndedWithItsGroup(t *testing.T) {
	note := filepath.Join(t.TempDir(), "pids")
	t.Setenv("TZ", note) // all that a child gets of our environment
	begin := time.Now()
	_, err := testChild(t, 2*time.Second).read(t.Context(), "os")
	if err == nil || err.Error() != "did not answer within 2s" {
		t.Fatalf("error %v", err)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("that took %s", took)
	}
	b, err := os.ReadFile(note)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range strings.Fields(string(b)) {
		pid, _ := strconv.Atoi(p)
		for range 100 {
			if gone(pid) {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		if !gone(pid) {
			t.Errorf("process %d is still there", pid)
		}
	}
}

// gone says that a process ended, though nobody may have taken note yet.
func gone(pid int) bool {
	if errors.Is(unix.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || bytes.Contains(b, []byte(") Z "))
}

// A child is behind all others for processor and disk, and bounded.
func TestAChildIsConfined(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	note := filepath.Join(t.TempDir(), "pids")
	cmd := exec.Command(exe, "collect", "--section", "os", "--memory", "50000000", "--within", "30s")
	cmd.Env = []string{"TZ=" + note, "PATH=/usr/bin:/bin"}
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer endGroup(cmd.Process)
	var pids string
	for range 500 {
		b, _ := os.ReadFile(note)
		if pids = string(b); pids != "" {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	pid := cmd.Process.Pid
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Max address space", "Max data size", "Max core file size", "Max cpu time"} {
		for line := range strings.Lines(string(b)) {
			if strings.HasPrefix(line, name) && strings.Contains(line, "unlimited") {
				t.Error(line)
			}
		}
	}
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/stat", pid, task.Name()))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(b), ") ")
		if f := strings.Fields(rest); f[16] != strconv.Itoa(later) { // nice is the 19th of all
			t.Errorf("thread %s runs at niceness %s, want %d", task.Name(), f[16], later)
		}
		tid, _ := strconv.Atoi(task.Name())
		if v, _, errno := unix.Syscall(unix.SYS_IOPRIO_GET, 1, uintptr(tid), 0); errno != 0 || v != idle {
			t.Errorf("thread %s has I/O priority %d (%v), want idle", task.Name(), v, errno)
		}
	}
}

// The whole way: one bad section among good ones, in the agent's own round.
func TestABadChildCostsOnlyItsSection(t *testing.T) {
	list := badly()
	rs, err := newReadings(host.Local(), list, 20*time.Second, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	rs.child, rs.patience = testChild(t, 5*time.Second), 20*time.Second
	t.Setenv("TZ", filepath.Join(t.TempDir(), "pids"))
	got := map[string]report.Section{}
	for _, s := range rs.read(t.Context(), time.Now()) {
		got[s.Name] = s
	}
	if len(got) != len(list) {
		t.Errorf("%d of %d sections are told", len(got), len(list))
	}
	for name, want := range map[string]report.Status{"volume": report.OK, "software": report.Partial, "gpu": report.Unsupported,
		"user": report.Denied, "cpu": report.Failed, "memory": report.Failed, "disk": report.Failed, "os": report.Failed} {
		if got[name].Status != want {
			t.Errorf("%s is %s (%s), want %s", name, got[name].Status, got[name].Reason, want)
		}
	}
}

// In the agent itself a fault signal is a panic, which ends the reading alone.
func TestAFaultSignalHereEndsTheReading(t *testing.T) {
	list := badly()
	i := slices.IndexFunc(list, func(s gather.Section) bool { return s.Name == "disk" })
	rs, err := newReadings(host.Local(), list[i:i+1], 20*time.Second, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	got := rs.read(t.Context(), time.Now())
	if len(got) != 1 || got[0].Status != report.Failed || !strings.HasPrefix(got[0].Reason, "reader crashed: runtime error: ") {
		t.Errorf("%+v", got)
	}
}

func FuzzOpened(f *testing.F) {
	b, err := report.Marshal(report.Section{Name: "volume", Sources: []string{"proc"}, Columns: []string{"mount", "size_bytes"}, Rows: [][]any{{"/", 1}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("{}"))
	schema, _ := inventory.Lookup("volume")
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := opened("volume", b)
		if err == nil {
			_, _, _ = schema.Conform(r.Table)
		}
		gather.StatusOf(r, err)
	})
}

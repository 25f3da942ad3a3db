package agent

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"muster/agent/config"
)

// bind holds this process and its children to their limits: by a control group
// of its own where the system lets it have one, otherwise by its own care, that
// is a goal for the heap, a bound on what can be written to, and the rests of
// the pacer. The error says why it is not a control group.
func bind(l config.Limits) (caps, error) {
	// In both cases the collector of garbage keeps away from the bound.
	debug.SetMemoryLimit(half(l) * 3 / 4)
	c, err := (&group{root: "/sys/fs/cgroup", proc: "/proc/self/cgroup", pid: os.Getpid(), delegated: delegated}).bind(l)
	if err == nil {
		return c, nil
	}
	_, data, terr := taken()
	if terr != nil {
		return caps{}, errors.Join(err, terr)
	}
	most := uint64(data) + uint64(half(l))
	var have unix.Rlimit
	if gerr := unix.Getrlimit(unix.RLIMIT_DATA, &have); gerr == nil {
		most = min(most, have.Max)
	}
	if serr := unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: most, Max: have.Max}); serr != nil {
		return caps{}, errors.Join(err, fmt.Errorf("setrlimit: %w", serr))
	}
	return caps{memory: int64(l.Memory), cpu: l.CPU, by: "self"}, err
}

// group is the control group this process was started in, of version 2
// (Documentation/admin-guide/cgroup-v2.rst of the kernel).
type group struct {
	root, proc string // where the groups are mounted; which one is ours
	pid        int
	delegated  func(dir string) bool
}

// leaf is the group below it that the agent makes for itself: what has
// controllers for those below may hold no process.
const leaf = "agent"

// bind moves this process into a group of its own with the limits. What was
// changed before a failure is changed back.
func (g *group) bind(l config.Limits) (caps, error) {
	own, err := g.own()
	if err != nil {
		return caps{}, err
	}
	dir := filepath.Join(g.root, own)
	b, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	if err != nil {
		return caps{}, fmt.Errorf("no control groups of version 2 here: %w", err)
	}
	has := func(name string) bool { return bytes.Contains(append([]byte(" "), b...), []byte(" "+name)) }
	if !has("memory") || !has("cpu") {
		return caps{}, fmt.Errorf("the control group %s has no controllers of memory and processor", own)
	}
	if !g.delegated(dir) {
		return caps{}, fmt.Errorf("the control group %s is not ours to divide: set Delegate=yes in the unit", own)
	}
	sub := filepath.Join(dir, leaf)
	if err := os.Mkdir(sub, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return caps{}, fmt.Errorf("make control group: %w", err)
	}
	if err := write(sub, "cgroup.procs", strconv.Itoa(g.pid)); err != nil {
		os.Remove(sub)
		return caps{}, fmt.Errorf("enter control group: %w", err)
	}
	back := func(err error) (caps, error) {
		if berr := write(dir, "cgroup.procs", strconv.Itoa(g.pid)); berr == nil {
			os.Remove(sub)
		}
		return caps{}, err
	}
	// Refused with EBUSY when others are in the group that we were in.
	if err := write(dir, "cgroup.subtree_control", "+memory +cpu"); err != nil {
		return back(fmt.Errorf("divide control group: %w", err))
	}
	const period = 100_000 // microseconds, the kernel's own default
	for _, w := range [][2]string{
		{"memory.max", strconv.FormatInt(int64(l.Memory), 10)},
		{"memory.high", strconv.FormatInt(int64(l.Memory)/10*9, 10)},
		{"cpu.max", fmt.Sprintf("%d %d", l.CPU*period/100, period)},
	} {
		if err := write(sub, w[0], w[1]); err != nil {
			return back(fmt.Errorf("limit control group: %w", err))
		}
	}
	return caps{memory: int64(l.Memory), cpu: l.CPU, by: "cgroup"}, nil
}

// own is the path of this process' group of version 2; see cgroups(7). After
// an upgrade in place it is the leaf already, whose parent is meant.
func (g *group) own() (string, error) {
	b, err := os.ReadFile(g.proc)
	if err != nil {
		return "", fmt.Errorf("own control group: %w", err)
	}
	for line := range strings.Lines(string(b)) {
		p, ok := strings.CutPrefix(strings.TrimSpace(line), "0::")
		if !ok {
			continue
		}
		if p = path.Clean("/" + p); path.Base(p) == leaf {
			p = path.Dir(p)
		}
		return p, nil
	}
	return "", errors.New("no control groups of version 2 here")
}

// write writes an attribute of a group. It makes no file.
func write(dir, name, value string) error {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// delegated says whether a group was handed over to us: systemd marks such
// ones with an extended attribute (systemd.exec(5), Delegate=), and gives them
// to the unit's account.
func delegated(dir string) bool {
	for _, name := range []string{"trusted.delegate", "user.delegate"} {
		var v [8]byte
		if n, err := unix.Getxattr(dir, name, v[:]); err == nil && string(v[:n]) == "1" {
			return true
		}
	}
	fi, err := os.Stat(dir)
	if err != nil || os.Geteuid() == 0 {
		return false
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}

// spent is the processor time of this process and of its children that ended.
func spent() time.Duration {
	var sum time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var r syscall.Rusage
		if syscall.Getrusage(who, &r) == nil {
			sum += time.Duration(r.Utime.Nano() + r.Stime.Nano())
		}
	}
	return sum
}

// Package running lists the programs that run, for several readers: who
// listens on a port, whether a protection product runs.
//
// It owns /proc/PID/comm, status, cgroup and the links of fd. It must never
// read arguments or environment: they hold secrets.
package running

import (
	"bufio"
	"context"
	"io"
	"path"
	"strconv"
	"strings"

	"muster/agent/host"
)

// Limits of one look.
const (
	maxPrograms = 100_000
	maxLinks    = 1 << 20 // descriptors of all programs
)

// Program is one process.
type Program struct {
	PID  int64
	Name string // without path
	UID  int64  // -1 when not told
	Unit string // unit of systemd it belongs to, such as ssh.service
}

// Each calls do for every process until it says false. Threads of the kernel
// are among them.
func Each(ctx context.Context, h *host.Host, do func(pid int64, name string) bool) error {
	list, err := h.ReadDir("/proc")
	if err != nil {
		return err
	}
	for n, e := range list {
		pid, err := strconv.ParseInt(e.Name(), 10, 64)
		if err != nil {
			continue
		}
		if n > maxPrograms || ctx.Err() != nil {
			return ctx.Err()
		}
		if name := h.Line("/proc/" + e.Name() + "/comm"); name != "" && !do(pid, name) {
			return nil
		}
	}
	return nil
}

// Tell says who a process is.
func Tell(h *host.Host, pid int64) Program {
	dir := "/proc/" + strconv.FormatInt(pid, 10)
	p := Program{PID: pid, Name: h.Line(dir + "/comm"), UID: -1}
	if len(p.Name) == 15 { // cut by the kernel: the program's file has the whole name
		if to, err := h.Readlink(dir + "/exe"); err == nil {
			if base := path.Base(strings.TrimSuffix(to, " (deleted)")); strings.HasPrefix(base, p.Name) {
				p.Name = base
			}
		}
	}
	if f, err := h.Open(dir + "/status"); err == nil {
		p.UID = parseStatus(f)
		f.Close()
	}
	p.Unit = parseCgroup(h.Line(dir + "/cgroup"))
	return p
}

// parseStatus finds the effective user in /proc/PID/status: the second number
// of "Uid:" (proc(5)).
func parseStatus(r io.Reader) int64 {
	s := bufio.NewScanner(io.LimitReader(r, 16<<10))
	for s.Scan() {
		if rest, ok := strings.CutPrefix(s.Text(), "Uid:"); ok {
			w := strings.Fields(rest)
			if len(w) < 2 {
				return -1
			}
			n, err := strconv.ParseInt(w[1], 10, 64)
			if err != nil || n < 0 || n > 1<<32 {
				return -1
			}
			return n
		}
	}
	return -1
}

// parseCgroup finds the service in /proc/PID/cgroup: the last part of a path
// that names one. Lines are number:controllers:path (cgroups(7)).
func parseCgroup(text string) string {
	for line := range strings.Lines(text) {
		w := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(w) != 3 || w[1] != "" && w[1] != "name=systemd" {
			continue
		}
		parts := strings.Split(w[2], "/")
		for i := len(parts) - 1; i >= 0; i-- {
			if strings.HasSuffix(parts[i], ".service") && !strings.HasPrefix(parts[i], "user@") {
				return parts[i]
			}
		}
	}
	return ""
}

// Sockets finds which process holds which socket, by the number of its inode.
// Of a socket that several share, the lowest process number counts, which is
// the one that opened it. blind says that descriptors of some processes could
// not be read.
func Sockets(ctx context.Context, h *host.Host, wanted map[uint64]bool) (holders map[uint64]int64, blind bool, err error) {
	holders = map[uint64]int64{}
	links := 0
	err = Each(ctx, h, func(pid int64, _ string) bool {
		dir := "/proc/" + strconv.FormatInt(pid, 10) + "/fd"
		list, err := h.ReadDir(dir)
		if err != nil {
			blind = true
		}
		for _, e := range list {
			if links++; links > maxLinks {
				blind = true
				return false
			}
			to, err := h.Readlink(dir + "/" + e.Name())
			if err != nil {
				continue
			}
			inode, ok := socketInode(to)
			if !ok || !wanted[inode] {
				continue
			}
			if before, had := holders[inode]; !had || pid < before {
				holders[inode] = pid
			}
		}
		return true
	})
	return holders, blind, err
}

// socketInode reads "socket:[12345]".
func socketInode(to string) (uint64, bool) {
	rest, ok := strings.CutPrefix(to, "socket:[")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(rest, "]"), 10, 64)
	return n, err == nil
}

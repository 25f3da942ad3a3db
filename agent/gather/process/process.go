// Package process reads section process: the ten processes that use most
// processor time and the ten that use most memory.
//
// It owns the ranking. It must not read arguments, environments, or the paths
// of programs.
package process

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
	"muster/internal/order"
)

const (
	places = 10
	most   = 32_768 // processes looked at
	// ticks is USER_HZ, in which Linux tells processor time on every
	// architecture (proc(5), sysconf(_SC_CLK_TCK)).
	ticks = 100
)

// Reader reads the section. It keeps what each process had used at the reading
// before.
type Reader struct {
	before map[int64]used
	at     time.Duration // since boot
}

type used struct{ started, cpu uint64 }

// one is one process.
type one struct {
	pid     int64
	name    string
	cpu     uint64 // ticks so far
	started uint64 // ticks since boot
	rss     int64  // bytes
	percent float64
	known   bool
}

// Read reads the section.
func (rd *Reader) Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	if b, err := h.AskNative(host.NativeProcesses); err == nil {
		return rd.native(h, b)
	} else if !errors.Is(err, errors.ErrUnsupported) {
		return gather.Reading{}, err
	}
	list, err := scan(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	if len(list) == 0 {
		return gather.Reading{}, fmt.Errorf("/proc shows no process here: %w", errors.ErrUnsupported)
	}
	// The first process is there on every machine and in every container.
	var faults []string
	if !slices.ContainsFunc(list, func(p one) bool { return p.pid == 1 }) {
		faults = append(faults, "only processes of the agent's own account are shown (hidepid of /proc): give it the group that may see all")
	}
	up, err := h.Mono()
	if err != nil {
		return gather.Reading{}, fmt.Errorf("time since boot: %w", err)
	}
	accounts := names(h)
	rows := rd.rank(list, up, func(p one, ranking string, place int) inventory.Process {
		return row(h, p, ranking, place, up, accounts)
	})
	r, err := gather.Rows(rows, "proc")
	r.Faults = faults
	return r, err
}

// rank makes rows of those that use most.
func (rd *Reader) rank(list []one, up time.Duration, row func(p one, ranking string, place int) inventory.Process) (rows []inventory.Process) {
	rd.compare(list, up)
	order.By(list, func(a, b one) int { return cmp.Or(cmp.Compare(b.percent, a.percent), cmp.Compare(a.pid, b.pid)) })
	for i, p := range list[:min(len(list), places)] {
		if !p.known || p.percent <= 0 {
			break
		}
		rows = append(rows, row(p, "cpu", i+1))
	}
	order.By(list, func(a, b one) int { return cmp.Or(cmp.Compare(b.rss, a.rss), cmp.Compare(a.pid, b.pid)) })
	for i, p := range list[:min(len(list), places)] {
		if p.rss == 0 {
			break // of the kernel
		}
		rows = append(rows, row(p, "memory", i+1))
	}
	return rows
}

// compare works out the use since the reading before, or since its start for a
// process that is younger.
func (rd *Reader) compare(list []one, up time.Duration) {
	now := make(map[int64]used, len(list))
	for i := range list {
		p := &list[i]
		now[p.pid] = used{p.started, p.cpu}
		var spent uint64
		var over time.Duration
		b, ok := rd.before[p.pid]
		switch {
		case ok && b.started == p.started && p.cpu >= b.cpu:
			spent, over = p.cpu-b.cpu, up-rd.at
		default:
			spent, over = p.cpu, up-since(p.started)
		}
		if over >= time.Second {
			p.percent = math.Round(float64(spent)/ticks/over.Seconds()*1000) / 10
			p.known = true
		}
	}
	rd.before, rd.at = now, up
}

// since turns ticks into a time. The order matters: counted from 1970 they are so
// many that their product with a second is none any more.
func since(n uint64) time.Duration { return time.Duration(n) * (time.Second / ticks) }

func row(h *host.Host, p one, ranking string, place int, up time.Duration, accounts map[string]string) inventory.Process {
	dir := "/proc/" + strconv.FormatInt(p.pid, 10)
	r := inventory.Process{Ranking: ranking, Place: int64(place), Name: p.name, PID: &p.pid, Memory: &p.rss}
	if p.known {
		r.CPU = &p.percent
	}
	if b, err := h.ReadFile(dir + "/status"); err == nil {
		uid := statusUID(string(b))
		if r.UserName = accounts[uid]; r.UserName == "" {
			r.UserName = uid
		}
	}
	if b, err := h.ReadFile(dir + "/smaps_rollup"); err == nil {
		if n, ok := private(string(b)); ok {
			r.Private = &n
		}
	}
	r.Started = h.Now().Add(since(p.started) - up).UTC().Truncate(time.Second)
	return r
}

// scan reads /proc/PID/stat of every process.
func scan(ctx context.Context, h *host.Host) ([]one, error) {
	f, err := h.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list []one
	for len(list) < most && ctx.Err() == nil {
		dir, err := f.Readdirnames(256)
		for _, n := range dir {
			if n[0] < '1' || n[0] > '9' {
				continue
			}
			b, err := h.ReadFile("/proc/" + n + "/stat")
			if err != nil {
				continue // it ended
			}
			if p, ok := parseStat(b); ok {
				list = append(list, p)
			}
		}
		if err == io.EOF || len(dir) == 0 {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return list, ctx.Err()
}

// parseStat reads proc_pid_stat(5). The name stands in brackets and may hold
// any byte, brackets too.
func parseStat(b []byte) (one, bool) {
	i, j := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if i < 0 || j < i {
		return one{}, false
	}
	pid, err := strconv.ParseInt(strings.TrimSpace(string(b[:i])), 10, 64)
	w := bytes.Fields(b[j+1:])
	if err != nil || pid <= 0 || len(w) < 22 {
		return one{}, false
	}
	number := func(n int) uint64 { // numbered as in the manual, from 3
		v, err := strconv.ParseUint(string(w[n-3]), 10, 52)
		if err != nil {
			return 0
		}
		return v
	}
	name := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0xfffd {
			return -1
		}
		return r
	}, string(b[i+1:j]))
	return one{pid: pid, name: name[:min(len(name), 64)], cpu: number(14) + number(15), started: number(22),
		rss: int64(number(24)&(1<<40-1)) * int64(os.Getpagesize())}, true
}

// statusUID is the account a process runs under.
func statusUID(text string) string {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "Uid:"); ok {
			if w := strings.Fields(rest); len(w) > 0 {
				return w[0]
			}
		}
	}
	return ""
}

// private adds up what a process shares with nobody.
func private(text string) (int64, bool) {
	sum, found := int64(0), false
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "Private_") {
			continue
		}
		w := strings.Fields(line)
		if len(w) < 2 {
			continue
		}
		if n, err := strconv.ParseInt(w[1], 10, 44); err == nil && n >= 0 {
			sum += n << 10
			found = true
		}
	}
	return sum, found
}

// names are accounts by number.
func names(h *host.Host) map[string]string {
	m := map[string]string{}
	f, err := h.Open("/etc/passwd")
	if err != nil {
		return m
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for s.Scan() && len(m) < 10_000 {
		if w := strings.SplitN(s.Text(), ":", 4); len(w) == 4 && m[w[2]] == "" {
			m[w[2]] = w[0]
		}
	}
	return m
}

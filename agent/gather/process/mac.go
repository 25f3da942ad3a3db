package process

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// ReadMac reads the section on macOS, by ps(1).
func (rd *Reader) ReadMac(ctx context.Context, h *host.Host) (gather.Reading, error) {
	out, err := h.Run(ctx, "ps")
	if err != nil {
		return gather.Reading{}, err
	}
	list, accounts := parsePS(out)
	if len(list) == 0 {
		return gather.Reading{}, errors.New("ps lists no process")
	}
	// ps tells when a process started by the clock: here all times are counted
	// from 1970 and not from the start of the system.
	rows := rd.rank(list, time.Duration(h.Now().UnixNano()), func(p one, ranking string, place int) inventory.Process {
		r := inventory.Process{Ranking: ranking, Place: int64(place), Name: p.name, UserName: accounts[p.pid], PID: &p.pid, Memory: &p.rss,
			Started: time.Unix(int64(p.started/ticks), 0).UTC()}
		if p.known {
			r.CPU = &p.percent
		}
		return r
	})
	return gather.Rows(rows, "ps")
}

// parsePS reads lines of number, account, resident memory in KiB, processor
// time, start (five words, in UTC) and name (host's table, command ps), and who
// each runs as.
func parsePS(b []byte) (list []one, accounts map[int64]string) {
	accounts = map[int64]string{}
	s := bufio.NewScanner(bytes.NewReader(b))
	for s.Scan() && len(list) < most {
		w := strings.Fields(s.Text())
		if len(w) < 10 {
			continue
		}
		pid, err := strconv.ParseInt(w[0], 10, 32)
		rss, err2 := strconv.ParseInt(w[2], 10, 40)
		cpu, ok := processorTime(w[3])
		started, err3 := time.Parse("Mon Jan 2 15:04:05 2006", strings.Join(w[4:9], " "))
		if err != nil || err2 != nil || err3 != nil || !ok || pid <= 0 || rss < 0 || started.Unix() < 0 {
			continue
		}
		name := strings.Join(w[9:], " ")
		list = append(list, one{pid: pid, name: name[:min(len(name), 64)], cpu: cpu, started: uint64(started.Unix()) * ticks, rss: rss << 10})
		accounts[pid] = w[1]
	}
	return list, accounts
}

// processorTime reads minutes, seconds and hundredths, as in 123:45.67, with
// hours and days before where ps writes them; in ticks.
func processorTime(s string) (uint64, bool) {
	days := uint64(0)
	if d, rest, ok := strings.Cut(s, "-"); ok {
		n, err := strconv.ParseUint(d, 10, 20)
		if err != nil {
			return 0, false
		}
		days, s = n, rest
	}
	s, hundredths, _ := strings.Cut(s, ".")
	parts := strings.Split(s, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, false
	}
	var seconds uint64
	for _, p := range parts {
		n, err := strconv.ParseUint(p, 10, 32)
		if err != nil {
			return 0, false
		}
		seconds = seconds*60 + n
	}
	n, err := strconv.ParseUint((hundredths + "00")[:2], 10, 8)
	if err != nil {
		return 0, false
	}
	return (days*86_400+seconds)*ticks + n, true
}

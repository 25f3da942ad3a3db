package process

import (
	"errors"
	"time"

	"muster/agent/gather"
	"muster/agent/gather/running"
	"muster/agent/host"
	"muster/internal/inventory"
)

// native ranks the processes of Windows' own list. The idle process, which is
// given the time that nobody uses, is none.
func (rd *Reader) native(h *host.Host, b []byte) (gather.Reading, error) {
	// Windows tells when a process started by the clock: here all times are
	// counted from 1970 and not from the start of the system.
	now := time.Duration(h.Now().UnixNano())
	entries := map[int64]running.Entry{}
	var list []one
	for _, e := range running.List(b) {
		if e.PID == 0 || len(list) == most {
			continue
		}
		p := one{pid: e.PID, name: e.Name, cpu: uint64(e.CPU / (time.Second / ticks)), rss: e.Memory}
		if !e.Started.IsZero() {
			p.started = uint64(e.Started.UnixMilli() * ticks / 1000)
		}
		list, entries[e.PID] = append(list, p), e
	}
	if len(list) == 0 {
		return gather.Reading{}, errors.New("the system's list of processes is empty")
	}
	rows := rd.rank(list, now, func(p one, ranking string, place int) inventory.Process {
		e := entries[p.pid]
		r := inventory.Process{Ranking: ranking, Place: int64(place), Name: p.name, PID: &p.pid, Memory: &p.rss, Started: e.Started.Truncate(time.Second)}
		if p.known {
			r.CPU = &p.percent
		}
		if e.Private > 0 {
			r.Private = &e.Private
		}
		return r
	})
	return gather.Rows(rows, "process_list")
}

package session

import (
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"muster/agent/gather/utmp"
	"muster/agent/host"
)

// maxRecords is how much of wtmp is read: a month of a busy machine.
const maxRecords = 20_000

// tally adds up for how long people were signed in.
type tally struct {
	now, from time.Time
	person    func(string) bool

	open     map[string]stay // by terminal
	users    map[string]time.Duration
	lastUser string
	lastAt   time.Time
}

// file adds the records of a file, and says whether there were any that matter.
func (t *tally) file(h *host.Host, name string) (bool, error) {
	f, err := open(h, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil || fi.Size() == 0 || fi.ModTime().Before(t.from) {
		return err == nil && fi.Size() > 0, err
	}
	_, err = utmp.Each(f, utmp.Tail(fi.Size(), maxRecords), maxRecords+1, t.record)
	return err == nil, err
}

type stay struct {
	user  string
	since time.Time
}

func (t *tally) last(user string, at time.Time) {
	if !at.Before(t.lastAt) && !at.IsZero() {
		t.lastUser, t.lastAt = user, at
	}
}

// maxLines bounds the terminals at one time.
const maxLines = 1000

// record takes one record of wtmp. A start or an end of the machine ends every
// stay. Of a stay that a power cut ended, the length is not known: it counts
// for half a working day at most.
func (t *tally) record(r utmp.Record) {
	switch r.Type {
	case utmp.User:
		t.leave(r.Line, r.At)
		if !t.person(r.User) || r.At.IsZero() {
			return
		}
		t.last(r.User, r.At)
		// Windows of a terminal within a desktop are no further stay.
		if strings.HasPrefix(r.Line, "pts/") && (r.Host == "" || strings.HasPrefix(r.Host, ":")) {
			return
		}
		if t.open == nil {
			t.open = map[string]stay{}
		}
		if len(t.open) < maxLines {
			t.open[r.Line] = stay{r.User, r.At}
		}
	case utmp.Dead:
		t.leave(r.Line, r.At)
	case utmp.Boot, utmp.RunLevel:
		if r.Type == utmp.RunLevel && r.User != "shutdown" {
			return
		}
		for _, line := range slices.Collect(maps.Keys(t.open)) {
			at := r.At
			if most := t.open[line].since.Add(lostStay); r.Type == utmp.Boot && at.After(most) {
				at = most
			}
			t.leave(line, at)
		}
	}
}

const (
	longestStay = 24 * time.Hour
	lostStay    = 4 * time.Hour
)

func (t *tally) leave(line string, at time.Time) {
	s, ok := t.open[line]
	if !ok {
		return
	}
	delete(t.open, line)
	if at.Sub(s.since) > longestStay {
		at = s.since.Add(longestStay)
	}
	if at.Before(t.from) || at.Before(s.since) {
		return
	}
	if s.since.Before(t.from) {
		s.since = t.from
	}
	if t.users == nil {
		t.users = map[string]time.Duration{}
	}
	if _, known := t.users[s.user]; known || len(t.users) < maxAccounts {
		t.users[s.user] += at.Sub(s.since)
	}
}

func (t *tally) end() {
	for _, line := range slices.Collect(maps.Keys(t.open)) {
		t.leave(line, t.now)
	}
}

// primary is who was signed in longest; of two alike the first by name. root
// is nobody's machine while anybody else is there.
func (t *tally) primary() (string, time.Duration) {
	names := slices.SortedFunc(maps.Keys(t.users), func(a, b string) int {
		return cmp.Or(boolean(a == "root")-boolean(b == "root"), cmp.Compare(t.users[b], t.users[a]), strings.Compare(a, b))
	})
	if len(names) == 0 {
		return "", 0
	}
	return names[0], t.users[names[0]]
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

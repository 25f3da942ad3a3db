package watch

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"muster/agent/gather/utmp"
	"muster/internal/event"
	"muster/internal/event/linux"
)

// wtmp is the log of sign-ins (utmp(5)). Where systemd's journal is kept, that
// tells them, and better.
const wtmp = "/var/log/wtmp"

// signInMark is how far wtmp was read, and who is signed in at which terminal.
type signInMark struct {
	File   uint64            `json:"file,omitempty"` // its inode
	Offset int64             `json:"offset,omitempty"`
	Open   map[string]signIn `json:"open,omitempty"`
}

type signIn struct {
	User    string `json:"user"`
	Session string `json:"session"`
}

const (
	// maxOpenSignIns bounds who is remembered, maxSignIns what is read in one
	// look.
	maxOpenSignIns = 64
	maxSignIns     = 2000
)

// signIns tells who came and went since the last look. mu is held.
func (w *Watch) signIns(ctx context.Context) {
	m := &w.mark.SignIns
	met := m.File != 0
	for _, name := range []string{wtmp + ".1", wtmp} {
		err := w.signInsOf(ctx, name, met)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, utmp.ErrLayout) && w.dueNow(name, saveEvery) {
			w.Log.Warn("the log of sign-ins could not be read", "file", name, "error", err)
		}
	}
}

// signInsOf reads one file: the log, or where rotation put it, whose rest is
// read then.
func (w *Watch) signInsOf(ctx context.Context, name string, met bool) error {
	f, err := w.Host.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	m := &w.mark.SignIns
	number := inode(fi)
	if name != wtmp && (number != m.File || !met) {
		return nil
	}
	if number != m.File || m.Offset > fi.Size() {
		m.File, m.Offset = number, 0
		if !met {
			m.Offset = utmp.Tail(fi.Size(), maxSignIns)
		}
	}
	if m.Offset == fi.Size() {
		return nil
	}
	m.Offset, err = utmp.Each(f, m.Offset, maxSignIns, func(r utmp.Record) { w.signedIn(ctx, r) })
	return err
}

// signedIn takes one record.
func (w *Watch) signedIn(ctx context.Context, r utmp.Record) {
	m := &w.mark.SignIns
	left, was := m.Open[r.Line]
	tell := func(kind string, s signIn) {
		if r.At.Before(w.since()) {
			return
		}
		w.tell(ctx, linux.Event{Kind: kind, At: r.At, Attributes: map[string]string{"user": s.User, "session": s.Session}})
	}
	switch r.Type {
	case utmp.Boot:
		m.Open = nil // how they ended is not written down
	case utmp.Dead:
		if was {
			delete(m.Open, r.Line)
			tell(event.UserLogoff, left)
		}
	case utmp.User:
		s := signIn{User: short(r.User), Session: "shell"}
		switch {
		case strings.HasPrefix(r.Line, "pts/") && (r.Host == "" || strings.HasPrefix(r.Host, ":") || strings.HasPrefix(r.Host, "tmux(")):
			delete(m.Open, r.Line) // whoever had that line is gone, and this is a window within a session
			return
		case strings.HasPrefix(r.Line, "pts/"):
			s.Session = "remote"
		case strings.HasPrefix(r.Line, "tty"), strings.HasPrefix(r.Line, ":"):
			s.Session = "console"
		}
		if !w.person(r.User) {
			return
		}
		if m.Open == nil {
			m.Open = map[string]signIn{}
		}
		if was || len(m.Open) < maxOpenSignIns {
			m.Open[r.Line] = s
		}
		tell(event.UserLogon, s)
	}
}

// person says whether an account is that of a person or of root: sign-in
// screens have accounts of the system. Who is not listed comes from a
// directory.
func (w *Watch) person(name string) bool {
	if name == "" || strings.ContainsAny(name, ":\n") {
		return false
	}
	f, err := w.Host.Open("/etc/passwd")
	if err != nil {
		return true
	}
	defer f.Close()
	s := bufio.NewScanner(io.LimitReader(f, 4<<20))
	for s.Scan() {
		rest, ok := strings.CutPrefix(s.Text(), name+":")
		if !ok {
			continue
		}
		_, rest, _ = strings.Cut(rest, ":")
		id, _, _ := strings.Cut(rest, ":")
		uid, err := strconv.Atoi(id)
		return err == nil && (uid == 0 || uid >= 1000 && uid != 65534)
	}
	return true
}

package watch

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"muster/agent/watch/journal"
	"muster/agent/watch/kmsg"
	"muster/agent/watch/syslog"
	"muster/internal/event"
	"muster/internal/event/linux"
)

// gap is a stretch of the kernel's log of this start that was overwritten
// before it was read, in time since the start. The journal may have it.
type gap struct{ from, to time.Duration }

const maxGaps = 16

// begin opens what there is to read.
func (w *Watch) begin() {
	k, err := w.OpenKernel(w.Host)
	switch {
	case err == nil:
		w.kernel = k
	case errors.Is(err, fs.ErrPermission):
		w.missing("kernel", "denied", 0)
	case !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrNotExist):
		w.Log.Warn("the kernel's log cannot be read", "error", err)
	}
	if !unixLogs {
		return
	}
	if dir := w.journalDir(); dir != "" {
		w.journal = &journal.Reader{Mark: w.mark.Journal.Clone(),
			List: func() ([]string, error) { return w.listJournal(dir) },
			Open: func(name string) (journal.Source, error) {
				f, err := w.Host.Open(name)
				if err != nil {
					return nil, err
				}
				return f, nil
			}}
		return
	}
	for _, name := range []string{"/var/log/syslog", "/var/log/messages", "/var/log/auth.log", "/var/log/secure"} {
		w.texts = append(w.texts, &syslog.Follower{Name: name, Inode: inode, Place: time.Local, Mark: w.mark.Syslog[name],
			Open: func(name string) (syslog.Source, error) {
				f, err := w.Host.Open(name)
				if err != nil {
					return nil, err
				}
				return f, nil
			}})
	}
}

// journalDir is the folder of this machine's journal: the one on the disk, or
// else the one that ends with the run.
func (w *Watch) journalDir() string {
	id := w.Host.Line("/etc/machine-id")
	if len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" {
		return ""
	}
	for _, dir := range []string{"/var/log/journal/", "/run/log/journal/"} {
		if w.Host.Exists(dir + id) {
			return dir + id
		}
	}
	return ""
}

func (w *Watch) listJournal(dir string) ([]string, error) {
	list, err := w.Host.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range list {
		if n := e.Name(); strings.HasSuffix(n, ".journal") || strings.HasSuffix(n, ".journal~") {
			if strings.HasPrefix(n, "system") || strings.HasPrefix(n, "user-") {
				names = append(names, path.Join(dir, n))
			}
		}
	}
	return names, nil
}

// missing says that a log was not read, or not all of it.
func (w *Watch) missing(log, reason string, lines uint64) {
	a := map[string]string{"log": log, "reason": reason}
	if lines > 0 {
		a["lines"] = strconv.FormatUint(lines, 10)
	}
	w.fold.add(linux.Event{Kind: event.LogGap, At: w.now(), Attributes: a}, w.now())
}

// deniedOnce says once a run that a log may not be read.
func (w *Watch) deniedOnce(log string) {
	if !w.denied[log] {
		w.denied[log] = true
		w.missing(log, "denied", 0)
	}
}

// kernelLine takes a line of the kernel's log. mu is held.
func (w *Watch) kernelLine(ctx context.Context, l kmsg.Line) {
	m := &w.mark.Kernel
	if m.Boot != w.boot {
		*m = kernelMark{Boot: w.boot} // the journal has the rest of the run before
	} else if l.Number <= m.Number && m.Since > 0 {
		return
	} else if m.Since > 0 && l.Number > m.Number+1 {
		w.overwritten(gap{time.Duration(m.Since) * time.Microsecond, l.Since}, l.Number-m.Number-1)
	}
	m.Number, m.Since = l.Number, max(l.Since.Microseconds(), 1)
	if !l.OfKernel() {
		return
	}
	now := w.now()
	at := now
	if up, err := w.Awake(); err == nil && up > l.Since {
		at = now.Add(l.Since - up)
	}
	if at.Before(w.since()) {
		return
	}
	w.record(ctx, linux.Record{At: at, Kernel: true, Text: l.Text})
}

// overwritten notes a stretch that only the journal can have.
func (w *Watch) overwritten(g gap, lines uint64) {
	if w.journal == nil {
		w.missing("kernel", "overwritten", lines)
		return
	}
	if len(w.gaps) == maxGaps {
		w.gaps = w.gaps[1:]
	}
	w.gaps = append(w.gaps, g)
}

// record takes one line of any log. mu is held.
func (w *Watch) record(ctx context.Context, r linux.Record) {
	e, ok := linux.Of(r)
	if !ok {
		return
	}
	switch e.Kind {
	case event.Throttled:
		if w.mark.Held.Known {
			return // the counters tell for how long
		}
		day := e.At.UTC().Format(time.DateOnly)
		if w.mark.Held.Day == day {
			return
		}
		w.mark.Held.Day = day
	case event.UserLogon, event.UserLogoff:
		if !w.session(&e) {
			return
		}
	case event.Resume, event.TimeChanged:
		if e.At.After(w.began) {
			return // the clocks tell by how much
		}
	}
	w.tell(ctx, e)
}

// readJournal takes what is new in the journal. It says whether there is more.
func (w *Watch) readJournal(ctx context.Context) bool {
	if w.journal == nil {
		return false
	}
	boot := strings.ReplaceAll(w.boot, "-", "")
	out, err := w.journal.Pass(ctx, w.now(), w.since(), passEntries, func(e journal.Entry) { w.entry(ctx, boot, e) })
	w.mark.Journal = w.journal.Mark
	switch {
	case errors.Is(err, fs.ErrPermission) || out.Denied && out.Entries == 0 && w.mark.Journal.At.IsZero():
		w.deniedOnce("journal")
	case err != nil && ctx.Err() == nil:
		w.Log.Warn("the journal could not be read", "error", err)
	}
	if out.TooOld {
		w.missing("journal", "too_old", 0)
	}
	if out.TooMany > 0 {
		w.missing("journal", "too_many", out.TooMany)
	}
	if out.Sealed > 0 && w.dueNow("sealed", 24*time.Hour) {
		w.missing("journal", "compressed", out.Sealed)
	}
	if out.Damaged > 0 && w.dueNow("damaged", time.Hour) {
		w.missing("journal", "damaged", 0)
	}
	return out.More
}

// entry takes one entry of the journal.
func (w *Watch) entry(ctx context.Context, boot string, e journal.Entry) {
	of := e.Boot.String()
	r := w.run(of)
	if e.At.After(r.last) {
		r.last = e.At
	}
	r.closed = false
	if e.Field("_TRANSPORT") == "kernel" {
		if id := e.Field("SYSLOG_IDENTIFIER"); id != "" && id != "kernel" {
			return
		}
		if since, ok := sourceTime(e); w.ownKernel(of, boot, since, ok) {
			return
		}
		text := e.Field("MESSAGE")
		r.sign(text)
		w.record(ctx, linux.Record{At: e.At, Kernel: true, Text: text})
		return
	}
	id, program := e.Field("MESSAGE_ID"), e.Field("SYSLOG_IDENTIFIER")
	if id == linux.JournalStopped {
		r.closed = true
		return
	}
	if !linux.Cares(program, id) {
		return
	}
	// Anybody can write to the journal; who did is told by the kernel. Dumps
	// are written down as the user whose program crashed, and sudo and the
	// locks of screens run as the person who asks.
	if uid := e.Field("_UID"); uid != "0" && !linux.OfAnybody(program, id, e.Field("_COMM")) {
		return
	}
	rec := linux.Record{At: e.At, Program: program, MessageID: id, Field: e.Field, Text: e.Field("MESSAGE")}
	if ev, ok := linux.Of(rec); ok && ev.Kind == event.CleanStop {
		r.down = true
		if of == boot {
			w.mark.Down = w.boot
		}
	}
	w.record(ctx, rec)
}

// sourceTime is when the kernel wrote a line, since its start.
func sourceTime(e journal.Entry) (time.Duration, bool) {
	n, err := strconv.ParseUint(e.Field("_SOURCE_MONOTONIC_TIMESTAMP"), 10, 53)
	if err != nil {
		return 0, false
	}
	return time.Duration(n) * time.Microsecond, true
}

// ownKernel says whether a line of the kernel in the journal was or will be
// read from the kernel's own log.
func (w *Watch) ownKernel(of, boot string, since time.Duration, timed bool) bool {
	switch {
	case of == boot:
		if w.kernel == nil {
			return false
		}
		for _, g := range w.gaps {
			if timed && since > g.from && since < g.to {
				return false
			}
		}
		return true
	case of == strings.ReplaceAll(w.lastKernel.Boot, "-", ""):
		return timed && since.Microseconds() <= w.lastKernel.Since
	}
	return false
}

// readTexts takes what is new in text logs, where there is no journal.
func (w *Watch) readTexts(ctx context.Context) bool {
	more := false
	left := passEntries
	for _, f := range w.texts {
		out, err := f.Pass(ctx, w.now(), w.since(), left, func(l syslog.Line) { w.textLine(ctx, l) })
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case errors.Is(err, fs.ErrPermission):
			w.deniedOnce("syslog")
			continue
		case err != nil:
			w.Log.Warn("a log could not be read", "file", f.Name, "error", err)
			continue
		}
		if w.mark.Syslog == nil {
			w.mark.Syslog = map[string]syslog.Mark{}
		}
		w.mark.Syslog[f.Name] = f.Mark
		if out.TooMany {
			w.missing("syslog", "too_many", 0)
		}
		if out.Compressed {
			w.missing("syslog", "compressed", 0)
		}
		left = max(left-out.Lines, 1)
		more = more || out.More
	}
	return more
}

func (w *Watch) textLine(ctx context.Context, l syslog.Line) {
	if l.Program == "kernel" {
		started := w.now().Add(-w.up())
		if w.kernel != nil && l.At.After(started) {
			return // the kernel's own log has it
		}
		text := l.Text
		if strings.HasPrefix(text, "[") { // "[12345.678901] text"
			if _, behind, ok := strings.Cut(text, "] "); ok {
				text = behind
			}
		}
		w.record(ctx, linux.Record{At: l.At, Kernel: true, Text: text})
		return
	}
	w.record(ctx, linux.Record{At: l.At, Program: l.Program, Text: l.Text})
}

// up is the time since boot, sleep included.
func (w *Watch) up() time.Duration {
	if w.Host.Mono == nil {
		return 0
	}
	up, err := w.Host.Mono()
	if err != nil {
		return 0
	}
	return up
}

const maxSessions = 64

// session finds how a person came, and leaves out what is no person's session.
func (w *Watch) session(e *linux.Event) bool {
	if e.Session == "" {
		return true
	}
	if e.Kind == event.UserLogoff {
		how, ok := w.mark.Sessions[e.Session]
		delete(w.mark.Sessions, e.Session)
		if ok && how == "-" {
			return false
		}
		if how != "" {
			e.Attributes["session"] = how
		}
		return true
	}
	how := ""
	if b, err := w.Host.ReadFile("/run/systemd/sessions/" + e.Session); err == nil {
		how = sessionKind(string(b))
	}
	if w.mark.Sessions == nil || len(w.mark.Sessions) >= maxSessions {
		w.mark.Sessions = map[string]string{}
	}
	w.mark.Sessions[e.Session] = how
	if how == "-" {
		return false
	}
	if how != "" {
		e.Attributes["session"] = how
	}
	return true
}

// sessionKind reads a state file of systemd-logind: how somebody came, or "-"
// for what is no person.
func sessionKind(file string) string {
	v := map[string]string{}
	for line := range strings.Lines(file) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && len(v) < 64 {
			v[key] = value
		}
	}
	if c := v["CLASS"]; c != "" && !strings.HasPrefix(c, "user") {
		return "-" // greeter, manager, background, lock-screen
	}
	switch {
	case v["REMOTE"] == "1":
		return "remote"
	case v["SEAT"] != "" || v["TYPE"] == "x11" || v["TYPE"] == "wayland" || v["TYPE"] == "mir":
		return "console"
	case v["TYPE"] != "":
		return "shell"
	}
	return ""
}

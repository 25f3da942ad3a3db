package watch

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"time"

	"muster/agent/gather/changelog"
	"muster/agent/watch/syslog"
	"muster/internal/event"
	"muster/internal/event/linux"
)

// maxUpdates is how many packages of one run of apt are told one by one: the
// section change_log has all.
const maxUpdates = 30

// aptHistory is the log of apt's runs (apt.conf(5), Dir::Log::History): blocks
// of lines, of which the one with the command is passed over.
const aptHistory = "/var/log/apt/history.log"

// aptRun is a block as far as it was read.
type aptRun struct {
	at       time.Time
	upgraded []string // names with the version they have now
	first    string
	failed   string // code of the error
}

// line takes a line of a block. It answers the events once the block is whole.
func (r *aptRun) line(text string, place *time.Location) []linux.Event {
	key, value, ok := strings.Cut(text, ": ")
	if !ok {
		return nil
	}
	switch key {
	case "Start-Date":
		*r = aptRun{}
		if at, err := time.ParseInLocation("2006-01-02  15:04:05", strings.TrimSpace(value), place); err == nil {
			r.at = at.UTC()
		}
	case "Upgrade", "Install", "Reinstall", "Downgrade":
		for p := range strings.SplitSeq(value, "), ") {
			name, versions, _ := strings.Cut(p, " (")
			name, _, _ = strings.Cut(strings.TrimSpace(name), ":")
			if name == "" || strings.ContainsAny(name, " \t") || len(name) > 100 {
				continue
			}
			if r.first == "" {
				r.first = name
			}
			if key == "Upgrade" && len(r.upgraded) < maxUpdates {
				_, after, _ := strings.Cut(strings.TrimRight(versions, ")"), ", ")
				r.upgraded = append(r.upgraded, strings.TrimSpace(name+" "+after))
			}
		}
	case "Error":
		if r.failed = between(value, "(", ")"); r.failed == "" {
			r.failed = "unknown"
		}
	case "End-Date":
		return r.end()
	}
	return nil
}

func (r *aptRun) end() []linux.Event {
	defer func() { *r = aptRun{} }()
	if r.at.IsZero() {
		return nil
	}
	if r.failed != "" {
		return []linux.Event{{Kind: event.UpdateFailed, At: r.at,
			Attributes: map[string]string{"update": r.first, "code": short(r.failed), "manager": "apt"}}}
	}
	var list []linux.Event
	for _, u := range r.upgraded {
		list = append(list, linux.Event{Kind: event.UpdateInstalled, At: r.at, Attributes: map[string]string{"update": short(u), "manager": "apt"}})
	}
	return list
}

func between(s, a, b string) string {
	_, s, ok := strings.Cut(s, a)
	if !ok {
		return ""
	}
	s, _, ok = strings.Cut(s, b)
	if !ok {
		return ""
	}
	return s
}

func short(s string) string {
	const most = 128
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}

// writers are the managers whose logs tell upgrades from new packages, by the
// form of the log. apt's own log knows its failures too, and zypper's calls
// both an install.
func writers() map[string]string {
	return map[string]string{
		"dnf.rpm.log": "dnf",
		"pacman.log":  "pacman",
		"apk.log":     "apk",
	}
}

// upgrades tells what managers other than apt wrote down.
func (w *Watch) upgrades(ctx context.Context) {
	writers := writers()
	for _, form := range changelog.Forms() {
		manager := writers[form.Source]
		if manager == "" {
			continue
		}
		told := 0
		f := &syslog.Follower{Name: form.Files[0], Inode: inode, Place: time.Local, Mark: w.mark.Managers[manager],
			Open: func(name string) (syslog.Source, error) {
				f, err := w.Host.Open(name)
				if err != nil {
					return nil, err
				}
				return f, nil
			}}
		f.Raw = func(line []byte, _ syslog.Mark) {
			row, ok := form.Line(line, f.Place)
			if !ok || row.Action != "upgrade" || row.At.Before(w.since()) || told >= maxUpdates {
				return
			}
			told++
			w.tell(ctx, linux.Event{Kind: event.UpdateInstalled, At: row.At,
				Attributes: map[string]string{"update": short(row.Name + " " + row.After), "manager": manager}})
		}
		_, err := f.Pass(ctx, w.now(), w.since(), 100_000, nil)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
			continue
		case err != nil:
			w.Log.Warn("the log of updates could not be read", "file", f.Name, "error", err)
		}
		if w.mark.Managers == nil {
			w.mark.Managers = map[string]syslog.Mark{}
		}
		w.mark.Managers[manager] = f.Mark
	}
}

// updates tells of runs of apt that ended. Where one is under way, reading
// begins again at it.
func (w *Watch) updates(ctx context.Context) {
	var block aptRun
	done := w.mark.Updates
	f := &syslog.Follower{Name: aptHistory, Inode: inode, Place: time.Local, Mark: done,
		Open: func(name string) (syslog.Source, error) {
			f, err := w.Host.Open(name)
			if err != nil {
				return nil, err
			}
			return f, nil
		}}
	f.Raw = func(line []byte, behind syslog.Mark) {
		for _, e := range block.line(strings.TrimRight(string(line), "\r"), f.Place) {
			if !e.At.Before(w.since()) {
				w.tell(ctx, e)
			}
		}
		if block.at.IsZero() {
			done = behind
		}
	}
	_, err := f.Pass(ctx, w.now(), w.since(), 100_000, nil)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
		w.Log.Warn("the log of updates could not be read", "error", err)
	}
	if done.File == 0 && err == nil {
		done.File = f.Mark.File
	}
	w.mark.Updates = done
}

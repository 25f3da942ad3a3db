package watch

import (
	"bufio"
	"context"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"muster/internal/event"
	"muster/internal/event/linux"
)

const (
	maxDumps    = 64
	maxDumpText = 128 << 10
	// keptDumps is how many names of dumps are remembered.
	keptDumps = 256
)

// lookForDumps tells of what a kernel that died left behind: in the firmware's
// store, where systemd-pstore put that, and what kdump wrote. Each once.
func (w *Watch) lookForDumps(ctx context.Context) {
	var there []string
	there = append(there, w.Host.Glob("/sys/fs/pstore/dmesg-*")...)
	there = append(there, w.Host.Glob("/var/lib/systemd/pstore/*/dmesg.txt")...)
	there = append(there, w.Host.Glob("/var/lib/systemd/pstore/*/*/dmesg.txt")...)
	there = append(there, w.Host.Glob("/var/crash/*")...)
	w.mark.Crashes = slices.DeleteFunc(w.mark.Crashes, func(n string) bool { return len(w.mark.Crashes) > keptDumps && !slices.Contains(there, n) })
	for _, name := range there[:min(len(there), maxDumps)] {
		if slices.Contains(w.mark.Crashes, name) || len(w.mark.Crashes) > 2*keptDumps {
			continue
		}
		fi, err := w.Host.Stat(name)
		if err != nil {
			continue
		}
		w.mark.Crashes = append(w.mark.Crashes, name)
		if fi.ModTime().Before(w.began.Add(-longest)) {
			continue
		}
		e, ok := linux.Event{Kind: event.Bugcheck, Attributes: map[string]string{"dumped": "true"}}, true
		switch {
		case !strings.HasPrefix(name, "/var/crash/"):
			e, ok = w.readDump(name)
		case !fi.IsDir() || !kdump(path.Base(name)):
			continue // apport's reports of programs lie there too
		}
		if !ok {
			continue
		}
		if e.At = fi.ModTime(); len(w.dumps) < maxDumps {
			w.dumps = append(w.dumps, e)
		}
		w.tell(ctx, e)
	}
}

// kdump tells the folders that kdump makes: 202603041200, or 127.0.0.1-2026-…
func kdump(name string) bool {
	return len(name) >= 12 && strings.Trim(name, "0123456789-.:") == ""
}

func (w *Watch) readDump(name string) (linux.Event, bool) {
	f, err := w.Host.Open(name)
	if err != nil {
		return linux.Event{}, false
	}
	defer f.Close()
	return parseDump(io.LimitReader(f, maxDumpText))
}

// parseDump finds why a kernel died in the end of its log. pstore writes it in
// parts that begin with "Panic#1 Part1" or "Oops#1 Part1"; an oops that was
// survived is no stop.
func parseDump(r io.Reader) (linux.Event, bool) {
	e := linux.Event{Kind: event.Bugcheck, Attributes: map[string]string{"dumped": "true"}}
	died := false
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 4096), 64<<10)
	for s.Scan() {
		line := s.Text()
		died = died || strings.HasPrefix(line, "Panic#")
		if strings.HasPrefix(line, "<") { // "<0>[  12.3] text"
			if _, rest, ok := strings.Cut(line, ">"); ok {
				line = rest
			}
		}
		if strings.HasPrefix(line, "[") {
			if _, rest, ok := strings.Cut(line, "] "); ok {
				line = rest
			}
		}
		t, ok := linux.Of(linux.Record{At: time.Unix(0, 0), Kernel: true, Text: line})
		if !ok {
			continue
		}
		died = died || t.Kind == event.Bugcheck
		for _, a := range []string{"stop_code", "module"} {
			if v := t.Attributes[a]; v != "" && e.Attributes[a] == "" {
				e.Attributes[a] = v
			}
		}
	}
	return e, died
}

package watch

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"muster/agent/host"
	"muster/internal/event"
	"muster/internal/event/linux"
	"muster/internal/order"
)

// macOS writes a report when a program or the kernel dies or hangs, or memory
// runs out: for the machine's own below /Library, for people's below their homes.
const (
	macReports = "Library/Logs/DiagnosticReports"
	// maxReports bounds the files of one folder, reportsAtOnce those that one
	// look reads; what is left comes with the next.
	maxReports    = 2000
	reportsAtOnce = 32
	maxReport     = 8 << 20 // bytes; reports of apps have up to two million
	maxHomes      = 200
)

// macReport is a file that was not looked at yet.
type macReport struct {
	dir, name string
	at        time.Time
}

// lookForReports tells of new reports, and whether there are more.
func (w *Watch) lookForReports(ctx context.Context) bool {
	if !w.Host.Exists("/Library/Logs") {
		return false // not a Mac
	}
	since := w.since()
	if m := time.Unix(0, w.mark.Reports); m.After(since) {
		since = m
	}
	dirs := []string{"/" + macReports}
	people, _ := w.Host.ReadDir("/Users")
	for _, e := range people[:min(len(people), maxHomes)] {
		if e.IsDir() && e.Name()[0] != '.' {
			dirs = append(dirs, "/Users/"+e.Name()+"/"+macReports)
		}
	}
	var list []macReport
	for _, dir := range dirs {
		list = append(list, w.newReports(dir, since)...)
	}
	order.By(list, func(a, b macReport) int { return cmp.Or(a.at.Compare(b.at), strings.Compare(a.name, b.name)) })
	for i, r := range list {
		if i == reportsAtOnce || ctx.Err() != nil {
			return true
		}
		if e, ok := readReport(w.Host, r); ok {
			if e.Kind == event.Bugcheck && len(w.dumps) < maxDumps {
				w.dumps = append(w.dumps, e)
			}
			w.tell(ctx, e)
		}
		w.mark.Reports = r.at.UnixNano()
	}
	return false
}

// newReports lists reports of a folder that were written after a time. One
// from tomorrow, by a clock that was wrong, would hide all others: it is left.
func (w *Watch) newReports(dir string, since time.Time) (list []macReport) {
	in, err := w.Host.Within(dir)
	if err != nil {
		return nil
	}
	defer in.Close()
	entries, err := in.ReadDir(".", maxReports)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		switch path.Ext(e.Name()) {
		case ".ips", ".panic", ".hang", ".spin":
		default:
			continue
		}
		fi, err := e.Info()
		if err != nil || !fi.Mode().IsRegular() || !fi.ModTime().After(since) || fi.ModTime().After(w.now().Add(24*time.Hour)) {
			continue
		}
		list = append(list, macReport{dir, e.Name(), fi.ModTime()})
	}
	return list
}

func readReport(h *host.Host, r macReport) (linux.Event, bool) {
	in, err := h.Within(r.dir)
	if err != nil {
		return linux.Event{}, false
	}
	defer in.Close()
	f, err := in.Open(r.name)
	if err != nil {
		return linux.Event{}, false
	}
	defer f.Close()
	if fi, err := f.Stat(); err != nil || fi.Mode()&fs.ModeType != 0 {
		return linux.Event{}, false
	}
	b, err := io.ReadAll(io.LimitReader(f, maxReport))
	if err != nil {
		return linux.Event{}, false
	}
	e, ok := parseReport(path.Ext(r.name), b)
	if e.At.IsZero() || e.At.After(r.at.Add(time.Hour)) {
		e.At = r.at
	}
	return e, ok
}

// Kinds of reports (bug_type of their first line), as far as they are told.
const (
	reportCrash  = "309"
	reportPanic  = "210"
	reportMemory = "298"
	reportStall  = "288"
)

// reportHead is the first line of an .ips.
type reportHead struct {
	App     string `json:"app_name"`
	Name    string `json:"name"`
	Version string `json:"app_version"`
	Kind    string `json:"bug_type"`
	At      string `json:"timestamp"`
}

// reportBody is what is kept of the rest.
type reportBody struct {
	Exception struct {
		Type   string `json:"type"`
		Signal string `json:"signal"`
	} `json:"exception"`
	Faulting int `json:"faultingThread"`
	Threads  []struct {
		Frames []struct {
			Image int `json:"imageIndex"`
		} `json:"frames"`
	} `json:"threads"`
	Images []struct {
		Name string `json:"name"`
	} `json:"usedImages"`
	Largest string `json:"largestProcess"`
	Panic   string `json:"panicString"`
}

// parseReport reads a report: an .ips is two JSON objects, the older kinds are
// text. Nothing of stacks, paths or texts is kept.
func parseReport(ext string, b []byte) (linux.Event, bool) {
	switch ext {
	case ".panic":
		return panicked(string(b)), len(b) > 0
	case ".hang", ".spin":
		return hung(b)
	}
	line, rest, _ := bytes.Cut(b, []byte("\n"))
	var head reportHead
	if json.Unmarshal(line, &head) != nil {
		return linux.Event{}, false
	}
	var body reportBody
	_ = json.Unmarshal(rest, &body) // a report that was cut still says what its head does
	e := linux.Event{Attributes: map[string]string{}}
	if at, err := time.Parse("2006-01-02 15:04:05.00 -0700", head.At); err == nil {
		e.At = at.UTC()
	}
	put := func(name, value string) {
		if value = strings.TrimSpace(value); value != "" && len(value) <= 200 {
			e.Attributes[name] = value
		}
	}
	program := cmp.Or(head.App, head.Name)
	switch head.Kind {
	case reportCrash:
		e.Kind = event.AppCrash
		put("version", head.Version)
		put("code", cmp.Or(body.Exception.Signal, body.Exception.Type))
		put("module", body.module())
	case reportStall:
		e.Kind = event.AppHang
		put("version", head.Version)
	case reportMemory:
		e.Kind, program = event.OOMKill, body.Largest
		put("scope", "system")
	case reportPanic:
		p := panicked(body.Panic)
		p.At = e.At
		return p, true
	default:
		return linux.Event{}, false
	}
	put("program", path.Base(program))
	return e, program != ""
}

// module is the library in which the thread that failed was.
func (r reportBody) module() string {
	if r.Faulting < 0 || r.Faulting >= len(r.Threads) || len(r.Threads[r.Faulting].Frames) == 0 {
		return ""
	}
	i := r.Threads[r.Faulting].Frames[0].Image
	if i < 0 || i >= len(r.Images) {
		return ""
	}
	return path.Base(r.Images[i].Name)
}

// panicked is what the text of a panic tells: the first kernel extension in its
// backtrace, as in "com.example.driver(1.0)[UUID]@0xffff…".
func panicked(text string) linux.Event {
	e := linux.Event{Kind: event.Bugcheck, Attributes: map[string]string{"stop_code": "panic", "dumped": "true"}}
	if _, rest, ok := strings.Cut(text, "Kernel Extensions in backtrace:"); ok {
		name, _, ok := strings.Cut(strings.TrimSpace(rest), "(")
		if ok && len(name) <= 200 && strings.Contains(name, ".") && !strings.ContainsAny(name, " \t\n/") {
			e.Attributes["module"] = name
		}
	}
	return e
}

// hung reads the head of a report of a hang: "Command: Safari", "Version: 17.5".
func hung(b []byte) (linux.Event, bool) {
	e := linux.Event{Kind: event.AppHang, Attributes: map[string]string{}}
	s := bufio.NewScanner(bytes.NewReader(b[:min(len(b), 64<<10)]))
	for n := 0; s.Scan() && n < 60; n++ {
		key, value, _ := strings.Cut(s.Text(), ":")
		value = strings.TrimSpace(value)
		switch {
		case value == "" || len(value) > 200:
		case key == "Command":
			e.Attributes["program"] = path.Base(value)
		case key == "Version":
			e.Attributes["version"] = value
		}
	}
	return e, e.Attributes["program"] != ""
}

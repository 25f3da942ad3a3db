package scheduled

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"unicode/utf16"

	"muster/agent/gather/commandline"
	"muster/agent/host"
	"muster/internal/inventory"
)

// taskFolder is where the task scheduler keeps a file for each task, in
// folders as people see them.
const taskFolder = "C:/Windows/System32/Tasks"

const (
	maxDepth = 16
	cache    = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache\`
)

// task is what is kept of a task's file (Task Scheduler Schema).
type task struct {
	Author     string `xml:"RegistrationInfo>Author"`
	Principals []struct {
		User     string `xml:"UserId"`
		Group    string `xml:"GroupId"`
		RunLevel string `xml:"RunLevel"`
	} `xml:"Principals>Principal"`
	Enabled string `xml:"Settings>Enabled"`
	Hidden  string `xml:"Settings>Hidden"`
	Execs   []struct {
		Command string `xml:"Command"`
	} `xml:"Actions>Exec"`
	Triggers struct {
		List []trigger `xml:",any"`
	} `xml:"Triggers"`
}

type trigger struct {
	XMLName  xml.Name
	Enabled  string `xml:"Enabled"`
	Start    string `xml:"StartBoundary"`
	Interval string `xml:"Repetition>Interval"`
	Days     string `xml:"ScheduleByDay>DaysInterval"`
	Weeks    string `xml:"ScheduleByWeek>WeeksInterval"`
	Month    *struct {
	} `xml:"ScheduleByMonth"`
	MonthDay *struct {
	} `xml:"ScheduleByMonthDayOfWeek"`
	Delay string `xml:"Delay"`
}

// fromTasks reads the tasks of the scheduler, and of the registry when each
// ran last.
func fromTasks(ctx context.Context, h *host.Host) (rows []inventory.ScheduledTask, asked, faults []string, err error) {
	asked = []string{"task_files"}
	fault := func(format string, a ...any) {
		if len(faults) < 20 {
			faults = append(faults, fmt.Sprintf(format, a...))
		}
	}
	if _, err := h.Key(host.View64, cache+"Tree", "no value"); err == nil {
		asked = append(asked, "registry")
	}
	var walk func(dir, name string, depth int) error
	walk = func(dir, name string, depth int) error {
		list, err := h.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range list {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if len(rows) >= maxTasks {
				fault("more tasks are registered than are read")
				return nil
			}
			path, full := dir+"/"+e.Name(), name+`\`+e.Name()
			if e.IsDir() {
				if depth < maxDepth {
					if err := walk(path, full, depth+1); err != nil {
						fault("folder of tasks: %v", err)
					}
				}
				continue
			}
			t, err := readTask(h, path)
			if errors.Is(err, fs.ErrNotExist) {
				continue // removed just now
			}
			if err != nil {
				fault("task %s: %v", full, err)
				continue
			}
			r := t.row(full)
			lastRun(h, full, &r)
			rows = append(rows, r)
		}
		return nil
	}
	err = walk(taskFolder, "", 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil, fmt.Errorf("this Windows has no folder of tasks: %w", errors.ErrUnsupported)
	}
	return rows, asked, faults, err
}

func readTask(h *host.Host, path string) (task, error) {
	f, err := h.Open(path)
	if err != nil {
		return task{}, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxTable))
	if err != nil {
		return task{}, err
	}
	return parseTask(b)
}

// parseTask reads a task's file: XML, as a rule in UTF-16 with a mark at its
// beginning.
func parseTask(b []byte) (task, error) {
	switch {
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}):
		b = b[2:]
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = binary.LittleEndian.Uint16(b[2*i:])
		}
		b = []byte(string(utf16.Decode(units)))
	case bytes.HasPrefix(b, []byte{0xef, 0xbb, 0xbf}):
		b = b[3:]
	}
	d := xml.NewDecoder(bytes.NewReader(b))
	// The head still says UTF-16, which it is not any more.
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	var t task
	if err := d.Decode(&t); err != nil {
		return task{}, fmt.Errorf("it is not readable as XML: %w", err)
	}
	return t, nil
}

func (t task) row(name string) inventory.ScheduledTask {
	r := inventory.ScheduledTask{Source: "task_scheduler", Name: name, Author: short(t.Author),
		Enabled: new(!strings.EqualFold(t.Enabled, "false")), Hidden: new(strings.EqualFold(t.Hidden, "true"))}
	if strings.HasPrefix(r.Author, "$(@") {
		r.Author = "" // a text of a library, Windows' own
	}
	if len(t.Principals) > 0 {
		p := t.Principals[0]
		if r.UserName = account(p.User); r.UserName == "" {
			r.UserName = account(p.Group)
		}
		r.Elevated = new(p.RunLevel == "HighestAvailable" || r.UserName == "SYSTEM")
	}
	if len(t.Execs) > 0 {
		r.Executable = commandline.Program(t.Execs[0].Command)
	}
	var words []string
	for _, g := range t.Triggers.List[:min(len(t.Triggers.List), 20)] {
		if strings.EqualFold(g.Enabled, "false") {
			continue
		}
		occasion, text := g.tell()
		if !contains(r.Triggers, occasion) {
			r.Triggers = append(r.Triggers, occasion)
		}
		words = append(words, text)
	}
	r.Schedule = strings.Join(words, "; ")
	return r
}

// tell is the occasion of a trigger in words of the catalogue, and the trigger
// in those of the schema.
func (g trigger) tell() (occasion, text string) {
	occasion = "other"
	switch g.XMLName.Local {
	case "TimeTrigger", "CalendarTrigger":
		occasion = "time"
	case "BootTrigger":
		occasion = "boot"
	case "LogonTrigger", "SessionStateChangeTrigger":
		occasion = "logon"
	case "EventTrigger", "WnfStateChangeTrigger":
		occasion = "event"
	case "IdleTrigger":
		occasion = "idle"
	}
	parts := []string{short(g.XMLName.Local)}
	for _, p := range []struct{ name, value string }{{"start", g.Start}, {"every", g.Interval}, {"days", g.Days}, {"weeks", g.Weeks}, {"delay", g.Delay}} {
		if p.value != "" && len(p.value) <= 64 {
			parts = append(parts, p.name+"="+short(p.value))
		}
	}
	if g.Month != nil || g.MonthDay != nil {
		parts = append(parts, "monthly")
	}
	return occasion, strings.Join(parts, " ")
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}

// account names the accounts of Windows itself, which stand as SIDs.
func account(s string) string {
	switch s {
	case "S-1-5-18":
		return "SYSTEM"
	case "S-1-5-19":
		return "LOCAL SERVICE"
	case "S-1-5-20":
		return "NETWORK SERVICE"
	case "S-1-5-32-544":
		return "Administrators"
	case "S-1-5-32-545":
		return "Users"
	case "S-1-5-4":
		return "INTERACTIVE"
	}
	return short(s)
}

// short keeps a text to one line of a sane length.
func short(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0xfffd {
			return -1
		}
		return r
	}, strings.TrimSpace(s))
	if len(s) > 256 {
		s = strings.ToValidUTF8(s[:256], "")
	}
	return s
}

// lastRun adds what the scheduler remembers: DynamicInfo, times of making and
// of the last run, a state, the result, the time of the last success.
func lastRun(h *host.Host, name string, r *inventory.ScheduledTask) {
	k, err := h.Key(host.View64, cache+"Tree"+name, "Id")
	if err != nil || k.Text("Id") == "" {
		return
	}
	k, err = h.Key(host.View64, cache+`Tasks\`+k.Text("Id"), "DynamicInfo")
	if err != nil {
		return
	}
	dynamic(k.Bytes("DynamicInfo"), r)
}

func dynamic(b []byte, r *inventory.ScheduledTask) {
	if len(b) < 28 || binary.LittleEndian.Uint32(b) != 3 {
		return
	}
	if at := host.FileTime(binary.LittleEndian.Uint64(b[12:])); !at.IsZero() {
		r.RanAt = at.Truncate(1e9)
		r.Result = new(int64(binary.LittleEndian.Uint32(b[24:])))
	}
}

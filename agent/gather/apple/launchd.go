package apple

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"muster/agent/gather/home"
	"muster/agent/host"
)

// Job is what a property list tells launchd of a job (launchd.plist(5)), as
// far as it may be told: of the command line only the program.
type Job struct {
	Label    string
	Program  string
	User     string // account it runs under, where one is named
	Disabled bool
	AtLoad   bool     // it starts when it is loaded: with the system, or a session
	Every    int64    // seconds between two runs, 0 when it does not run by that
	Calendar []string // times it runs at, in launchd's words

	Agent bool   // it runs in sessions of people, and not with the system
	Owner string // whose home it lies in; empty: for everybody
	File  string
}

// job is the list's form. KeepAlive is a yes or a no, or conditions; times are
// one or several.
type job struct {
	Label     string   `plist:"Label"`
	Program   string   `plist:"Program"`
	Arguments []string `plist:"ProgramArguments"`
	User      string   `plist:"UserName"`
	Disabled  bool     `plist:"Disabled"`
	AtLoad    bool     `plist:"RunAtLoad"`
	Alive     any      `plist:"KeepAlive"`
	Every     int64    `plist:"StartInterval"`
	Calendar  any      `plist:"StartCalendarInterval"`
}

// Limits of jobs: of one list, of one folder.
const (
	maxJob  = 1 << 20
	maxJobs = 2000
)

// ParseJob reads a list.
func ParseJob(b []byte) (Job, error) {
	var x job
	if err := Decode(b, &x); err != nil {
		return Job{}, err
	}
	j := Job{Label: x.Label, Program: x.Program, User: x.User, Disabled: x.Disabled, AtLoad: x.AtLoad, Every: max(x.Every, 0)}
	if j.Program == "" && len(x.Arguments) > 0 {
		j.Program = x.Arguments[0]
	}
	switch alive := x.Alive.(type) {
	case bool:
		j.AtLoad = j.AtLoad || alive
	}
	switch at := x.Calendar.(type) {
	case map[string]any:
		j.Calendar = []string{moment(at)}
	case []any:
		for _, one := range at {
			if m, ok := one.(map[string]any); ok && len(j.Calendar) < 50 {
				j.Calendar = append(j.Calendar, moment(m))
			}
		}
	}
	if j.Label == "" {
		return j, errors.New("a job of launchd without a label")
	}
	return j, nil
}

// moment writes a time as launchd has it; what is left out is any.
func moment(at map[string]any) string {
	var parts []string
	for _, name := range []string{"Month", "Day", "Weekday", "Hour", "Minute"} {
		switch n := at[name].(type) {
		case uint64, int64:
			parts = append(parts, fmt.Sprintf("%s=%d", name, n))
		}
	}
	return strings.Join(parts, " ")
}

// Jobs reads what is laid down for launchd outside of the system itself, whose
// jobs are the same on every Mac of a release: for the machine, for everybody's
// sessions, and in homes. faults says what could not be read.
func Jobs(h *host.Host) (jobs []Job, faults []string, err error) {
	look := func(dir, owner string, agent bool) error {
		w, err := h.Within(dir)
		if err != nil {
			return err
		}
		defer w.Close()
		list, err := w.ReadDir(".", maxJobs)
		if err != nil {
			return err
		}
		for _, e := range list {
			if !strings.HasSuffix(e.Name(), ".plist") || e.Name()[0] == '.' {
				continue
			}
			j, err := oneJob(w, e.Name())
			if err != nil {
				if len(faults) < 50 {
					faults = append(faults, home.HideMac(path.Join(dir, e.Name()))+": "+err.Error())
				}
				continue
			}
			j.Agent, j.Owner, j.File = agent, owner, path.Join(dir, e.Name())
			jobs = append(jobs, j)
		}
		return nil
	}
	folder := func(dir, owner string, agent bool) {
		if err := look(dir, owner, agent); err != nil && !errors.Is(err, fs.ErrNotExist) && len(faults) < 50 {
			faults = append(faults, home.HideMac(dir)+": "+unpathed(err))
		}
	}
	folder("/Library/LaunchDaemons", "", false)
	folder("/Library/LaunchAgents", "", true)
	homes, err := home.Mac(h)
	if err != nil && !errors.Is(err, home.ErrMany) && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	if errors.Is(err, home.ErrMany) {
		faults = append(faults, err.Error())
	}
	for _, x := range homes {
		folder(x.Dir+"/Library/LaunchAgents", x.User, true)
	}
	return jobs, faults, nil
}

// unpathed is an error without the path in it, which may name a person.
func unpathed(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

func oneJob(w *host.Within, name string) (Job, error) {
	f, err := w.Open(name)
	if err != nil {
		return Job{}, errors.New(unpathed(err))
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxJob+1))
	if err != nil {
		return Job{}, errors.New(unpathed(err))
	}
	if len(b) > maxJob {
		return Job{}, fmt.Errorf("more than %d bytes", maxJob)
	}
	if len(bytes.TrimSpace(b)) == 0 {
		return Job{}, errors.New("it is empty")
	}
	return ParseJob(b)
}

// Loaded is a job as launchctl list tells it.
type Loaded struct {
	PID    int64 // 0: it does not run
	Status int64 // of its last end; negative: the signal that ended it
}

// ParseLoaded reads launchctl list: PID, status and label, with tabs between;
// a minus for no PID.
func ParseLoaded(b []byte) map[string]Loaded {
	jobs := map[string]Loaded{}
	for line := range bytes.Lines(b) {
		w := strings.Split(strings.TrimRight(string(line), "\r\n"), "\t")
		if len(w) != 3 || w[0] == "PID" || len(jobs) >= maxLines {
			continue
		}
		var x Loaded
		if _, err := fmt.Sscanf(w[1], "%d", &x.Status); err != nil {
			continue
		}
		if w[0] != "-" {
			if _, err := fmt.Sscanf(w[0], "%d", &x.PID); err != nil || x.PID < 0 {
				continue
			}
		}
		jobs[w[2]] = x
	}
	return jobs
}

package service

import (
	"strings"
	"testing"
	"time"

	"muster/internal/inventory"
)

func TestUnitRow(t *testing.T) {
	n := func(v int64) *int64 { return &v }
	for name, c := range map[string]struct {
		unit
		left               bool
		state, mode, kind  string
		failed, exitCoded  bool
		pathOnly, accounts string
	}{
		"running":           {unit: unit{id: "a.service", active: "active", sub: "running", file: "enabled", pid: n(5), started: true, status: n(0)}, state: "running", mode: "automatic", kind: "process"},
		"done":              {unit: unit{id: "a.service", active: "active", sub: "exited", kind: "oneshot", file: "enabled", pid: n(0), started: true, status: n(0)}, state: "exited", mode: "automatic", kind: "oneshot", exitCoded: true},
		"failed":            {unit: unit{id: "a.service", active: "failed", file: "disabled"}, state: "failed", mode: "disabled", kind: "process", failed: true},
		"stopped in error":  {unit: unit{id: "a.service", active: "inactive", file: "enabled", pid: n(0), started: true, status: n(1)}, state: "stopped", mode: "automatic", kind: "process", failed: true, exitCoded: true},
		"by a socket":       {unit: unit{id: "a.service", active: "inactive", file: "static", triggers: "a.socket"}, state: "on_demand", mode: "trigger", kind: "process"},
		"by a timer failed": {unit: unit{id: "a.service", active: "failed", file: "static", triggers: "a.timer"}, state: "failed", mode: "trigger", kind: "process", failed: true},
		"starting":          {unit: unit{id: "a.service", active: "activating", file: "enabled-runtime"}, state: "starting", mode: "automatic", kind: "process"},
		"template once":     {unit: unit{id: "fsck@x.service", active: "inactive", kind: "oneshot"}, left: true},
		"a socket":          {unit: unit{id: "a.socket", active: "active"}, left: true},
		"not there":         {unit: unit{id: "a.service", load: "not-found"}, left: true},
		"a session":         {unit: unit{id: "user@1000.service", active: "active"}, left: true},
		"transient":         {unit: unit{id: "x.service", active: "active", file: "transient"}, left: true},
	} {
		t.Run(name, func(t *testing.T) {
			r, ok := c.unit.row()
			if ok == c.left {
				t.Fatalf("kept: %v", ok)
			}
			if c.left {
				return
			}
			if r.State != c.state || r.StartMode != c.mode || r.Kind != c.kind || *r.Failed != c.failed || (r.ExitCode != nil) != c.exitCoded {
				t.Errorf("%+v, failed %v", r, *r.Failed)
			}
		})
	}
}

// Arguments may hold secrets: nothing behind the path is ever kept.
func TestNoArguments(t *testing.T) {
	for in, want := range map[string]string{
		"{ path=/usr/bin/x ; argv[]=/usr/bin/x --token s3cret ; ignore_errors=no }": "/usr/bin/x",
		"{ argv[]=x }": "", "path=relative ; x": "", "": "",
	} {
		if got := program(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	for in, want := range map[string]string{
		"-/usr/bin/x --token s3cret": "/usr/bin/x", `"/opt/with space/x" s3cret`: "/opt/with space/x", "@/bin/a b": "/bin/a", "x": "", "": "", "+!!/bin/y": "/bin/y",
	} {
		if got := firstProgram(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestParseUnit(t *testing.T) {
	u := parseUnit(strings.NewReader("# c\n[Unit]\nDescription=A \\\n  b\n[Service]\nType=oneshot\nExecStart=/bin/first\nExecStart=\nExecStart=/bin/second --x\nUser=svc\n[Install]\nWantedBy=x\n[X]\nUser=no\n"))
	if u.Description != "A  b" || u.Kind != "oneshot" || u.Program != "/bin/second" || u.User != "svc" || !u.Install {
		t.Errorf("%+v", u)
	}
	if u := parseUnit(strings.NewReader("[Unit]\n" + strings.Repeat("x\\\n", 100_000))); u.Description != "" {
		t.Errorf("%+v", u)
	}
}

func TestStamp(t *testing.T) {
	want := time.Date(2024, 6, 2, 7, 30, 11, 0, time.UTC)
	if got := stamp("Sun 2024-06-02 07:30:11 UTC"); !got.Equal(want) {
		t.Error(got)
	}
	for _, s := range []string{"", "n/a", "2024", "Sun"} {
		if !stamp(s).IsZero() {
			t.Errorf("%q is a time", s)
		}
	}
}

func FuzzShow(f *testing.F) {
	f.Add("Id=a.service\nActiveState=active\nExecStart={ path=/bin/a ; argv[]=/bin/a x }\nMainPID=1\n\nId=b.service\n")
	f.Fuzz(func(t *testing.T, text string) {
		parseShow(text, func(u unit) {
			r, ok := u.row()
			if !ok {
				return
			}
			if r.Name == "" || r.Failed == nil || strings.Contains(r.Executable, " ;") {
				t.Errorf("%+v", r)
			}
			inventory.VersionKey(r.Name)
		})
		parseFiles(text, func(name, state string) {
			if name == "" || state == "" {
				t.Errorf("%q %q", name, state)
			}
		})
	})
}

func FuzzUnitFile(f *testing.F) {
	f.Add("[Unit]\nDescription=a\n[Service]\nExecStart=/bin/a b\\\n c\n")
	f.Fuzz(func(t *testing.T, text string) {
		u := parseUnit(strings.NewReader(text))
		if u.Program != "" && u.Program[0] != '/' {
			t.Errorf("%+v", u)
		}
		parseScript(strings.NewReader(text))
	})
}

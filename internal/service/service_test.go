package service

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/kardianos/service"
)

func program() Program { return Agent() }

// A program that lies elsewhere is what its unit and its property list start.
func TestConfig(t *testing.T) {
	c := program().config("/opt/muster/bin/muster-agent")
	unit, plist := c.Option["SystemdScript"].(string), c.Option["LaunchdConfig"].(string)
	if !strings.Contains(unit, "\nExecStart=/opt/muster/bin/muster-agent run ") || strings.Contains(unit, "/usr/bin/") {
		t.Errorf("unit starts something else:\n%s", unit)
	}
	if !strings.Contains(plist, "<string>/opt/muster/bin/muster-agent</string>") || strings.Contains(plist, "/usr/local/bin/") {
		t.Errorf("property list starts something else:\n%s", plist)
	}
	if literal("a {{b}}") != `a {{"{{"}}b}}` {
		t.Error(literal("a {{b}}"))
	}
}

// The unit and the command line of Windows say the same.
func TestUnitsSayTheCommandLine(t *testing.T) {
	for _, p := range []Program{Agent(), Collector()} {
		p.Folder = "/etc/" + p.Name
		line := "\nExecStart=/usr/bin/" + p.Name + " " + strings.Join(p.Arguments(p.File), " ") + "\n"
		if !strings.Contains(p.Unit, line) {
			t.Errorf("%s: the unit has no line %q", p.Name, line)
		}
		for _, arg := range p.Arguments(func(name string) string { return name }) {
			if !strings.Contains(p.Plist, "/"+arg+"</string>") && !strings.Contains(p.Plist, "<string>"+arg+"</string>") {
				t.Errorf("%s: the property list lacks %s", p.Name, arg)
			}
		}
	}
	p := Agent()
	if p.Folder = `C:\ProgramData\Muster\Agent`; p.File("agent.yaml") != `C:\ProgramData\Muster\Agent\agent.yaml` {
		t.Error(p.File("agent.yaml"))
	}
}

type fake struct {
	manager
	status service.Status
	err    error
	broken bool
}

func (f fake) failed() bool { return f.broken }

func (f fake) Status() (service.Status, error) { return f.status, f.err }

func TestState(t *testing.T) {
	for want, f := range map[State]fake{
		Running: {status: service.StatusRunning}, Stopped: {status: service.StatusStopped}, Absent: {err: service.ErrNotInstalled},
		Failed: {status: service.StatusStopped, broken: true},
	} {
		if got, err := program().state(f); got != want || err != nil {
			t.Errorf("%v: %s %v", f, got, err)
		}
	}
}

func TestExplain(t *testing.T) {
	for want, err := range map[string]error{
		"service install":           service.ErrNotInstalled,
		"needs root":                os.ErrPermission,
		"as administrator":          errors.New("Access is denied."),
		"it is installed already":   errors.New("Init already exists: /etc/systemd/system/muster-agent.service"),
		"close the services window": errors.New("The specified service has been marked for deletion."),
		"something of the manager":  errors.New("something of the manager"),
	} {
		if got := program().explain("install", err); got == nil || !strings.Contains(got.Error(), want) {
			t.Errorf("%v is told as %v", err, got)
		}
	}
	if err := program().explain("start", nil); err != nil {
		t.Error(err)
	}
}

// To be told to stop is no failure; anything else is.
func TestEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	broken := errors.New("broken")
	run := func(err error) error { return ended(ctx, err) }
	if run(broken) != broken || run(context.Canceled) == nil {
		t.Error("before")
	}
	cancel()
	if run(broken) != broken || run(context.Canceled) != nil || run(nil) != nil {
		t.Error("after")
	}
}

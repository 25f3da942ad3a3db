// Package service makes a program a service of the operating system: systemd,
// launchd or the service control manager installs, starts and stops it, and
// the program runs as one of theirs.
//
// It owns the words between program and manager, and the units and property
// lists of both programs, which packages lay down too. It must not know what a
// program does, and is the only one to import kardianos/service.
package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/kardianos/service"
)

// Program is what is to be a service. All fields are needed.
type Program struct {
	Name     string        // of the service and of its account, such as muster-agent
	Title    string        // for people
	About    string        // one sentence
	Folder   string        // of its settings
	Settings string        // name of the file in it
	Unit     string        // systemd's unit, in which the program is /usr/bin/NAME
	Plist    string        // launchd's property list, in which the program is /usr/local/bin/NAME
	Patience time.Duration // that it is given to end in order
	// Privileges are those of Windows that it keeps; all others of the system's
	// account it gives up.
	Privileges []string
	// Arguments make the service's command line, after the program, of paths in
	// Folder.
	Arguments func(at func(name string) string) []string
}

// State is how a service is.
type State string

// The states. Installed services that are neither running nor stopped, such as
// one that ends, count as stopped. That one failed is known on Windows alone;
// its log of events has the reason.
const (
	Absent  State = "not installed"
	Running State = "running"
	Stopped State = "stopped"
	Failed  State = "failed"
)

// Manager is what a service has of its manager while it runs.
type Manager struct {
	// Woke says that the machine woke from sleep; nil where managers do not tell.
	Woke <-chan struct{}
	// Log is where the service's log is to go: h, which prints, unless the manager
	// keeps nothing of what is printed.
	Log func(h slog.Handler) slog.Handler
}

// manager is the part of kardianos' service that is used.
type manager interface {
	Install() error
	Uninstall() error
	Start() error
	Stop() error
	Restart() error
	Status() (service.Status, error)
}

// idle is what kardianos wants to start and stop in this process; running is
// Run's matter.
type idle struct{}

func (idle) Start(service.Service) error { return nil }
func (idle) Stop(service.Service) error  { return nil }

// ErrNoManager is a system without a manager that this package knows.
var ErrNoManager = errors.New("this system has neither systemd, launchd nor Windows services: start the program by what it has")

func (p Program) manager() (manager, error) {
	switch where := service.Platform(); where {
	case "linux-systemd", "darwin-launchd", "windows-service":
	default:
		return nil, fmt.Errorf("%w (%s)", ErrNoManager, where)
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the program's own file: %w", err)
	}
	s, err := service.New(idle{}, p.config(exe))
	if err != nil {
		return nil, err
	}
	return p.platform(s), nil
}

func (p Program) config(exe string) *service.Config {
	return &service.Config{
		Name: p.Name, DisplayName: p.Title, Description: p.About, Arguments: p.Arguments(p.File), Executable: exe,
		Option: service.KeyValue{
			// What packages lay down, for a program that lies elsewhere.
			"SystemdScript": literal(strings.ReplaceAll(p.Unit, "/usr/bin/"+p.Name+" ", exe+" ")),
			"LaunchdConfig": literal(strings.ReplaceAll(p.Plist, "/usr/local/bin/"+p.Name+"<", exe+"<")),
		},
	}
}

// literal keeps the templates of kardianos from reading what is no template.
func literal(text string) string { return strings.ReplaceAll(text, "{{", `{{"{{"}}`) }

// Install makes the service; it starts with the system from then on, and now
// by Start. What this system cannot do of it is told to say.
func (p Program) Install(say func(string)) error {
	if err := p.prepare(); err != nil {
		return p.explain("install", err)
	}
	if err := p.do("install", manager.Install); err != nil {
		return err
	}
	notes, err := p.settle()
	if err != nil {
		return errors.Join(p.explain("install", err), p.do("uninstall", manager.Uninstall))
	}
	if len(notes) > 0 {
		say("This system's service manager does not know: " + strings.Join(notes, ", ") + ".")
	}
	return nil
}

// Uninstall stops the service and takes it out of the manager. The program's
// data stay.
func (p Program) Uninstall() error {
	if s, err := p.State(); err == nil && s == Running {
		if err := p.Stop(); err != nil {
			return err
		}
	}
	return p.do("uninstall", manager.Uninstall)
}

// Start starts the installed service.
func (p Program) Start() error { return p.do("start", manager.Start) }

// Stop stops it in order.
func (p Program) Stop() error { return p.do("stop", manager.Stop) }

// Restart stops it and starts it.
func (p Program) Restart() error { return p.do("restart", manager.Restart) }

func (p Program) do(what string, act func(manager) error) error {
	m, err := p.manager()
	if err != nil {
		return fmt.Errorf("%s %s: %w", what, p.Name, err)
	}
	return p.explain(what, act(m))
}

// explain says what to do about the usual errors of managers.
func (p Program) explain(what string, err error) error {
	text := ""
	if err != nil {
		text = strings.ToLower(err.Error())
	}
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(text, w) {
				return true
			}
		}
		return false
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, service.ErrNotInstalled):
		return fmt.Errorf("%s %s: it is not installed: %s service install", what, p.Name, p.Name)
	case errors.Is(err, os.ErrPermission), has("access is denied", "permission denied", "interactive authentication", "must be root"):
		return fmt.Errorf("%s %s: this needs root, on Windows a prompt that runs as administrator: %w", what, p.Name, err)
	case has("marked for deletion"):
		return fmt.Errorf("%s %s: it is about to be removed, and some program still looks at it: close the services window and Task Manager, then try again", what, p.Name)
	case what == "install" && has("already exists", "init already exists"):
		return fmt.Errorf("install %s: it is installed already: %s service status tells how it is, service uninstall removes it", p.Name, p.Name)
	}
	return fmt.Errorf("%s %s: %w", what, p.Name, err)
}

// State asks the manager.
func (p Program) State() (State, error) {
	m, err := p.manager()
	if err != nil {
		return "", fmt.Errorf("ask for %s: %w", p.Name, err)
	}
	return p.state(m)
}

func (p Program) state(m manager) (State, error) {
	s, err := m.Status()
	switch {
	case errors.Is(err, service.ErrNotInstalled):
		return Absent, nil
	case err != nil:
		return "", p.explain("ask for", err)
	case s == service.StatusRunning:
		return Running, nil
	}
	if f, ok := m.(interface{ failed() bool }); ok && f.failed() {
		return Failed, nil
	}
	return Stopped, nil
}

// ended is what a service says that was asked to stop and did so.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

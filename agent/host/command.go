package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

// Command is a program the agent may run: always the same file, always the
// same arguments, an empty environment.
type Command struct {
	Name  string
	Paths []string // absolute; the first that exists is run
	Args  []string
	Limit time.Duration
	Most  int // bytes of output
	Why   string
}

// Commands is the whole table. Nothing else is ever run.
func Commands() []Command {
	return append([]Command{
		{
			Name: "rpm", Paths: []string{"/usr/bin/rpm", "/bin/rpm"},
			Args:  []string{"-qa", "--qf", `%{NAME}\t%{EPOCHNUM}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\t%{VENDOR}\t%{INSTALLTIME}\t%{SIZE}\t%{SOURCERPM}\n`},
			Limit: 60 * time.Second, Most: 16 << 20,
			Why: "the RPM database has three formats, and only rpm reads all of them",
		},
		{
			Name: "systemctl", Paths: []string{"/usr/bin/systemctl", "/bin/systemctl"},
			Args: []string{"show", "*.service", "--all", "--no-pager",
				"--property=Id,Description,LoadState,ActiveState,SubState,UnitFileState,Type,ExecMainStatus,ExecMainPID,MainPID,NRestarts,User,ExecMainStartTimestamp,StateChangeTimestamp,FragmentPath,ExecStart,TriggeredBy"},
			Limit: 20 * time.Second, Most: 8 << 20,
			Why: "one answer for all units, without a D-Bus library in the agent",
		},
		{
			Name: "systemctl-files", Paths: []string{"/usr/bin/systemctl", "/bin/systemctl"},
			Args:  []string{"list-unit-files", "--type=service", "--no-pager", "--no-legend", "--plain"},
			Limit: 20 * time.Second, Most: 4 << 20,
			Why: "units that are installed but not loaded have a start mode too",
		},
		{
			Name: "systemctl-manager", Paths: []string{"/usr/bin/systemctl", "/bin/systemctl"},
			Args: []string{"show", "--no-pager",
				"--property=FirmwareTimestampMonotonic,LoaderTimestampMonotonic,UserspaceTimestampMonotonic,FinishTimestampMonotonic"},
			Limit: 20 * time.Second, Most: 64 << 10,
			Why: "how long firmware, loader, kernel and services took to start",
		},
		{
			Name: "chronyc", Paths: []string{"/usr/bin/chronyc", "/bin/chronyc"},
			Args:  []string{"-n", "-c", "tracking"},
			Limit: 5 * time.Second, Most: 4 << 10,
			Why: "chrony keeps its source and offset nowhere else; it is asked on this machine's own socket",
		},
		{
			Name: "busctl-metered", Paths: []string{"/usr/bin/busctl", "/bin/busctl"},
			Args: []string{"--system", "--auto-start=no", "--timeout=2", "get-property",
				"org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager", "org.freedesktop.NetworkManager", "Metered"},
			Limit: 5 * time.Second, Most: 4 << 10,
			Why: "whether the network is paid by the byte, without a D-Bus library in the agent; NetworkManager is not started for it",
		},
		{
			Name: "lldpcli", Paths: []string{"/usr/sbin/lldpcli", "/usr/bin/lldpcli"},
			Args:  []string{"-f", "json0", "show", "neighbors", "details"},
			Limit: 5 * time.Second, Most: 1 << 20,
			Why: "lldpd keeps in memory which switch port the PC hangs on, and its socket's form changes with its version",
		},
	}, macCommands()...)
}

// ErrNoProgram says that no file of a command's paths is there. It is
// errors.ErrUnsupported to callers: this system does not have it.
var ErrNoProgram = fmt.Errorf("program is not installed: %w", errors.ErrUnsupported)

// Run runs a command of the table by name and gives its standard output.
func (h *Host) Run(ctx context.Context, name string) ([]byte, error) {
	for _, c := range Commands() {
		if c.Name != name {
			continue
		}
		for _, p := range c.Paths {
			if !h.Exists(p) {
				continue
			}
			if h.Exec == nil {
				return nil, fmt.Errorf("%s: %w", name, ErrNoProgram)
			}
			ctx, cancel := context.WithTimeout(ctx, c.Limit)
			defer cancel()
			b, err := h.Exec(ctx, c, p)
			if err != nil {
				return nil, fmt.Errorf("run %s: %w", name, err)
			}
			return b, nil
		}
		return nil, fmt.Errorf("%s: %w", name, ErrNoProgram)
	}
	return nil, fmt.Errorf("%s is not in the table of programs", name)
}

// bounded keeps the first bytes of an output and remembers that there were
// more.
type bounded struct {
	kept []byte
	most int
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	n := len(p)
	if room := b.most - len(b.kept); n > room {
		b.over = true
		p = p[:room]
	}
	b.kept = append(b.kept, p...)
	return n, nil
}

func execute(ctx context.Context, c Command, path string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, path, c.Args...)
	// C locale, so that nothing is translated, and UTC, because the short names
	// of zones in printed times are ambiguous; nothing else, so that nobody who
	// sets our environment steers the program.
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=/usr/bin:/bin"}
	cmd.Dir = rootOf("linux")
	cmd.WaitDelay = time.Second
	out := &bounded{most: c.Most}
	complaint := &bounded{most: 400}
	cmd.Stdout, cmd.Stderr = out, complaint
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("no answer within %s", c.Limit)
	case out.over:
		return nil, fmt.Errorf("more than %d bytes of output", c.Most)
	case err != nil:
		return nil, fmt.Errorf("%w: %s", err, bytes.TrimSpace(complaint.kept))
	}
	return out.kept, nil
}

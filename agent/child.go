package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"muster/agent/gather"
	"muster/internal/report"
)

// child reads a section, or numbers, in a process of its own, which is this
// program again: PROGRAM collect --section NAME --answer, or --numbers NAME.
// What goes wrong there ends there: the process has limits of time, memory and
// output, and is ended with all it started.
type child struct {
	program string
	memory  int64         // bytes it may take beyond what a program has when it starts
	limit   time.Duration // it may take this long
	log     *slog.Logger  // may be nil
	one     chan struct{} // of room for one: a process at a time, each has its share of memory; may be nil
}

// mostAnswer is how long an answer may be, in bytes: as long as a report.
const mostAnswer = report.MaxBody

// read has a process read a section.
func (c *child) read(ctx context.Context, section string) (gather.Reading, error) {
	b, err := c.ask(ctx, "--section", section)
	if err != nil {
		return gather.Reading{}, err
	}
	return opened(section, b)
}

// ask starts the process and takes its answer.
func (c *child) ask(ctx context.Context, what, name string, more ...string) ([]byte, error) {
	if c.one != nil {
		select {
		case c.one <- struct{}{}:
			defer func() { <-c.one }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.program, append([]string{"collect", what, name, "--answer",
		"--memory", strconv.FormatInt(c.memory, 10), "--within", c.limit.String()}, more...)...)
	// Nothing of our environment but what bounds it: it may hold an invitation
	// or a proxy's password. One thread at work, because the machine has users.
	cmd.Env = []string{"GOMAXPROCS=1", "GOMEMLIMIT=" + strconv.FormatInt(c.memory*3/4, 10), "LC_ALL=C", "PATH=/usr/bin:/bin"}
	for _, name := range []string{"SystemRoot", "TZ"} { // what Windows' own libraries need; where local times are read
		if v, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	ownGroup(cmd)
	cmd.Cancel = func() error { return endGroup(cmd.Process) }
	cmd.WaitDelay = time.Second
	complaint := &beginning{most: 4 << 10}
	answer := &beginning{most: mostAnswer, over: cancel}
	cmd.Stdout, cmd.Stderr = answer, complaint
	err := cmd.Run()
	if cmd.Process != nil {
		endGroup(cmd.Process) // whatever it left behind
	}
	switch {
	case answer.cut:
		return nil, fmt.Errorf("its process answered more than %d bytes", mostAnswer)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, noAnswer(c.limit)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && cmd.Process == nil:
		return nil, fmt.Errorf("start a process to read it: %w", err)
	case err != nil:
		if c.log != nil {
			c.log.Error("the process that read for the agent crashed", "read", name, "error", err, "said", string(complaint.kept))
		}
		return nil, fmt.Errorf("its process crashed: %w: %s", err, complaint.line())
	}
	return answer.kept, nil
}

// noAnswer is what is said of a reader that is over its time.
func noAnswer(limit time.Duration) error {
	return fmt.Errorf("did not answer within %s", limit)
}

// opened reads the answer of a child.
func opened(section string, b []byte) (gather.Reading, error) {
	var s report.Section
	if err := report.Unmarshal(b, &s); err != nil {
		return gather.Reading{}, fmt.Errorf("answer of its process: %w", err)
	}
	if s.Name != section {
		return gather.Reading{}, fmt.Errorf("its process answered for section %.40q", s.Name)
	}
	r := gather.Reading{Table: s.Table(), Sources: s.Sources}
	switch s.Status {
	case report.OK:
		return r, nil
	case report.Partial:
		r.Faults = []string{s.Reason}
		return r, nil
	case report.Unsupported, report.Denied, report.Failed:
		return r, told{s.Status, s.Reason}
	}
	return gather.Reading{}, fmt.Errorf("its process answered with the unknown status %d", s.Status)
}

// told is the status of a section as another process told it.
type told struct {
	status report.Status
	reason string
}

func (t told) Error() string { return t.reason }

// Is makes gather.StatusOf see in it what the other process saw.
func (t told) Is(target error) bool {
	return target == errors.ErrUnsupported && t.status == report.Unsupported ||
		target == fs.ErrPermission && t.status == report.Denied
}

// beginning keeps the beginning of what a process says. Of what it complains,
// that is the cause; stacks come after it.
type beginning struct {
	kept []byte
	most int
	cut  bool
	over func() // called when there is more; may be nil
}

func (t *beginning) Write(p []byte) (int, error) {
	room := t.most - len(t.kept)
	if len(p) > room {
		t.cut = true
		if t.over != nil {
			t.over()
		}
	}
	t.kept = append(t.kept, p[:min(len(p), room)]...)
	return len(p), nil
}

// line is the first line.
func (t *beginning) line() string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(t.kept)), "\n")
	return line
}

// Package watch turns what a machine writes down, and what changes between two
// looks at it, into events of the catalogue: the kernel's log, systemd's
// journal, text logs, links, clocks, power, crash dumps, and how the run
// before ended.
//
// It owns how far each was read, over restarts: nothing is told twice, nothing
// is lost while the agent was down, within bounds, and what lies beyond them
// is said to be missing. It must not know how events travel, and it keeps no
// text of any line.
package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"muster/agent/host"
	"muster/agent/watch/journal"
	"muster/agent/watch/kmsg"
	"muster/agent/watch/syslog"
	"muster/internal/event/linux"
	"muster/internal/segment"
)

const (
	// every is how often all but the kernel's log is looked at.
	every = 10 * time.Second
	// firstLook is how far back the first look goes, longest how far back
	// logs are made up for when the agent was away.
	firstLook = 24 * time.Hour
	longest   = 7 * 24 * time.Hour
	// settle is how long an urgent event waits for lines that belong to it, and
	// kickGap the least time between two reports sent at once.
	settle  = 2 * time.Second
	kickGap = 15 * time.Second
	// saveEvery is how often the marks are written when nothing is told.
	saveEvery = 15 * time.Minute
	// At most so many entries of the journal in one look, and lines of the
	// kernel in one second: the agent stays light in a storm.
	passEntries = 4000
	lineBurst   = 1000
)

// kernelLog is the kernel's log. Next answers kmsg.ErrNone when there is no
// line until then.
type kernelLog interface {
	Next(wait time.Duration) (kmsg.Line, error)
	Close() error
}

// Watch is the watcher. Fields are set before Open.
type Watch struct {
	Host *host.Host
	Log  *slog.Logger
	Path string     // of the file of marks
	FS   segment.FS // default: the system's
	// Serial finds the serial number of a drive by its name, such as sda; nil
	// or an empty answer leaves it untold.
	Serial func(ctx context.Context, disk string) string
	// Kick asks for a report at once. It must not block.
	Kick func()
	// OpenKernel and Awake default to this system's; Awake is the time since
	// boot without sleep.
	OpenKernel func(*host.Host) (kernelLog, error)
	OpenEvents func(*host.Host) (eventLog, error) // Windows' event log
	Awake      func() (time.Duration, error)

	mu   sync.Mutex
	fold fold
	mark mark

	told    json.RawMessage // marks of what is in the spool
	next    json.RawMessage // marks of what was taken last
	savedAt time.Time

	boot       string
	known      bool // there were marks
	began      time.Time
	lastKernel kernelMark // as it was kept
	left       life       // the sign of life before this run of the agent
	dumps      []linux.Event
	kernel     kernelLog
	gaps       []gap
	journal    *journal.Reader
	events     events
	texts      []*syslog.Follower
	boots      map[string]*run
	judged     bool
	denied     map[string]bool
	kickAt     time.Time
	kicked     time.Time
	due        map[string]time.Time
	clocks     clocks
	life       life
	now        func() time.Time
}

// Open reads the marks. Epoch and next are of the spool that reports go to.
func (w *Watch) Open(epoch, next uint64) error {
	if w.FS == nil {
		w.FS = segment.OS()
	}
	if w.OpenKernel == nil {
		w.OpenKernel = openKernel
	}
	if w.OpenEvents == nil {
		w.OpenEvents = openEvents
	}
	if w.Awake == nil {
		w.Awake = awake
	}
	w.now = w.Host.Now
	w.began = w.now()
	w.boot = bootName(w.Host)
	w.due, w.denied = map[string]time.Time{}, map[string]bool{}
	var err error
	if w.mark, w.known, err = load(w.FS, w.Path, epoch, next); err != nil {
		return err
	}
	w.told = w.snapshot()
	w.next = w.told
	w.lastKernel = w.mark.Kernel
	w.left = readLife(w.lifePath())
	w.life = life{Percent: -1}
	w.begin()
	w.beginEvents()
	return nil
}

func (w *Watch) lifePath() string { return filepath.Join(filepath.Dir(w.Path), "alive") }

func (w *Watch) snapshot() json.RawMessage {
	b, err := json.Marshal(w.mark)
	if err != nil {
		return w.told
	}
	return b
}

// Run watches until ctx ends.
func (w *Watch) Run(ctx context.Context) error {
	defer w.Close()
	if k := w.kernel; k != nil {
		defer context.AfterFunc(ctx, func() { k.Close() })() // which ends its waiting
	}
	nextPass := w.now()
	lines, second := 0, w.now()
	for ctx.Err() == nil {
		until := nextPass
		if at := w.kickTime(); !at.IsZero() && at.Before(until) {
			until = at
		}
		w.line(ctx, until)
		now := w.now()
		if now.Sub(second).Abs() >= time.Second {
			lines, second = 0, now
		}
		if lines++; lines > lineBurst {
			pause(ctx, second.Add(time.Second).Sub(now))
		}
		if !now.Before(nextPass) || nextPass.Sub(now) > every {
			wait := every
			if w.Pass(ctx) {
				wait = every / 5 // there is more to read
			}
			nextPass = w.now().Add(wait)
		}
		w.kick(w.now())
	}
	return nil
}

// line waits for a line of the kernel until then, and takes it.
func (w *Watch) line(ctx context.Context, until time.Time) {
	if !unixLogs || w.kernel == nil {
		pause(ctx, until.Sub(w.now()))
		return
	}
	l, err := w.kernel.Next(until.Sub(w.now()))
	switch {
	case errors.Is(err, kmsg.ErrNone), ctx.Err() != nil:
	case err != nil:
		w.Log.Warn("the kernel's log is not read any more", "error", err)
		w.kernel.Close()
		w.kernel = nil
	default:
		w.mu.Lock()
		w.kernelLine(ctx, l)
		w.mu.Unlock()
	}
}

func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// CatchUp reads all that is there, for a report that shall be whole.
func (w *Watch) CatchUp(ctx context.Context) {
	for range 1000 {
		if !unixLogs || w.kernel == nil {
			break
		}
		l, err := w.kernel.Next(0)
		if err != nil {
			break
		}
		w.mu.Lock()
		w.kernelLine(ctx, l)
		w.mu.Unlock()
	}
	for range 50 {
		if !w.Pass(ctx) || ctx.Err() != nil {
			return
		}
	}
}

// Close gives back what is open.
func (w *Watch) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.kernel != nil {
		w.kernel.Close()
		w.kernel = nil
	}
	if w.journal != nil {
		w.journal.Close()
	}
}

// tell takes an event. mu is held.
func (w *Watch) tell(ctx context.Context, e linux.Event) {
	if e.At.After(w.now()) {
		e.At = w.now()
	}
	if !w.place(ctx, &e) {
		return
	}
	if w.fold.add(e, w.now()) && w.kickAt.IsZero() {
		w.kickAt = w.now().Add(settle)
		if least := w.kicked.Add(kickGap); w.kickAt.Before(least) {
			w.kickAt = least
		}
	}
}

func (w *Watch) kickTime() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.kickAt
}

func (w *Watch) kick(now time.Time) {
	w.mu.Lock()
	ask := !w.kickAt.IsZero() && !now.Before(w.kickAt)
	if ask {
		w.kickAt, w.kicked = time.Time{}, now
	}
	w.mu.Unlock()
	if ask && w.Kick != nil {
		w.Kick()
	}
}

// Take gives the events to be told now. They are the caller's: until Keep and
// Told say that they are in the spool, a restart tells them again.
func (w *Watch) Take() []Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.fold.take(w.now())
	w.next = w.snapshot()
	return list
}

// Keep writes down that the report numbered seq of epoch holds what was taken.
// It is called before the report is written.
func (w *Watch) Keep(epoch, seq uint64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.save(saved{Epoch: epoch, Seq: seq, Told: w.told, Next: w.next})
}

// Told says that what was taken is in the spool, or was nothing. Now and then
// that is written down even if nothing was told.
func (w *Watch) Told() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = w.next
	if now := w.now(); now.Sub(w.savedAt).Abs() >= saveEvery {
		if err := w.save(saved{Next: w.told}); err != nil {
			w.Log.Warn("how far logs were read could not be kept", "error", err)
		}
	}
}

// Save writes the marks down, at the end.
func (w *Watch) Save() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.save(saved{Next: w.told})
}

func (w *Watch) save(s saved) error {
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("keep how far logs were read: %w", err)
	}
	if err := segment.WriteState(w.FS, w.Path, b); err != nil {
		return fmt.Errorf("keep how far logs were read: %w", err)
	}
	w.savedAt = w.now()
	return nil
}

// since is when reading begins that no mark bounds.
func (w *Watch) since() time.Time {
	if w.known {
		return w.began.Add(-longest)
	}
	return w.began.Add(-firstLook)
}

// dueNow says whether something is to be done again.
func (w *Watch) dueNow(what string, every time.Duration) bool {
	now := w.now()
	if at, ok := w.due[what]; ok && now.Before(at) && at.Sub(now) <= every {
		return false
	}
	w.due[what] = now.Add(every)
	return true
}

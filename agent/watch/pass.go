package watch

import (
	"context"
	"runtime"
	"time"
)

// unixLogs says that this system has logs and states where Unix has them. It is
// a constant, so that a program for Windows does not hold what reads them.
const unixLogs = runtime.GOOS != "windows"

// Pass looks once at everything but the kernel's log. It says whether there is
// more to read at once.
func (w *Watch) Pass(ctx context.Context) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	more := unixLogs && w.readJournal(ctx)
	more = unixLogs && w.readTexts(ctx) || more
	more = w.readEvents(ctx) || more
	if ctx.Err() != nil {
		return false
	}
	w.lookAtClocks(ctx)
	if unixLogs && w.dueNow("links", 30*time.Second) {
		w.links(ctx)
	}
	if unixLogs && w.dueNow("power", time.Minute) {
		w.power(ctx)
	}
	if unixLogs && w.dueNow("held", 5*time.Minute) {
		w.held(ctx)
	}
	if unixLogs && w.dueNow("updates", 5*time.Minute) {
		w.updates(ctx)
		w.upgrades(ctx)
	}
	if unixLogs && w.journal == nil && w.dueNow("sign-ins", 30*time.Second) {
		w.signIns(ctx)
	}
	if unixLogs && w.dueNow("dumps", time.Hour) {
		w.lookForDumps(ctx)
	}
	if unixLogs && w.dueNow("reports", time.Minute) {
		more = w.lookForReports(ctx) || more
	}
	if !more && !w.judged {
		w.judged = true
		w.judge(ctx, w.left)
		w.boots = nil
	}
	if w.judged && w.dueNow("life", time.Minute) {
		w.live(false)
	}
	return more
}

//go:build linux

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"muster/agent/send"
	"muster/collector/api"
	"muster/internal/backoff"
	"muster/internal/report"
)

// line is a device's kept connection with as little around it as will do: what
// the load takes of the machine, the collector does not have.
type line struct {
	d    *Device
	conn *tls.Conn
	rd   *bufio.Reader
}

func (l *line) connect(address string) error {
	if l.conn != nil {
		return nil
	}
	conn, err := tls.Dial("tcp", address, clientTLS(nil, l.d.Member.Identity()))
	if err != nil {
		return err
	}
	l.conn, l.rd = conn, bufio.NewReaderSize(conn, 1<<10)
	return nil
}

func (l *line) close() {
	if l.conn != nil {
		l.conn.Close()
		l.conn = nil
	}
}

// busyError is an answer that asks to come again later.
type busyError struct{ after time.Duration }

func (e busyError) Error() string { return "busy, come again after " + e.after.String() }

// deliver sends the oldest report that waits, one alone, or else a new one.
// Errors are busyError, or the connection's or the collector's fault.
func (l *line) deliver(address string) error {
	if err := l.connect(address); err != nil {
		return err
	}
	d := l.d
	if len(d.waiting) == 0 {
		if err := d.Issue(); err != nil {
			return err
		}
	}
	body, err := d.Body(d.first, 1)
	if err != nil {
		return err
	}
	head := "POST " + send.PathReports + " HTTP/1.1\r\nHost: c\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n"
	if _, err := l.conn.Write(append([]byte(head), body...)); err != nil {
		l.close()
		return err
	}
	rs, err := http.ReadResponse(l.rd, nil)
	if err != nil {
		l.close()
		return err
	}
	defer rs.Body.Close()
	b, err := io.ReadAll(rs.Body)
	if err != nil {
		l.close()
		return err
	}
	switch rs.StatusCode {
	case http.StatusOK:
		var a report.Answer
		if err := report.Unmarshal(b, &a); err != nil {
			return err
		}
		return d.heard(a)
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		after, ok := backoff.RetryAfter(rs.Header.Get("Retry-After"), time.Now())
		if !ok {
			return fmt.Errorf("%s without Retry-After", rs.Status)
		}
		return busyError{after}
	}
	return fmt.Errorf("the collector answers %s: %s", rs.Status, bytes.ToValidUTF8(b, []byte("?")))
}

// load of a rush.
type rush struct {
	accepted, busy, failed atomic.Int64
	last                   atomic.Pointer[error]
}

func (r *rush) note(err error) {
	var later busyError
	switch {
	case err == nil:
		r.accepted.Add(1)
	case errors.As(err, &later):
		r.busy.Add(1)
	default:
		r.failed.Add(1)
		r.last.Store(&err)
	}
}

// most lets so many lines work at one time, each device in its turn, as fast
// as answers come, and answers how many reports a second were taken.
func most(address string, lines []*line, lanes int, length time.Duration) (float64, *rush) {
	var r rush
	begin := time.Now()
	var wg sync.WaitGroup
	for lane := range lanes {
		wg.Go(func() {
			for i := lane; time.Since(begin) < length; {
				r.note(lines[i].deliver(address))
				if i += lanes; i >= len(lines) {
					i = lane // a line is one lane's alone
				}
			}
		})
	}
	wg.Wait()
	return float64(r.accepted.Load()) / time.Since(begin).Seconds(), &r
}

// offer lets reports become due at a rate, spread over all devices. A device
// has the manners of an agent: one request at a time, and Retry-After is
// obeyed. What becomes due meanwhile is offered, and lost to the count.
func offer(ctx context.Context, address string, lines []*line, rate float64) *rush {
	var r rush
	interval := time.Duration(float64(len(lines)) / rate * float64(time.Second))
	begin := time.Now()
	var wg sync.WaitGroup
	for i, l := range lines {
		wg.Go(func() {
			var wait backoff.Backoff
			next := begin.Add(interval * time.Duration(i) / time.Duration(len(lines)))
			for backoff.Sleep(ctx, time.Until(next)) == nil {
				err := l.deliver(address)
				r.note(err)
				next = next.Add(interval)
				var later busyError
				if errors.As(err, &later) {
					next = time.Now().Add(wait.Obey(later.after))
				} else if next.Before(time.Now()) {
					next = time.Now()
				}
				if err == nil {
					wait.Reset()
				}
			}
		})
	}
	wg.Wait()
	return &r
}

// looker asks what people's pages ask, one thing after the other, and notes
// how long answers took.
type looker struct {
	took []time.Duration
	err  error
}

func (k *looker) run(ctx context.Context, c *api.Client, device string) {
	asks := []func(context.Context) error{
		func(ctx context.Context) error { _, err := c.StatusShow(ctx); return err },
		func(ctx context.Context) error {
			_, err := c.DeviceList(ctx, api.DeviceListInput{Limit: 50, Sort: "-last_seen"})
			return err
		},
		func(ctx context.Context) error {
			_, err := c.DeviceShow(ctx, api.DeviceShowInput{Ref: device})
			return err
		},
		func(ctx context.Context) error {
			_, err := c.DeviceList(ctx, api.DeviceListInput{Filter: "software:upgraded", Limit: 50})
			return err
		},
	}
	for i := 0; backoff.Sleep(ctx, 200*time.Millisecond) == nil; i++ {
		begin := time.Now()
		if err := asks[i%len(asks)](context.WithoutCancel(ctx)); err != nil {
			k.err = err
		}
		k.took = append(k.took, time.Since(begin))
	}
}

// F17: five times as many reports become due as the collector can take. It
// takes nearly as many as ever, puts off the rest in good manners, and people
// are answered.
func TestF17_Overload(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.configure("limits: {", "limits: {connections: 8000, ")
	o.start()
	script := DefaultScript()
	script.Begin = time.Now().Add(-10 * time.Minute).Truncate(time.Second)
	if full() {
		script.Change, script.Event = 1000, 1000 // the load is that of plain reports
	}
	or := o.oracle(times(80, 6000), script)
	same := o.since()
	lines := make([]*line, len(or.Devices))
	for i, d := range or.Devices {
		lines[i] = &line{d: d}
		defer lines[i].close()
		if err := lines[i].deliver(o.agents); err != nil { // connected, and known with all it has
			t.Fatal(err)
		}
	}
	length := time.Duration(times(1, 30)) * time.Second
	before, r := most(o.agents, lines, min(64, len(lines)), length)
	t.Logf("at most %.0f reports a second are taken (%d put off, %d failed); %s", before, r.busy.Load(), r.failed.Load(), load())
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(times(2, 600))*time.Second)
	defer cancel()
	var k looker
	looked := make(chan struct{})
	go func() { k.run(ctx, o.api(), string(or.Devices[0].ID)); close(looked) }()
	begin := time.Now()
	r = offer(ctx, o.agents, lines, 5*before)
	good := float64(r.accepted.Load()) / time.Since(begin).Seconds()
	<-looked
	after, _ := most(o.agents, lines, min(64, len(lines)), length)
	t.Logf("of %.0f offered a second %.0f were taken, %.0f %% of the most before; %d put off, %d failed; afterwards at most %.0f; %s",
		5*before, good, 100*good/before, r.busy.Load(), r.failed.Load(), after, load())
	t.Logf("%d questions of people: half answered within %s, 95 of 100 within %s, slowest %s; collector %d MiB", len(k.took),
		quantile(k.took, 0.5), quantile(k.took, 0.95), quantile(k.took, 1), memory(t, o.cmd.Process.Pid, "VmHWM")>>20)
	if n := r.failed.Load(); n > 0 {
		t.Errorf("%d reports were neither taken nor put off; the last error: %v", n, *r.last.Load())
	}
	if r.accepted.Load() == 0 || k.err != nil || len(k.took) == 0 {
		t.Errorf("%d reports taken, %d questions asked, error %v", r.accepted.Load(), len(k.took), k.err)
	}
	if full() {
		// What the machine does besides moves both ends: the lower one counts.
		if least := 0.8 * min(before, after); good < least {
			t.Errorf("%.0f reports a second were taken under overload, at least %.0f are meant", good, least)
		}
		if p := quantile(k.took, 0.95); p > time.Second {
			t.Errorf("95 of 100 questions were answered within %s, a second is meant", p)
		}
	}
	same()
	if !full() {
		o.finish(or)
		return
	}
	// Too many points to ask for: the files tell of heads, rows and events.
	if err := or.Settle(t.Context(), 2*time.Minute); err != nil {
		t.Error(err)
	}
	o.stop(t)
	or.judgeFiles(context.Background(), t, o.data)
	for _, f := range or.Faults() {
		t.Error(f)
	}
}

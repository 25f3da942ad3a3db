//go:build linux

package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/agent/host"
	"muster/agent/send"
	"muster/collector/api"
	"muster/internal/enroll"
	"muster/internal/report"
)

// Every fault of an invitation: one clear line, no report lost, and the right
// invitation mends it.
func TestInvitationsThatAreNotGood(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.start()
	other := newOffice(t, "")
	other.start()
	good := o.invite(1)
	foreign := other.invite(1)

	used := o.inviteText(1)
	(&played{t: t, data: filepath.Join(o.dir, "user"), host: machine(t, "server"), invited: used}).must()
	expired := o.inviteText(1, "--expires", "1s")
	revoked := o.inviteText(1)
	var list struct {
		Invitations []struct {
			ID       string
			UsesLeft int       `json:"uses_left"`
			At       time.Time `json:"created_at"`
		}
	}
	decode(t, o.must("enroll", "list", "-o", "json"), &list)
	newest := list.Invitations[0]
	for _, i := range list.Invitations {
		if i.At.After(newest.At) {
			newest = i
		}
	}
	o.must("enroll", "revoke", newest.ID)
	time.Sleep(1100 * time.Millisecond) // one of them lasts a second

	t.Run("each", func(t *testing.T) {
		refusedInvitations(t, o, map[string]invitationCase{
			"unknown token":         {text(t, good, func(v *enroll.Invitation) { v.Token = enroll.NewSecret() }), "does not know the token"},
			"token of another":      {text(t, good, func(v *enroll.Invitation) { v.Token = foreign.Token }), "does not know the token"},
			"used up":               {used, "has been used as often as it may"},
			"expired":               {expired, "has expired"},
			"revoked":               {revoked, "was revoked"},
			"CA of another":         {text(t, good, func(v *enroll.Invitation) { v.CA = foreign.CA }), "is from an authority this agent does not trust"},
			"address of another":    {text(t, good, func(v *enroll.Invitation) { v.Addresses = foreign.Addresses }), "is from an authority this agent does not trust"},
			"cut":                   {good.String()[:60], "copy it again"},
			"something else":        {"hello", "enrolment string"},
			"nobody at the address": {text(t, good, func(v *enroll.Invitation) { v.Addresses = []string{freePort(t)} }), "cannot be reached"},
		})
	})
	other.stop(t)
	o.stop(t)
}

type invitationCase struct{ text, want string }

func refusedInvitations(t *testing.T, o *office, cases map[string]invitationCase) {
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &played{t: t, data: filepath.Join(folder(t), "a"), host: machine(t, "debian-pc"), invited: c.text}
			err := p.once()
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("said %v, want one line with %q", err, c.want)
			}
			t.Log(err)
			p.invited = o.inviteText(1)
			p.must()
			s := o.show(p.device())
			if len(s.Gaps) > 0 || s.Sections["software"] == nil {
				t.Errorf("with a good invitation: gaps %v, %d sections", s.Gaps, len(s.Sections))
			}
		})
	}
}

func text(t *testing.T, v enroll.Invitation, change func(*enroll.Invitation)) string {
	t.Helper()
	change(&v)
	s := v.String()
	if s == "" {
		t.Fatal(v.Check())
	}
	return s
}

// An invitation that asks for approval: the agent waits, somebody says yes,
// and the next try goes through.
func TestEnrolmentWaitsForApproval(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.start()
	p := &played{t: t, data: filepath.Join(o.dir, "pc"), host: machine(t, "debian-pc"), invited: o.inviteText(1, "--approve")}
	for range 2 {
		if err := p.once(); err == nil || !strings.Contains(err.Error(), "waits until somebody lets it in") {
			t.Fatalf("said %v", err)
		}
	}
	var list struct{ Approvals []struct{ ID string } }
	decode(t, o.must("enroll", "approvals", "-o", "json"), &list)
	if len(list.Approvals) != 1 {
		t.Fatalf("%d devices wait, want one that asked twice", len(list.Approvals))
	}
	o.must("enroll", "approve", list.Approvals[0].ID)
	p.must()
	if o.show(p.device()).Sections["software"] == nil {
		t.Error("nothing arrived after the approval")
	}
	o.stop(t)
}

// A clock that is wrong by years: the agent's numbers stand at the time they
// were read all the same, and the offset is shown. Only one that is years ahead
// at the first meeting cannot be told from a collector with an old certificate:
// that is said, and mended by setting it.
func TestClockWrongByYears(t *testing.T) {
	t.Parallel()
	const year = 365 * 24 * time.Hour
	o := newOffice(t, "")
	o.inside()
	t.Run("each", func(t *testing.T) {
		wrongClocks(t, o, map[string]clockCase{
			"ahead since before it enrolled":  {5 * year, 0, "check the clocks of both"},
			"behind since before it enrolled": {-20 * year, -20 * year, ""},
			"years ahead all of a sudden":     {0, 5 * year, ""},
			"years behind all of a sudden":    {0, -20 * year, ""},
			"an hour ahead":                   {time.Hour, time.Hour, ""},
		})
	})
	o.stop(t)
}

type clockCase struct {
	first, then time.Duration // offsets
	said        string        // at the first try
}

func wrongClocks(t *testing.T, o *office, cases map[string]clockCase) {
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			off := c.first
			h := *host.Local()
			h.Now = func() time.Time { return time.Now().Add(off) }
			p := &played{t: t, data: filepath.Join(folder(t), "a"), host: &h, invited: o.inviteText(1)}
			samples := 4 // of two reports
			if err := p.once(); c.said == "" && err != nil || c.said != "" && (err == nil || !strings.Contains(err.Error(), c.said)) {
				t.Fatalf("said %v, want %q\n%s", err, c.said, p.log)
			}
			if off = c.then; c.said != "" {
				// What was kept under the wrong clock has no other time than that.
				samples = 2
			}
			p.must()
			d, err := o.api().DeviceShow(t.Context(), api.DeviceShowInput{Ref: p.device()})
			if err != nil {
				t.Fatal(err)
			}
			if got := d.Device.ClockOffset; math.Abs(got-off.Seconds()) > 5 {
				t.Errorf("the clock is shown as %.0f s off, it is %.0f", got, off.Seconds())
			}
			if age := time.Since(d.Status["software"].ReadAt); age.Abs() > time.Minute {
				t.Errorf("the inventory is shown as read %s ago", age)
			}
			eventually(t, 10*time.Second, func() error {
				a, err := o.api().SeriesQuery(t.Context(), api.SeriesQueryInput{Name: "mem_used_percent", Device: p.device(), From: "5m", Step: "0"})
				if err != nil {
					return err
				}
				n := 0
				for _, s := range a.Series {
					n += len(s.Points)
				}
				if n < samples {
					return fmt.Errorf("%d of %d samples stand in the last minutes", n, samples)
				}
				return nil
			})
		})
	}
}

// failing starts the collector where it cannot run: it ends at once, with one
// line that says what to do.
func (o *office) failing(want string, args ...string) {
	o.t.Helper()
	p := launch(o.t, nil, program(o.t, "muster"), append([]string{"serve", "--config", o.config}, args...)...)
	if code := p.wait(o.t, 20*time.Second); code == 0 {
		o.t.Errorf("the collector ended well:\n%s", p.out)
	}
	oneLine(o.t, p.out.String(), want)
}

// A database of a newer program is left as it is.
func TestDatabaseFromTheFuture(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.start()
	or := o.oracle(2, DefaultScript())
	if err := or.Settle(t.Context(), 30*time.Second); err != nil {
		t.Fatal(err)
	}
	o.stop(t)
	exec := func(query string) {
		t.Helper()
		db, err := sql.Open("sqlite", "file:"+filepath.Join(o.data, "inventory.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	exec("INSERT INTO schema_version VALUES (99, 'of the future', '2030-01-01T00:00:00Z')")
	o.failing("it has schema 99, this program knows up to")
	exec("DELETE FROM schema_version WHERE version = 99")
	o.start()
	o.finish(or)
}

// readOnly makes a folder that nobody can write to, not even root.
func readOnly(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(folder(t), "ro")
	if err := os.MkdirAll(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() != 0 {
		return dir
	}
	mount(t, dir, "size=1m", unix.MS_RDONLY)
	return dir
}

// mount puts a file system in memory on a folder, until the test ends.
func mount(t *testing.T, dir, options string, flags uintptr) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root may mount: run this as root, as .ci/run does")
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", flags, options); err != nil {
		t.Fatalf("mount: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
}

func TestDataFolderThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.failing("--data", "--data", filepath.Join(readOnly(t), "data"))
	o.failing("cannot be written by this account", "--data", readOnly(t))
	e := &endpoint{t: t, data: readOnly(t)}
	p := launch(t, []string{"MUSTER_ENROLL=x"}, program(t, "muster-agent"), "run", "--data", e.data, "--once")
	if code := p.wait(t, 20*time.Second); code == 0 {
		t.Errorf("the agent ended well:\n%s", p.out)
	}
	oneLine(t, p.out.String(), "give another with --data")
}

func TestPortInUseNamesTheFlag(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	o.failing("another program listens on "+l.Addr().String()+": give another address with --web", "--web", l.Addr().String())
	o.failing("another program listens on "+l.Addr().String()+": give another address with --agents", "--agents", l.Addr().String())
}

func TestSecondOfAKind(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.start()
	o.failing("another collector runs with the data folder", "--web", freePort(t), "--agents", freePort(t))
	e := o.newEndpoint("")
	e.start()
	eventually(t, 30*time.Second, func() error {
		if e.device() == "" {
			return fmt.Errorf("not enrolled:\n%s", e.out)
		}
		return nil
	})
	p := e.run()
	if code := p.wait(t, 20*time.Second); code == 0 {
		t.Error("a second agent ended well")
	}
	oneLine(t, p.out.String(), "another agent runs with the data folder")
	e.stop(t)
	o.stop(t)
}

// Wrong settings: file, line, what was expected.
func TestWrongSettings(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	for name, c := range map[string]struct{ program, text, want string }{
		"unknown key":        {"muster", "data: /x\nweb:\n  adress: 127.0.0.1:1\n", ":3:"},
		"not a duration":     {"muster", "agents:\n  interval: soon\n", ":2:"},
		"out of bounds":      {"muster", "limits: {free_disk: 1KiB}\n", ":1:"},
		"no YAML":            {"muster", "data: [\n", "muster.yaml:"},
		"plain HTTP abroad":  {"muster", "\nweb:\n  address: 0.0.0.0:8420\n", ":3:"},
		"agent, unknown key": {"muster-agent", "data: /x\nsampel: 10s\n", ":2:"},
		"agent, too often":   {"muster-agent", "sample: 1s\n", ":1:"},
		"agent, no section":  {"muster-agent", "sections:\n  off: [everything]\n", ":2:"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+"-"+c.program+".yaml")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			verb := "serve"
			if c.program == "muster-agent" {
				verb = "run"
			}
			p := launch(t, nil, program(t, c.program), verb, "--config", path)
			if code := p.wait(t, 20*time.Second); code == 0 {
				t.Error("it ended well")
			}
			oneLine(t, p.out.String(), path+strings.TrimPrefix(c.want, "muster.yaml"))
			if name != "no YAML" && !says(p.out.String(), "expected", "did you mean", "or use 127.0.0.1") {
				t.Errorf("it does not say what was expected: %s", p.out)
			}
		})
	}
}

func says(text string, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
}

// F06: a disk that fills up. Reports are put off with a time to come back, pages
// and command line go on, and with room everything goes on by itself.
func TestF06_DiskFull(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	if err := os.MkdirAll(o.data, 0o700); err != nil {
		t.Fatal(err)
	}
	mount(t, o.data, "size=96m", 0)
	o.start()
	or := o.oracle(20, DefaultScript())
	same := o.since()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ran := make(chan error, 1)
	go func() { ran <- or.Run(ctx, 200*time.Millisecond) }()
	time.Sleep(time.Second)
	w := newWire(t, o.agents, clientTLS(t, or.Devices[0].Member.Identity()))
	ballast := filepath.Join(o.data, "ballast")
	// Full to the last byte in the middle of commits, and nearly full, which the
	// collector sees before it hurts.
	rounds := []int64{0, 2 << 20}
	for range times(0, 20) {
		rounds = append(rounds, 0)
	}
	for _, left := range rounds {
		fill(t, ballast, left)
		eventually(t, 10*time.Second, func() error {
			// Another epoch, so that the oracle's numbers stay its own.
			r, err := or.Report(1, 1, or.Devices[0].machine)
			if err != nil {
				return err
			}
			b, err := report.Marshal(report.Envelope{Version: report.Version, Epoch: 5, Oldest: 7, Sent: time.Now().UnixMilli(), Reports: []report.Report{{Seq: 9, Time: r.Time}}})
			if err != nil {
				return err
			}
			a, err := w.post(send.PathReports, b)
			if err != nil || a.status != http.StatusServiceUnavailable || a.after == "" {
				return fmt.Errorf("with %d bytes left: %s, Retry-After %q, %v", left, a, a.after, err)
			}
			return nil
		})
		time.Sleep(2 * time.Second) // under load
		if rs, err := http.Get("http://" + o.web + "/healthz"); err != nil || rs.StatusCode != http.StatusOK {
			t.Errorf("with %d bytes left the web address answers %v %v", left, rs, err)
		} else {
			rs.Body.Close()
		}
		if _, err := o.muster("device", "list"); err != nil {
			t.Errorf("with %d bytes left nothing can be read: %v", left, err)
		}
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		acked := or.Counts().Acknowledged
		eventually(t, 30*time.Second, func() error {
			if or.Counts().Acknowledged == acked {
				return fmt.Errorf("nothing is taken though there is room again; the last error: %v\n%s", or.lastError(), tail(o.out.String(), 10))
			}
			return nil
		})
		t.Logf("goes on %s after there was room", time.Since(begin).Round(time.Millisecond))
	}
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	if n := or.Counts().Refused; n > 0 {
		t.Errorf("%d reports were refused for good on a full disk", n)
	}
	same()
	o.finish(or)
}

// fill writes a file until so many bytes are left on its file system.
func fill(t *testing.T, path string, left int64) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 64<<10)
	for {
		var s unix.Statfs_t
		if err := unix.Fstatfs(int(f.Fd()), &s); err != nil {
			t.Fatal(err)
		}
		if int64(s.Bavail)*s.Bsize <= left {
			return
		}
		if _, err := f.Write(block[:min(int64(len(block)), max(int64(s.Bavail)*s.Bsize-left, 1))]); err != nil {
			if isFull(err) {
				return
			}
			t.Fatal(err)
		}
	}
}

func isFull(err error) bool {
	e, ok := err.(*os.PathError)
	return ok && e.Err == syscall.ENOSPC
}

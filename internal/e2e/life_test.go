//go:build linux

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"muster/agent"
	"muster/agent/config"
	"muster/agent/gather/recorded"
	"muster/agent/host"
	"muster/collector"
	"muster/collector/api"
	"muster/internal/enroll"
	"muster/internal/settings"
)

// machine is a recorded computer that lives now.
func machine(t *testing.T, name string) *host.Host {
	t.Helper()
	h := recorded.Machine(t, name)
	h.Now = time.Now
	return h
}

// played is an agent within this program, on a machine that is not this one.
type played struct {
	t       *testing.T
	data    string
	host    *host.Host
	invited string
	log     *output
}

func (p *played) options(once bool) agent.Options {
	c := config.Default()
	c.Data, c.Proxy = p.data, "none"
	c.Sample = settings.Duration(10 * time.Second)
	p.log = &output{}
	return agent.Options{Config: c, Host: p.host, Once: once, Log: slog.New(slog.NewTextHandler(p.log, nil)),
		Invitation: func() (enroll.Invitation, error) { return enroll.Parse(p.invited) }}
}

// once makes and delivers one report.
func (p *played) once() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		err := agent.Run(ctx, p.options(true))
		if err == nil || !strings.Contains(err.Error(), "another agent runs") || ctx.Err() != nil {
			return err
		}
		// Not another one: a child that another test is just starting holds
		// every lock of this program for a moment, until it execs.
		time.Sleep(20 * time.Millisecond)
	}
}

// must does the same, and has patience with a machine that is busy.
func (p *played) must() {
	p.t.Helper()
	err := p.once()
	for range 3 {
		if err == nil || !strings.Contains(err.Error(), context.DeadlineExceeded.Error()) {
			break
		}
		err = p.once()
	}
	if err != nil {
		p.t.Fatalf("%v\n%s", err, p.log)
	}
}

func (p *played) device() string { return (&endpoint{data: p.data}).device() }

// A copied disk on another machine becomes a device of its own, linked to the
// first, which goes on undisturbed.
func TestClonedDiskBecomesItsOwnDevice(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.inside()
	first := &played{t: t, data: filepath.Join(o.dir, "first"), host: machine(t, "debian-pc"), invited: o.inviteText(1)}
	first.must()
	// A report waits on the disk as it is copied.
	o.stop(t)
	if err := first.once(); err == nil {
		t.Fatal("delivered without a collector")
	}
	copied := filepath.Join(o.dir, "copy")
	if err := os.CopyFS(copied, os.DirFS(first.data)); err != nil {
		t.Fatal(err)
	}
	o.inside()
	second := &played{t: t, data: copied, host: machine(t, "fedora-laptop")}
	second.must()
	if second.device() == first.device() || second.device() == "" {
		t.Fatalf("the copy is device %q, the first one %q:\n%s", second.device(), first.device(), second.log)
	}
	a, b := o.show(first.device()), o.show(second.device())
	if b.Device.ForkedFrom != a.Device.ID {
		t.Errorf("the copy is linked to %q, not to %s", b.Device.ForkedFrom, a.Device.ID)
	}
	if len(b.rows(t, "software")) == 0 || string(a.Sections["system"]) == string(b.Sections["system"]) {
		t.Errorf("the copy shows the first machine's inventory: %s", b.Sections["system"])
	}
	if len(b.Gaps) > 0 {
		t.Errorf("the copy lost nothing of its own, and shows gaps %v", b.Gaps)
	}
	if n := o.points(second.device()); n != 2 {
		t.Errorf("%d samples of the copy, it made 2: did it tell those of the first one?", n)
	}
	changes := o.must("device", "history", first.device(), "-o", "csv")
	first.must()
	if n := o.points(first.device()); n != 6 {
		t.Errorf("%d samples of the first one, it made 6", n)
	}
	if gaps := o.show(first.device()).Gaps; len(gaps) > 0 {
		t.Errorf("the first one has gaps %v", gaps)
	}
	if first.device() != a.Device.ID {
		t.Errorf("the first one is another device now: %s", first.device())
	}
	if again := o.must("device", "history", first.device(), "-o", "csv"); again != changes {
		t.Errorf("the first one's history was disturbed:\n%s\nbefore:\n%s", again, changes)
	}
	events := o.must("device", "events", second.device(), "-o", "json")
	if !strings.Contains(events, "clone_detected") {
		t.Errorf("no event tells of the clone: %s", events)
	}
	o.stop(t)
}

// points counts the stored points of one number of a device, once they do not
// grow any more.
func (o *office) points(device string) int {
	o.t.Helper()
	last := -1
	for {
		a, err := o.api().SeriesQuery(o.t.Context(), api.SeriesQueryInput{Name: "mem_used_percent", Device: device, From: "1h", Step: "0"})
		if err != nil && !strings.Contains(err.Error(), "loading") {
			o.t.Fatal(err)
		}
		n := 0
		for _, s := range a.Series {
			n += len(s.Points)
		}
		if n == last && err == nil {
			return n
		}
		last = n
		time.Sleep(500 * time.Millisecond)
	}
}

// A machine that was installed anew is a second record; merging hides the old
// one, unmerging brings it back whole.
func TestMergeAndUnmerge(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.inside()
	names := func() []string {
		var list struct{ Devices []struct{ ID string } }
		if err := json.Unmarshal([]byte(o.must("device", "list", "-o", "json")), &list); err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, d := range list.Devices {
			ids = append(ids, d.ID)
		}
		slices.Sort(ids)
		return ids
	}
	pc := machine(t, "debian-pc")
	before := &played{t: t, data: filepath.Join(o.dir, "before"), host: pc, invited: o.inviteText(1)}
	before.must()
	old := before.device()
	o.must("device", "set", old, "--asset-tag", "PC-104")
	after := &played{t: t, data: filepath.Join(o.dir, "after"), host: pc, invited: o.inviteText(1)}
	after.must()
	fresh := after.device()
	if fresh == old {
		t.Fatal("an invitation replaced a device")
	}
	if waiting := o.must("enroll", "approvals"); !strings.Contains(waiting, old) {
		t.Errorf("nobody is asked whether the two are one machine:\n%s", waiting)
	}
	whole := string(o.show(old).Sections["software"])
	o.must("device", "merge", old, "--into", fresh, "--reason", "installed anew")
	if got := names(); !slices.Equal(got, []string{fresh}) {
		t.Errorf("after the merge the list shows %v, want %s", got, fresh)
	}
	if tag := o.must("device", "show", "PC-104", "-o", "json"); !strings.Contains(tag, fresh) {
		t.Error("the asset tag does not lead to the record that stays")
	}
	var merges struct{ Merges []struct{ ID int64 } }
	if err := json.Unmarshal([]byte(o.must("device", "merges", "-o", "json")), &merges); err != nil || len(merges.Merges) != 1 {
		t.Fatalf("merges: %v %v", merges, err)
	}
	o.must("device", "unmerge", fmt.Sprint(merges.Merges[0].ID))
	want := []string{old, fresh}
	slices.Sort(want)
	if got := names(); !slices.Equal(got, want) {
		t.Errorf("after unmerge the list shows %v, want %v", got, want)
	}
	if got := string(o.show(old).Sections["software"]); got != whole {
		t.Error("the old record is not what it was")
	}
	after.must() // and it goes on reporting
	o.stop(t)
}

// What a group sets reaches the agent with the next answer: here the cadence
// of samples, and a section that is not read any more.
func TestGroupSettingsReachTheAgent(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.start()
	e := o.newEndpoint("")
	e.once()
	o.must("label", "add", "pilot", e.device())
	o.must("group", "add", "pilots", "--filter", "label:pilot", "--sample", "10s", "--off", "user")
	eventually(t, 10*time.Second, func() error {
		if out := o.must("group", "devices", "pilots"); !strings.Contains(out, o.show(e.device()).Device.Name) {
			return fmt.Errorf("the group holds %q", out)
		}
		return nil
	})
	e.start()
	// It samples each minute by itself; three points within half that time are
	// the group's doing.
	from := time.Now()
	eventually(t, 55*time.Second, func() error {
		var a struct {
			Series []struct {
				Points []struct{ At time.Time }
			}
		}
		if err := json.Unmarshal([]byte(o.must("series", "query", "mem_used_percent", "--device", e.device(), "--step", "0", "-o", "json")), &a); err != nil {
			return err
		}
		n := 0
		for _, s := range a.Series {
			for i := 1; i < len(s.Points); i++ {
				if p := s.Points[i]; p.At.After(from) && p.At.Sub(s.Points[i-1].At).Round(time.Second) == 10*time.Second {
					n++
				}
			}
		}
		if n < 2 {
			return fmt.Errorf("%d steps of 10 s between points:\n%s", n, tail(e.out.String(), 10))
		}
		return nil
	})
	var now struct {
		Sample int64    `json:"sample_seconds"`
		Off    []string `json:"sections_off"`
	}
	eventually(t, 40*time.Second, func() error {
		if err := json.Unmarshal(o.show(e.device()).Sections["agent"], &now); err != nil {
			return err
		}
		if now.Sample != 10 || !slices.Contains(now.Off, "user") {
			return fmt.Errorf("the agent tells that it samples each %d s and leaves out %v", now.Sample, now.Off)
		}
		return nil
	})
	e.stop(t)
	o.stop(t)
}

// A retired device stays with its history and is not missed; taken back, it is
// as it was.
func TestRetire(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.inside()
	p := &played{t: t, data: filepath.Join(o.dir, "pc"), host: machine(t, "fedora-laptop"), invited: o.inviteText(1)}
	p.must()
	o.must("device", "retire", p.device())
	if s := o.show(p.device()); s.Device.Presence != "retired" || s.Device.RetiredAt.IsZero() || len(s.Sections) == 0 {
		t.Errorf("presence %s, retired at %s, %d sections", s.Device.Presence, s.Device.RetiredAt, len(s.Sections))
	}
	if out := o.must("device", "list", "presence:retired"); !strings.Contains(out, "retired") {
		t.Errorf("the list of retired devices is %q", out)
	}
	p.must() // one that is still plugged in somewhere is heard
	o.must("device", "unretire", p.device())
	if s := o.show(p.device()); s.Device.Presence == "retired" || !s.Device.RetiredAt.IsZero() {
		t.Errorf("taken back, presence is %s", s.Device.Presence)
	}
	o.stop(t)
}

// A collector that lost its data folder is another collector: agents say so,
// and a new invitation lets them in.
func TestCollectorSetUpAnew(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.inside()
	p := &played{t: t, data: filepath.Join(o.dir, "pc"), host: machine(t, "debian-pc"), invited: o.inviteText(1)}
	p.must()
	o.stop(t)
	if err := os.RemoveAll(o.data); err != nil {
		t.Fatal(err)
	}
	o.inside()
	if err := p.once(); err == nil || !strings.Contains(err.Error(), "set up anew") || strings.Contains(err.Error(), "\n") {
		t.Errorf("said %v", err)
	}
	p.invited = o.inviteText(1)
	p.must()
	if s := o.show(p.device()); len(s.Sections) == 0 || len(s.Gaps) > 0 {
		t.Errorf("%d sections, gaps %v", len(s.Sections), s.Gaps)
	}
	o.stop(t)
}

// A laptop out of a drawer: its certificate has expired, and it renews it by
// itself; after a quarter of a year somebody has to say yes; after a year it
// needs an invitation.
func TestLaptopOutOfADrawer(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	o := newOffice(t, "")
	var shift atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(shift.Load())) }
	o.inside(func(c *collector.Options) { c.Now = now })
	laptop := func(name string) *played {
		h := machine(t, "fedora-laptop")
		h.Now = now
		p := &played{t: t, data: filepath.Join(o.dir, name), host: h, invited: o.inviteText(1, "--expires", "30d")}
		p.must()
		return p
	}
	month, quarter, year := laptop("month"), laptop("quarter"), laptop("year")
	ids := []string{month.device(), quarter.device(), year.device()}
	shift.Store(int64(40 * day))
	month.must()
	shift.Store(int64((30 + 120) * day))
	if err := quarter.once(); err == nil || !strings.Contains(err.Error(), "waits until somebody lets it in") {
		t.Errorf("after a quarter it said %v", err)
	}
	var list struct {
		Approvals []struct{ ID, Kind, Device string }
	}
	decode(t, o.must("enroll", "approvals", "-o", "json"), &list)
	for _, a := range list.Approvals {
		if a.Device == ids[1] && a.Kind == "renew" {
			o.must("enroll", "approve", a.ID)
		}
	}
	quarter.must()
	shift.Store(int64((30 + 400) * day))
	if err := year.once(); err == nil || !strings.Contains(err.Error(), "expired more than a year ago; enrol the device with a new enrolment string") {
		t.Errorf("after a year it said %v", err)
	}
	if got := []string{month.device(), quarter.device(), year.device()}; !slices.Equal(got, ids) {
		t.Errorf("devices %v became %v", ids, got)
	}
	year.invited = o.inviteText(1)
	year.must()
	if year.device() == ids[2] {
		t.Error("an invitation gave an old name back")
	}
	o.stop(t)
}

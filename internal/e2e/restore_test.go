//go:build linux

package e2e

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/internal/event"
	"muster/internal/inventory"
)

// lostGap is what a device told and a restore lost.
type lostGap struct{ from, to uint64 }

// headsIn reads how far each device's epoch is taken in, by a database that
// nobody has open.
func headsIn(t *testing.T, data string) map[string]uint64 {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(data, "inventory.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var v verdict
	var id string
	var epoch, seq int64
	out := map[string]uint64{}
	each(t.Context(), &v, db, "SELECT device_id, ifnull(epoch, 0), seq FROM seen_rows JOIN device_rows USING (device_no)", []any{&id, &epoch, &seq}, func() {
		out[fmt.Sprint(id, "/", uint64(epoch))] = uint64(seq)
	})
	v.report(t)
	return out
}

// A fleet reports while a backup is made, and goes on; then the machine is
// lost. After the restore the fleet goes on as it is: nobody enrols again,
// what was told after the backup shows as exactly that gap, and nothing is
// there twice. Some devices renewed their certificate in the time that is
// lost, some enrolled in it, one was revoked in it. The steps, and each of their
// commands, are those of the page.
func TestAfterADisaster(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.start()
	or := o.oracle(12, DefaultScript())
	for _, d := range or.Devices { // each is in the backup
		if err := d.Issue(); err != nil {
			t.Fatal(err)
		}
	}
	if err := or.Settle(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- or.Run(ctx, 50*time.Millisecond) }()
	time.Sleep(time.Second)
	archive := filepath.Join(o.dir, "muster.backup")
	o.must("backup", archive) // with all of them at it
	o.must("backup", "verify", archive)
	if _, err := o.muster("backup", archive); err == nil || !strings.Contains(err.Error(), "there already") {
		t.Errorf("a second backup into the same file: %v", err)
	}
	o.must("backup", "verify", "--key-file", filepath.Join(o.data, "secret.key"), archive)
	for i, d := range or.Devices {
		if i%3 == 0 {
			d.renew.Store(true)
		}
	}
	time.Sleep(time.Second)
	cancel()
	if err := <-ran; err != nil {
		t.Fatal(err)
	}
	if err := or.Enrol(t.Context(), 15, o.invite(3)); err != nil {
		t.Fatal(err)
	}
	if err := or.Settle(t.Context(), 30*time.Second); err != nil {
		t.Fatal(err)
	}
	told := map[string]uint64{}
	for _, d := range or.Devices {
		told[fmt.Sprint(d.ID, "/", d.Epoch)] = d.Acked()
	}

	// Somebody is refused after the backup, too.
	gone := &Oracle{Script: or.Script, dir: filepath.Join(o.dir, "gone"), log: or.log}
	gone.Devices = []*Device{gone.device(99, o.invite(1))}
	if err := gone.Devices[0].enrol(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused := gone.Devices[0]
	tell := func() error {
		if err := refused.Issue(); err != nil {
			t.Fatal(err)
		}
		_, err := refused.Deliver(t.Context())
		return err
	}
	if err := tell(); err != nil {
		t.Fatal(err)
	}
	o.must("device", "revoke", string(refused.ID), "--reason", "lost")

	// The machine is gone. Of it only what was kept apart is left.
	place := filepath.Join(o.dir, "kept-apart")
	if err := errors.Join(os.MkdirAll(filepath.Join(place, "bin"), 0o700), os.Rename(archive, filepath.Join(place, "muster.backup")),
		os.Symlink(program(t, "muster"), filepath.Join(place, "bin", "muster"))); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(o.data, "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(place, "secret.key"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	o.kill()
	if err := errors.Join(os.RemoveAll(o.data), os.Remove(o.config)); err != nil {
		t.Fatal(err)
	}

	r := &rehearsal{t: t, bin: filepath.Join(o.dir, "installed"), started: func() { o.start() }, places: map[string]string{".": place,
		"/var/lib/muster": o.data, "/etc/muster/muster.yaml": o.config, "/usr/bin/muster": filepath.Join(o.dir, "installed"), "bin/muster": filepath.Join(place, "bin", "muster")}}
	lost := map[inventory.DeviceID]lostGap{}
	// after holds what must be so once a step was taken, by its title.
	after := map[string]func(said string){
		"Check the backup": func(said string) {
			if !strings.Contains(said, "whole") {
				t.Errorf("of the backup: %s", said)
			}
		},
		"Install":               func(string) {},
		"Restore":               func(string) {},
		"Put back the settings": func(string) {},
		"Look it over": func(said string) {
			if !strings.Contains(said, "it does not run here") || strings.Contains(said, " bad ") || strings.Count(said, " warn ") > 2 { // the clock, in a container
				t.Errorf("the doctor says of the restored folder:\n%s", said)
			}
			lost = or.lostIn(t, o.data, told)
		},
		"Start": func(string) {},
		"Watch them come back": func(said string) {
			if !strings.Contains(said, "gap") {
				t.Errorf("nothing tells of gaps:\n%s", said)
			}
		},
		"Do again what is lost": func(string) {
			if err := tell(); err == nil {
				t.Error("what was revoked again may still report")
			}
		},
		"Make a backup": func(string) {},
	}
	for _, step := range pageSteps(t, "After a disaster") {
		check, ok := after[step.title]
		if !ok || len(step.commands) == 0 {
			t.Fatalf("the page has a step %d %q with %d commands, of which this test knows nothing", step.number, step.title, len(step.commands))
		}
		delete(after, step.title)
		switch step.title {
		case "Watch them come back":
			before := or.Counts()
			go1, stop := context.WithTimeout(t.Context(), time.Second)
			if err := or.Run(go1, 50*time.Millisecond); err != nil {
				t.Errorf("the fleet does not go on: %v", err)
			}
			stop()
			if err := or.Settle(t.Context(), 30*time.Second); err != nil {
				t.Fatal(err)
			}
			if after := or.Counts(); after.Refused != before.Refused {
				t.Errorf("%d reports were refused: %v", after.Refused-before.Refused, or.lastError())
			}
			for _, d := range or.Devices {
				if lost[d.ID] != (lostGap{}) {
					r.places["REF"] = string(d.ID)
				}
			}
		case "Do again what is lost":
			if err := tell(); err != nil {
				t.Errorf("what was revoked after the backup is not good again, as the page says: %v", err)
			}
			r.places["REF"] = string(refused.ID)
		}
		var said strings.Builder
		for _, c := range step.commands {
			said.WriteString(r.do(c))
		}
		check(said.String())
	}
	for title := range after {
		t.Errorf("the page has no step %q any more", title)
	}
	for _, f := range or.Faults() {
		// What changed in the time that is lost is asked for; these devices do
		// not know how to tell it before they change again.
		if !strings.Contains(f, "asked for sections") {
			t.Error(f)
		}
	}
	for _, d := range or.Devices {
		got := o.show(string(d.ID)).Gaps
		want := []any{}
		if g, ok := lost[d.ID]; ok {
			want = append(want, map[string]any{"from": float64(g.from), "to": float64(g.to)})
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("device %d: gaps %v, want %v", d.N, got, want)
		}
	}
	if out := o.must("doctor"); strings.Contains(out, " bad ") {
		t.Errorf("the doctor says of the restored collector:\n%s", out)
	}
	if out := o.must("audit", "list", "-o", "json"); !strings.Contains(out, `"restore"`) {
		t.Errorf("the audit does not tell of the restore: %s", out)
	}
	o.stop(t)
	or.judgeRestored(t.Context(), t, o.data, lost, refused.ID)
	if t.Failed() {
		t.Logf("the collector's log:\n%s", tail(o.out.String(), 25))
	}
}

// lostIn is what was acknowledged and a restored folder, which nobody has open,
// does not have.
func (o *Oracle) lostIn(t *testing.T, data string, told map[string]uint64) map[inventory.DeviceID]lostGap {
	t.Helper()
	heads := headsIn(t, data)
	lost := map[inventory.DeviceID]lostGap{}
	for _, d := range o.Devices {
		k := fmt.Sprint(d.ID, "/", d.Epoch)
		if heads[k] > told[k] {
			t.Errorf("device %d: the backup has %d reports, %d were acknowledged", d.N, heads[k], told[k])
		}
		if heads[k] < told[k] {
			lost[d.ID] = lostGap{heads[k] + 1, told[k]}
		}
		if d.N <= 12 && heads[k] == 0 {
			t.Errorf("device %d is not in the backup", d.N)
		}
		if d.N > 12 && lost[d.ID] != (lostGap{1, told[k]}) {
			t.Errorf("device %d, which enrolled after the backup: %+v", d.N, lost[d.ID])
		}
	}
	if len(lost) < 12 {
		t.Errorf("only %d devices told something after the backup", len(lost))
	}
	return lost
}

// judgeRestored holds the events of a stopped collector against all that was
// acknowledged and not lost: each once, and none of those that were lost.
// stranger is a device of another oracle.
func (o *Oracle) judgeRestored(ctx context.Context, t *testing.T, data string, lost map[inventory.DeviceID]lostGap, stranger inventory.DeviceID) {
	t.Helper()
	var v verdict
	db, err := sql.Open("sqlite", "file:"+filepath.Join(data, "inventory.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var id string
	var epoch, seq, n int64
	have := map[string]int64{}
	each(ctx, &v, db, "SELECT device_id, epoch, seq, count(*) FROM event_rows JOIN device_rows USING (device_no) WHERE event_rows.kind = '"+event.HardwareError+"' GROUP BY 1, 2, 3",
		[]any{&id, &epoch, &seq, &n}, func() { have[fmt.Sprint(id, "/", uint64(epoch), "/", seq)] = n })
	for _, d := range o.Devices {
		g := lost[d.ID]
		for seq := uint64(1); seq <= d.acked; seq++ {
			k := fmt.Sprint(d.ID, "/", d.Epoch, "/", seq)
			want := int64(0)
			if o.Happens(seq) && (seq < g.from || seq > g.to) {
				want = 1
			}
			if have[k] != want {
				v.say("device %d, report %d: %d events, want %d (lost are %d to %d)", d.N, seq, have[k], want, g.from, g.to)
			}
			delete(have, k)
		}
	}
	for k := range have {
		if strings.HasPrefix(k, string(stranger)+"/") {
			continue
		}
		v.say("event of %s, which nobody told", k)
	}
	v.report(t)
}

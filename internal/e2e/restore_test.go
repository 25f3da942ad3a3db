//go:build linux

package e2e

import (
	"context"
	"database/sql"
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
// lost, some enrolled in it.
func TestAfterADisaster(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.start()
	or := o.oracle(12, DefaultScript())
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

	// The machine is gone. Of it only what was kept apart is left.
	key := filepath.Join(o.dir, "kept-apart.key")
	text, err := os.ReadFile(filepath.Join(o.data, "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key, text, 0o600); err != nil {
		t.Fatal(err)
	}
	o.kill()
	if err := os.RemoveAll(o.data); err != nil {
		t.Fatal(err)
	}

	o.must("restore", archive, "--key-file", key)
	if out := o.must("doctor", "--deep"); !strings.Contains(out, "it does not run here") || strings.Contains(out, " bad ") {
		t.Errorf("the doctor says of the restored folder:\n%s", out)
	}
	heads := headsIn(t, o.data)
	lost := map[inventory.DeviceID]lostGap{}
	someLost := 0
	for _, d := range or.Devices {
		k := fmt.Sprint(d.ID, "/", d.Epoch)
		if heads[k] > told[k] {
			t.Errorf("device %d: the backup has %d reports, %d were acknowledged", d.N, heads[k], told[k])
		}
		if heads[k] < told[k] {
			lost[d.ID] = lostGap{heads[k] + 1, told[k]}
			someLost++
		}
		if d.N <= 12 && heads[k] == 0 {
			t.Errorf("device %d is not in the backup", d.N)
		}
		if d.N > 12 && lost[d.ID] != (lostGap{1, told[k]}) {
			t.Errorf("device %d, which enrolled after the backup: %+v", d.N, lost[d.ID])
		}
	}
	if someLost < 12 {
		t.Errorf("only %d devices told something after the backup", someLost)
	}

	o.start()
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
	if out := o.must("audit", "verify"); !strings.Contains(out, "none changed") {
		t.Errorf("audit: %s", out)
	}
	if out := o.must("audit", "list", "-o", "json"); !strings.Contains(out, `"restore"`) {
		t.Errorf("the audit does not tell of the restore: %s", out)
	}
	o.stop(t)
	or.judgeRestored(t.Context(), t, o.data, lost)
	if t.Failed() {
		t.Logf("the collector's log:\n%s", tail(o.out.String(), 25))
	}
}

// judgeRestored holds the events of a stopped collector against all that was
// acknowledged and not lost: each once, and none of those that were lost.
func (o *Oracle) judgeRestored(ctx context.Context, t *testing.T, data string, lost map[inventory.DeviceID]lostGap) {
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
		v.say("event of %s, which nobody told", k)
	}
	v.report(t)
}

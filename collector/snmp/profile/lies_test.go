package profile

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
	"muster/internal/report"
)

func walkOf(t testing.TB, text string) *walked {
	t.Helper()
	w, err := parseWalk([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// sysUpTime ends after 497 days and begins anew: nothing was started.
func TestAWrappedClockMovesNoStart(t *testing.T) {
	w := walkOf(t, "1.3.6.1.2.1.1.1.0 s Some switch\n1.3.6.1.2.1.1.2.0 o 1.3.6.1.4.1.99999.1\n1.3.6.1.2.1.1.3.0 t 4294966000\n")
	s := *own(t)
	now := moment()
	s.Now = func() time.Time { return now }
	d := identifyWith(t, &s, w)
	_, before := section[inventory.Boot](t, read(t, d, w))
	now = now.Add(time.Minute)
	w.set(t, "1.3.6.1.2.1.1.3.0", "t", "4704")
	_, after := section[inventory.Boot](t, read(t, d, w))
	if !before[0].StartedAt.Equal(after[0].StartedAt) {
		t.Errorf("started %v, then %v", before[0].StartedAt, after[0].StartedAt)
	}
	// A start is one all the same.
	now = now.Add(time.Hour)
	w.set(t, "1.3.6.1.2.1.1.3.0", "t", "100")
	_, after = section[inventory.Boot](t, read(t, d, w))
	if got := now.Sub(after[0].StartedAt); got > 2*time.Second {
		t.Errorf("started %v ago", got)
	}
}

// Some agents have 64-bit counters and never move them.
func TestWideCountersThatStandStillAreNotBelieved(t *testing.T) {
	w := walkOf(t, `1.3.6.1.2.1.1.1.0 s Some switch
1.3.6.1.2.1.1.2.0 o 1.3.6.1.4.1.99999.1
1.3.6.1.2.1.1.3.0 t 4294
1.3.6.1.2.1.2.2.1.2.1 s p1
1.3.6.1.2.1.2.2.1.3.1 i 6
1.3.6.1.2.1.2.2.1.5.1 g 100000000
1.3.6.1.2.1.2.2.1.7.1 i 1
1.3.6.1.2.1.2.2.1.8.1 i 1
1.3.6.1.2.1.2.2.1.10.1 c 123456
1.3.6.1.2.1.2.2.1.16.1 c 654321
1.3.6.1.2.1.31.1.1.1.1.1 s p1
1.3.6.1.2.1.31.1.1.1.6.1 C 0
1.3.6.1.2.1.31.1.1.1.10.1 C 0
`)
	d := identifyWith(t, own(t), w)
	for range 2 {
		r := read(t, d, w, paceFast)
		if v := figureOf(r, "interface", "ifInOctets", "p1"); v != 123456 {
			t.Errorf("the counter that counts is %v", v)
		}
		if v := figureOf(r, "interface", "ifHCInOctets", "p1"); !math.IsInf(v, -1) {
			t.Errorf("the one that stands still is told, as %v", v)
		}
	}
}

// Limits of light are in its unit.
func TestLimitsOfLightAreDecibelsToo(t *testing.T) {
	w := walkOf(t, `1.3.6.1.2.1.1.1.0 s Cisco IOS XR Software (Cisco ASR9K Series),  Version 6.5.3[Default]
1.3.6.1.2.1.1.2.0 o 1.3.6.1.4.1.9.1.1017
1.3.6.1.2.1.1.3.0 t 4294
1.3.6.1.2.1.47.1.1.1.1.2.100 s Transceiver Receive Power Sensor
1.3.6.1.2.1.47.1.1.1.1.5.100 i 8
1.3.6.1.2.1.47.1.1.1.1.7.100 s TenGigE0/0/0/0 Rx Power
1.3.6.1.4.1.9.9.91.1.1.1.1.1.100 i 6
1.3.6.1.4.1.9.9.91.1.1.1.1.2.100 i 8
1.3.6.1.4.1.9.9.91.1.1.1.1.3.100 i 4
1.3.6.1.4.1.9.9.91.1.1.1.1.4.100 i 5000
1.3.6.1.4.1.9.9.91.1.1.1.1.5.100 i 1
1.3.6.1.4.1.9.9.91.1.2.1.1.2.100.1 i 20
1.3.6.1.4.1.9.9.91.1.2.1.1.3.100.1 i 4
1.3.6.1.4.1.9.9.91.1.2.1.1.4.100.1 i 20000
1.3.6.1.4.1.9.9.91.1.2.1.1.2.100.2 i 20
1.3.6.1.4.1.9.9.91.1.2.1.1.3.100.2 i 2
1.3.6.1.4.1.9.9.91.1.2.1.1.4.100.2 i 100
`)
	_, rows := section[inventory.Sensor](t, read(t, identifyWith(t, own(t), w), w))
	if len(rows) != 1 || rows[0].Kind != "dbm" || *rows[0].Value != -3.01 || *rows[0].HighCritical != 3.01 || *rows[0].LowCritical != -20 {
		t.Errorf("%+v", rows)
	}
}

// endless has a hundred thousand long cells in every column.
type endless struct{ session.Asker }

func (endless) Table(_ context.Context, columns []string, l session.Limits) (session.Table, error) {
	t := session.Table{Complete: true}
	for i := range min(100_000, max(l.Rows, 1)) {
		t.Rows = append(t.Rows, session.Row{Index: fmt.Sprint(i), Cells: []session.Value{{Kind: session.OctetString, B: make([]byte, 300)}}})
	}
	return t, nil
}

func TestWhatIsLookedUpIsBound(t *testing.T) {
	d := &Device{set: own(t), lookups: map[string]lookedUp{}}
	cells := d.lookedUp(t.Context(), newReader(endless{}), "1.3.6.1.4.1.99999.1")
	if len(cells) > mostRows {
		t.Errorf("%d cells are kept", len(cells))
	}
	for _, v := range cells {
		if len(v.B) > mostLookedUp {
			t.Fatalf("a cell of %d bytes is kept", len(v.B))
		}
	}
}

// Sensors that are no more leave room for those that are.
func TestAlarmsOfFormerSensorsAreForgotten(t *testing.T) {
	d := &Device{set: own(t)}
	sec, _ := inventory.Lookup("sensor")
	told := 0
	for round := range 10 {
		a := &assembled{section: sec}
		for i := range 100 {
			row := newRow(sec)
			row[sec.Index("kind")], row[sec.Index("name")], row[sec.Index("status")] = "state", fmt.Sprint("tunnel ", round, " ", i), "critical"
			a.rows, a.fresh = append(a.rows, row), append(a.fresh, true)
		}
		var out Reading
		d.sensorAlarms(a, &out)
		told += len(out.Events)
	}
	if told != 1000 {
		t.Errorf("%d of 1,000 alarms were told", told)
	}
}

// More VLANs than are asked one by one are not told as all there are, and not
// asked for sooner.
func TestCutForwardingTablesAreTold(t *testing.T) {
	var b strings.Builder
	b.WriteString("1.3.6.1.2.1.1.1.0 s Cisco IOS Software, C3750E Software (C3750E-UNIVERSALK9-M), Version 12.2(55)SE9\n1.3.6.1.2.1.1.2.0 o 1.3.6.1.4.1.9.1.516\n1.3.6.1.2.1.1.3.0 t 4294\n1.3.6.1.2.1.2.2.1.2.1 s p1\n")
	for i := 2; i <= 401; i++ {
		fmt.Fprintf(&b, "1.3.6.1.4.1.9.9.46.1.3.1.1.2.1.%d i 1\n", i)
	}
	for i := 2; i <= 401; i++ {
		fmt.Fprintf(&b, "@%d\n1.3.6.1.2.1.17.1.4.1.2.1 i 1\n1.3.6.1.2.1.17.1.4.1.1.1 i 1\n1.3.6.1.2.1.17.4.3.1.2.0.17.34.0.%d.%d i 1\n", i, i>>8, i&255)
	}
	w := walkOf(t, b.String())
	r := read(t, identifyWith(t, own(t), w), w)
	s, rows := section[inventory.Fdb](t, r)
	if len(rows) != mostContexts || s.Status != report.Partial || !strings.Contains(s.Reason, "400 VLANs are in use") {
		t.Errorf("%d rows, %v: %s", len(rows), s.Status, s.Reason)
	}
	for _, pace := range r.Again {
		if pace == paceFDB {
			t.Error("it is asked again sooner, as if that helped")
		}
	}
}

package web

import (
	"testing"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// reading is a section as an agent told it.
func reading[T inventory.Sectioner](t *testing.T, name string, at time.Time, rows ...T) store.SectionReading {
	t.Helper()
	section, ok := inventory.Lookup(name)
	if !ok {
		t.Fatal("no section ", name)
	}
	table, err := inventory.Encode(rows)
	if err != nil {
		t.Fatal(err)
	}
	if table, _, err = section.Conform(table); err != nil {
		t.Fatal(err)
	}
	return store.SectionReading{Section: section, Status: report.OK, At: at, Table: table, Hash: section.HashTable(table)}
}

// furnish fills the office of a world: what PCs say, a switch with ports, and
// incidents in all that can become of them. All its names are data, and begin
// with a sign that no text has.
func (w *world) furnish() {
	t, ctx, now := w.t, w.t.Context(), w.now()
	commit := func(device inventory.DeviceID, sections ...store.SectionReading) {
		if err := w.inv.Commit(ctx, []store.Entry{{Device: device, Head: store.Head{Epoch: 1, Seq: 1}, At: now, ReceivedAt: now, Sections: sections}}); err != nil {
			t.Fatal(err)
		}
	}
	commit(device,
		reading(t, "system", now, inventory.System{Vendor: "§Maker", Model: "§Model", Serial: "§1"}),
		reading(t, "os", now, inventory.OS{Family: "windows", Name: "§System", Version: "§10", HostName: "front-1"}),
		reading(t, "disk", now, inventory.Disk{Name: "§sda", Model: "§Disk", SizeBytes: 1 << 38}),
		reading(t, "software", now, inventory.Software{Source: "msi", Scope: "machine", Name: "§Program", Version: "1.0", Publisher: "§House"}))
	const gear = "0192f3aa-0000-7000-8000-000000000002"
	if err := w.inv.AddDevice(ctx, store.NewDevice{ID: gear, Kind: "switch", Name: "§core", At: now}); err != nil {
		t.Fatal(err)
	}
	commit(gear, reading(t, "port", now, inventory.Port{Name: "§Gi1", Admin: "up", Alias: "§wall", Kind: "ethernet"}, inventory.Port{Name: "§Gi2", Admin: "down", Kind: "ethernet"}))

	hour := now.Add(-time.Hour)
	j := store.Judged{}
	for n, severity := range []string{"critical", "warn", "info"} {
		key := "device:" + severity
		j.Findings = append(j.Findings, store.JudgedFinding{Key: key, Finding: store.Finding{Device: device, Rule: []string{"D01", "D02", "D03"}[n], Family: "disk", Title: "§Finding", Label: "§sda",
			State: store.Firing, Severity: severity, Worst: severity, Times: 1, Since: hour, FiredAt: hour, JudgedAt: hour, Evidence: []store.Evidence{{Label: "§Evidence", Value: "12"}}}})
		j.Incidents = append(j.Incidents, store.Incident{Kind: store.DeviceIncident, Key: key, Title: "§Incident", Rule: []string{"D01", "D02", "D03"}[n], Family: "disk", Severity: severity,
			Status: store.New, OpenedAt: hour, UpdatedAt: hour, Count: 1, Devices: []store.IncidentDevice{{ID: device}}})
		j.Steps = append(j.Steps, store.KeyedStep{Key: key, Step: store.Step{At: hour, Do: "opened", Text: "§opened"}})
	}
	if err := w.inv.Record(ctx, &j); err != nil {
		t.Fatal(err)
	}
	work := func(i int, step store.Step) {
		step.At, step.By = now, "staff"
		if _, err := w.inv.Work(ctx, store.Scope{All: true}, j.Incidents[i].Number, step, nil); err != nil {
			t.Fatal(step.Do, ": ", err)
		}
	}
	work(0, store.Step{Do: store.DoClaim})
	work(0, store.Step{Do: store.DoNote, Text: "§note"})
	work(0, store.Step{Do: store.DoCheck, Item: 1, Text: "§checked"})
	work(1, store.Step{Do: store.DoEscalate, To: "§team", Text: "§why"})
	work(2, store.Step{Do: store.DoResolve, Useful: "no", Text: "§done"})
}

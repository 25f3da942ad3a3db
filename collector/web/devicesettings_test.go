package web

import (
	"net/http"
	"testing"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

func TestWhatAnAgentIsSetTo(t *testing.T) {
	w := newWorld(t)
	staff, intern := w.signedIn("staff"), w.signedIn("scoped intern")
	here := "/devices/" + device + "/settings"
	w.says(w.get(staff, here), http.StatusOK, "front-1 has no agent")
	section, _ := inventory.Lookup("agent")
	table, err := inventory.Encode([]inventory.Agent{{SampleSeconds: 60, ReportSeconds: 60, SettingsHash: "00", SectionsOff: []string{"user"}}})
	if err != nil {
		t.Fatal(err)
	}
	table, _, err = section.Conform(table)
	if err != nil {
		t.Fatal(err)
	}
	now := w.now()
	if err := w.inv.Commit(t.Context(), []store.Entry{{Device: device, Head: store.Head{Epoch: 1, Seq: 1}, At: now, ReceivedAt: now,
		Sections: []store.SectionReading{{Section: section, Status: report.OK, At: now, Table: table, Hash: section.HashTable(table)}}}}); err != nil {
		t.Fatal(err)
	}
	w.says(w.get(staff, here), http.StatusOK, "1 setting of front-1 is not as usual", "It is in no group", "The machine&#39;s own file")
	for name, g := range map[string]store.Group{"slow": {Priority: 5, Settings: store.GroupSettings{SampleSeconds: 300, Off: []string{"process"}}}, "all": {Settings: store.GroupSettings{SampleSeconds: 30, Cadence: map[string]int64{"software": 3600}}}} {
		g.Name, g.Filter = name, "kind:pc"
		if _, err := w.inv.PutGroup(t.Context(), g); err != nil {
			t.Fatal(err)
		}
	}
	w.pass(time.Minute)
	w.says(w.get(staff, here), http.StatusOK, "4 settings of front-1 are not as usual", "every 5m", "Instead of what group all says", `href="/admin/groups/one?name=slow"`, "On its way", "every 1h")
	w.says(w.get(intern, here), http.StatusOK, "Group slow")
	w.says(w.get(staff, "/devices/"+device), http.StatusOK, `href="/devices/`+device+`/settings"`)
	w.says(w.get(staff, "/devices/nothing/settings"), http.StatusNotFound)
}

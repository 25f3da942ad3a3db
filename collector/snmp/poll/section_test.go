package poll

import (
	"testing"
	"time"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
	"muster/internal/report"
)

func TestTheAgentSectionSaysHowItIsAsked(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		cred session.Credential
		want string
	}{
		{session.Credential{Version: "2c"}, "community"},
		{session.Credential{Version: "3", User: "a"}, "no_auth_no_priv"},
		{session.Credential{Version: "3", User: "a", AuthProtocol: "SHA"}, "auth_no_priv"},
		{session.Credential{Version: "3", User: "a", AuthProtocol: "SHA", PrivProtocol: "AES"}, "auth_priv"},
	} {
		w := newWorld()
		x := w.add(1)[0]
		x.Credential = c.cred
		p := w.poller()
		p.Set([]Target{x})
		tg := p.targets[x.ID]
		tg.Learned = &session.Learned{Repetitions: 25, RoundTrip: 3 * time.Millisecond}
		given := []report.Section{{Name: "snmp_agent", Columns: []string{"sys_name", "polled_address"}, Rows: [][]any{{"sw", "198.51.100.9"}}}}
		list := []report.Section{given[0]}
		tg.complete(list, nil, now)
		sec, _ := inventory.Lookup("snmp_agent")
		table, faults, err := sec.Conform(list[0].Table())
		if err != nil || len(faults) > 0 {
			t.Fatal(err, faults)
		}
		for column, want := range map[string]any{"sys_name": "sw", "snmp_version": c.cred.Version, "security_level": c.want, "polled_address": "192.0.0.0",
			"rtt_seconds": 0.003, "max_repetitions": int64(25), "answered_at": now.UnixMilli()} {
			if got := table.Rows[0][sec.Index(column)]; got != want {
				t.Errorf("%s is %v, want %v", column, got, want)
			}
		}
		if given[0].Rows[0][1] != "198.51.100.9" || len(given[0].Columns) != 2 {
			t.Error("what the reader gave was changed")
		}
	}
}

func TestPortsThatLeadToGearAreMarked(t *testing.T) {
	given := []report.Section{{Name: "port", Columns: []string{"name", "mac"}, Rows: [][]any{{"Gi1/0/1", nil}, {"Gi1/0/8", "02:00:00:00:00:08"}}}}
	list := []report.Section{given[0]}
	new(target).complete(list, map[string]string{"Gi1/0/8": "lldp", "Gi1/0/9": "stp"}, time.Time{})
	sec, _ := inventory.Lookup("port")
	table, faults, err := sec.Conform(list[0].Table())
	if err != nil || len(faults) > 0 {
		t.Fatal(err, faults)
	}
	for _, row := range table.Rows {
		up, why := row[sec.Index("uplink")], row[sec.Index("uplink_reason")]
		switch row[sec.Index("name")] {
		case "Gi1/0/8":
			if up != true || why != "lldp" {
				t.Errorf("the uplink is marked %v %v", up, why)
			}
		case "Gi1/0/1":
			if up != nil || why != nil {
				t.Errorf("an access port is marked %v %v", up, why)
			}
		}
	}
	if len(given[0].Columns) != 2 || len(given[0].Rows[1]) != 2 {
		t.Error("what the reader gave was changed")
	}
}

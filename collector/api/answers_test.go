package api

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	"muster/collector/store"
	"muster/internal/inventory"
)

// TestScope is the other half of T13: what is out of scope is not there, in
// whatever way it is asked for.
func TestScope(t *testing.T) {
	w := newWorld(t)
	c, ctx := w.client("staff-parks"), t.Context()
	list, err := c.DeviceList(ctx, DeviceListInput{})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Devices) != 2 || list.Total != 2 {
		t.Errorf("parks sees %s", asJSON(list))
	}
	for _, ref := range []string{pc3, "SER3", "pc-3", pc4} {
		_, err := c.DeviceShow(ctx, DeviceShowInput{Ref: ref})
		problemIn(t, err, notFound)
		_, err = c.DeviceHistory(ctx, DeviceHistoryInput{Ref: ref})
		problemIn(t, err, notFound)
		_, err = c.DeviceEvents(ctx, DeviceEventsInput{Ref: ref})
		problemIn(t, err, notFound)
		_, err = c.DeviceDiff(ctx, DeviceDiffInput{A: "pc-1", B: ref})
		problemIn(t, err, notFound)
		_, err = c.DeviceSet(ctx, DeviceSetInput{Ref: ref})
		problemIn(t, err, notFound)
		_, err = c.DeviceRetire(ctx, RefInput{Ref: ref})
		problemIn(t, err, notFound)
		_, err = c.MergeNew(ctx, MergeInput{Body: MergeOrder{Old: "pc-1", Into: ref}})
		problemIn(t, err, notFound)
		_, err = c.LabelAdd(ctx, LabelInput{Label: "x", Body: LabelTargets{Devices: []string{ref}}})
		problemIn(t, err, notFound)
		_, err = c.SeriesQuery(ctx, SeriesQueryInput{Name: "cpu_usage_user", Device: ref})
		problemIn(t, err, notFound)
		_, err = c.DeviceImport(ctx, DeviceImportInput{RawBody: []byte("device,note\n" + ref + ",x\n")})
		problemIn(t, err, invalid)
	}
	// A device goes neither out of sight nor into somebody else's.
	dover, none := "roads/dover", ""
	_, err = c.DeviceSet(ctx, DeviceSetInput{Ref: "pc-1", Body: DeviceChange{Site: &dover}})
	problemIn(t, err, notFound)
	_, err = c.DeviceSet(ctx, DeviceSetInput{Ref: "pc-1", Body: DeviceChange{Site: &none}})
	problemIn(t, err, forbidden)
	salem := "SALEM"
	if d, err := c.DeviceSet(ctx, DeviceSetInput{Ref: "pc-1", Body: DeviceChange{Site: &salem}}); err != nil || d.Site != "salem" {
		t.Errorf("within the agency: %v %+v", err, d)
	}
	history, err := c.HistoryList(ctx, HistoryInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range history.Changes {
		if x.Device == pc3 {
			t.Errorf("history tells of another agency: %+v", x)
		}
	}
	if _, err := c.SeriesQuery(ctx, SeriesQueryInput{Name: "cpu_usage_user"}); err != nil {
		t.Fatal(err)
	}
	m := w.series.asked.Matchers
	if len(m) != 1 || m[0].Label != store.LabelDevice || !slices.Equal(m[0].Values, []string{pc1, pc2}) {
		t.Errorf("series are asked of %+v", m)
	}
	if _, err := c.SeriesQuery(ctx, SeriesQueryInput{Name: "cpu_usage_user", Filter: "name:nothing"}); err != nil {
		t.Fatal(err)
	}
	if m := w.series.asked.Matchers; len(m) != 1 || len(m[0].Values) != 0 {
		t.Errorf("a filter that matches nothing must choose nothing: %+v", m)
	}
	// Nor does a filter that matches nothing open everything elsewhere.
	if h, err := w.client("admin").HistoryList(ctx, HistoryInput{Filter: "name:nothing"}); err != nil || len(h.Changes) != 0 {
		t.Errorf("%v %+v", err, h)
	}
	if e, err := w.client("admin").EventList(ctx, EventsInput{Filter: "name:nothing"}); err != nil || len(e.Events) != 0 {
		t.Errorf("%v %+v", err, e)
	}
}

func TestPersonalFacts(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	for who, sees := range map[string]bool{"intern": false, "intern-parks": false, "intern-person": true, "staff": true, "admin": true} {
		c := w.client(who)
		all := ""
		list, err := c.DeviceList(ctx, DeviceListInput{})
		if err != nil {
			t.Fatal(err)
		}
		all += asJSON(list)
		show, err := c.DeviceShow(ctx, DeviceShowInput{Ref: "pc-1"})
		if err != nil {
			t.Fatal(err)
		}
		all += asJSON(show)
		history, err := c.DeviceHistory(ctx, DeviceHistoryInput{Ref: "pc-1"})
		if err != nil {
			t.Fatal(err)
		}
		all += asJSON(history)
		events, err := c.DeviceEvents(ctx, DeviceEventsInput{Ref: "pc-1"})
		if err != nil {
			t.Fatal(err)
		}
		all += asJSON(events)
		diff, err := c.DeviceDiff(ctx, DeviceDiffInput{A: "pc-1", B: "pc-2"})
		if err != nil {
			t.Fatal(err)
		}
		all += asJSON(diff)
		for _, path := range []string{"/devices?format=csv", "/events?format=csv", "/history?format=csv", "/devices/pc-1"} {
			_, body := w.get(who, path)
			all += body
		}
		if got := strings.Contains(all, "jdoe") || strings.Contains(all, "Jane"); got != sees {
			t.Errorf("%s sees persons: %t\n%s", who, got, all)
		}
		hidden := asJSON([][]string{list.Hidden, show.Hidden, history.Hidden, events.Hidden})
		want := `[["user","owner"],["device.owner","device.user","software.user_name","user.account_id","user.full_name","user.home","user.last_login_at","user.name"],["user.full_name","user.name"],["user_logon.strange","user_logon.user"]]`
		if sees {
			want = `[null,null,null,null]`
		}
		if hidden != want {
			t.Errorf("%s: hidden %s, want %s", who, hidden, want)
		}
		_, err = c.DeviceList(ctx, DeviceListInput{Filter: "owner:jane or name:x"})
		_, err2 := c.DeviceList(ctx, DeviceListInput{Sort: "-owner"})
		_, err3 := c.SeriesQuery(ctx, SeriesQueryInput{Name: "cpu_usage_user", Filter: "user:jdoe"})
		for _, err := range []error{err, err2, err3} {
			if sees != (err == nil) {
				t.Errorf("%s asks by persons: %v", who, err)
			} else if !sees && !strings.Contains(problemIn(t, err, forbidden).Detail, "read_personal") {
				t.Errorf("%s: %v", who, err)
			}
		}
		if w.inventory.asked.Personal != sees {
			t.Errorf("%s: the store is told %t of free text over persons", who, w.inventory.asked.Personal)
		}
	}
	for who, want := range map[string]bool{"staff": true, "socket": true} {
		if _, err := w.client(who).SQLQuery(ctx, SQLInput{Body: SQLQuestion{Query: "SELECT 1"}}); err != nil || w.sql.asked.Personal != want || w.sql.asked.Limit != 10_000 {
			t.Errorf("%s: %v %+v", who, err, w.sql.asked)
		}
	}
}

// TestDeviceShow holds what scripts lean on: every section by its name.
func TestDeviceShow(t *testing.T) {
	w := newWorld(t)
	_, body := w.get("admin", "/devices/SER1")
	var got struct {
		Device   map[string]any
		Sections map[string]json.RawMessage
		Status   map[string]SectionStatus
		Gaps     []Gap
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	var os map[string]any
	if err := json.Unmarshal(got.Sections["os"], &os); err != nil || os["name"] != "Debian" {
		t.Errorf("os is one object: %v %s", err, got.Sections["os"])
	}
	var software []map[string]any
	if err := json.Unmarshal(got.Sections["software"], &software); err != nil || len(software) != 2 || software[0]["name"] != "bash" {
		t.Errorf("software is an array: %v %s", err, got.Sections["software"])
	}
	if v, ok := software[0]["publisher"]; !ok || v != nil {
		t.Errorf("what is not known is null: %v %t", v, ok)
	}
	if got.Device["user"] != "jdoe" || got.Status["os"].Status != "ok" || len(got.Gaps) != 1 || got.Gaps[0] != (Gap{3, 4}) {
		t.Errorf("got %s", body)
	}
	if _, ok := got.Sections["ups"]; ok {
		t.Error("a section that was never read is not empty, it is not there")
	}
	_, err := w.client("admin").DeviceShow(t.Context(), DeviceShowInput{Ref: "pc-1", Sections: []string{"sofware"}})
	if p := problemIn(t, err, invalid); !strings.Contains(p.Detail, "did you mean software") {
		t.Error(p)
	}
	_, err = w.client("admin").DeviceShow(t.Context(), DeviceShowInput{Ref: "pc-1", At: "2030-01-01"})
	problemIn(t, err, invalid)
	_, err = w.client("admin").DeviceShow(t.Context(), DeviceShowInput{Ref: "pc-3"})
	if p := problemIn(t, err, ambiguous); len(p.Candidates) != 2 || p.Candidates[1].ID != pc4 || strings.Contains(p.Detail, pc4) || strings.Contains(p.Detail, "secret") {
		t.Errorf("got %s", asJSON(p))
	}
}

func TestShownValues(t *testing.T) {
	for _, c := range []struct {
		kind inventory.Kind
		in   any
		want string
	}{
		{inventory.Time, int64(1764000000123), `"2025-11-24T16:00:00.123Z"`},
		{inventory.Int, int64(1764000000123), `1764000000123`},
		{inventory.List, `["a","b"]`, `["a","b"]`},
		{inventory.List, `not a list`, `null`},
		{inventory.Text, `["a"]`, `"[\"a\"]"`},
		{inventory.Bytes, []byte{1, 2}, `"AQI="`},
		{inventory.Bool, true, `true`},
		{inventory.Text, nil, `null`},
	} {
		if got := asJSON(shownValue(c.kind, c.in)); got != c.want {
			t.Errorf("%v %v: %s, want %s", c.kind, c.in, got, c.want)
		}
	}
}

func TestDiff(t *testing.T) {
	w := newWorld(t)
	d, err := w.client("admin").DeviceDiff(t.Context(), DeviceDiffInput{A: "pc-1", B: "pc-2"})
	if err != nil {
		t.Fatal(err)
	}
	s := d.Sections["software"]
	if len(s.OnlyA) != 1 || s.OnlyA[0]["name"] != "zsh" || len(s.Changed) != 1 || s.Changed[0].A["version"] != "5.2" || s.Changed[0].B["version"] != "5.1" || s.Changed[0].Key["name"] != "bash" {
		t.Errorf("software: %s", asJSON(s))
	}
	if d.Sections["os"].Only != "a" {
		t.Errorf("a section that one side has never read: %s", asJSON(d.Sections["os"]))
	}
	same, err := w.client("admin").DeviceDiff(t.Context(), DeviceDiffInput{A: "pc-1@2026-11-01", B: "@7d"})
	if err != nil || len(same.Sections) != 0 || same.B.Device != pc1 || same.A.At.Format("2006-01-02") != "2026-11-01" || same.B.At.IsZero() {
		t.Errorf("one device at two times: %v %s", err, asJSON(same))
	}
}

func TestCSV(t *testing.T) {
	w := newWorld(t)
	for _, o := range Operations() {
		o, in := o, examples()[o.ID]
		if o.Method != "GET" && o.ID != "sql-query" {
			continue
		}
		var b strings.Builder
		err := w.client("socket").Raw(t.Context(), o.ID, in, "text/csv", &b)
		if !tabular(o.Output) {
			problemIn(t, err, "not_acceptable")
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", o.ID, err)
			continue
		}
		records, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
		if err != nil || len(records) == 0 {
			t.Errorf("%s: %v\n%s", o.ID, err, b.String())
		}
	}
	resp, body := w.get("admin", "/devices?columns=name,owner,labels&format=csv")
	if want := "name,owner,labels\npc-1,Jane Doe,loaner\npc-2,,\npc-3,,\npc-3,,\n"; body != want || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/csv") {
		t.Errorf("got %s %q", resp.Header.Get("Content-Type"), body)
	}
	if _, body := w.get("admin", "/devices", "Accept", "text/csv"); !strings.HasPrefix(body, "id,name,kind") {
		t.Errorf("got %.80q", body)
	}
	if resp, _ := w.get("admin", "/devices", "Accept", "text/html,application/json,text/csv"); resp.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got %s", resp.Header.Get("Content-Type"))
	}
	if resp, body := w.get("admin", "/devices?filter=)&format=csv"); resp.StatusCode != 422 || resp.Header.Get("Content-Type") != problemType || !strings.Contains(body, `"position":1`) {
		t.Errorf("an error is a problem also when CSV was asked for: %d %s", resp.StatusCode, body)
	}
	_, body = w.get("admin", "/devices?columns=name,people&limit=1")
	if !strings.Contains(body, "there is no column") {
		t.Error(body)
	}
	if _, body = w.get("admin", "/devices?columns=name,retired_at,labels&limit=1"); !strings.Contains(body, `{"name":"pc-1","retired_at":null,"labels":["loaner"]}`) {
		t.Error(body)
	}
}

// TestNoFormulas is F31: nothing that a device says becomes a formula, on
// whatever way it comes into a sheet.
func TestNoFormulas(t *testing.T) {
	bodies := []string{"cmd|' /C calc'!A0", "SUM(1+1)", "HYPERLINK(\"http://x\",\"y\")", "1", "", "\"quoted\"", "a\r\nb", "DDE(\"cmd\";\"/C calc\")", "2+3", "x,y;z\t"}
	n := 0
	for _, lead := range strings.Split("= + - @ \t \r \n \uff1d \uff0b \uff0d \uff20 == =+ +- -- @@ \t= \r= \n= =\t", " ") {
		for _, body := range bodies {
			text := lead + body
			n++
			var b strings.Builder
			if err := writeCSV(&b, SoftwareList{Software: []store.SoftwareTitle{{Name: text, Publisher: text}}}); err != nil {
				t.Fatal(err)
			}
			records, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
			if err != nil || len(records) != 2 {
				t.Fatalf("%q: %v, %d lines", text, err, len(records))
			}
			got := records[1][0]
			if strings.ContainsRune(formula, []rune(got)[0]) {
				t.Errorf("%q is a formula", got)
			}
			// Readers of CSV turn \r\n within quotes into \n.
			if want := strings.ReplaceAll(text, "\r\n", "\n"); strings.ReplaceAll(unguarded(got), "\r\n", "\n") != want {
				t.Errorf("%q comes back as %q", text, unguarded(got))
			}
		}
	}
	if n < 200 {
		t.Errorf("%d strings only", n)
	}
	for text, want := range map[string]string{"plain": "plain", "": "", "'x": "'x", "-5": "'-5", "5-5": "5-5"} {
		if got := cell(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	if cell(int64(-5)) != "-5" || cell(-0.5) != "-0.5" {
		t.Error("numbers are numbers")
	}
}

func TestPages(t *testing.T) {
	w := newWorld(t)
	c, ctx := w.client("admin"), t.Context()
	one, err := c.DeviceList(ctx, DeviceListInput{Limit: 3})
	if err != nil || len(one.Devices) != 3 || one.Next == "" || one.Total != 4 {
		t.Fatalf("%v %s", err, asJSON(one))
	}
	two, err := c.DeviceList(ctx, DeviceListInput{Limit: 3, After: one.Next})
	if err != nil || len(two.Devices) != 1 || two.Next != "" {
		t.Fatalf("%v %s", err, asJSON(two))
	}
	for _, in := range []DeviceListInput{{After: one.Next, Sort: "-name"}, {After: one.Next, Filter: "name:pc"}, {After: "rubbish"}, {After: one.Next + "x"}, {After: "0123456789abcdefat3"}} {
		_, err := c.DeviceList(ctx, in)
		if p := problemIn(t, err, invalid); !strings.Contains(p.Detail, "first page") {
			t.Error(p)
		}
	}
	if _, err := c.DeviceList(ctx, DeviceListInput{}); err != nil || w.inventory.asked.Limit != 1000 {
		t.Errorf("%v: limit %d", err, w.inventory.asked.Limit)
	}
	if err := c.Raw(ctx, "device-list", DeviceListInput{}, "text/csv", io.Discard); err != nil || w.inventory.asked.Limit != 0 {
		t.Errorf("%v: limit of CSV %d", err, w.inventory.asked.Limit)
	}
}

func TestSoftwareDevices(t *testing.T) {
	w := newWorld(t)
	for _, x := range []struct {
		name, version string
		want          []string
	}{
		{"bash", "", []string{"pc-1 5.2", "pc-2 5.1"}},
		{"BASH", "<5.2", []string{"pc-2 5.1"}},
		{"b?s*", ">= 5.2", []string{"pc-1 5.2"}},
		{"bas", "", nil},
		{"bash", "5.1", []string{"pc-2 5.1"}},
		{"*sh", "!=5.1", []string{"pc-1 5.2", "pc-1 5.9"}},
		{`odd "name" -x`, "", nil},
	} {
		got, err := w.client("admin").SoftwareDevices(t.Context(), SoftwareDevicesInput{Name: x.name, Version: x.version})
		if err != nil {
			t.Errorf("%+v: %v", x, err)
			continue
		}
		var lines []string
		for _, d := range got.Devices {
			lines = append(lines, d.Name+" "+d.Version)
			if d.Since.IsZero() {
				t.Errorf("%+v has no since", d)
			}
		}
		if !slices.Equal(lines, x.want) {
			t.Errorf("%+v: got %q", x, lines)
		}
	}
	_, err := w.client("admin").SoftwareDevices(t.Context(), SoftwareDevicesInput{Name: "bash", Filter: "colour:red"})
	if p := problemIn(t, err, badFilter); p.Position != 1 {
		t.Errorf("the position is of the filter, not of what was made of it: %+v", p)
	}
	_, err = w.client("intern").SoftwareDevices(t.Context(), SoftwareDevicesInput{Name: "bash", Filter: "owner:jane"})
	problemIn(t, err, forbidden)
}

// TestSeverityOfDevices: lists tell how bad it is with each device, in every form,
// and only ask for it when it is wanted.
func TestSeverityOfDevices(t *testing.T) {
	w := newWorld(t)
	w.inventory.at(pc1).Severity = "critical"
	list, err := w.client("intern").DeviceList(t.Context(), DeviceListInput{Sort: "-severity"})
	if err != nil || !w.inventory.asked.Severity || w.inventory.asked.Sort != "-severity" {
		t.Fatalf("%v %+v", err, w.inventory.asked)
	}
	for _, d := range list.Devices {
		if want := map[inventory.DeviceID]string{pc1: "critical"}[d.ID]; d.Severity != want {
			t.Errorf("%s: %q", d.Name, d.Severity)
		}
	}
	var b strings.Builder
	if err := w.client("admin").Raw(t.Context(), "device-list", DeviceListInput{Columns: []string{"name", "severity"}}, "text/csv", &b); err != nil || !strings.HasPrefix(b.String(), "name,severity\npc-1,critical\npc-2,\n") {
		t.Errorf("%v\n%s", err, b.String())
	}
	if _, err := w.client("admin").DeviceList(t.Context(), DeviceListInput{Columns: []string{"name"}}); err != nil || w.inventory.asked.Severity {
		t.Errorf("asked for what nobody wants: %v", err)
	}
}

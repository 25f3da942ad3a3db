package api

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// Rows is the fake's: programs alone. Nobody of it hangs anywhere; what the
// operations on ports answer is tested over the real store.
func (x *fakeInventory) Rows(_ context.Context, q store.RowQuery, f func(*store.Row) error) error {
	if _, ok := inventory.Lookup(q.Section); !ok {
		return store.ErrNotFound
	}
	if q.Section != "software" {
		return nil
	}
	for id, views := range x.sections {
		for _, v := range views {
			if v.Name != q.Section || !x.sees(q.Scope, id) {
				continue
			}
			for i, row := range v.Table.Rows {
				if len(q.Devices) > 0 && !slices.Contains(q.Devices, id) {
					continue
				}
				r := store.Row{Device: id, Values: make([]any, len(q.Columns))}
				if i < len(v.From) {
					r.From = v.From[i]
				}
				for j, c := range q.Columns {
					if at := slices.Index(v.Table.Columns, c); at >= 0 {
						r.Values[j] = row[at]
					}
				}
				if at := slices.Index(v.Table.Columns, q.Column); q.Column != "" && !slices.Contains(q.Values, row[at].(string)) {
					continue
				}
				if err := f(&r); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (x *fakeInventory) Installs(ctx context.Context, s store.Scope, names []string, f func(*store.Install) error) error {
	q := store.RowQuery{Scope: s, Section: "software", Columns: []string{"name", "version"}, Column: "name", Values: names}
	return x.Rows(ctx, q, func(r *store.Row) error {
		i := store.Install{Device: r.Device, From: r.From}
		i.Name, _ = r.Values[0].(string)
		i.Version, _ = r.Values[1].(string)
		return f(&i)
	})
}

const (
	sw1 = inventory.DeviceID("01900000-0000-7000-8000-000000000011") // parks/hartford
	sw2 = inventory.DeviceID("01900000-0000-7000-8000-000000000012") // roads/dover
	wlc = inventory.DeviceID("01900000-0000-7000-8000-000000000013") // roads/dover
)

// cabled is the office with two switches on a cable: pc-1 hangs on sw-1, pc-2
// on sw-2, which is of another agency; pc-3 on sw-1, and is of that agency.
type cabled struct {
	*world
	seq uint64
}

func newCabled(t *testing.T) *cabled {
	t.Helper()
	w := &cabled{world: newRealWorld(t), seq: 10}
	sites, err := w.d.Inventory.Sites(t.Context(), store.Scope{All: true})
	if err != nil {
		t.Fatal(err)
	}
	site := map[string]int64{}
	for _, s := range sites {
		site[s.Name] = s.ID
	}
	for _, d := range []store.NewDevice{{ID: sw1, Kind: "switch", Name: "sw-1", Site: site["hartford"]}, {ID: sw2, Kind: "switch", Name: "sw-2", Site: site["dover"]},
		{ID: wlc, Kind: "wireless_controller", Name: "wlc", Site: site["dover"]}} {
		d.At = w.now.Add(-time.Hour)
		if err := w.d.Inventory.AddDevice(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	port := func(name, alias string, speed int64, duplex string) inventory.Port {
		return inventory.Port{Name: name, Alias: alias, Admin: "up", Oper: "up", SpeedBits: speed, Duplex: duplex, Description: strings.Replace(name, "Gi", "GigabitEthernet", 1)}
	}
	fdb := func(mac, port string) inventory.Fdb {
		return inventory.Fdb{VlanID: 10, Mac: mac, Port: port, Status: "learned"}
	}
	card := func(n int) []inventory.Interface {
		return []inventory.Interface{{Name: "eth0", Kind: "ethernet", Mac: macOf(n), PermanentMac: macOf(n), LinkUp: new(true), SpeedBits: 1_000_000_000, Duplex: "full"}}
	}
	lldp := func(own, name, far string) []inventory.Neighbor {
		return []inventory.Neighbor{{Protocol: "lldp", LocalPort: own, Name: name, RemotePort: far, Capabilities: []string{"bridge"}}}
	}
	w.says(pc1, w.now, read(t, card(1)), read(t, []inventory.Address{{Interface: "eth0", Address: "10.0.0.5"}}))
	w.says(pc2, w.now, read(t, card(2)))
	w.says(pc3, w.now, read(t, card(3)))
	w.says(sw1, w.now, read(t, []inventory.Port{port("Gi1/0/1", "room 7", 100_000_000, "half"), port("Gi1/0/2", "", 1e9, "full"), port("Gi1/0/8", "to sw-2", 1e9, "full")}),
		read(t, []inventory.Fdb{fdb(macOf(1), "Gi1/0/1"), fdb(macOf(3), "Gi1/0/2"), fdb(macOf(2), "Gi1/0/8")}), read(t, lldp("Gi1/0/8", "sw-2", "Gi1/0/8")))
	w.says(sw2, w.now, read(t, []inventory.Port{port("Gi1/0/3", "", 1e9, "full"), port("Gi1/0/8", "", 1e9, "half")}),
		read(t, []inventory.Fdb{fdb(macOf(2), "Gi1/0/3"), fdb(macOf(1), "Gi1/0/8")}), read(t, lldp("Gi1/0/8", "sw-1", "Gi1/0/8")))
	w.says(wlc, w.now, read(t, []inventory.Arp{{Address: "10.0.0.7", Mac: macOf(3)}}))
	layout := report.Layout{{Measurement: "interface", Field: "ifInErrors", Labels: []report.Label{{Key: "ifName", Value: "Gi1/0/1"}}}}
	var points []store.Point
	for i := range 120 {
		points = append(points, store.Point{At: w.now.Add(time.Duration(i-120) * time.Minute).UnixMilli(), Values: []float64{float64(i)}})
	}
	if _, err := w.d.Series.Append(t.Context(), []store.Batch{{Device: sw1, Host: "sw-1", Hash: layout.Hash(), Layout: layout, Points: points}}); err != nil {
		t.Fatal(err)
	}
	return w
}

func macOf(n int) string { return fmt.Sprintf("00:11:22:00:00:%02x", n) }

// read is an ok reading of rows.
func read[T inventory.Sectioner](t *testing.T, rows []T) store.SectionReading {
	t.Helper()
	section, _ := inventory.Lookup((*new(T)).Section().Name)
	table, err := inventory.Encode(rows)
	if err == nil {
		table, _, err = section.Conform(table)
	}
	if err != nil {
		t.Fatal(err)
	}
	return store.SectionReading{Section: section, Status: report.OK, Sources: []string{"snmp"}, Table: table, Hash: section.HashTable(table)}
}

// says has a device report.
func (w *cabled) says(id inventory.DeviceID, at time.Time, readings ...store.SectionReading) {
	w.t.Helper()
	w.seq++
	for i := range readings {
		readings[i].At = at
	}
	if err := w.d.Inventory.Commit(w.t.Context(), []store.Entry{{Device: id, Head: store.Head{Epoch: 1, Seq: w.seq}, At: at, ReceivedAt: at, Sections: readings}}); err != nil {
		w.t.Fatal(err)
	}
}

// placed is places in a few words.
func placed(l []Place) string {
	var out []string
	for _, p := range l {
		out = append(out, fmt.Sprintf("%s %s/%s %s", p.Device.words(), p.Switch.words(), p.Port, p.Confidence))
	}
	return strings.Join(out, "; ")
}

func TestPortWhere(t *testing.T) {
	w := newCabled(t)
	ctx := t.Context()
	for _, x := range []struct{ who, what, want, understood string }{
		{"admin", "pc-1", "pc-1 sw-1/Gi1/0/1 high", "device"},
		{"admin", "SER2", "pc-2 sw-2/Gi1/0/3 high", "device"},
		{"admin", "00-11-22-00-00-01", "pc-1 sw-1/Gi1/0/1 high", "mac"},
		{"admin", "0011.2200.0002", "pc-2 sw-2/Gi1/0/3 high", "mac"},
		{"admin", "001122000002", "pc-2 sw-2/Gi1/0/3 high", "mac"},
		{"admin", "10.0.0.5", "pc-1 sw-1/Gi1/0/1 high", "address"},
		{"admin", "10.0.0.7", "pc-3 sw-1/Gi1/0/2 high", "address"}, // by the router's word
		// Who sees one agency is not told of the other's devices: of its own PC on
		// the other's switch no more than that, and of the other's PC on its own
		// switch the address that its table has.
		{"intern-parks", "pc-1", "pc-1 sw-1/Gi1/0/1 high", "device"},
		{"intern-parks", "pc-2", "", "device"},
		{"intern-parks", macOf(3), " sw-1/Gi1/0/2 high", "mac"},
	} {
		got, err := w.client(x.who).PortWhere(ctx, PortWhereInput{What: x.what})
		if err != nil || placed(got.Places) != x.want || got.Understood != x.understood {
			t.Errorf("%s asks for %s: %v, %q as %s, want %q as %s", x.who, x.what, err, placed(got.Places), got.Understood, x.want, x.understood)
		}
		if x.who == "intern-parks" {
			if text := asJSON(got); strings.Contains(text, "sw-2") || strings.Contains(text, string(sw2)) || strings.Contains(text, pc3) || strings.Contains(text, "10.0.0.7") {
				t.Errorf("%s is told %s", x.who, text)
			}
		}
		if x.what == "pc-2" && got.Concealed != 1 {
			t.Errorf("concealed: %+v", got)
		}
	}
	for _, x := range [][2]string{{"admin", "pc-99"}, {"admin", "00:11:22:00:00:99"}, {"admin", "10.9.9.9"}, {"intern-parks", "10.0.0.7"}, {"intern-parks", "wlc"}, {"intern-parks", "SER3"}} {
		_, err := w.client(x[0]).PortWhere(ctx, PortWhereInput{What: x[1]})
		problemIn(t, err, notFound)
	}
	got, err := w.client("admin").PortWhere(ctx, PortWhereInput{What: "pc-1"})
	if err != nil {
		t.Fatal(err)
	}
	p := got.Places[0]
	if p.Alias != "room 7" || p.Role != "access" || !p.Present || !p.FirstSeen.Equal(w.now) || len(got.Addresses) != 1 || got.Addresses[0].Address != "10.0.0.5" {
		t.Errorf("%s", asJSON(got))
	}
	// Both ends, side by side: two hours of a damaged frame a minute.
	if a, b := p.PortEnd, p.DeviceEnd; a == nil || b == nil || a.SpeedBits != 1e8 || a.Duplex != "half" || a.In == nil || *a.In < 110 || *a.In > 130 || a.Out != nil || b.SpeedBits != 1e9 || b.Duplex != "full" || b.State != "up" {
		t.Errorf("%s and %s", asJSON(p.PortEnd), asJSON(p.DeviceEnd))
	}
}

// A list tells on which port each device hangs, where that is asked for.
func TestListsTellPorts(t *testing.T) {
	w := newCabled(t)
	for who, want := range map[string]string{"admin": "pc-1 sw-1/Gi1/0/1; pc-2 sw-2/Gi1/0/3; pc-3 sw-1/Gi1/0/2; pc-3 ", "intern-parks": "pc-1 sw-1/Gi1/0/1; pc-2 "} {
		list, err := w.client(who).DeviceList(t.Context(), DeviceListInput{Filter: "kind:pc", Columns: []string{"name", "port"}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range list.Devices {
			if strings.HasPrefix(d.Name, "pc-") {
				got = append(got, d.Name+" "+d.Port)
			}
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%s is told %q, want %q", who, got, want)
		}
		if _, file := w.get(who, "/devices?format=csv"); !strings.Contains(file, ",sw-1/Gi1/0/1,") || strings.Contains(file, "sw-2/") != (who == "admin") {
			t.Errorf("%s reads %s", who, file)
		}
	}
}

func TestPortHistory(t *testing.T) {
	w := newCabled(t)
	ctx := t.Context()
	began := w.now
	fdb := func(id inventory.DeviceID, at time.Time, port string) {
		var rows []inventory.Fdb
		if port != "" {
			rows = append(rows, inventory.Fdb{VlanID: 10, Mac: macOf(1), Port: port, Status: "learned"})
		}
		w.says(id, at, read(t, rows))
	}
	fdb(sw1, began.Add(24*time.Hour), "Gi1/0/2")
	fdb(sw1, began.Add(48*time.Hour), "")
	fdb(sw2, began.Add(49*time.Hour), "Gi1/0/3")
	w.now = began.Add(50 * time.Hour)
	got, err := w.client("admin").PortWhere(ctx, PortWhereInput{What: "pc-1", History: true})
	if err != nil {
		t.Fatal(err)
	}
	stays := func(l []Stay) string {
		var out []string
		for _, s := range l {
			until := "now"
			if !s.Until.IsZero() {
				until = fmt.Sprint(s.Until.Sub(began).Hours())
			}
			out = append(out, fmt.Sprintf("%s/%s %v-%s", s.Switch.words(), s.Port, s.From.Sub(began).Hours(), until))
		}
		return strings.Join(out, "; ")
	}
	want := "sw-2/Gi1/0/3 49-now; sw-1/Gi1/0/2 24-48; sw-1/Gi1/0/1 0-24"
	if stays(got.History) != want || placed(got.Places) != "pc-1 sw-2/Gi1/0/3 high" {
		t.Errorf("%s, now %s; want %s", stays(got.History), placed(got.Places), want)
	}
	got, err = w.client("admin").PortWhere(ctx, PortWhereInput{What: "pc-1", History: true, From: began.Add(30 * time.Hour).Format(time.RFC3339)})
	if err != nil || len(got.History) != 2 {
		t.Errorf("%v %s", err, stays(got.History))
	}
	// In scope only.
	got, err = w.client("intern-parks").PortWhere(ctx, PortWhereInput{What: "pc-1", History: true})
	if err != nil || stays(got.History) != "sw-1/Gi1/0/2 24-48; sw-1/Gi1/0/1 0-24" {
		t.Errorf("%v %s", err, stays(got.History))
	}
	// Long gone from all tables it is told where it was last.
	fdb(sw2, began.Add(60*time.Hour), "")
	w.now = began.Add(24 * 30 * time.Hour)
	if _, err := w.d.Inventory.Retain(ctx, store.Retention{}, w.now); err != nil {
		t.Fatal(err)
	}
	got, err = w.client("admin").PortWhere(ctx, PortWhereInput{What: "pc-1"})
	if err != nil || len(got.Places) != 0 || len(got.History) != 3 || got.History[0].Switch.words() != "sw-2" || !got.History[0].Until.Equal(began.Add(60*time.Hour)) {
		t.Errorf("%v %s %s", err, placed(got.Places), stays(got.History))
	}
}

func TestPortShow(t *testing.T) {
	w := newCabled(t)
	ctx := t.Context()
	show := func(l PortShow) string {
		var out []string
		for _, p := range l.Ports {
			var hosts []string
			for _, h := range p.Hosts {
				hosts = append(hosts, h.Device.words()+h.Mac[15:])
			}
			out = append(out, fmt.Sprintf("%s %s %s %s", p.Name, p.Role, p.Gear.words(), hosts))
		}
		return strings.Join(out, "; ")
	}
	for who, want := range map[string]string{
		"admin":        "Gi1/0/1 access  [pc-101]; Gi1/0/2 access  [pc-303]; Gi1/0/8 uplink sw-2 []",
		"intern-parks": "Gi1/0/1 access  [pc-101]; Gi1/0/2 access  [03]; Gi1/0/8 uplink  []",
	} {
		got, err := w.client(who).PortShow(ctx, PortShowInput{Ref: "sw-1"})
		if err != nil || show(got) != want {
			t.Errorf("%s: %v\n%s, want\n%s", who, err, show(got), want)
		}
	}
	got, err := w.client("admin").PortShow(ctx, PortShowInput{Ref: "sw-1", Port: "GigabitEthernet1/0/1"})
	if err != nil || len(got.Ports) != 1 || got.Ports[0].Alias != "room 7" || got.Ports[0].End.In == nil {
		t.Errorf("%v %s", err, asJSON(got))
	}
	_, err = w.client("admin").PortShow(ctx, PortShowInput{Ref: "sw-1", Port: "Gi1/0/99"})
	problemIn(t, err, notFound)
	_, err = w.client("intern-parks").PortShow(ctx, PortShowInput{Ref: "sw-2"})
	problemIn(t, err, notFound)
	if got, err := w.client("admin").PortShow(ctx, PortShowInput{Ref: "pc-1"}); err != nil || len(got.Ports) != 0 {
		t.Errorf("%v %s", err, asJSON(got))
	}
}

func TestTopologyShow(t *testing.T) {
	w := newCabled(t)
	ctx := t.Context()
	got, err := w.client("admin").TopologyShow(ctx, TopologyInput{})
	if err != nil || len(got.Links) != 1 {
		t.Fatalf("%v %s", err, asJSON(got))
	}
	l := got.Links[0]
	if l.A.Name != "sw-1" || l.A.Port != "Gi1/0/8" || l.B.Name != "sw-2" || l.B.Port != "Gi1/0/8" || l.A.Duplex != "full" || l.B.Duplex != "half" || !slices.Equal(l.How, []string{"lldp"}) || len(l.Faults) != 1 || !got.Counted {
		t.Errorf("%s", asJSON(l))
	}
	for filter, want := range map[string]int{"name:sw-2": 1, "name:pc-1": 0, "site:hartford": 1} {
		got, err := w.client("admin").TopologyShow(ctx, TopologyInput{Filter: filter})
		if err != nil || len(got.Links) != want {
			t.Errorf("%s: %v %s", filter, err, asJSON(got))
		}
	}
	// The far end of another agency is there, and no more is told of it.
	got, err = w.client("intern-parks").TopologyShow(ctx, TopologyInput{})
	if text := asJSON(got); err != nil || len(got.Links) != 1 || strings.Contains(text, "sw-2") || strings.Contains(text, string(sw2)) || !strings.Contains(text, `"concealed":true`) || len(got.Links[0].Faults) != 0 {
		t.Errorf("%v %s", err, text)
	}
}

// A switch that cannot be read any more, and what is put aside, do not stand in
// the way of what is known since.
func TestPlacesOfDeadGear(t *testing.T) {
	w := newCabled(t)
	ctx := t.Context()
	w.now = w.now.Add(5 * time.Hour)
	bad := read(t, []inventory.Fdb{})
	bad.Status, bad.Reason = report.Failed, "timeout"
	w.says(sw1, w.now, bad)
	got, err := w.client("admin").PortWhere(ctx, PortWhereInput{What: "pc-1"})
	if err != nil || placed(got.Places) != "pc-1 sw-1/Gi1/0/1 high" || got.Places[0].Present || !got.Places[0].LastSeen.Equal(w.now.Add(-5*time.Hour)) {
		t.Errorf("%v %s", err, asJSON(got))
	}
	if err := w.d.Inventory.Retire(ctx, sw1, w.now); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(10 * time.Minute)
	got, err = w.client("admin").PortWhere(ctx, PortWhereInput{What: "pc-1"})
	if err != nil || placed(got.Places) != "pc-1 sw-2/Gi1/0/8 low" {
		t.Errorf("%v %s", err, asJSON(got))
	}
}

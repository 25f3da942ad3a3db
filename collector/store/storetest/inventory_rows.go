package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

func learned(vlan int64, mac, port string) inventory.Fdb {
	return inventory.Fdb{VlanID: vlan, Mac: mac, Port: port, Status: "learned"}
}

// many is what Rows answers, a line each.
func (f *fleet) many(q store.RowQuery) string {
	f.Helper()
	var out []string
	hour := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return fmt.Sprint(t.Sub(t0()).Hours())
	}
	f.ok(f.s.Rows(f.Context(), q, func(r *store.Row) error {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %v %s-%s %s", r.Device[len(r.Device)-1:], r.Values, hour(r.From), hour(r.Until), hour(r.Missing))))
		return nil
	}))
	return strings.Join(out, "\n")
}

func testRows(f *fleet) {
	ctx := f.Context()
	a, b, c := f.add(1), f.add(2), f.add(3)
	const x, y = "00:11:22:00:00:01", "00:11:22:00:00:02"
	f.report(a, hours(0), reading(hours(0), learned(10, x, "Gi1/0/1"), learned(10, y, "Gi1/0/2")))
	f.report(b, hours(0), reading(hours(0), learned(10, x, "Te1/1/1")))
	f.report(c, hours(0), reading(hours(0), inventory.System{Vendor: "Acme"}))
	// One moves on the switch, the other is not seen any more.
	f.report(a, hours(1), reading(hours(1), learned(10, x, "Gi1/0/3")))
	q := store.RowQuery{Scope: all(), Section: "fdb", Columns: []string{"mac", "port", "status"}}
	now := "1 [" + x + " Gi1/0/3 learned] 1-\n1 [" + y + " Gi1/0/2 learned] 0- 1\n2 [" + x + " Te1/1/1 learned] 0-"
	sorted := func(s string) string {
		l := strings.Split(s, "\n")
		slices.Sort(l)
		return strings.Join(l, "\n")
	}
	f.want("rows", sorted(f.many(q)), sorted(now))
	q.Column, q.Values = "mac", []string{x, "00:11:22:00:00:03"}
	f.want("of an address", f.many(q), "1 ["+x+" Gi1/0/3 learned] 1-\n2 ["+x+" Te1/1/1 learned] 0-")
	q.Past = true
	f.want("and its past", sorted(f.many(q)), sorted("1 ["+x+" Gi1/0/1 learned] 0-1\n1 ["+x+" Gi1/0/3 learned] 1-\n2 ["+x+" Te1/1/1 learned] 0-"))
	q.Values = nil
	f.want("of none", f.many(q), "")
	q = store.RowQuery{Scope: all(), Section: "fdb", Columns: []string{"port"}, Column: "status", Values: []string{"self"}}
	f.want("by a column that is shared", f.many(q), "")
	q = store.RowQuery{Scope: all(), Section: "system"}
	s, _ := inventory.Lookup("system")
	f.ok(f.s.Rows(ctx, q, func(r *store.Row) error {
		f.want("a section of one row", []any{r.Device, r.Status, r.ReadAt, r.GoodAt, len(r.Values), r.Values[s.Index("vendor")]}, []any{c, "ok", hours(0), hours(0), len(s.Columns), "Acme"})
		return nil
	}))
	q = store.RowQuery{Scope: all(), Section: "fdb", Columns: []string{"port"}, Devices: []inventory.DeviceID{b, c, id(99)}}
	f.want("of some devices", f.many(q), "2 [Te1/1/1] 0-")
	q.Devices = []inventory.DeviceID{id(99)}
	f.want("of nobody", f.many(q), "")
	q = store.RowQuery{Scope: all(), Section: "system"}
	// How the last reading went is told of each row.
	bad := reading(hours(2), inventory.System{})
	bad.Status, bad.Reason, bad.Table.Rows = report.Failed, "timeout", nil
	f.report(c, hours(2), bad)
	f.ok(f.s.Rows(ctx, q, func(r *store.Row) error {
		f.want("after a failure", []any{r.Status, r.ReadAt, r.GoodAt}, []any{"failed", hours(2), hours(0)})
		return nil
	}))
	// Scope, and who is hidden behind another.
	_, _, north, _, _ := f.places()
	f.ok(f.s.SetSite(ctx, b, north.ID, true))
	q = store.RowQuery{Scope: store.Scope{Sites: []int64{north.ID}}, Section: "fdb", Columns: []string{"port"}}
	f.want("in scope", f.many(q), "2 [Te1/1/1] 0-")
	f.want("nothing in scope", f.many(store.RowQuery{Section: "fdb"}), "")
	_, err := f.s.Merge(ctx, b, c, "test", "", hours(3))
	f.ok(err)
	f.want("merged", f.many(q), "")
	// Errors.
	f.is(f.s.Rows(ctx, store.RowQuery{Scope: all(), Section: "nothing"}, nil), store.ErrNotFound)
	f.is(f.s.Rows(ctx, store.RowQuery{Scope: all(), Section: "fdb", Columns: []string{"x; DROP"}}, nil), store.ErrNotFound)
	f.is(f.s.Rows(ctx, store.RowQuery{Scope: all(), Section: "fdb", Column: "vlan_id", Values: []string{"1"}}, nil), store.ErrNotFound)
	enough := errors.New("enough")
	n := 0
	f.is(f.s.Rows(ctx, store.RowQuery{Scope: all(), Section: "fdb"}, func(*store.Row) error { n++; return enough }), enough)
	f.want("ends with the first error", n, 1)
}

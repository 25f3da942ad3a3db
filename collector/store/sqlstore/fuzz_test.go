package sqlstore

import (
	"testing"

	"muster/collector/search"
	"muster/collector/store"
)

// FuzzFilter runs whatever parses: no filter may become SQL that fails, and
// one and its opposite share the devices between them.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{
		`os:windows ram<8GB software:"Adobe Reader"<23 seen>7d port:sw-3/Gi1/0/7 site:hartford`, `"' OR 1=1 --"`, `-(a or b) "\"`, `ip:10.0.0.0/9 mac:aa`,
		`software~*%_\*`, `"''"`, `"***"`, `ä`, `"a""b"`, `disk.size_bytes>1GB volume.options:x`, `free<10% purchased<2020 user:x group:*`,
	} {
		f.Add(s)
	}
	x := open(f)
	addDevice(f, x, 1)
	take(f, x, software(1, 1, "a", "b"))
	addDevice(f, x, 2)
	f.Fuzz(func(t *testing.T, text string) {
		e, err := search.Parse(text)
		if err != nil || e == nil {
			return
		}
		total := 0
		for _, e := range []search.Expr{e, search.Not{X: e}} {
			p, err := x.Devices(t.Context(), store.DeviceQuery{Scope: store.Scope{All: true}, Filter: e, Personal: true, Now: at(9), Limit: 10})
			if err != nil {
				t.Fatalf("%s: %v", e, err)
			}
			total += p.Total
		}
		if total != 2 {
			t.Errorf("%s: it and its opposite choose %d of 2", e, total)
		}
	})
}

// FuzzCursor feeds pages that people made up.
func FuzzCursor(f *testing.F) {
	f.Add(cursor{Sort: "name", Text: "pc-1", Device: 1}.String())
	f.Add("")
	f.Add("e30")
	x := open(f)
	addDevice(f, x, 1)
	addDevice(f, x, 2)
	f.Fuzz(func(t *testing.T, after string) {
		p, err := x.Devices(t.Context(), store.DeviceQuery{Scope: store.Scope{All: true}, After: after, Limit: 1})
		if err == nil && (p.Total != 2 || len(p.Devices) > 1) {
			t.Errorf("%q: %+v", after, p)
		}
	})
}

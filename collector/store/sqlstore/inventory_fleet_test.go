package sqlstore

import (
	"strings"
	"testing"

	"muster/collector/store"
	"muster/internal/inventory"
)

// Where an address is and was must not walk the tables of all switches: they
// have a row for each machine of their network, and its past.
func TestAddressIsFoundByIndex(t *testing.T) {
	x := open(t)
	p := x.named["fdb"]
	err := x.d.read(t.Context(), func(v *view) error {
		var w where
		w.add(p.expr("mac")+" IN (SELECT value FROM json_each(?))", jsonTexts([]string{"00:11:22:00:00:01"}))
		return v.each(t.Context(), "EXPLAIN QUERY PLAN SELECT r.device_no, "+p.expr("status")+p.from()+w.String()+" ORDER BY r.device_no", w.args, func(scan scan) error {
			var id, parent, unused int64
			var step string
			if err := scan(&id, &parent, &unused, &step); err != nil {
				return err
			}
			if strings.HasPrefix(step, "SCAN r") {
				t.Errorf("the plan walks the table: %s", step)
			}
			if strings.HasPrefix(step, "SEARCH r") && !strings.Contains(step, "fdb_by_mac") {
				t.Errorf("the plan is %s", step)
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	// A database that was made before there was the index gets it.
	if err := x.d.write(t.Context(), func(t *tx) error { return t.once("DROP INDEX fdb_by_mac") }); err != nil {
		t.Fatal(err)
	}
	if err := x.migrateSections(t.Context(), inventory.Schema(), at(0)); err != nil {
		t.Fatal(err)
	}
	if err := x.Rows(t.Context(), store.RowQuery{Section: "fdb", Column: "mac"}, nil); err != nil {
		t.Fatal(err)
	}
	found := false
	if err := x.d.read(t.Context(), func(v *view) (err error) {
		found, err = v.one(t.Context(), "SELECT 1 FROM sqlite_schema WHERE name = 'fdb_by_mac'", nil, new(int64))
		return err
	}); err != nil || !found {
		t.Errorf("the index is not made anew: %v", err)
	}
}

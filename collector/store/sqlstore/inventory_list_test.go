package sqlstore

import (
	"fmt"
	"slices"
	"testing"

	"muster/collector/search"
	"muster/collector/store"
	"muster/internal/inventory"
)

// A list of many devices is read as a list of all, in pieces, and those who are
// not meant are passed over: page after page it is the list that is asked for
// whole, also where all that is meant stands at the end.
func TestLongListsByPage(t *testing.T) { eachEngine(t, testLongListsByPage) }

func testLongListsByPage(t *testing.T, e engine) {
	x := e.open(t)
	const fleet = 2*few + 200
	if err := x.d.write(t.Context(), func(tx *tx) error {
		return tx.once(fmt.Sprintf(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			INSERT INTO device_rows (device_id, name, vendor, model, memory_bytes, first_seen)
			SELECT 'd' || i, 'pc-' || (i * 7919 %% %d), CASE WHEN i > %d THEN 'late' ELSE 'early' END, CASE WHEN i %% 2 = 0 THEN 'even' ELSE 'odd' END, i %% 3, i FROM n`, fleet, fleet, fleet-few-100))
	}); err != nil {
		t.Fatal(err)
	}
	for _, filter := range []string{"vendor:late", "-model:even"} {
		f, err := search.Parse(filter)
		if err != nil {
			t.Fatal(err)
		}
		for _, sort := range []string{"name", "-first_seen", "memory_bytes", "-model"} {
			q := store.DeviceQuery{Scope: store.Scope{All: true}, Filter: f, Sort: sort}
			whole, err := x.Devices(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if len(whole.Devices) != whole.Total || whole.Total <= few {
				t.Fatalf("%s by %s: %d of %d", filter, sort, len(whole.Devices), whole.Total)
			}
			var got []inventory.DeviceID
			q.Limit = 900
			for first := true; first || q.After != ""; first = false {
				page, err := x.Devices(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				if page.Total != whole.Total || len(page.Devices) > q.Limit || len(page.Devices) == 0 {
					t.Fatalf("%s by %s: a page of %d, of %d", filter, sort, len(page.Devices), page.Total)
				}
				for _, d := range page.Devices {
					got = append(got, d.ID)
				}
				q.After = page.Next
			}
			if !slices.EqualFunc(got, whole.Devices, func(id inventory.DeviceID, d store.Device) bool { return id == d.ID }) {
				t.Errorf("%s by %s: pages hold %d devices, or in another order than the %d of the list", filter, sort, len(got), whole.Total)
			}
		}
	}
}

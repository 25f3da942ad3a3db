package sqlstore

import (
	"fmt"
	"testing"

	"muster/collector/store"
	"muster/internal/inventory"
)

// What is written for one row is made one statement for many, or left alone.
func TestOverArrays(t *testing.T) {
	for _, x := range []struct {
		query string
		types []string
		want  string
	}{
		{"INSERT INTO a (x, y) VALUES ($1, $2)", []string{"int8", "text"},
			"INSERT INTO a (x, y) SELECT many.many_1, many.many_2 FROM unnest($1::int8[], $2::text[]) AS many (many_1, many_2)"},
		{"INSERT INTO a (x, y) VALUES ($1, greatest($2, 1)) ON CONFLICT (x) DO UPDATE SET y = a.y + excluded.y", []string{"int8", "int8"},
			"INSERT INTO a (x, y) SELECT many.many_1, greatest(many.many_2, 1) FROM unnest($1::int8[], $2::int8[]) AS many (many_1, many_2) ON CONFLICT (x) DO UPDATE SET y = a.y + excluded.y"},
		{"UPDATE a SET x = $1, y = y + $2 WHERE z = $3 AND u = $1", []string{"int8", "int8", "bytea"},
			"UPDATE a SET x = many.many_1, y = y + many.many_2 FROM unnest($1::int8[], $2::int8[], $3::bytea[]) AS many (many_1, many_2, many_3) WHERE z = many.many_3 AND u = many.many_1"},
		{"INSERT INTO a (x) SELECT $1 FROM b", []string{"int8"}, ""},
		{"INSERT INTO a (x) VALUES ((SELECT max(x) + $1 FROM a))", []string{"int8"}, ""},
		{"INSERT INTO a (x) VALUES ($1) ON CONFLICT (x) DO UPDATE SET x = $2", []string{"int8", "int8"}, ""},
		{"UPDATE a SET x = $1 FROM b WHERE a.y = b.y", []string{"int8"}, ""},
		{"UPDATE a SET x = $1 WHERE y IN (SELECT y FROM b WHERE z = $2)", []string{"int8", "int8"}, ""},
		{"UPDATE a SET x = $1 WHERE y = $2 RETURNING y", []string{"int8", "int8"}, ""},
		{"DELETE FROM a WHERE x = $1", []string{"int8"}, ""},
	} {
		if got := overArrays(x.query, x.types); got != x.want {
			t.Errorf("%s:\n%s\nwant\n%s", x.query, got, x.want)
		}
	}
}

// Programs whose names a database may take for one, on one device and in one
// commit, are counted as they are, over both.
func TestNamesAlikeInOneCommit(t *testing.T) { eachEngine(t, testNamesAlikeInOneCommit) }

func testNamesAlikeInOneCommit(t *testing.T, e engine) {
	x := e.open(t)
	names := []string{"Tool", "tool", "TOOL", "Öl", "öl", "a\x00b", "a\uFFFDb", "ſ", "s", "K", "\u212a"}
	var group []store.Entry
	for n := 1; n <= 5; n++ {
		addDevice(t, x, n)
		var rows []inventory.Software
		for i, name := range names {
			rows = append(rows, inventory.Software{Source: "dpkg", Scope: fmt.Sprintf("machine %d", i), Name: name, Version: []string{"1.0a", "1.0A"}[i%2]})
		}
		group = append(group, entry(n, 1, section(at(1), rows)))
	}
	take(t, x, group...)
	l, err := x.Software(t.Context(), store.SoftwareQuery{Scope: store.Scope{All: true}, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	if len(l) < 3 {
		t.Errorf("%+v", l)
	}
	for _, p := range l {
		if p.Devices%5 != 0 || p.Devices == 0 {
			t.Errorf("%q is on %d devices", p.Name, p.Devices)
		}
	}
}

package sqlstore

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"muster/collector/store"
)

// maskedSchema has every view of the inventory again, with NULL for what tells
// of a person: what people see who have not the right.
const maskedSchema = "inventory_masked"

// ReaderConfig is how people's SQL connects. store.ErrNotFound when there is
// no account for it.
func (s Server) ReaderConfig(personal bool, password func() (string, error)) (*pgx.ConnConfig, error) {
	who, schema := s.Reader, maskedSchema
	if personal {
		who, schema = s.PersonalReader, inventorySchema
	}
	if who == "" {
		return nil, fmt.Errorf("account for people's SQL: %w", store.ErrNotFound)
	}
	c, err := s.config(schema)
	if err != nil {
		return nil, err
	}
	c.User = who
	if password != nil {
		if c.Password, err = password(); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// maskedColumns are those of the fixed views that tell of a person; sections
// say it themselves. Package query says the same for SQLite.
func maskedColumns() map[string][]string {
	return map[string][]string{
		"device":  {"user_name", "owner"},
		"event":   {"attributes"},
		"finding": {"component", "label", "evidence"},
	}
}

// personalIn lists the personal columns of a view.
func (x *Inventory) personalIn(view string) []string {
	out := maskedColumns()[view]
	if p := x.named[strings.TrimSuffix(view, "_history")]; p != nil {
		for _, c := range p.section.Columns {
			if c.Personal {
				out = append(out, c.Name)
			}
		}
	}
	return out
}

// grantViews makes the masked views, and grants readers what they may read.
func (x *Inventory) grantViews(t *tx, names []string) error {
	s := x.d.server
	columns := map[string][]string{}
	err := t.each(`SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'v' AND a.attnum > 0 ORDER BY c.relname, a.attnum`, nil, func(scan scan) error {
		var view, column, kind string
		if err := scan(&view, &column, &kind); err != nil {
			return err
		}
		show := quote(column)
		if slices.Contains(x.personalIn(view), column) {
			show = "NULL::" + kind + " AS " + show
		}
		columns[view] = append(columns[view], show)
		return nil
	})
	if err != nil {
		return err
	}
	sql := []string{"CREATE SCHEMA " + maskedSchema}
	for _, n := range names {
		sql = append(sql, "CREATE VIEW "+maskedSchema+"."+quote(n)+" AS SELECT "+strings.Join(columns[n], ", ")+" FROM "+s.schema+"."+quote(n))
	}
	for _, r := range []struct{ who, schema string }{{s.Reader, maskedSchema}, {s.PersonalReader, inventorySchema}} {
		if r.who == "" {
			continue
		}
		who := pgx.Identifier{r.who}.Sanitize()
		sql = append(sql, "GRANT USAGE ON SCHEMA "+r.schema+" TO "+who)
		for _, n := range names {
			sql = append(sql, "GRANT SELECT ON "+r.schema+"."+quote(n)+" TO "+who)
		}
	}
	for _, q := range sql {
		if err := t.onceServer(q); err != nil {
			return err
		}
	}
	return nil
}

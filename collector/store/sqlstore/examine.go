package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// Examination is what was found in a database that was looked at and not
// touched.
type Examination struct {
	Schema, Known int      // its last migration, and the last that this program knows
	Faults        []string // of the file, in SQLite's words; none: it is whole
	// Of an inventory looked at deeply: readings whose hash was made again from
	// the rows, and by section those that differ from what the device said.
	Hashed  int
	Differs map[string]int
}

// look opens a file for reading only. What is there must be one of ours.
func look(ctx context.Context, path string, app uint32) (*database, error) {
	if err := checkFile(path); err != nil {
		return nil, err
	}
	d := &database{path: path, turn: make(chan struct{}, 1)}
	var err error
	d.readers, err = sql.Open("sqlite", dsn(path, "_pragma=busy_timeout(10000)", "_pragma=query_only(1)", "_pragma=temp_store(MEMORY)", "_pragma=trusted_schema(0)", "_pragma=cache_size(-8192)", "_dqs=0"))
	if err != nil {
		return nil, err
	}
	d.readers.SetMaxOpenConns(2)
	var id int64
	if err := d.readers.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return nil, errors.Join(explain(path, err), d.readers.Close())
	}
	if id != int64(app) {
		return nil, errors.Join(fmt.Errorf("%s is no database of this kind (application id %#x)", path, id), d.readers.Close())
	}
	return d, nil
}

// LookControl opens a control database for reading only, beside a collector
// that runs or without one.
func LookControl(ctx context.Context, path string) (*Control, error) {
	d, err := look(ctx, path, appControl)
	if err != nil {
		return nil, err
	}
	return &Control{d: d}, nil
}

// ExamineControl looks at a control database.
func ExamineControl(ctx context.Context, path string, deep bool) (Examination, error) {
	d, err := look(ctx, path, appControl)
	if err != nil {
		return Examination{}, err
	}
	defer d.readers.Close()
	return d.examine(ctx, deep, len(controlMigrations()))
}

// lookServer is look at a schema of a server.
func lookServer(s Server, schema string) (*database, error) {
	d := &database{path: s.name(), turn: make(chan struct{}, 1), server: &server{Server: s, schema: schema}, words: newCache[string, string](wordsKept)}
	var err error
	d.readers, err = s.pool(schema, 2)
	return d, err
}

// LookControlPostgres is LookControl on a server.
func LookControlPostgres(s Server) (*Control, error) {
	d, err := lookServer(s, controlSchema)
	if err != nil {
		return nil, err
	}
	return &Control{d: d}, nil
}

// ExamineControlPostgres is ExamineControl on a server, which sees to its own
// files: what is looked at is whether it answers, and what is in it.
func ExamineControlPostgres(ctx context.Context, s Server, deep bool) (Examination, error) {
	d, err := lookServer(s, controlSchema)
	if err != nil {
		return Examination{}, err
	}
	defer d.readers.Close()
	return d.examine(ctx, deep, len(controlMigrations()))
}

// ExamineInventoryPostgres is ExamineInventory on a server.
func ExamineInventoryPostgres(ctx context.Context, s Server, deep bool) (Examination, error) {
	d, err := lookServer(s, inventorySchema)
	if err != nil {
		return Examination{}, err
	}
	defer d.readers.Close()
	e, err := d.examine(ctx, deep, len(inventoryMigrations()))
	if err != nil || !deep {
		return e, err
	}
	x := &Inventory{d: d, facts: newCache[factKey, []any](factsKept)}
	return e, x.rehash(ctx, &e)
}

// ExamineInventory looks at an inventory. Deeply, it holds the rows of every
// section that was read well against the hash that its device told.
func ExamineInventory(ctx context.Context, path string, deep bool) (Examination, error) {
	d, err := look(ctx, path, appInventory)
	if err != nil {
		return Examination{}, err
	}
	defer d.readers.Close()
	e, err := d.examine(ctx, deep, len(inventoryMigrations()))
	if err != nil || !deep || len(e.Faults) > 0 {
		return e, err
	}
	x := &Inventory{d: d, facts: newCache[factKey, []any](factsKept)}
	return e, x.rehash(ctx, &e)
}

const mostFaults = 20

func (d *database) examine(ctx context.Context, deep bool, known int) (Examination, error) {
	e := Examination{Known: known, Differs: map[string]int{}}
	err := d.read(ctx, func(v *view) error {
		if _, err := v.one(ctx, "SELECT ifnull(max(version), 0) FROM schema_version", nil, &e.Schema); err != nil {
			return err
		}
		if d.server != nil {
			return nil
		}
		check := "PRAGMA quick_check(20)"
		if deep {
			check = "PRAGMA integrity_check(20)"
		}
		if err := v.each(ctx, check, nil, func(s scan) error {
			var line string
			err := s(&line)
			if line != "ok" && len(e.Faults) < mostFaults {
				e.Faults = append(e.Faults, line)
			}
			return err
		}); err != nil || !deep {
			return err
		}
		return v.each(ctx, "SELECT DISTINCT \"table\", parent FROM pragma_foreign_key_check", nil, func(s scan) error {
			var table, parent string
			err := s(&table, &parent)
			if len(e.Faults) < mostFaults {
				e.Faults = append(e.Faults, fmt.Sprintf("rows of %s point at rows of %s that are not there", table, parent))
			}
			return err
		})
	})
	if errors.Is(err, store.ErrFatal) { // damage that stops the check is what it looks for
		e.Faults = append(e.Faults, err.Error())
		return e, nil
	}
	return e, err
}

// rehash makes the hashes of sections again from their rows. Sections of which
// the collector keeps more than the device told, or that this database does
// not hold as this program would, are passed over.
func (x *Inventory) rehash(ctx context.Context, e *Examination) error {
	return x.d.read(ctx, func(v *view) error {
		numbers, columns, err := v.laidOut(ctx)
		if err != nil {
			return err
		}
	sections:
		for _, s := range inventory.Schema() {
			no, known := numbers[s.Name]
			if !known || s.Name == "monitor" { // whose EDID the collector reads itself
				continue
			}
			for _, c := range s.Columns {
				if !columns[s.Name+"_rows"][c.Name] && !columns[s.Name+"_facts"][c.Name] {
					continue sections
				}
			}
			p := newPlan(s, no, func(c inventory.Column) bool { return columns[s.Name+"_facts"][c.Name] })
			type told struct {
				device int64
				hash   []byte
			}
			var list []told
			if err := v.each(ctx, "SELECT device_no, hash FROM state_rows WHERE section = ? AND status = ? AND hash IS NOT NULL", []any{no, int64(report.OK)}, func(scan scan) error {
				var t told
				err := scan(&t.device, &t.hash)
				list = append(list, t)
				return err
			}); err != nil {
				return err
			}
			for _, t := range list {
				rows, err := x.rowsOf(v.asker(ctx), p, p.current, t.device)
				if err != nil {
					return err
				}
				table := inventory.Table{}
				for i := range rows {
					if rows[i].missing == 0 {
						table.Rows = append(table.Rows, rows[i].values)
					}
				}
				got := s.HashTable(table)
				e.Hashed++
				if string(got[:]) != string(t.hash) {
					e.Differs[s.Name]++
				}
			}
		}
		return nil
	})
}

// laidOut is which sections the database has, by number, and the columns of
// its tables.
func (v *view) laidOut(ctx context.Context) (map[string]int64, map[string]map[string]bool, error) {
	numbers, columns := map[string]int64{}, map[string]map[string]bool{}
	if err := v.each(ctx, "SELECT name, section FROM section_name", nil, func(scan scan) error {
		var name string
		var no int64
		err := scan(&name, &no)
		numbers[name] = no
		return err
	}); err != nil {
		return nil, nil, err
	}
	err := v.each(ctx, v.d.columns(), nil, func(scan scan) error {
		var table, column, kind string
		err := scan(&table, &column, &kind)
		if columns[table] == nil {
			columns[table] = map[string]bool{}
		}
		columns[table][column] = true
		return err
	})
	return numbers, columns, err
}

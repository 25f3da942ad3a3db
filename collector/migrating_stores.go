package collector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"muster/collector/migrate"
	"muster/collector/store/influx"
	"muster/collector/store/sqlstore"
	"muster/collector/store/tsdb"
)

// bothParts are the databases, in the order in which they are moved: identities
// before devices, as in backups.
func bothParts() []sqlstore.Part {
	return []sqlstore.Part{sqlstore.PartControl, sqlstore.PartInventory}
}

func (x *mover) options() sqlstore.Options {
	return sqlstore.Options{Log: x.o.Log, Now: x.o.Now}
}

// gone says that a file was put away already, by a run that was interrupted in
// its last steps.
func (x *mover) gone(name string) bool {
	_, err := os.Stat(filepath.Join(x.dir, name))
	return x.m.Phase == moveClosing && err != nil
}

// openMove opens the move of one database; nil when it is sealed.
func (x *mover) openMove(ctx context.Context, part sqlstore.Part) (*sqlstore.Move, error) {
	m, err := sqlstore.OpenMove(ctx, part, filepath.Join(x.dir, string(part)+".db"), postgres(x.o.Config.Postgres), x.m.ID, x.options())
	if errors.Is(err, sqlstore.ErrMoved) {
		if x.m.Phase == moveClosing {
			return nil, nil
		}
		return nil, fmt.Errorf("the database was filled by this move once and has been used since: give an empty one")
	}
	return m, err
}

const (
	// mostRounds is how often databases are gone through while a collector
	// works with them: the last one, without it, finds what is left.
	mostRounds = 3
	// fewRows is when another round is not worth it.
	fewRows = 5000
)

// databases moves inventory and control; last is without a collector.
func (x *mover) databases(ctx context.Context, last bool) error {
	for _, part := range bothParts() {
		if x.gone(string(part) + ".db") {
			continue
		}
		if err := x.database(ctx, part, last); err != nil {
			return fmt.Errorf("%s: %w", part, err)
		}
	}
	return nil
}

func (x *mover) database(ctx context.Context, part sqlstore.Part, last bool) (err error) {
	if last {
		if err := x.whole(ctx, part); err != nil {
			return err
		}
	}
	m, err := x.openMove(ctx, part)
	if err != nil || m == nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	rows := func(s sqlstore.MoveStep) {
		x.o.Tell(migrate.Progress{What: string(part), Now: s.Table, Done: s.Done, Of: s.All})
	}
	keys := func(done, of int) {
		x.o.Tell(migrate.Progress{What: string(part) + ": indexes", Done: int64(done), Of: int64(of)})
	}
	for round := 1; ; round++ {
		list, err := m.Round(ctx, rows)
		if err != nil {
			return err
		}
		sum := migrate.Database{Name: string(part), Tables: len(list)}
		for _, t := range list {
			sum.Rows += t.File.Rows
			sum.Written += t.Written
		}
		if last {
			x.out.Databases = append(x.out.Databases, sum)
			x.sums.add(part, list)
			break
		}
		x.note("%s: %d rows, %d of them written in round %d", part, sum.Rows, sum.Written, round)
		if err := m.Index(ctx, keys); err != nil {
			return err
		}
		if round == mostRounds || sum.Written <= fewRows {
			return nil
		}
	}
	return m.Complete(ctx, keys)
}

// whole opens the file as a collector does: what a kill left beside it is
// taken in, and its tables are this program's.
func (x *mover) whole(ctx context.Context, part sqlstore.Part) error {
	path := filepath.Join(x.dir, string(part)+".db")
	if part == sqlstore.PartControl {
		c, err := sqlstore.OpenControl(ctx, path, x.options())
		if err != nil {
			return err
		}
		return c.Close()
	}
	i, err := sqlstore.Open(ctx, path, x.options())
	if err != nil {
		return err
	}
	return i.Close()
}

// seal makes the databases a collector's.
func (x *mover) seal(ctx context.Context) error {
	if x.parts[moveInventory] != "" {
		for _, part := range bothParts() {
			if x.gone(string(part) + ".db") {
				continue
			}
			m, err := x.openMove(ctx, part)
			if err != nil {
				return fmt.Errorf("%s: %w", part, err)
			}
			if m == nil {
				continue
			}
			if err := errors.Join(m.Seal(ctx), m.Close()); err != nil {
				return fmt.Errorf("%s: %w", part, err)
			}
			x.o.Step("sealed " + string(part))
		}
	}
	return nil
}

// numbersOnline moves the numbers that are in blocks.
func (x *mover) numbersOnline(ctx context.Context) error {
	return x.numbers(ctx, func(to *influx.Store, j *migrate.Journal) error {
		past, err := tsdb.Look(filepath.Join(x.dir, seriesFolder), x.o.Log)
		if err != nil {
			return err
		}
		defer past.Close()
		r, err := x.round(ctx, past, to, j)
		if err == nil {
			x.note("numbers: %d hours and days with %d numbers, %d of them written now", r.Pieces, r.Numbers, r.Written)
		}
		return err
	})
}

// numbersOffline moves all numbers, those that are in no block yet too.
func (x *mover) numbersOffline(ctx context.Context) error {
	if x.gone(seriesFolder) {
		return nil
	}
	return x.numbers(ctx, func(to *influx.Store, j *migrate.Journal) (err error) {
		c := x.old
		from, err := openSeries(x.dir, c, x.o.Now, x.o.Log)
		if err != nil {
			return err
		}
		embedded, ok := from.(*tsdb.Store)
		if !ok {
			return errors.New("numbers are not in the embedded store")
		}
		run, stop := context.WithCancel(ctx)
		var wg sync.WaitGroup
		ended := make(chan error, 1)
		wg.Go(func() {
			err := embedded.Run(run)
			if err != nil {
				stop()
			}
			ended <- err
		})
		defer func() {
			stop()
			wg.Wait()
			err = errors.Join(err, <-ended, embedded.Close())
		}()
		past, err := embedded.Past(run)
		if err != nil {
			return err
		}
		defer past.Close()
		r, err := x.round(run, past, to, j)
		if err != nil {
			return err
		}
		x.out.Pieces, x.out.Numbers, x.out.Gone = r.Pieces, r.Numbers, r.Gone
		x.sums.Days = j.Days()
		if s := past.Span(); s.Rolled > s.From {
			return to.Roll(ctx, s.Rolled)
		}
		return nil
	})
}

// round goes through the pieces once.
func (x *mover) round(ctx context.Context, from migrate.Source, to *influx.Store, j *migrate.Journal) (migrate.Result, error) {
	n := migrate.Numbers{Source: from, Target: to, Journal: j, Now: x.o.Now, Tell: func(s migrate.Step) {
		if s.Waits != "" {
			x.o.Tell(migrate.Progress{What: "numbers", Note: "InfluxDB is waited for: " + s.Waits})
			return
		}
		x.o.Tell(migrate.Progress{What: "numbers", Now: s.At.Format("2006-01-02 15:04"), Done: int64(s.Done), Of: int64(s.Of), Numbers: s.Numbers})
	}}
	if err := n.Check(ctx); err != nil {
		return migrate.Result{}, err
	}
	return n.Round(ctx)
}

// numbers opens what takes them, and runs f.
func (x *mover) numbers(ctx context.Context, f func(*influx.Store, *migrate.Journal) error) (err error) {
	j, err := migrate.OpenJournal(filepath.Join(x.dir, migrationFolder, journalFile), x.m.ID, x.parts[moveSeries])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	s, err := openSeries(x.dir, x.o.Config, x.o.Now, x.o.Log)
	if err != nil {
		return fmt.Errorf("numbers: %w", err)
	}
	to, ok := s.(*influx.Store)
	if !ok {
		return errors.New("numbers: the settings name no InfluxDB")
	}
	run, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { _ = to.Run(run) }) // it looks at the server; an error there is one of every call
	defer func() {
		stop()
		wg.Wait()
		err = errors.Join(err, to.Close())
	}()
	if !j.Begun() {
		if err := to.Vacant(run); err != nil {
			return fmt.Errorf("numbers: %w", err)
		}
		if err := j.Begin(); err != nil {
			return err
		}
	}
	if err := f(to, j); err != nil {
		return fmt.Errorf("numbers: %w", err)
	}
	return nil
}

// moveReport is what both sides were found to be.
type moveReport struct {
	MadeAt    time.Time     `json:"made_at"`
	Databases []reportTable `json:"tables"`
	Days      []migrate.Day `json:"numbers"`
}

type reportTable struct {
	Database string `json:"database"`
	Table    string `json:"table"`
	Rows     int64  `json:"rows"`
	File     string `json:"file_hash"`
	Server   string `json:"server_hash"`
}

func (r *moveReport) add(part sqlstore.Part, list []sqlstore.MovedTable) {
	for _, t := range list {
		r.Databases = append(r.Databases, reportTable{string(part), t.Name, t.File.Rows, fmt.Sprintf("%016x%016x", t.File.Hash[0], t.File.Hash[1]), fmt.Sprintf("%016x%016x", t.Server.Hash[0], t.Server.Hash[1])})
	}
}

func (r *moveReport) write(path string, now time.Time) error {
	if len(r.Databases)+len(r.Days) == 0 {
		return nil // an interrupted end goes on, with the report of before
	}
	r.MadeAt = now.UTC()
	text, err := json.MarshalIndent(r, "", " ")
	if err == nil {
		err = durably(path, text)
	}
	if err != nil {
		return fmt.Errorf("write the report of the move: %w", err)
	}
	return nil
}

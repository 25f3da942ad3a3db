package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"muster/collector/config"
	"muster/collector/migrate"
)

// MigrateOrder is what muster migrate was asked for.
type MigrateOrder struct {
	Config config.Config // that the collector will be run with
	Wait   bool          // for the collector to stop
	Back   bool          // go back to what was before
	Force  bool          // with Back: though reports came since
	Now    func() time.Time
	Tell   func(migrate.Progress)
}

// Migrate makes the command that moves what is in the embedded stores to
// servers. run does it.
func Migrate(streams Streams, run func(context.Context, MigrateOrder) (migrate.Outcome, error)) *cobra.Command {
	x := streams.filled()
	s := &session{in: x.In, out: x.Out, errs: x.Err, terminal: x.Out, env: x.Env, now: x.Now}
	var file string
	o := MigrateOrder{Now: x.Now}
	c := s.command(verb{
		use:   "migrate",
		short: "Move a living installation to PostgreSQL, InfluxDB or both",
		long: `Move what is in the data folder to the stores that a settings file names: with
stores.inventory: postgres devices, findings, accounts and identities from SQLite
to PostgreSQL, with stores.series: influx numbers over time from the embedded store
to InfluxDB. --config is the file that the collector is going to be run with; its
data folder is the one that the collector has now.

While the collector runs, all but the newest is moved, and may be moved again. Then
stop the collector and run the same once more (or give --wait, and stop it when that
is asked for): the rest follows, every table, hour and day is held against its
original by counts and hashes, and what was served before is put away. Agents keep
their reports meanwhile. What is interrupted goes on when it is run again.

--back puts the old stores in their place again, or gives up a move that is not at
its end. docs/operations.md, To PostgreSQL and InfluxDB, goes through it step by step.`,
		example: `
			muster migrate --config /etc/muster/next.yaml
			muster migrate --config /etc/muster/next.yaml --wait
			muster migrate --config /etc/muster/next.yaml --back`,
	})
	c.RunE = func(c *cobra.Command, _ []string) error {
		var err error
		if s.output, err = c.Flags().GetString("output"); err != nil {
			return err
		}
		if file == "" {
			return usage("name the settings that the collector is going to be run with: --config FILE")
		}
		if o.Force && !o.Back {
			return usage("--force is for --back")
		}
		if o.Config, err = serveConfig(file, c); err != nil {
			return err
		}
		return s.migrate(c.Context(), file, o, run)
	}
	f := c.Flags()
	f.StringVar(&file, "config", "", "`file` of settings that the collector is going to be run with")
	f.BoolVar(&o.Wait, "wait", false, "wait for the collector to be stopped, and then do the rest")
	f.BoolVar(&o.Back, "back", false, "go back to what was before the move, or give it up")
	f.BoolVar(&o.Force, "force", false, "with --back: though reports were taken since, which are lost then")
	return c
}

// pace tells how far a move is, and how long it will take at this rate.
type pace struct {
	s     *session
	what  string
	begin time.Time
	first int64 // done at begin
	told  time.Time
}

func (p *pace) step(x migrate.Progress) {
	if x.Note != "" {
		p.s.note("%s", x.Note)
		return
	}
	now := p.s.now()
	if x.What != p.what || x.Done < p.first {
		*p = pace{s: p.s, what: x.What, begin: now, first: x.Done, told: now}
	}
	if now.Sub(p.told) < headwayEvery {
		return
	}
	p.told = now
	text := fmt.Sprintf("%s: %s, %s of %s", x.What, x.Now, grouped(x.Done), grouped(x.Of))
	took := now.Sub(p.begin).Seconds()
	if x.Numbers > 0 {
		text += fmt.Sprintf(" hours and days, %s numbers, %s a second", grouped(x.Numbers), grouped(int64(float64(x.Numbers)/took)))
	} else if done := x.Done - p.first; done > 0 {
		text += fmt.Sprintf(" rows, %s a second", grouped(int64(float64(done)/took)))
	}
	if done := x.Done - p.first; done > 0 && x.Of > x.Done {
		left := time.Duration(took * float64(x.Of-x.Done) / float64(done) * float64(time.Second))
		text += fmt.Sprintf(", about %s left", left.Round(time.Second))
	}
	p.s.note("%s", text)
}

// grouped is a number that is easily read.
func grouped(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func (s *session) migrate(ctx context.Context, file string, o MigrateOrder, run func(context.Context, MigrateOrder) (migrate.Outcome, error)) error {
	p := &pace{s: s}
	o.Tell = p.step
	r, err := run(ctx, o)
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return fmt.Errorf("interrupted; what was served before is served as before, and the same command goes on from here: %w", err)
	}
	if err != nil {
		return err
	}
	if s.output == "json" {
		return s.json(r)
	}
	for _, d := range r.Databases {
		s.say("%s: %s rows of %d tables are in PostgreSQL as they were in the file", d.Name, grouped(d.Rows), d.Tables)
	}
	if r.Pieces > 0 {
		s.say("numbers: %s of %s are in InfluxDB as they were here", grouped(r.Numbers), plural(r.Pieces, "hour or day", "hours or days"))
	}
	if r.Gone > 0 {
		s.say("numbers: %s were left out, because InfluxDB does not keep what is so old", grouped(r.Gone))
	}
	switch r.State {
	case migrate.Ready:
		s.say("all but the newest is moved, and the collector goes on as before")
		s.say("next: stop the collector, run this command again, start it with %s", file)
	case migrate.Moved:
		s.say("moved; counts and hashes are in %s", r.Report)
		s.say("next: start the collector with %s; agents deliver what they kept meanwhile", file)
		s.say("to go back: stop the collector, muster migrate --config %s --back, start it with the old settings", file)
		s.say("%s holds what was before: remove it once nobody wants to go back, and no backup of before is needed", r.Before)
	case migrate.Back:
		s.say("everything is where it was before: start the collector with the old settings")
	}
	return nil
}

package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/collector/api"
	"muster/internal/metric"
)

func (s *session) seriesCommand() *cobra.Command {
	return nounCommand("series", "Numbers over time: load, memory, temperatures", `
		muster series names disk
		muster series query cpu_usage_user --device pc-104 --since 1h`,
		s.seriesQuery(),
		s.seriesNames(),
	)
}

func (s *session) seriesQuery() *cobra.Command {
	var in api.SeriesQueryInput
	var since, until string
	c := s.command(verb{
		use:   "query NAME",
		short: "Query numbers of one device or of many",
		long: `Query numbers over time. NAME is a measurement and a field in one, such as
cpu_usage_user; muster series names lists them. Points of a step become one by
--aggregate: rate for counters, mean for the rest unless told otherwise.`,
		example: `
			muster series query cpu_usage_user --device pc-104 --label cpu=cpu-total --since 1h
			muster series query disk_used_percent --filter site:health/hartford --since 1d --step 1h --aggregate max -o csv`,
		run: func(ctx context.Context, args []string) (err error) {
			in.Name = args[0]
			if err := seriesName(in.Name); err != nil {
				return err
			}
			if in.From, err = s.since(since); err != nil {
				return err
			}
			if in.To, err = s.until(until); err != nil {
				return err
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			a, err := c.SeriesQuery(ctx, in)
			if err != nil {
				return err
			}
			return s.showSeries(a)
		},
	})
	f := c.Flags()
	f.StringVar(&in.Device, "device", "", "of this device (`REF`)")
	f.StringVar(&in.Filter, "filter", "", "of the devices that this `filter` chooses")
	f.StringArrayVar(&in.Labels, "label", nil, "only series with this `label=value` (or !=; alternatives by |); may be given several times")
	f.StringVar(&since, "since", "", sinceHelp+" (default an hour)")
	f.StringVar(&until, "until", "", untilHelp+" (default now)")
	f.StringVar(&in.Step, "step", "", "`length` of a step, such as 5m; 0 is points as stored (default fits the range)")
	f.StringVar(&in.Aggregate, "aggregate", "", "what becomes of the points of a step: `mean`, min, max, last or rate")
	f.IntVar(&in.Limit, "limit", 0, "at most `n` series (default 1000)")
	return c
}

// seriesName catches a misspelt name here, where the catalogue can tell what
// was meant. What only a newer collector knows is let through by measurement.
func seriesName(name string) error {
	if _, _, ok := metric.Parse(name); ok {
		return nil
	}
	var known []string
	for _, m := range metric.Catalogue() {
		for _, f := range m.Fields {
			known = append(known, metric.Series(m.Name, f.Name))
		}
	}
	if meant := near(name, known); meant != "" {
		return usage("there is no series %s; did you mean %s?", quoteWord(name), meant)
	}
	return usage("there is no series %s; muster series names lists them", quoteWord(name))
}

func (s *session) showSeries(a api.SeriesAnswer) error {
	labels := map[string]bool{}
	for _, r := range a.Series {
		for k := range r.Labels {
			labels[k] = true
		}
	}
	var names []string
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		// In a table labels that are the same in all series only take room.
		if s.output == "csv" || k == "host" || k != "device_id" && differs(a, k) {
			names = append(names, k)
		}
	}
	unit := a.Unit
	g := newGrid("at", "value")
	g.columns[1] = column{name: "value", unit: unit, key: true}
	for _, k := range names {
		g.columns = append(g.columns, column{name: k})
	}
	for _, r := range a.Series {
		for _, p := range r.Points {
			row := []any{p.At, p.Value}
			for _, k := range names {
				row = append(row, r.Labels[k])
			}
			g.rows = append(g.rows, row)
		}
	}
	if err := s.show(g, a, "there are no numbers in that time"); err != nil {
		return err
	}
	if s.output == "table" && len(g.rows) > 0 && a.StepSeconds > 0 {
		s.note("%s, %s of %s", a.Name, a.Aggregate, s.look().human(a.StepSeconds, "second"))
	}
	if a.BehindSeconds > 0 {
		s.note("the series store is behind: numbers that came in within the last %s may be missing (muster outbox list)", length(time.Duration(a.BehindSeconds*float64(time.Second))))
	}
	return nil
}

func differs(a api.SeriesAnswer, label string) bool {
	for _, r := range a.Series {
		if r.Labels[label] != a.Series[0].Labels[label] {
			return true
		}
	}
	return false
}

func (s *session) seriesNames() *cobra.Command {
	return s.command(verb{
		use:     "names [PART]",
		short:   "List the numbers there are, or those whose name contains PART",
		long:    "List the numbers there are, or those whose name contains PART. It needs no\ncollector: the catalogue is part of the program.",
		example: `muster series names disk`,
		run: func(_ context.Context, args []string) error {
			part := strings.ToLower(strings.Join(args, ""))
			out := api.SeriesNames{Names: []api.SeriesName{}}
			g := newGrid("name", "unit", "nature", "labels", "-measurement", "-field", "default", "doc")
			for _, m := range metric.Catalogue() {
				var labels []string
				for _, l := range m.Labels {
					labels = append(labels, l.Name)
				}
				for _, f := range m.Fields {
					n := api.SeriesName{
						Name: metric.Series(m.Name, f.Name), Measurement: m.Name, Field: f.Name, Unit: f.Unit,
						Nature: f.Nature.String(), Labels: labels, Default: f.Default, Doc: f.Doc,
					}
					if !strings.Contains(n.Name, part) {
						continue
					}
					out.Names = append(out.Names, n)
					g.add(n.Name, n.Unit, n.Nature, n.Labels, n.Measurement, n.Field, n.Default, n.Doc)
				}
			}
			return s.show(g, out, fmt.Sprintf("no name contains %s", quoteWord(part)))
		},
	})
}

package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
	"muster/internal/report"
)

// shown is a section as people and the parent process get it.
type shown struct {
	Section string           `json:"section"`
	Status  string           `json:"status"`
	Reason  string           `json:"reason,omitempty"`
	Sources []string         `json:"sources,omitempty"`
	TookMS  int64            `json:"took_ms"`
	Rows    []map[string]any `json:"rows"`

	table inventory.Table
}

// reader reads single sections outside of a running agent.
func reader(ctx context.Context, names []string) ([]shown, error) {
	h := host.Local()
	list := sections()
	known := []string{}
	for _, s := range list {
		known = append(known, s.Name)
	}
	for _, n := range names {
		if !slices.Contains(known, n) {
			slices.Sort(known)
			return nil, fmt.Errorf("section %q is not read on this system; there are: %s", n, strings.Join(known, ", "))
		}
	}
	rs, err := newReadings(h, list, time.Minute, h.Now)
	if err != nil {
		return nil, err
	}
	var out []shown
	for _, s := range rs.slots {
		if len(names) > 0 && !slices.Contains(names, s.Name) || len(names) == 0 && s.schema.OnRequest {
			continue
		}
		rs.start(ctx, s)
		begun := s.run.begun
		o, ok := rs.await(ctx, s, rs.limit)
		if !ok {
			return nil, ctx.Err()
		}
		out = append(out, show(s, o.reading, o.err, o.ended.Sub(begun)))
	}
	return out, nil
}

func show(s *slot, r gather.Reading, err error, took time.Duration) shown {
	status, reason := gather.StatusOf(r, err)
	t, faults, cerr := s.schema.Conform(r.Table)
	switch {
	case cerr != nil:
		status, reason = report.Failed, cerr.Error()
	case len(faults) > 0 && status == report.OK:
		status, reason = report.Partial, faults.String()
	}
	x := shown{Section: s.Name, Status: status.String(), Reason: reason, Sources: r.Sources, TookMS: took.Milliseconds(), Rows: []map[string]any{}, table: t}
	for _, row := range t.Rows {
		m := map[string]any{}
		for j, c := range s.schema.Columns {
			if row[j] != nil {
				m[c.Name] = value(c, row[j])
			}
		}
		x.Rows = append(x.Rows, m)
	}
	return x
}

func value(c inventory.Column, v any) any {
	switch c.Kind {
	case inventory.Time:
		if ms, ok := v.(int64); ok {
			return time.UnixMilli(ms).UTC().Format(time.RFC3339)
		}
	case inventory.List:
		if s, ok := v.(string); ok {
			return json.RawMessage(s)
		}
	}
	return v
}

// Collect reads one section and prints it as one JSON object.
func Collect(ctx context.Context, w io.Writer, name string) error {
	all, err := reader(ctx, []string{name})
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(all[0])
}

// Show prints what would be sent of the named sections, or of all.
func Show(ctx context.Context, w io.Writer, names []string, asJSON bool) error {
	all, err := reader(ctx, names)
	if err != nil {
		return err
	}
	if asJSON {
		m := map[string]shown{}
		for _, s := range all {
			m[s.Section] = s
		}
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(m)
	}
	for i, s := range all {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s: %s, %d rows, read in %d ms", s.Section, s.Status, len(s.Rows), s.TookMS)
		if s.Reason != "" {
			fmt.Fprintf(w, " (%s)", plain(s.Reason))
		}
		fmt.Fprintln(w)
		if err := printRows(w, s); err != nil {
			return err
		}
	}
	return nil
}

func printRows(w io.Writer, s shown) error {
	sec, ok := inventory.Lookup(s.Section)
	if !ok || len(s.Rows) == 0 {
		return nil
	}
	tw := tabwriter.NewWriter(w, 2, 8, 2, ' ', 0)
	if sec.Single {
		for _, c := range sec.Columns {
			if v, ok := s.Rows[0][c.Name]; ok {
				fmt.Fprintf(tw, "  %s\t%s\n", c.Name, text(v))
			}
		}
		return tw.Flush()
	}
	names, rows := slim(s.table)
	fmt.Fprintf(tw, "  %s\n", strings.Join(names, "\t"))
	for _, r := range rows {
		cells := make([]string, len(r))
		for i, v := range r {
			c, _ := sec.Column(names[i])
			if v != nil {
				cells[i] = text(value(c, v))
			}
		}
		fmt.Fprintf(tw, "  %s\n", strings.Join(cells, "\t"))
	}
	return tw.Flush()
}

func text(v any) string {
	if raw, ok := v.(json.RawMessage); ok {
		var l []string
		if json.Unmarshal(raw, &l) == nil {
			return plain(strings.Join(l, ", "))
		}
	}
	return plain(fmt.Sprint(v))
}

// plain keeps what a device calls itself from driving a terminal.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x202e || r == 0x2066 {
			return '?'
		}
		return r
	}, s)
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:57], "") + "…"
	}
	return s
}

// PrintStatus prints a status for people, or as it is.
func PrintStatus(w io.Writer, s Status, now time.Time, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(s)
	}
	tw := tabwriter.NewWriter(w, 2, 8, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(tw, "%s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	state, age := "running", now.Sub(s.At).Round(time.Second)
	switch {
	case !s.Stopped.IsZero():
		state = fmt.Sprintf("not running: stopped %s ago", age)
	case !s.Running:
		state = fmt.Sprintf("not running: its process has ended; last word %s ago", age)
	case age > time.Minute:
		state = fmt.Sprintf("not running: last word %s ago", age)
	}
	line("agent", "%s (version %s, process %d)", state, s.Version, s.PID)
	if s.Device == "" {
		line("device", "not enrolled")
	} else {
		line("device", "%s, certificate until %s", s.Device, s.CertEnds.Local().Format(time.DateOnly))
	}
	if d := s.Delivery; d != nil {
		switch {
		case d.Error != "":
			line("delivery", "waiting: %s", plain(d.Error))
		default:
			line("delivery", "%s %s ago to %s", d.Verdict, now.Sub(d.At).Round(time.Second), d.Address)
		}
		if !d.OKAt.IsZero() {
			line("last success", "%s", d.OKAt.Local().Format(time.DateTime))
		}
	}
	if s.Paused != "" {
		line("paused", "%s: inventory waits, at most a day; numbers and events are still sent", plain(s.Paused))
	}
	line("waiting", "%d reports, %d bytes on disk", s.Waiting, s.SpoolBytes)
	if s.Dropped > 0 {
		line("dropped", "%d reports, because the spool was full", s.Dropped)
	}
	line("sent", "%d reports, one each %.0f s", s.Sent, s.EverySecond)
	line("cost", "%.1f MiB memory, %.1f s processor time", float64(s.RSSBytes)/(1<<20), s.CPUSeconds)
	return tw.Flush()
}

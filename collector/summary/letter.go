package summary

import (
	"fmt"
	"strconv"
	"time"

	"muster/collector/notify"
)

// message is the figures as a mail; place says whose they are.
func (f *Figures) message(place string, csv []byte, z *time.Location) notify.Message {
	days := f.From.In(z).Format("2 Jan 2006") + " to " + f.To.Add(-time.Second).In(z).Format("2 Jan 2006")
	i := &f.Incidents
	s := &notify.Sheet{
		Subject: fmt.Sprintf("%s, %s: %s found, %d before a call", notify.Line(place, 60), days, plural(i.Opened, "incident"), i.BeforeCall),
		Files:   []notify.File{{Name: "summary-" + f.From.In(z).Format(time.DateOnly) + ".csv", Type: "text/csv", Body: csv}},
	}
	add := func(heading, says string, head []string, rows [][]string) {
		p := notify.Part{Heading: heading}
		if says != "" {
			p.Lines = []notify.Field{{Text: says}}
		}
		if len(rows) > 0 {
			p.Table = &notify.Table{Head: head, Rows: rows}
		}
		s.Parts = append(s.Parts, p)
	}
	says := fmt.Sprintf("%s, %s. What was there when its device came is not counted.", place, days)
	add("What Muster found", says, []string{"Incidents", "Count"}, [][]string{
		{"Found", whole(i.Opened)}, {"Found before a call", whole(i.BeforeCall)}, {"Resolved", whole(i.Resolved)}, {"Still open", whole(i.Open)},
		{"Nobody works on", whole(i.Unclaimed)}, {"Useful", whole(i.Useful)}, {"Not worth the time", whole(i.Useless)}, {"False alarms", whole(i.Wrong)},
	})
	if judged := i.Useful + i.Useless + i.Wrong; judged == 0 {
		s.Parts[0].Lines = append(s.Parts[0].Lines, notify.Field{Text: "Nobody has said yet whether they were useful: resolving one asks for it, and whether somebody had called first."})
	}
	add("How fast people were", "", []string{"Time", "Half took no longer than", "Nine of ten took no longer than", "Known of"}, [][]string{
		{"Until somebody claimed it", took(i.Claim.MedianSeconds, i.Claim.Count), took(i.Claim.P90Seconds, i.Claim.Count), whole(i.Claim.Count)},
		{"Until it was resolved", took(i.Resolve.MedianSeconds, i.Resolve.Count), took(i.Resolve.P90Seconds, i.Resolve.Count), whole(i.Resolve.Count)},
	})
	var rows [][]string
	for _, r := range f.Rules {
		rows = append(rows, []string{notify.Line(r.Title, 100) + " (" + notify.Line(r.ID, 20) + ")", whole(r.Opened), whole(r.Useful), whole(r.Useless), whole(r.Wrong)})
	}
	none := "No rule found anything in this time."
	if len(rows) > 0 {
		none = ""
	}
	add("What each rule was worth", none, []string{"Rule", "Incidents", "Useful", "Not worth the time", "False alarms"}, rows)
	rows = nil
	for _, c := range f.Caught {
		rows = append(rows, []string{notify.Line(c.Title, 100), notify.Line(c.Device, 60), notify.Line(c.Replaced, 100)})
	}
	if len(rows) > 0 {
		add("Caught in time", "A part was replaced.", []string{"Incident", "Device", "Part"}, rows)
	}
	add("The fleet", fmt.Sprintf("As of %s: %s in use, %d of them new in this time.", f.At.In(z).Format("2 Jan 2006 15:04 MST"), plural(f.Fleet.Devices, "device"), f.Fleet.New),
		[]string{"Kind", "Devices"}, rowsOf(f.Fleet.Kinds))
	add("Systems", "", []string{"Of PCs and servers", "Devices"}, rowsOf(f.Fleet.Systems))
	add("Presence", "", []string{"State", "Devices"}, rowsOf(f.Fleet.Presence))
	for _, x := range []struct {
		heading string
		groups  []Theme
	}{{"Replacement", f.Replacement}, {"Data quality", f.Quality}} {
		var rows [][]string
		for _, g := range x.groups {
			for _, q := range g.Questions {
				n := whole(q.Count)
				if q.Count < 0 {
					n = "can’t tell"
				}
				rows = append(rows, []string{g.Title + ": " + q.Word, n})
			}
		}
		add(x.heading, "", []string{"What", "Devices"}, rows)
	}
	return notify.Message{Kind: notify.Board, At: f.At, Sheet: s, Zone: zoneName(z)}
}

// zoneName is what a message can name a zone by.
func zoneName(z *time.Location) string {
	if z == time.Local {
		return ""
	}
	return z.String()
}

const mostRows = 30

func rowsOf(list []Number) [][]string {
	var out [][]string
	rest := 0
	for i, c := range list {
		if i >= mostRows {
			rest += c.Count
			continue
		}
		name := notify.Line(c.Name, 100)
		if name == "" {
			name = "not known"
		}
		out = append(out, []string{name, whole(c.Count)})
	}
	if rest > 0 {
		out = append(out, []string{"others", whole(rest)})
	}
	return out
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return whole(n) + " " + noun + "s"
}

func whole(n int) string { return strconv.Itoa(n) }

// took is a length of time as people say it; none is known of nothing.
func took(seconds float64, of int) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case of == 0:
		return "–"
	case d >= 48*time.Hour:
		return fmt.Sprintf("%.1f days", d.Hours()/24)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%.1f hours", d.Hours())
	}
	return fmt.Sprintf("%.0f min", d.Minutes())
}

package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"muster/collector/api"
	"muster/collector/web/texts"
)

// sqlPage is the page for questions in SQL: an editor, what can be asked about
// beside it, and the answer.
type sqlPage struct {
	Title    texts.T
	SQL      string
	Problem  *api.Problem
	Answer   *api.SQLAnswer
	Rows     [][]cell
	Cut      int    // rows that are not shown
	Numeric  []bool // columns that hold numbers alone
	Picture  template.HTML
	Bars     []sqlBar
	Drawn    string // which column is drawn
	Views    []sqlView
	Examples []sqlExample
	Now      time.Time
	Saved    keptMenu
}

func (p *sqlPage) Head() (texts.T, string) { return p.Title, "sql" }

// sqlView is a view one can ask about.
type sqlView struct {
	Name    string
	Doc     texts.T
	Columns []api.SchemaColumn
	History bool // there is one of the past beside it
}

type sqlExample struct {
	Title texts.T
	SQL   string
}

// sqlBar is a row of the answer as a bar.
type sqlBar struct{ Label, Value, Share string }

// Bounds of the page: rows that are asked for and shown, bars that are drawn.
const (
	sqlRows      = 10_000
	sqlRowsShown = 500
	sqlBars      = 30
)

// sqlExamples are questions to begin with.
func sqlExamples() []sqlExample {
	return []sqlExample{
		{"Devices by system", "SELECT os, count(*) AS devices\nFROM device\nWHERE kind = 'pc' AND retired_at IS NULL\nGROUP BY os ORDER BY devices DESC"},
		{"Fullest volumes", "SELECT host_name, mount, round(100.0 * (size_bytes - free_bytes) / size_bytes, 1) AS used_percent\nFROM volume\nWHERE kind = 'fixed' AND size_bytes > 0\nORDER BY used_percent DESC LIMIT 20"},
		{"Worn batteries", "SELECT host_name, name, health_percent, cycle_count\nFROM battery\nWHERE health_percent IS NOT NULL\nORDER BY health_percent LIMIT 30"},
		{"Versions of a program", "SELECT name, version, count(DISTINCT device_id) AS devices\nFROM software\nWHERE name LIKE '%Reader%'\nGROUP BY name, version ORDER BY devices DESC"},
		{"Memory by model", "SELECT model, round(avg(memory_bytes) / 1073741824.0, 1) AS gigabytes, count(*) AS devices\nFROM device\nWHERE memory_bytes > 0\nGROUP BY model ORDER BY devices DESC"},
		{"Devices that came, by day", "SELECT substr(first_seen, 1, 10) AS day, count(*) AS devices\nFROM device GROUP BY day ORDER BY day"},
		{"Incidents by day", "SELECT substr(opened_at, 1, 10) AS day, count(*) AS opened\nFROM incident\nGROUP BY day ORDER BY day"},
		{"Free switch ports", "SELECT host_name, count(*) AS free_ports\nFROM port\nWHERE kind = 'ethernet' AND admin_status = 'up' AND oper_status <> 'up'\nGROUP BY host_name ORDER BY free_ports DESC"},
	}
}

// otherViews are views beside those of sections.
func otherViews() []sqlView {
	columns := func(names string) []api.SchemaColumn {
		var out []api.SchemaColumn
		for n := range strings.FieldsSeq(names) {
			out = append(out, api.SchemaColumn{Name: n})
		}
		return out
	}
	return []sqlView{
		{Name: "device", Doc: "Devices, one row each, with what people keep about them.", Columns: columns("device_id name kind agency site labels presence address agent_version os vendor model serial user_name memory_bytes first_seen last_seen retired_at forked_from asset_tag owner department purchased warranty note")},
		{Name: "incident", Doc: "Incidents, open and resolved.", Columns: columns("number kind title rule family severity status backlog hygiene flapping agency site cause_what cause_value device_count rank opened_at updated_at told_at claimed_at cleared_at resolved_at assignee snoozed_to escalated_to resolved_by useful replaced called")},
		{Name: "incident_step", Doc: "What was done about incidents.", Columns: columns("incident at made_by act text item until_at escalated_to useful replaced called")},
		{Name: "finding", Doc: "What rules found on devices.", Columns: columns("id device_id host_name rule family title component label state severity worst backlog flapping hygiene times since fired_at worse_at resolved_at judged_at reason evidence points incident")},
		{Name: "event", Doc: "Events that devices told.", Columns: columns("device_id host_name at received_at kind count attributes")},
	}
}

func (s *Site) sql(v *visit) error {
	p := &sqlPage{Title: "Ask anything in SQL", SQL: v.form("sql"), Examples: sqlExamples(), Now: v.now}
	if v.r.Method == http.MethodGet {
		p.SQL = v.r.URL.Query().Get("sql")
		if n, err := strconv.Atoi(v.r.URL.Query().Get("example")); err == nil && n >= 0 && n < len(p.Examples) {
			p.SQL = p.Examples[n].SQL
		}
	}
	if ref := v.r.URL.Query().Get("saved"); ref != "" && v.r.Method == http.MethodGet {
		text, err := s.savedStatement(v.ctx(), v, ref)
		if err != nil {
			return err
		}
		p.SQL = text
	}
	p.Saved = s.statementsKept(v, p.SQL)
	schema, err := v.api.SchemaShow(v.ctx(), api.SchemaInput{})
	if err != nil {
		return err
	}
	p.Views = otherViews()
	for _, x := range schema.Sections {
		p.Views = append(p.Views, sqlView{Name: x.Name, Doc: texts.Known(x.Doc), Columns: x.Columns, History: true})
	}
	status := http.StatusOK
	if v.r.Method == http.MethodPost && p.SQL != "" {
		in := api.SQLInput{Body: api.SQLQuestion{Query: p.SQL, Limit: sqlRows}}
		if format := v.form("format"); format == "csv" {
			in.Body.Limit = 100_000
			return s.sqlCSV(v, in)
		}
		a, err := v.api.SQLQuery(v.ctx(), in)
		problem, told := asProblem(err)
		switch {
		case err == nil:
			p.answer(a, s.clock(v))
		case told && problem.Status < 500 || told && problem.Type == "muster:not_offered":
			p.Problem, p.Title, status = problem, "That cannot be answered", http.StatusUnprocessableEntity
		default:
			return err
		}
	}
	return s.render(v, status, "sql", "", p)
}

// sqlCSV gives the answer as a file. What is refused is told as a page: the
// headers wait for the first bytes.
func (s *Site) sqlCSV(v *visit, in api.SQLInput) error {
	w := &lateFile{visit: v}
	return v.api.Raw(v.ctx(), "sql-query", in, "text/csv", w)
}

// lateFile sends the headers of a file with its first bytes.
type lateFile struct {
	*visit
	begun bool
}

func (w *lateFile) Write(b []byte) (int, error) {
	if !w.begun {
		w.begun = true
		w.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.w.Header().Set("Content-Disposition", `attachment; filename="answer.csv"`)
	}
	return w.w.Write(b)
}

// answer makes the table and, where the columns fit, a picture.
func (p *sqlPage) answer(a api.SQLAnswer, c clock) {
	p.Answer = &a
	p.Title = count(len(a.Rows), "row", "rows")
	if a.Truncated {
		p.Title = texts.F("The first {1}", count(len(a.Rows), "row", "rows"))
	}
	numeric := make([]bool, len(a.Columns))
	for i := range a.Columns {
		numeric[i] = len(a.Rows) > 0
		any := false
		for _, r := range a.Rows {
			if r[i] == nil {
				continue
			}
			if _, ok := figure(r[i]); !ok {
				numeric[i] = false
				break
			}
			any = true
		}
		numeric[i] = numeric[i] && any
	}
	p.Numeric = numeric
	for i, r := range a.Rows {
		if i == sqlRowsShown {
			p.Cut = len(a.Rows) - i
			break
		}
		line := make([]cell, len(r))
		for j, x := range r {
			line[j] = cell{Text: template.HTML(template.HTMLEscapeString(clip(sqlText(x), 500))), Num: numeric[j]}
			if a.Columns[j] == "device_id" && x != nil {
				id := fmt.Sprint(x)
				line[j].Text = template.HTML(`<a class="mono" href="` + template.HTMLEscapeString("/devices/"+url.PathEscape(id)) + `">` + template.HTMLEscapeString(id) + `</a>`)
			}
		}
		p.Rows = append(p.Rows, line)
	}
	p.draw(a, numeric, c)
}

// draw draws the first number of each row: over time where the first column is
// one, else as bars.
func (p *sqlPage) draw(a api.SQLAnswer, numeric []bool, c clock) {
	if len(a.Rows) < 2 || len(a.Columns) < 2 || len(a.Columns) > 6 || numeric[0] {
		return
	}
	col := -1
	for i := 1; i < len(a.Columns); i++ {
		if numeric[i] {
			col = i
			break
		}
	}
	if col < 0 {
		return
	}
	p.Drawn = a.Columns[col]
	l := line{Limit: math.NaN(), Bottom: math.NaN()}
	for _, r := range a.Rows {
		at, ok := moment(r[0], c.zone)
		if !ok || len(l.At) > 0 && at.Before(l.At[len(l.At)-1]) {
			l.At = nil
			break
		}
		f, ok := figure(r[col])
		if !ok {
			f = math.NaN()
		}
		l.At, l.Value = append(l.At, at), append(l.Value, f)
	}
	if len(l.At) >= 3 && len(l.At) == len(a.Rows) {
		l.From, l.To = l.At[0], l.At[len(l.At)-1]
		if l.To.After(l.From) {
			p.Picture = chart(l, "c", "", "", p.Drawn+" over time", nil, c)
		}
		return
	}
	most := 0.0
	for _, r := range a.Rows[:min(len(a.Rows), sqlBars)] {
		f, ok := figure(r[col])
		if ok && f < 0 {
			return // bars have one direction
		}
		most = max(most, f)
	}
	if most == 0 {
		return
	}
	for _, r := range a.Rows[:min(len(a.Rows), sqlBars)] {
		f, _ := figure(r[col])
		p.Bars = append(p.Bars, sqlBar{clip(cmp.Or(sqlText(r[0]), "–"), 60), amount(f, ""), trim(100 * f / most)})
	}
}

func sqlText(x any) string {
	if x == nil {
		return "–"
	}
	return fmt.Sprint(x)
}

// figure is a value as a number.
func figure(x any) (float64, bool) {
	switch x := x.(type) {
	case json.Number:
		f, err := x.Float64()
		return f, err == nil
	case float64:
		return x, true
	case int64:
		return float64(x), true
	}
	return 0, false
}

// moment is a value as a time: as the views write them, or a day.
func moment(x any, zone *time.Location) (time.Time, bool) {
	text, ok := x.(string)
	if !ok {
		return time.Time{}, false
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, true
	}
	for _, layout := range []string{time.DateOnly, "2006-01", time.DateTime, "2006-01-02 15:04", "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"muster/collector/api"
	"muster/collector/web/texts"
)

// keptMenu is what is saved, beside what it runs in, and what is shown now, to
// be saved.
type keptMenu struct {
	SQL     bool
	Items   []keptItem
	Now     *keptItem // the one that is shown
	At      string    // address of the page of all
	Text    string    // what would be saved
	Cols    string
	Sort    string
	Nothing bool // there is nothing to save
}

// keptItem is one saved search or statement.
type keptItem struct {
	ID      int64
	Name    string
	Text    string
	Says    texts.T // columns and order, in words
	By      string
	Link    string
	Shared  bool
	Mine    bool
	Change  bool
	Current bool
}

// keptForm is what somebody wants to save, and why that did not work.
type keptForm struct {
	Name, Text, Cols, Sort string
	Shared, Taken          bool
	Problem                texts.T
	ID                     int64 // of the one that is changed
}

// keptPage is the page of all that is saved of a kind.
type keptPage struct {
	keptMenu
	Title texts.T
	Form  keptForm
}

func (p *keptPage) Head() (texts.T, string) {
	if p.SQL {
		return p.Title, "sql"
	}
	return p.Title, "devices"
}

// keptAt is where saved things of a kind are.
func keptAt(sql bool) string {
	if sql {
		return "/sql/saved"
	}
	return "/devices/saved"
}

// searchesKept are the saved searches; a collector that keeps none has none.
func (s *Site) searchesKept(v *visit, q, cols, sort string) keptMenu {
	m := keptMenu{At: keptAt(false), Text: q, Cols: cols, Sort: sort, Nothing: q == "" && cols == "" && sort == ""}
	list, err := v.api.SearchList(v.ctx())
	if err != nil {
		s.o.Log.WarnContext(v.ctx(), "saved searches", "error", err)
		return m
	}
	titles := map[string]texts.T{}
	for _, c := range deviceColumns() {
		titles[c.Name] = c.Title
	}
	for _, x := range list.Searches {
		i := keptItem{ID: x.ID, Name: x.Name, Text: x.Filter, By: x.By, Shared: x.Shared, Mine: x.Mine, Change: x.Change}
		own := strings.Join(x.Columns, ",")
		i.Link = "/devices?" + queryOf("q", x.Filter, "cols", own, "sort", x.Sort)
		i.Current = x.Filter == q && own == cols && x.Sort == sort
		var shown []texts.T
		for _, c := range x.Columns {
			if titles[c] != "" {
				shown = append(shown, texts.Lower(titles[c]))
			}
		}
		if len(shown) > 0 {
			i.Says = texts.F("Shows {1}.", texts.List(", ", shown...))
		}
		if t := titles[strings.TrimPrefix(x.Sort, "-")]; t != "" {
			i.Says = texts.List(" ", i.Says, texts.F("Ordered by {1}.", texts.Lower(t)))
		}
		m.add(i)
	}
	return m
}

// statementsKept are the saved statements.
func (s *Site) statementsKept(v *visit, text string) keptMenu {
	m := keptMenu{SQL: true, At: keptAt(true), Text: text, Nothing: strings.TrimSpace(text) == ""}
	list, err := v.api.QueryList(v.ctx())
	if err != nil {
		s.o.Log.WarnContext(v.ctx(), "saved statements", "error", err)
		return m
	}
	for _, x := range list.Queries {
		m.add(keptItem{ID: x.ID, Name: x.Name, Text: x.SQL, By: x.By, Shared: x.Shared, Mine: x.Mine, Change: x.Change,
			Link: "/sql?saved=" + strconv.FormatInt(x.ID, 10), Current: sameText(x.SQL, text)})
	}
	return m
}

// sameText compares texts as forms send them: with other ends of lines.
func sameText(a, b string) bool {
	plain := func(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }
	return plain(a) == plain(b)
}

// add appends one; of several that are shown now the first, which is one's own,
// says so.
func (m *keptMenu) add(i keptItem) {
	i.Current = i.Current && m.Now == nil
	m.Items = append(m.Items, i)
	if i.Current {
		m.Now = &i
	}
}

func (s *Site) savedSearches(v *visit) error { return s.keptAll(v, false, http.StatusOK, keptForm{}) }
func (s *Site) savedQueries(v *visit) error  { return s.keptAll(v, true, http.StatusOK, keptForm{}) }

// keptAll is the page of all that is saved, with a form that was not taken.
func (s *Site) keptAll(v *visit, sql bool, status int, form keptForm) error {
	p := &keptPage{Form: form}
	if sql {
		p.keptMenu = s.statementsKept(v, form.Text)
	} else {
		p.keptMenu = s.searchesKept(v, form.Text, form.Cols, form.Sort)
	}
	switch n := len(p.Items); {
	case form.Problem != "":
		p.Title = "That was not saved"
	case n == 0:
		p.Title = "No search is saved yet"
		if sql {
			p.Title = "No statement is saved yet"
		}
	case sql:
		p.Title = count(n, "saved statement", "saved statements")
	default:
		p.Title = count(n, "saved search", "saved searches")
	}
	return s.render(v, status, "saved", "", p)
}

func (s *Site) saveSearch(v *visit) error { return s.save(v, false) }
func (s *Site) saveQuery(v *visit) error  { return s.save(v, true) }

// save keeps what is shown under a name, or puts it in place of one's own of
// that name.
func (s *Site) save(v *visit, sql bool) error {
	f := keptForm{Name: v.form("name"), Text: v.r.FormValue("text"), Cols: v.form("cols"), Sort: v.form("sort"), Shared: v.form("shared") != ""}
	if sql && f.Text == "" {
		f.Text = v.r.FormValue("sql") // the editor's own form
	}
	ctx := v.ctx()
	var err error
	to := ""
	if sql {
		var x api.SavedQuery
		if id := s.ownOf(v, true, f.Name); id != 0 && v.form("replace") != "" {
			x, err = v.api.QuerySet(ctx, api.QuerySetInput{ID: id, Body: api.QueryChange{SQL: &f.Text, Shared: &f.Shared}})
		} else {
			x, err = v.api.QueryNew(ctx, api.QueryNewInput{Body: api.QueryNew{Name: f.Name, SQL: f.Text, Shared: f.Shared}})
		}
		to = "/sql?saved=" + strconv.FormatInt(x.ID, 10)
	} else {
		columns := columnsOf(f.Cols)
		if id := s.ownOf(v, false, f.Name); id != 0 && v.form("replace") != "" {
			_, err = v.api.SearchSet(ctx, api.SearchSetInput{ID: id, Body: api.SearchChange{Filter: &f.Text, Columns: &columns, Sort: &f.Sort, Shared: &f.Shared}})
		} else {
			_, err = v.api.SearchNew(ctx, api.SearchNewInput{Body: api.SearchNew{Name: f.Name, Filter: f.Text, Columns: columns, Sort: f.Sort, Shared: f.Shared}})
		}
		to = "/devices?" + queryOf("q", f.Text, "cols", f.Cols, "sort", f.Sort)
	}
	return s.kept(v, sql, f, to, err)
}

func columnsOf(cols string) []string {
	out := []string{}
	for c := range strings.SplitSeq(cols, ",") {
		if c != "" && !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// kept sends on, or shows the form again with what is wrong.
func (s *Site) kept(v *visit, sql bool, f keptForm, to string, err error) error {
	problem, told := asProblem(err)
	switch {
	case err == nil:
		return v.send(to)
	case !told || problem.Status >= 500 || problem.Status == http.StatusNotFound:
		return err
	}
	f.Problem = sentence(problem.Detail)
	for _, e := range problem.Errors {
		f.Problem = texts.List(" ", f.Problem, sentence(e.Detail))
	}
	f.Taken = f.ID == 0 && s.ownOf(v, sql, f.Name) != 0
	return s.keptAll(v, sql, problem.Status, f)
}

// ownOf is the number of one's own of a name, 0 if there is none.
func (s *Site) ownOf(v *visit, sql bool, name string) int64 {
	m := keptMenu{}
	if sql {
		m = s.statementsKept(v, "")
	} else {
		m = s.searchesKept(v, "", "", "")
	}
	for _, x := range m.Items {
		if x.Mine && strings.EqualFold(x.Name, name) {
			return x.ID
		}
	}
	return 0
}

func (s *Site) changeSearch(v *visit) error { return s.changeKept(v, false) }
func (s *Site) changeQuery(v *visit) error  { return s.changeKept(v, true) }

// changeKept renames, shares or deletes one.
func (s *Site) changeKept(v *visit, sql bool) error {
	id, err := strconv.ParseInt(v.r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		return s.nowhere(v)
	}
	ctx := v.ctx()
	f := keptForm{ID: id, Name: v.form("name"), Shared: v.form("shared") != ""}
	switch gone := v.form("act") == "delete"; {
	case gone && sql:
		err = v.api.QueryDelete(ctx, api.SavedIDInput{ID: id})
	case gone:
		err = v.api.SearchDelete(ctx, api.SavedIDInput{ID: id})
	case sql:
		_, err = v.api.QuerySet(ctx, api.QuerySetInput{ID: id, Body: api.QueryChange{Name: &f.Name, Shared: &f.Shared}})
	default:
		_, err = v.api.SearchSet(ctx, api.SearchSetInput{ID: id, Body: api.SearchChange{Name: &f.Name, Shared: &f.Shared}})
	}
	return s.kept(v, sql, f, keptAt(sql), err)
}

// savedStatement is the text of a saved statement, for the editor.
func (s *Site) savedStatement(ctx context.Context, v *visit, ref string) (string, error) {
	x, err := v.api.QueryShow(ctx, api.SavedInput{Ref: ref})
	return x.SQL, err
}

package sqlstore

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode"

	"muster/collector/search"
	"muster/collector/store"
)

// cond is a condition over device_rows d with its parameters. Names in it
// come from the catalogue and from this file; values only as parameters.
type cond struct {
	sql  string
	args []any
	set  string // a query for the device_no of the devices, when sql is no more than being among them
}

// among holds for the devices whose numbers a query answers.
func among(query string, args ...any) cond {
	return cond{sql: "d.device_no IN (" + query + ")", args: args, set: query}
}

// joined puts conditions between separators: "AND" or "OR".
func joined(by string, list ...cond) cond {
	if len(list) == 1 {
		return list[0]
	}
	var out cond
	parts, sets := make([]string, len(list)), make([]string, len(list))
	union := by == "OR"
	for i, c := range list {
		parts[i], sets[i] = c.sql, c.set
		out.args = append(out.args, c.args...)
		union = union && c.set != ""
	}
	out.sql = "(" + strings.Join(parts, " "+by+" ") + ")"
	if union {
		out.set = strings.Join(sets, " UNION ALL ")
	}
	return out
}

// never holds for no device.
func never() cond { return cond{sql: "(1 = 0)"} }

// compiler turns a filter into a condition.
type compiler struct {
	x        *Inventory
	personal bool
	now      time.Time
	groups   []store.Group // loaded when a filter asks for one
	depth    int           // of groups within groups, as evaluated
}

// deviceText is the column of device_rows behind a field of text.
func deviceText(field string) string {
	switch field {
	case "name", "kind", "serial", "model", "vendor", "department", "note", "owner":
		return "d." + field
	case "asset":
		return "d.asset_tag"
	case "id":
		return "d.device_id"
	case "state":
		return "d.presence"
	}
	return ""
}

// sectionColumns are the columns behind a field that reads sections; any of
// them may match.
func sectionColumns(field string) [][2]string {
	switch field {
	case "version":
		return [][2]string{{"os", "version"}}
	case "build":
		return [][2]string{{"os", "build"}}
	case "eol":
		return [][2]string{{"os", "support_ends_at"}}
	case "kernel":
		return [][2]string{{"os", "kernel_version"}}
	case "arch":
		return [][2]string{{"os", "arch"}}
	case "cpu":
		return [][2]string{{"cpu", "model"}}
	case "cores":
		return [][2]string{{"cpu", "core_count"}}
	case "uuid":
		return [][2]string{{"system", "uuid"}}
	case "agent":
		return [][2]string{{"agent", "version"}}
	case "user":
		return [][2]string{{"logon", "current_user_name"}, {"logon", "last_user_name"}, {"logon", "primary_user_name"}, {"logon", "primary_user_full_name"}}
	}
	return nil
}

func (c *compiler) term(t search.Term) (cond, error) {
	f := t.Field
	if f.Section != nil {
		return c.column(f.Section.Name, f.Column.Name, f.Kind, t.Op, t.Value)
	}
	if f.Kind == search.Free {
		return c.free(t)
	}
	if e := deviceText(f.Name); e != "" {
		return text(e, f.Kind, t.Op, t.Value), nil
	}
	if columns := sectionColumns(f.Name); columns != nil {
		var alts []cond
		for _, sc := range columns {
			x, err := c.column(sc[0], sc[1], f.Kind, t.Op, t.Value)
			if err != nil {
				return x, err
			}
			alts = append(alts, x)
		}
		return joined("OR", alts...), nil
	}
	switch f.Name {
	case "os":
		return joined("OR", text("d.os", f.Kind, t.Op, t.Value), text("d.os_family", f.Kind, t.Op, t.Value)), nil
	case "ram":
		x := number("d.memory_bytes", t.Op, t.Value.Number)
		return cond{sql: "(d.memory_bytes > 0 AND " + x.sql + ")", args: x.args}, nil
	case "seen":
		x, err := c.instant("n.seen_at", t.Op, t.Value)
		return among("SELECT n.device_no FROM seen_rows n WHERE n.seen_at > 0 AND "+x.sql, x.args...), err
	case "first", "enrolled":
		return c.instant("d.first_seen", t.Op, t.Value)
	case "purchased", "warranty":
		return c.day("d."+f.Name, t.Op, t.Value)
	case "site":
		if t.WholePlace() {
			x := text("a.name || '/' || s.name", search.Word, t.Op, t.Value)
			return cond{sql: "d.site IN (SELECT s.id FROM site s JOIN agency a ON a.id = s.agency WHERE " + x.sql + ")", args: x.args}, nil
		}
		x := text("s.name", f.Kind, t.Op, t.Value)
		return cond{sql: "d.site IN (SELECT s.id FROM site s WHERE " + x.sql + ")", args: x.args}, nil
	case "agency":
		x := text("a.name", f.Kind, t.Op, t.Value)
		return cond{sql: "d.site IN (SELECT s.id FROM site s JOIN agency a ON a.id = s.agency WHERE " + x.sql + ")", args: x.args}, nil
	case "label":
		x := text("l.label", f.Kind, t.Op, t.Value)
		return among("SELECT l.device_no FROM label_rows l WHERE "+x.sql, x.args...), nil
	case "severity":
		return worst(t), nil
	case "ip":
		return c.address(t)
	case "mac":
		return c.mac(t)
	case "disk":
		return c.disk(t)
	case "free":
		return c.space(t)
	case "software":
		return c.software(t)
	case "service":
		return c.service(t)
	case "port":
		return c.port(t)
	}
	return never(), fmt.Errorf("this store cannot choose by %s", f.Name)
}

// worst chooses by the worst of the incidents that count, as levelOf does, from
// the incidents: few devices have one.
func worst(t search.Term) cond {
	var wanted, others []string
	for i, word := range []string{"info", "warn", "critical"} {
		if level := strconv.Itoa(i + 1); t.Op == search.Known || t.MatchText(word) {
			wanted = append(wanted, level)
		} else {
			others = append(others, level)
		}
	}
	of := func(levels []string) cond {
		return among("SELECT w.device_no FROM (SELECT d.device_no, max(" + severityLevel + ") AS level" +
			" FROM incident_rows i CROSS JOIN incident_device_rows m ON m.incident = i.number CROSS JOIN device_rows o ON o.device_no = m.device_no" +
			" CROSS JOIN device_rows d ON d.device_no = " + shownAs +
			" WHERE (i.status = 'resolved') = (0 = 1) AND " + onTheBoard + " AND d.presence <> 'retired' GROUP BY d.device_no) AS w WHERE w.level IN (" + strings.Join(levels, ", ") + ")")
	}
	switch none := t.Op != search.Known && t.MatchText("none"); {
	case none && len(others) == 0:
		return cond{sql: "(1 = 1)"}
	case none:
		return cond{sql: "NOT " + of(others).sql}
	case len(wanted) == 0:
		return never()
	}
	return of(wanted)
}

// text compares a text column by the rules of its kind.
func text(e string, kind search.Kind, op search.Op, v search.Value) cond {
	switch op {
	case search.Known:
		return cond{sql: "(" + e + " <> '')"}
	case search.Glob:
		return like(e, globPattern(v.Text))
	case search.Has:
		if kind == search.Text || kind == search.Address || kind == search.Mac {
			return like(e, "%"+escapeLike(v.Text)+"%")
		}
	}
	return like(e, escapeLike(v.Text))
}

// like matches a pattern, letter case apart. SQLite knows the case of ASCII
// only, so that other letters are tried as written, small, large and with a
// large first one. What is not known (”) matches nothing.
func like(e, pattern string) cond {
	forms := []string{pattern}
	if strings.IndexFunc(pattern, func(r rune) bool { return r > unicode.MaxASCII }) >= 0 {
		first := []rune(strings.ToLower(pattern))
		for i, r := range first {
			if unicode.IsLetter(r) {
				first[i] = unicode.ToUpper(r)
				break
			}
		}
		for _, f := range []string{strings.ToLower(pattern), strings.ToUpper(pattern), string(first)} {
			if f != pattern {
				forms = append(forms, f)
			}
		}
	}
	var out cond
	parts := make([]string, len(forms))
	for i, f := range forms {
		parts[i] = e + ` LIKE ? ESCAPE '\'`
		out.args = append(out.args, f)
	}
	out.sql = "(" + strings.Join(parts, " OR ")
	if strings.Trim(pattern, "%") == "" {
		out.sql += " AND " + e + " <> ''"
	}
	out.sql += ")"
	return out
}

// globPattern turns * and ? into the wildcards of LIKE.
func globPattern(s string) string {
	return strings.NewReplacer("*", "%", "?", "_").Replace(escapeLike(s))
}

func number(e string, op search.Op, n float64) cond {
	if op == search.Known {
		return cond{sql: "(" + e + " IS NOT NULL)"}
	}
	return cond{sql: "(" + e + " " + operator(op) + " CAST(? AS DOUBLE PRECISION))", args: []any{n}}
}

// operator is the SQL of a comparison; ":" compares as "=" does.
func operator(op search.Op) string {
	switch op {
	case search.Lt, search.Le, search.Gt, search.Ge:
		return op.String()
	case search.Ne:
		return "<>"
	}
	return "="
}

var errNow = errors.New("the query says no time that ages count from")

// bounds turns a time value into a half-open range and an operator: a date
// covers its whole day, an age is an instant before now, where "longer ago"
// is ">".
func (c *compiler) bounds(v search.Value) (from, until time.Time, ago bool, _ error) {
	if v.Form != search.FormAge {
		return v.From, v.Until, false, nil
	}
	if c.now.IsZero() {
		return from, until, true, errNow
	}
	at := c.now.Add(-v.Age)
	return at, at.Add(time.Millisecond), true, nil
}

// compare puts a column against a range.
func compare(e string, op search.Op, from, until any, ago bool) cond {
	if ago {
		switch op {
		case search.Lt:
			op = search.Gt
		case search.Le:
			op = search.Ge
		case search.Gt:
			op = search.Lt
		case search.Ge:
			op = search.Le
		}
	}
	switch op {
	case search.Lt:
		return cond{sql: "(" + e + " < ?)", args: []any{from}}
	case search.Le:
		return cond{sql: "(" + e + " < ?)", args: []any{until}}
	case search.Gt:
		return cond{sql: "(" + e + " >= ?)", args: []any{until}}
	case search.Ge:
		return cond{sql: "(" + e + " >= ?)", args: []any{from}}
	}
	return cond{sql: "(" + e + " >= ? AND " + e + " < ?)", args: []any{from, until}}
}

// instant compares a column of Unix milliseconds.
func (c *compiler) instant(e string, op search.Op, v search.Value) (cond, error) {
	if op == search.Known {
		return cond{sql: "(" + e + " IS NOT NULL)"}, nil
	}
	from, until, ago, err := c.bounds(v)
	return compare(e, op, from.UnixMilli(), until.UnixMilli(), ago), err
}

// day compares a column of dates as people write them (YYYY-MM-DD); ” is
// not known.
func (c *compiler) day(e string, op search.Op, v search.Value) (cond, error) {
	if op == search.Known {
		return cond{sql: "(" + e + " <> '')"}, nil
	}
	from, until, ago, err := c.bounds(v)
	if ago || !until.After(from.AddDate(0, 0, 1)) {
		// An instant is compared as its day.
		from = from.Truncate(24 * time.Hour)
		until = from.AddDate(0, 0, 1)
	}
	x := compare(e, op, from.UTC().Format(time.DateOnly), until.UTC().Format(time.DateOnly), ago)
	return cond{sql: "(" + e + " <> '' AND " + x.sql + ")", args: x.args}, err
}

// prefixRange is the first and the last address of a network as stored.
func prefixRange(p netip.Prefix) (first, last []byte) {
	p = p.Masked()
	a := p.Addr().As16()
	b := a
	bits := p.Bits()
	if p.Addr().Is4() {
		bits += 96
	}
	for i := bits; i < 128; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return a[:], b[:]
}

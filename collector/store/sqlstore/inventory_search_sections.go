package sqlstore

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"muster/collector/search"
	"muster/internal/inventory"
)

// having holds for devices that have a current row of a section for which all
// conditions hold: shared ones over facts f, own ones over rows r. Facts are
// few, so they are searched first, and an index leads from them to devices.
func (p *plan) having(shared, own []cond) cond {
	var args []any
	parts := []string{"r.until_at IS NULL"}
	if len(shared) > 0 {
		s := joined("AND", shared...)
		parts = append(parts, "r.fact_no IN (SELECT f.fact_no FROM "+p.facts+" f WHERE "+s.sql+")")
		args = append(args, s.args...)
	}
	for _, o := range own {
		parts = append(parts, o.sql)
		args = append(args, o.args...)
	}
	return among("SELECT r.device_no FROM "+p.rows+" r WHERE "+strings.Join(parts, " AND "), args...)
}

// havingOne is having with a condition on a single column.
func (p *plan) havingOne(column string, x cond) cond {
	if slices.Contains(p.shared, p.section.Index(column)) {
		return p.having([]cond{x}, nil)
	}
	return p.having(nil, []cond{x})
}

// column compares a column of a section.
func (c *compiler) column(section, column string, kind search.Kind, op search.Op, v search.Value) (cond, error) {
	p := c.x.named[section]
	if p == nil || p.section.Index(column) < 0 {
		return never(), fmt.Errorf("this store has no column %s.%s", section, column)
	}
	col, _ := p.section.Column(column)
	x, err := c.value(p, col, kind, op, v)
	return p.havingOne(column, x), err
}

// value compares the value of a column.
func (c *compiler) value(p *plan, col inventory.Column, kind search.Kind, op search.Op, v search.Value) (cond, error) {
	e := p.expr(col.Name)
	switch kind {
	case search.Number, search.Bytes, search.Seconds, search.BitRate, search.Percent:
		return number(e, op, v.Number), nil
	case search.Yes:
		if op == search.Known {
			return cond{sql: "(" + e + " IS NOT NULL)"}, nil
		}
		return cond{sql: "(" + e + " = ?)", args: []any{toSQL(v.Bool)}}, nil
	case search.Time:
		return c.instant(e, op, v)
	case search.Version:
		return p.version(col, op, v), nil
	case search.List:
		if op == search.Known {
			return cond{sql: "(" + e + " IS NOT NULL)"}, nil
		}
		k := search.Word
		if op == search.Has {
			k = search.Text
		}
		x := text("j.value", k, op, v)
		return cond{sql: "EXISTS (SELECT 1 FROM json_each(" + e + ") j WHERE " + x.sql + ")", args: x.args}, nil
	case search.Mac:
		return macText(e, op, v), nil
	}
	return text(e, kind, op, v), nil
}

// version compares by the stored sort key. ":" is that version or one below
// it: the key without its end is the beginning of theirs.
func (p *plan) version(col inventory.Column, op search.Op, v search.Value) cond {
	e := p.expr(col.Name)
	if op == search.Glob || op == search.Known {
		return text(e, search.Word, op, v)
	}
	return versionKey("f."+sortColumn(col.Name), op, v.Text)
}

func versionKey(sort string, op search.Op, version string) cond {
	key := []byte(inventory.VersionKey(version))
	if op == search.Has {
		// 0x10 begins a number, above every other byte: 23 finds 23.1 and
		// 23a, and not the pre-release 23rc1.
		begin := key[:len(key)-1]
		low := append(slices.Clone(begin), 2)
		return cond{sql: "(" + sort + " >= ? AND " + sort + " < ?)", args: []any{low, append(slices.Clone(begin), 0xFF)}}
	}
	return cond{sql: "(" + sort + " " + operator(op) + " ?)", args: []any{key}}
}

// free looks for text in what a device is known by.
func (c *compiler) free(t search.Term) (cond, error) {
	var alts []cond
	switch {
	case t.Op == search.Glob:
		columns := []string{"d.name", "d.serial", "d.asset_tag", "d.vendor", "d.model"}
		if c.personal {
			columns = append(columns, "d.user_name", "d.owner")
		}
		for _, e := range columns {
			alts = append(alts, like(e, globPattern(t.Value.Text)))
		}
		if p := c.x.named["address"]; p != nil {
			alts = append(alts, p.havingOne("address", like(p.expr("address"), globPattern(t.Value.Text))))
		}
	case c.x.d.server != nil || len([]rune(t.Value.Text)) < 3:
		x := like("t.facts", "%"+escapeLike(t.Value.Text)+"%")
		if c.personal {
			x = joined("OR", x, like("t.personal", "%"+escapeLike(t.Value.Text)+"%"))
		}
		alts = append(alts, among("SELECT t.rowid AS device_no FROM device_search t WHERE "+x.sql, x.args...))
	default:
		columns := "facts"
		if c.personal {
			columns = "{facts personal}"
		}
		alts = append(alts, among("SELECT rowid AS device_no FROM device_search WHERE device_search MATCH ?",
			columns+` : "`+strings.ReplaceAll(t.Value.Text, `"`, `""`)+`"`))
	}
	switch t.Value.Form {
	case search.FormPrefix:
		alts = append(alts, inNetwork(t.Value))
	case search.FormMac:
		alts = append(alts, among("SELECT device_no FROM host_mac WHERE mac = ?", t.Value.Mac))
	}
	return joined("OR", alts...), nil
}

func inNetwork(v search.Value) cond {
	first, last := prefixRange(v.Prefix)
	return among("SELECT device_no FROM host_ip WHERE ip BETWEEN ? AND ?", first, last)
}

func (c *compiler) address(t search.Term) (cond, error) {
	switch {
	case t.Op == search.Known:
		return among("SELECT device_no FROM host_ip"), nil
	case t.Value.Form == search.FormPrefix && t.Op != search.Glob:
		return inNetwork(t.Value), nil
	}
	return c.column("address", "address", search.Address, t.Op, t.Value)
}

// macText compares a column of hardware addresses; parts of one in any
// notation.
func macText(e string, op search.Op, v search.Value) cond {
	if v.Form == search.FormMac && op != search.Glob {
		return cond{sql: "(" + e + " = ?)", args: []any{v.Mac}}
	}
	if op == search.Has {
		x := like(e, "%"+escapeLike(v.Text)+"%")
		bare := strings.NewReplacer(":", "", "-", "", ".", "").Replace(v.Text)
		if bare == "" {
			return x
		}
		return joined("OR", x, like("replace("+e+", ':', '')", "%"+escapeLike(bare)+"%"))
	}
	return text(e, search.Mac, op, v)
}

func (c *compiler) mac(t search.Term) (cond, error) {
	if t.Op == search.Known {
		return among("SELECT device_no FROM host_mac"), nil
	}
	x := macText("k.mac", t.Op, t.Value)
	return among("SELECT k.device_no FROM host_mac k WHERE "+x.sql, x.args...), nil
}

func (c *compiler) disk(t search.Term) (cond, error) {
	if t.Value.Form == search.FormNumber && t.Op != search.Glob {
		return c.column("disk", "size_bytes", search.Bytes, t.Op, t.Value)
	}
	return c.column("disk", "model", search.Text, t.Op, t.Value)
}

func (c *compiler) space(t search.Term) (cond, error) {
	p := c.x.named["volume"]
	if p == nil {
		return never(), nil
	}
	e := p.expr("free_bytes")
	if t.Value.Form == search.FormPercent {
		e = "(100.0 * " + p.expr("free_bytes") + " / " + p.expr("size_bytes") + ")"
	}
	return p.having(nil, []cond{number(e, t.Op, t.Value.Number)}), nil
}

// software finds the names first, in the short list of all programs, then the
// versions, then the devices.
func (c *compiler) software(t search.Term) (cond, error) {
	p := c.x.named[softwareSection]
	if t.Op == search.Known {
		return p.having(nil, nil), nil
	}
	kind := search.Word
	if t.Op == search.Has {
		kind = search.Text
	}
	x := text("t.name", kind, t.Op, t.Value)
	shared := []cond{{sql: "f.name IN (SELECT t.name FROM title_rows t INDEXED BY title_names WHERE t.version IS NULL AND " + x.sql + ")", args: x.args}}
	if t.Sub != nil {
		shared = append(shared, versionKey("f."+sortColumn("version"), t.Sub.Op, t.Sub.Value.Text))
	}
	return p.having(shared, nil), nil
}

func (c *compiler) service(t search.Term) (cond, error) {
	p := c.x.named["service"]
	if p == nil {
		return never(), nil
	}
	kind := search.Word
	if t.Op == search.Has {
		kind = search.Text
	}
	// Both names may stand on either side of rows and facts.
	var alts []cond
	for _, column := range []string{"name", "display_name"} {
		l := []cond{text(p.expr(column), kind, t.Op, t.Value)}
		if t.Sub != nil {
			state := text(p.expr("state"), search.Word, search.Eq, t.Sub.Value)
			if t.Sub.Op == search.Ne {
				state.sql = "NOT " + state.sql
			}
			l = append(l, state)
		}
		alts = append(alts, p.havingSplit([]string{column, "state"}, l))
	}
	return joined("OR", alts...), nil
}

// havingSplit is having with a condition per column.
func (p *plan) havingSplit(columns []string, conds []cond) cond {
	var shared, own []cond
	for i, x := range conds {
		if slices.Contains(p.shared, p.section.Index(columns[i])) {
			shared = append(shared, x)
		} else {
			own = append(own, x)
		}
	}
	return p.having(shared, own)
}

// port holds for devices connected to a port of network gear: the gear has
// learnt one of the device's hardware addresses on a port that is no uplink,
// or the device itself hears the gear's announcements.
func (c *compiler) port(t search.Term) (cond, error) {
	gear, name := t.Value.PortParts()
	v := search.Value{Text: gear}
	portValue := search.Value{Text: name}
	op := t.Op
	if op == search.Has {
		op = search.Eq
	}
	match := func(e string, v search.Value) cond {
		if op == search.Known || v.Text == "" {
			return cond{sql: "(1 = 1)"}
		}
		return text(e, search.Word, op, v)
	}
	var alts []cond
	if p := c.x.named["fdb"]; p != nil {
		sw, on := match("sw.name", v), match(p.expr("port"), portValue)
		uplinks := ""
		if u := c.x.named["port"]; u != nil {
			uplinks = " AND NOT EXISTS (SELECT 1" + u.fromAs("u") + " WHERE " + u.exprAs("u", "uplink") + " = 1 AND ur.until_at IS NULL AND ur.device_no = sw.device_no AND " +
				u.exprAs("u", "name") + " = " + p.expr("port") + ")"
		}
		alts = append(alts, among("SELECT k.device_no"+p.from()+" JOIN device_rows sw ON sw.device_no = r.device_no JOIN host_mac k ON k.mac = "+p.expr("mac")+
			" WHERE r.until_at IS NULL AND k.device_no <> sw.device_no AND "+sw.sql+" AND "+on.sql+uplinks, append(sw.args, on.args...)...))
	}
	if p := c.x.named["neighbor"]; p != nil {
		sw := match(p.expr("remote_name"), v)
		on := match(p.expr("remote_port"), portValue)
		if name != "" && op != search.Known {
			on = joined("OR", on, match(p.expr("remote_port_description"), portValue))
		}
		alts = append(alts, among("SELECT r.device_no"+p.from()+" WHERE r.until_at IS NULL AND "+sw.sql+" AND "+on.sql, append(sw.args, on.args...)...))
	}
	if len(alts) == 0 {
		return never(), nil
	}
	return joined("OR", alts...), nil
}

// groupNamed says whether a group term means a group.
func groupNamed(t search.Term, name string) bool {
	switch t.Op {
	case search.Known:
		return true
	case search.Glob:
		return globMatch(strings.ToLower(t.Value.Text), strings.ToLower(name))
	}
	return strings.EqualFold(t.Value.Text, name)
}

// globMatch matches * and ? against a whole text.
func globMatch(pattern, s string) bool {
	re := regexp.QuoteMeta(pattern)
	re = strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(re)
	ok, err := regexp.MatchString("(?s)^"+re+"$", s)
	return err == nil && ok
}

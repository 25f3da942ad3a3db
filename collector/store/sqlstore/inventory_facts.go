package sqlstore

import (
	"net/netip"
	"slices"
	"strings"

	"muster/internal/inventory"
)

// facts are the sections that lists of devices take columns from, as a commit
// has left them.
type facts struct {
	sets   []factSet
	search bool // something that free text finds has changed
}

// factSet is new values for columns of device_rows; nil leaves one as it is.
type factSet map[string]any

// note takes what a device's list entry shows out of a section's rows.
func (f *facts) note(p *plan, rows [][]any) {
	s := p.section
	cell := func(column string) any {
		if i := s.Index(column); i >= 0 && len(rows) > 0 {
			return rows[0][i]
		}
		return nil
	}
	text := func(column string) string {
		t, _ := cell(column).(string)
		return t
	}
	switch s.Name {
	case "os":
		set := factSet{"os": osTitle(text("name"), text("release_name"), text("version"), text("family")), "os_family": text("family")}
		if n := text("host_name"); n != "" {
			set["name"] = n
		}
		if server, ok := cell("server").(bool); ok && server {
			set["kind"] = "server"
		}
		f.sets = append(f.sets, set)
	case "system":
		set := factSet{"vendor": text("vendor"), "model": text("model"), "serial": text("serial")}
		if k := kindOf(text("chassis_type")); k != "" {
			set["kind"] = k
		}
		f.sets = append(f.sets, set)
	case "memory":
		for _, column := range []string{"installed_bytes", "total_bytes"} {
			if n, ok := cell(column).(int64); ok {
				f.sets = append(f.sets, factSet{"memory_bytes": n})
				break
			}
		}
	case "agent":
		f.sets = append(f.sets, factSet{"agent_version": text("version")})
	case "logon":
		f.sets = append(f.sets, factSet{"user_name": firstText(text("current_user_name"), text("last_user_name"))})
	case "interface", "address", "port":
		f.search = true
	}
}

// osTitle is an operating system as people call it: "Windows 11 Pro 23H2",
// "Debian GNU/Linux 12.5".
func osTitle(name, release, version, family string) string {
	more := version
	if family == "windows" && release != "" {
		more = release
	}
	if more == "" || strings.Contains(name, more) {
		return name
	}
	return strings.TrimSpace(name + " " + more)
}

// kindOf is the kind of device that an enclosure tells; most enclosures are
// those of a PC, which is also what a server's may say.
func kindOf(chassis string) string {
	switch chassis {
	case "switch", "router", "firewall", "access_point", "wireless_controller", "printer", "ups", "pdu", "nas", "camera", "phone":
		return chassis
	case "main_server", "blade", "rack_mount":
		return "server"
	case "":
		return ""
	}
	return "pc"
}

func firstText(l ...string) string {
	for _, s := range l {
		if s != "" {
			return s
		}
	}
	return ""
}

// refreshFacts writes what changed of the list entry, and the search text
// when it may read otherwise.
func (c *commit) refreshFacts(h *head, f *facts, moved bool) error {
	search := f.search || moved
	var updates []question
	for _, set := range f.sets {
		for _, column := range keyedColumns() {
			v, ok := set[column]
			if !ok {
				continue
			}
			v = c.d.keyed(v)
			was := column
			if _, text := v.(string); text {
				was += " COLLATE BINARY"
			}
			q := "UPDATE device_rows SET " + column + " = ?1 WHERE device_no = ?2 AND " + was + " <> ?1"
			if column == "kind" && v == "pc" {
				// Agents enrol as PCs until they say more, and many an enclosure
				// of something else looks like that of a PC.
				q += " AND kind = ''"
			}
			updates = append(updates, question{q + " RETURNING device_no", []any{v, h.no}, func(scan) error {
				search = true
				return nil
			}})
		}
	}
	if err := c.all(updates); err != nil {
		return err
	}
	if !search {
		return nil
	}
	return c.x.refreshSearchOf(c.tx, h.no, h.address)
}

// refreshSearch writes the text that free text finds a device by.
func (x *Inventory) refreshSearch(t *tx, no int64) error {
	var address string
	if _, err := t.one("SELECT address FROM seen_rows WHERE device_no = ?", []any{no}, &address); err != nil {
		return err
	}
	return x.refreshSearchOf(t, no, address)
}

func (x *Inventory) refreshSearchOf(t *tx, no int64, address string) error {
	var name, serial, tag, model, vendor, user, owner string
	var oldFacts, oldPersonal string
	found := false
	var words, ips, macs []string
	ask := []question{
		{"SELECT name, serial, asset_tag, model, vendor, user_name, owner FROM device_rows WHERE device_no = ?", []any{no}, func(scan scan) error {
			return scan(&name, &serial, &tag, &model, &vendor, &user, &owner)
		}},
		{"SELECT facts, personal FROM device_search WHERE rowid = ?", []any{no}, func(scan scan) error {
			found = true
			return scan(&oldFacts, &oldPersonal)
		}},
	}
	for _, of := range []struct {
		section, column string
		into            *[]string
	}{
		{"os", "fqdn", &words}, {"system", "asset_tag", &words}, {"address", "address", &ips},
		{"interface", "mac", &macs}, {"interface", "permanent_mac", &macs}, {"port", "mac", &macs},
	} {
		p := x.named[of.section]
		if p == nil || p.section.Index(of.column) < 0 {
			continue
		}
		ask = append(ask, question{"SELECT DISTINCT " + p.expr(of.column) + p.from() + " WHERE r.device_no = ? AND r.until_at IS NULL AND " + p.expr(of.column) + " IS NOT NULL ORDER BY 1", []any{no}, func(scan scan) error {
			var s string
			err := scan(&s)
			*of.into = append(*of.into, s)
			return err
		}})
	}
	if err := t.all(ask); err != nil {
		return err
	}
	words = append([]string{name, serial, tag, model, vendor, bareAddress(address)}, words...)
	words = append(append(words, ips...), macs...)
	for _, m := range macs {
		words = append(words, strings.NewReplacer(":", "", "-", "", ".", "").Replace(m))
	}
	facts, personal := x.d.searched(lines(words)), x.d.searched(lines([]string{user, owner}))
	var err error
	switch {
	case found && oldFacts == facts && oldPersonal == personal:
		return nil
	case found:
		err = t.do("UPDATE device_search SET facts = ?, personal = ? WHERE rowid = ?", facts, personal, no)
	default:
		err = t.do("INSERT INTO device_search (rowid, facts, personal) VALUES (?, ?, ?)", no, facts, personal)
	}
	if err != nil {
		return err
	}
	return t.keepAddresses(no, append(ips, bareAddress(address)), macs)
}

// keepAddresses replaces what devices are found by addresses with.
func (t *tx) keepAddresses(no int64, ips, macs []string) error {
	if err := t.do("DELETE FROM host_ip WHERE device_no = ?", no); err != nil {
		return err
	}
	if err := t.do("DELETE FROM host_mac WHERE device_no = ?", no); err != nil {
		return err
	}
	for _, s := range ips {
		if a, ok := parseAddress(s); ok && !a.IsLoopback() {
			b := a.As16()
			if err := t.apart("INSERT OR IGNORE INTO host_ip (ip, device_no) VALUES (?, ?)", b[:], no); err != nil {
				return err
			}
		}
	}
	for _, m := range macs {
		if m == "00:00:00:00:00:00" || len(m) > longestMac {
			continue // of a loopback, or none
		}
		if err := t.apart("INSERT OR IGNORE INTO host_mac (mac, device_no) VALUES (?, ?)", strings.ToLower(m), no); err != nil {
			return err
		}
	}
	return nil
}

// longestMac is how long a hardware address is written at most: the 20 bytes of
// InfiniBand (RFC 4391 §9.1.1) take 59 characters.
const longestMac = 64

// lines joins distinct words, each on a line, so that no search runs over the
// end of one into the next.
func lines(words []string) string {
	var out []string
	for _, w := range words {
		if w != "" && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return strings.Join(out, "\n")
}

// bareAddress takes port and zone off a peer's address.
func bareAddress(s string) string {
	if a, ok := parseAddress(s); ok {
		return a.String()
	}
	return s
}

func parseAddress(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		p, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Addr{}, false
		}
		a = p.Addr()
	}
	return a.Unmap().WithZone(""), true
}

// loadRules reads which subnets belong to which site, the longest prefix
// first. Devices are judged again at their next report.
func (x *Inventory) loadRules(t *tx) error {
	var rules []subnetRule
	err := t.each("SELECT site, subnet FROM site_subnet", nil, func(scan scan) error {
		var r subnetRule
		var text string
		if err := scan(&r.site, &text); err != nil {
			return err
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return err
		}
		r.prefix = p
		rules = append(rules, r)
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(rules, func(a, b subnetRule) int { return b.prefix.Bits() - a.prefix.Bits() })
	t.after = append(t.after, func() {
		x.rules = rules
		x.ruled++
	})
	return nil
}

// placeBySubnet moves a device to the site whose subnet it reports from,
// unless a person put it where it is. An address that no rule knows moves
// nothing: a laptop at home still belongs to its site.
func (c *commit) placeBySubnet(h *head) error {
	h.ruled = c.x.ruled
	if h.byHand || len(c.x.rules) == 0 {
		return nil
	}
	a, ok := parseAddress(h.address)
	if !ok {
		return nil
	}
	for _, r := range c.x.rules {
		if !r.prefix.Contains(a) {
			continue
		}
		if r.site == h.site {
			return nil
		}
		h.site = r.site
		return c.do("UPDATE device_rows SET site = ? WHERE device_no = ?", r.site, h.no)
	}
	return nil
}

// forget drops what the writer remembers of a device, once t is durable.
func (x *Inventory) forget(t *tx, id inventory.DeviceID) {
	t.after = append(t.after, func() { delete(x.heads, id) })
}

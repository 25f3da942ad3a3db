package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/collector/account"
	"muster/collector/search"
	"muster/collector/store"
	"muster/internal/inventory"
)

// deviceColumns are the columns of a device in lists, in the order of CSV.
// What people keep stands flat among them.
func deviceColumns() []string {
	return []string{
		"id", "name", "kind", "presence", "severity", "agency", "site", "labels",
		"os", "vendor", "model", "serial", "memory_bytes", "user", "address", "port", "agent_version",
		"asset_tag", "owner", "department", "purchased", "warranty", "note",
		"first_seen", "last_seen", "clock_offset_seconds", "retired_at", "merged_into", "forked_from",
	}
}

// personalColumns are those that tell of persons.
func personalColumns() []string { return []string{"user", "owner"} }

// value is a column of a device by name.
func (d Device) value(column string) any {
	switch column {
	case "id":
		return string(d.ID)
	case "name":
		return d.Name
	case "kind":
		return d.Kind
	case "presence":
		return string(d.Presence)
	case "severity":
		return d.Severity
	case "agency":
		return d.Agency
	case "site":
		return d.Site
	case "labels":
		return d.Labels
	case "os":
		return d.OS
	case "vendor":
		return d.Vendor
	case "model":
		return d.Model
	case "serial":
		return d.Serial
	case "memory_bytes":
		return d.MemoryBytes
	case "user":
		return d.User
	case "address":
		return d.Address
	case "port":
		return d.Port
	case "agent_version":
		return d.AgentVersion
	case "asset_tag":
		return d.People.AssetTag
	case "owner":
		return d.People.Owner
	case "department":
		return d.People.Department
	case "purchased":
		return d.People.Purchased
	case "warranty":
		return d.People.Warranty
	case "note":
		return d.People.Note
	case "first_seen":
		return d.FirstSeen
	case "last_seen":
		return d.LastSeen
	case "clock_offset_seconds":
		return d.ClockOffset
	case "retired_at":
		return d.RetiredAt
	case "merged_into":
		return string(d.MergedInto)
	case "forked_from":
		return string(d.ForkedFrom)
	}
	return nil
}

// MarshalJSON writes a device, or the columns of it that were asked for, flat
// and in that order.
func (d Device) MarshalJSON() ([]byte, error) {
	if d.only == nil {
		type whole Device
		return json.Marshal(whole(d))
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for i, c := range d.only {
		v := d.value(c)
		switch x := v.(type) {
		case time.Time:
			if x.IsZero() {
				v = nil
			}
		case []string:
			if x == nil {
				v = []string{}
			}
		}
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", c, text)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// shownDevice is a device as somebody may see it.
func shownDevice(d store.Device, seesPersons bool) Device {
	out := Device{
		ID: d.ID, Kind: d.Kind, Name: d.Name, Agency: d.Agency, Site: d.Site, Labels: d.Labels,
		Presence: d.Presence, Severity: d.Severity, Address: d.Address, AgentVersion: d.AgentVersion, OS: d.OS,
		Vendor: d.Vendor, Model: d.Model, Serial: d.Serial, MemoryBytes: d.MemoryBytes,
		FirstSeen: d.FirstSeen, LastSeen: d.LastSeen, ClockOffset: d.ClockOffset,
		RetiredAt: d.RetiredAt, MergedInto: d.MergedInto, ForkedFrom: d.ForkedFrom,
		People: People{
			AssetTag: d.People.AssetTag, Department: d.People.Department,
			Purchased: d.People.Purchased, Warranty: d.People.Warranty, Note: d.People.Note,
		},
	}
	if seesPersons {
		out.User, out.People.Owner = &d.User, &d.People.Owner
	}
	return out
}

// find is the device that a REF names, within scope.
func (s *Server) find(ctx context.Context, ref string) (store.Device, error) {
	ref = strings.TrimSpace(ref)
	id, err := s.d.Inventory.Resolve(ctx, scopeOf(ctx), ref)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return store.Device{}, NewProblem(notFound, "no device answers to %q: give its ID, the first 8 characters of it, its name, serial number or asset tag (muster device list shows them)", clip(printable(ref), 80))
	case errors.Is(err, store.ErrAmbiguous):
		return store.Device{}, s.several(ctx, ref)
	case err != nil:
		return store.Device{}, fmt.Errorf("find device: %w", err)
	}
	return s.d.Inventory.Device(ctx, scopeOf(ctx), id)
}

// several says which devices answer to a name.
func (s *Server) several(ctx context.Context, ref string) error {
	p := NewProblem(ambiguous, "several devices answer to %q: use the ID of one of them", clip(printable(ref), 80))
	quoted := `"` + strings.ReplaceAll(ref, `"`, `""`) + `"`
	text := fmt.Sprintf("name=%[1]s or serial=%[1]s or asset=%[1]s", quoted)
	if !strings.ContainsAny(ref, `*?" `) && len(ref) >= 8 {
		text += " or id:" + ref + "*"
	}
	e, err := search.Parse(text)
	if err != nil {
		return p // the name cannot be said in a filter; the sentence must do
	}
	page, err := s.d.Inventory.Devices(ctx, store.DeviceQuery{Scope: scopeOf(ctx), Filter: e, Limit: 20, Now: s.d.Now()})
	if err != nil {
		return p
	}
	for _, d := range page.Devices {
		c := Candidate{ID: d.ID, Name: d.Name, Site: d.Site, Serial: d.Serial}
		if !d.LastSeen.IsZero() {
			c.LastSeen = d.LastSeen.UTC().Format(time.RFC3339)
		}
		p.Candidates = append(p.Candidates, c)
	}
	return p
}

// chosen is the devices that a filter chooses, and true; or false when there
// is no filter and the caller sees everything, so that nothing narrows.
func (s *Server) chosen(ctx context.Context, filter string) ([]inventory.DeviceID, bool, error) {
	e, err := filterOf(ctx, filter)
	if err != nil {
		return nil, false, err
	}
	if e == nil && scopeOf(ctx).All {
		return nil, false, nil
	}
	page, err := s.d.Inventory.Devices(ctx, store.DeviceQuery{Scope: scopeOf(ctx), Filter: e, Personal: personal(ctx), Now: s.d.Now()})
	if err != nil {
		return nil, false, err
	}
	ids := make([]inventory.DeviceID, len(page.Devices))
	for i, d := range page.Devices {
		ids[i] = d.ID
	}
	return ids, true, nil
}

// checkColumns holds a list of columns to those there are.
func checkColumns(ctx context.Context, list []string) ([]string, error) {
	var out []string
	for _, c := range list {
		c = strings.TrimSpace(c)
		if c == "" {
			continue
		}
		if !slices.Contains(deviceColumns(), c) {
			return nil, NewProblem(invalid, "there is no column %q%s: there are %s", clip(printable(c), 40), near(c, deviceColumns()), strings.Join(deviceColumns(), ", "))
		}
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out, nil
}

func checkSort(ctx context.Context, sort string) error {
	name := strings.TrimPrefix(sort, "-")
	switch {
	case sort == "":
		return nil
	case !slices.Contains(deviceColumns(), name):
		return NewProblem(invalid, "there is no column %q to sort by%s", clip(printable(name), 40), near(name, deviceColumns()))
	case name == "port":
		return NewProblem(invalid, "a list cannot be sorted by port: sort it by another column, or ask one switch for its ports (muster port show)")
	case slices.Contains(personalColumns(), name) && !personal(ctx):
		return NewProblem(forbidden, "the order of %s tells of persons: this account lacks the right %s", name, account.ReadPersonal)
	}
	return nil
}

func (s *Server) deviceList(ctx context.Context, in *DeviceListInput) (DeviceList, error) {
	e, err := filterOf(ctx, in.Filter)
	if err != nil {
		return DeviceList{}, err
	}
	return s.listDevices(ctx, store.DeviceQuery{
		Scope: scopeOf(ctx), Filter: e, Sort: in.Sort, Limit: in.Limit, After: in.After,
		Merged: in.Merged, Personal: personal(ctx), Now: s.d.Now(),
	}, in.Filter, in.Columns)
}

// listDevices answers one page; filter is the text that q.Filter came from.
func (s *Server) listDevices(ctx context.Context, q store.DeviceQuery, filter string, columns []string) (DeviceList, error) {
	if err := checkSort(ctx, q.Sort); err != nil {
		return DeviceList{}, err
	}
	only, err := checkColumns(ctx, columns)
	if err != nil {
		return DeviceList{}, err
	}
	if q.Limit == 0 && !askedOf(ctx).csv {
		q.Limit = 1000
	}
	q.Severity = only == nil || slices.Contains(only, "severity")
	list := fmt.Sprintf("%s\x00%s\x00%t", q.Sort, filter, q.Merged)
	if q.After, err = openCursor(list, q.After); err != nil {
		return DeviceList{}, err
	}
	var x *sight
	if only == nil && askedOf(ctx).csv || slices.Contains(only, "port") {
		if x, err = s.sight(ctx); err != nil {
			return DeviceList{}, err
		}
	}
	page, err := s.d.Inventory.Devices(ctx, q)
	if err != nil {
		return DeviceList{}, err
	}
	out := DeviceList{Devices: make([]Device, len(page.Devices)), Total: page.Total, Next: sealCursor(list, page.Next), only: only}
	see := personal(ctx)
	for i, d := range page.Devices {
		out.Devices[i] = shownDevice(d, see)
		out.Devices[i].only = only
		if x == nil {
			continue
		}
		if sw, port := x.plugged(d.ID); sw != nil {
			out.Devices[i].Port = sw.Name + "/" + port.Port
		}
	}
	if !see {
		for _, c := range personalColumns() {
			if only == nil || slices.Contains(only, c) {
				out.Hidden = append(out.Hidden, c)
			}
		}
	}
	return out, nil
}

// A page's cursor goes out with a mark of the list it belongs to, so that one
// of another list is told as that, and never reaches the store.

func sealCursor(list, cursor string) string {
	if cursor == "" {
		return ""
	}
	return cursorMark(list, cursor) + cursor
}

func openCursor(list, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	if len(text) > 16 && cursorMark(list, text[16:]) == text[:16] {
		return text[16:], nil
	}
	return "", NewProblem(invalid, "after does not belong to this list: ask for its first page again")
}

func cursorMark(list, cursor string) string {
	h := sha256.Sum256([]byte(list + "\x00" + cursor))
	return hex.EncodeToString(h[:8])
}

// sectionNames checks names of sections.
func sectionNames(list []string) ([]string, error) {
	var out []string
	for _, n := range list {
		n = strings.TrimSpace(n)
		if n == "" {
			continue
		}
		if _, ok := inventory.Lookup(n); !ok {
			return nil, NewProblem(invalid, "there is no section %q%s: muster schema lists them", clip(printable(n), 40), near(n, allSections()))
		}
		out = append(out, n)
	}
	return out, nil
}

func allSections() []string {
	var out []string
	for _, x := range inventory.Schema() {
		out = append(out, x.Name)
	}
	return out
}

func (s *Server) deviceShow(ctx context.Context, in *DeviceShowInput) (DeviceShow, error) {
	d, err := s.find(ctx, in.Ref)
	if err != nil {
		return DeviceShow{}, err
	}
	at, err := s.past(in.At)
	if err != nil {
		return DeviceShow{}, err
	}
	names, err := sectionNames(in.Sections)
	if err != nil {
		return DeviceShow{}, err
	}
	views, err := s.d.Inventory.Sections(ctx, d.ID, at, names)
	if err != nil {
		return DeviceShow{}, err
	}
	gaps, err := s.d.Inventory.Gaps(ctx, d.ID)
	if err != nil {
		return DeviceShow{}, err
	}
	m := newMask(ctx)
	out := DeviceShow{Device: shownDevice(d, m.see), At: at, Sections: map[string]any{}, Status: map[string]SectionStatus{}, Gaps: []Gap{}}
	for _, g := range gaps {
		out.Gaps = append(out.Gaps, Gap{From: g.From, To: g.To})
	}
	for _, v := range views {
		section, ok := inventory.Lookup(v.Name)
		if !ok {
			continue // of a newer collector that wrote this database before
		}
		rows := m.rows(section, v.Table)
		switch {
		case !section.Single:
			out.Sections[v.Name] = rows
		case len(rows) > 0:
			out.Sections[v.Name] = rows[0]
		default:
			out.Sections[v.Name] = nil
		}
		out.Status[v.Name] = SectionStatus{Status: v.Status, Reason: v.Reason, Sources: v.Sources, ReadAt: v.ReadAt, GoodAt: v.GoodAt, TookMS: v.TookMS}
	}
	if !m.see {
		m.hide("device", "user")
		m.hide("device", "owner")
	}
	out.Hidden = m.list()
	if s.d.Refresher != nil && at.IsZero() {
		if r, ok := s.d.Refresher.Refreshed(d.ID); ok {
			out.Refresh = &r
		}
	}
	return out, nil
}

// past reads a time that something is asked as of; zero is now.
func (s *Server) past(text string) (time.Time, error) {
	if strings.TrimSpace(text) == "now" {
		return time.Time{}, nil
	}
	at, err := moment("at", text, s.d.Now())
	if err == nil && at.After(s.d.Now()) {
		err = NewProblem(invalid, "at: %s has not come yet", at.Format(time.RFC3339))
	}
	return at, err
}

func (s *Server) deviceHistory(ctx context.Context, in *DeviceHistoryInput) (History, error) {
	d, err := s.find(ctx, in.Ref)
	if err != nil {
		return History{}, err
	}
	return s.journal(ctx, []inventory.DeviceID{d.ID}, in.Sections, in.From, in.To, in.Limit)
}

func (s *Server) historyList(ctx context.Context, in *HistoryInput) (History, error) {
	ids, narrowed, err := s.chosen(ctx, in.Filter)
	if err != nil {
		return History{}, err
	}
	if narrowed && len(ids) == 0 {
		return History{Changes: []store.Change{}}, nil
	}
	return s.journal(ctx, ids, in.Sections, in.From, in.To, in.Limit)
}

func (s *Server) journal(ctx context.Context, ids []inventory.DeviceID, sections []string, from, to string, limit int) (History, error) {
	names, err := sectionNames(sections)
	if err != nil {
		return History{}, err
	}
	a, b, err := span(from, to, s.d.Now())
	if err != nil {
		return History{}, err
	}
	changes, err := s.d.Inventory.Journal(ctx, store.JournalQuery{Scope: scopeOf(ctx), Devices: ids, Sections: names, From: a, To: b, Limit: orDefault(limit)})
	if err != nil {
		return History{}, err
	}
	m := newMask(ctx)
	out := History{Changes: make([]store.Change, len(changes))}
	for i, c := range changes {
		section, ok := inventory.Lookup(c.Section)
		if ok && c.Verb != "first_read" { // whose After is a number of rows
			c.Key, c.Before, c.After = m.columns(section, c.Key), m.columns(section, c.Before), m.columns(section, c.After)
		}
		out.Changes[i] = c
	}
	out.Hidden = m.list()
	return out, nil
}

// orDefault is how many lines an answer has when nobody says.
func orDefault(limit int) int {
	if limit == 0 {
		return 1000
	}
	return limit
}

package api

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// table is an answer that can be had as CSV.
type table interface {
	// columns names the columns; rows calls yield with each row's values.
	columns() []string
	rows(yield func([]any) error) error
}

// csvBody is an answer on its way to becoming CSV.
type csvBody struct{ table }

func tabular(t reflect.Type) bool { return t.Implements(reflect.TypeFor[table]()) }

// writeCSV writes RFC 4180 with a header row.
func writeCSV(w io.Writer, t table) error {
	c := csv.NewWriter(w)
	if err := c.Write(t.columns()); err != nil {
		return err
	}
	var line []string
	err := t.rows(func(values []any) error {
		line = line[:0]
		for _, v := range values {
			line = append(line, cell(v))
		}
		return c.Write(line)
	})
	if err != nil {
		return err
	}
	c.Flush()
	return c.Error()
}

// cell is a value as text. Texts that a spreadsheet would take for a formula
// get an apostrophe before them: what devices say ends up in front of people
// who open the file with a double click (OWASP, CSV injection).
func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return guarded(v)
	case *string:
		if v == nil {
			return ""
		}
		return guarded(*v)
	case bool:
		return strconv.FormatBool(v)
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.UTC().Format(time.RFC3339)
	case []string:
		return guarded(strings.Join(v, ";"))
	case json.Number:
		return v.String()
	case fmt.Stringer:
		return guarded(v.String())
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.String {
		return guarded(r.String())
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return guarded(string(b))
}

// formula are the characters that make a spreadsheet calculate, with their
// full-width variants, which some turn into the narrow ones first.
const formula = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"

func guarded(s string) string {
	if first, _ := utf8.DecodeRuneInString(s); s != "" && strings.ContainsRune(formula, first) {
		return "'" + s
	}
	return s
}

// unguarded takes the apostrophe off again, so that a list that was exported
// can be imported.
func unguarded(s string) string {
	rest, ok := strings.CutPrefix(s, "'")
	if ok && guarded(rest) != rest {
		return rest
	}
	return s
}

func (l DeviceList) columns() []string {
	if len(l.Devices) > 0 && l.Devices[0].only != nil {
		return l.Devices[0].only
	}
	if l.only != nil {
		return l.only
	}
	return deviceColumns()
}

func (l DeviceList) rows(yield func([]any) error) error {
	columns := l.columns()
	line := make([]any, len(columns))
	for i := range l.Devices {
		for j, c := range columns {
			line[j] = l.Devices[i].value(c)
		}
		if err := yield(line); err != nil {
			return err
		}
	}
	return nil
}

func (History) columns() []string {
	return []string{"at", "device", "name", "section", "verb", "key", "before", "after"}
}

func (h History) rows(yield func([]any) error) error {
	for _, c := range h.Changes {
		if err := yield([]any{c.At, c.Device, c.Name, c.Section, c.Verb, object(c.Key), object(c.Before), object(c.After)}); err != nil {
			return err
		}
	}
	return nil
}

// object is a map as JSON in one cell; nothing for none.
func object(m map[string]any) any {
	if len(m) == 0 {
		return nil
	}
	return m
}

func (EventList) columns() []string {
	return []string{"at", "received_at", "device", "name", "kind", "count", "attributes"}
}

func (l EventList) rows(yield func([]any) error) error {
	for _, e := range l.Events {
		var attributes any
		if len(e.Attributes) > 0 {
			attributes = e.Attributes
		}
		if err := yield([]any{e.At, e.ReceivedAt, e.Device, e.Name, e.Kind, e.Count, attributes}); err != nil {
			return err
		}
	}
	return nil
}

func (MergeList) columns() []string {
	return []string{"id", "old", "into", "by", "at", "reason", "undone_at", "undone_by", "carried"}
}

func (l MergeList) rows(yield func([]any) error) error {
	for _, m := range l.Merges {
		if err := yield([]any{m.ID, m.Old, m.Into, m.By, m.At, m.Reason, m.UndoneAt, m.UndoneBy, m.Carried}); err != nil {
			return err
		}
	}
	return nil
}

func (AgencyList) columns() []string { return []string{"name"} }

func (l AgencyList) rows(yield func([]any) error) error {
	for _, a := range l.Agencies {
		if err := yield([]any{a.Name}); err != nil {
			return err
		}
	}
	return nil
}

func (SiteList) columns() []string { return []string{"agency", "name", "subnets"} }

func (l SiteList) rows(yield func([]any) error) error {
	for _, s := range l.Sites {
		if err := yield([]any{s.Agency, s.Name, s.Subnets}); err != nil {
			return err
		}
	}
	return nil
}

func (LabelList) columns() []string { return []string{"name", "devices"} }

func (l LabelList) rows(yield func([]any) error) error {
	for _, x := range l.Labels {
		if err := yield([]any{x.Name, x.Devices}); err != nil {
			return err
		}
	}
	return nil
}

func (GroupList) columns() []string { return []string{"name", "filter", "priority", "settings"} }

func (l GroupList) rows(yield func([]any) error) error {
	for _, g := range l.Groups {
		if err := yield([]any{g.Name, g.Filter, g.Priority, g.Settings}); err != nil {
			return err
		}
	}
	return nil
}

func (SeriesAnswer) columns() []string { return []string{"at", "value", "labels"} }

func (l SeriesAnswer) rows(yield func([]any) error) error {
	for _, s := range l.Series {
		labels, err := json.Marshal(s.Labels)
		if err != nil {
			return err
		}
		for _, p := range s.Points {
			if err := yield([]any{p.At, p.Value, string(labels)}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (SeriesNames) columns() []string {
	return []string{"name", "measurement", "field", "unit", "nature", "labels", "default", "doc"}
}

func (l SeriesNames) rows(yield func([]any) error) error {
	for _, n := range l.Names {
		if err := yield([]any{n.Name, n.Measurement, n.Field, n.Unit, n.Nature, n.Labels, n.Default, n.Doc}); err != nil {
			return err
		}
	}
	return nil
}

func (SoftwareList) columns() []string {
	return []string{"name", "publisher", "version", "versions", "devices"}
}

func (l SoftwareList) rows(yield func([]any) error) error {
	for _, t := range l.Software {
		if err := yield([]any{t.Name, t.Publisher, t.Version, t.Versions, t.Devices}); err != nil {
			return err
		}
	}
	return nil
}

func (SoftwareDevices) columns() []string {
	return []string{"device", "name", "site", "software", "version", "since"}
}

func (l SoftwareDevices) rows(yield func([]any) error) error {
	for _, d := range l.Devices {
		if err := yield([]any{d.Device, d.Name, d.Site, d.Software, d.Version, d.Since}); err != nil {
			return err
		}
	}
	return nil
}

func (a SQLAnswer) columns() []string { return a.Columns }

func (a SQLAnswer) rows(yield func([]any) error) error {
	for _, r := range a.Rows {
		if err := yield(r); err != nil {
			return err
		}
	}
	return nil
}

func (InvitationList) columns() []string {
	return []string{"id", "uses", "uses_left", "expires_at", "site", "labels", "networks", "approve", "note", "created_by", "created_at", "revoked_at"}
}

func (l InvitationList) rows(yield func([]any) error) error {
	for _, i := range l.Invitations {
		if err := yield([]any{i.ID, i.Uses, i.UsesLeft, i.ExpiresAt, i.Site, i.Labels, i.Networks, i.Approve, i.Note, i.CreatedBy, i.CreatedAt, i.RevokedAt}); err != nil {
			return err
		}
	}
	return nil
}

func (ApprovalList) columns() []string {
	return []string{"id", "kind", "device", "other", "name", "address", "key", "invitation", "reason", "asked_at", "score", "against", "hold"}
}

func (l ApprovalList) rows(yield func([]any) error) error {
	for _, a := range l.Approvals {
		var score, against, hold any
		if m := a.Merge; m != nil {
			score, against, hold = m.Score, m.Against, m.Hold
		}
		if err := yield([]any{a.ID, a.Kind, a.Device, a.Other, a.Name, a.Address, a.Key, a.Invitation, a.Reason, a.AskedAt, score, against, hold}); err != nil {
			return err
		}
	}
	return nil
}

func (UserList) columns() []string {
	return []string{"name", "role", "agencies", "sites", "personal", "disabled", "has_password", "created_at", "last_seen_at"}
}

func (l UserList) rows(yield func([]any) error) error {
	for _, u := range l.Users {
		if err := yield([]any{u.Name, u.Role, u.Agencies, u.Sites, u.Personal, u.Disabled, u.HasSecret, u.CreatedAt, u.LastSeenAt}); err != nil {
			return err
		}
	}
	return nil
}

func (SessionList) columns() []string {
	return []string{"id", "device", "address", "how", "strong", "created_at", "seen_at"}
}

func (l SessionList) rows(yield func([]any) error) error {
	for _, x := range l.Sessions {
		if err := yield([]any{x.ID, x.Device, x.Address, x.How, x.Strong, x.CreatedAt, x.SeenAt}); err != nil {
			return err
		}
	}
	return nil
}

func (TokenList) columns() []string {
	return []string{"name", "role", "agencies", "sites", "personal", "created_by", "created_at", "expires_at", "last_used_at", "revoked_at"}
}

func (l TokenList) rows(yield func([]any) error) error {
	for _, t := range l.Tokens {
		if err := yield([]any{t.Name, t.Role, t.Agencies, t.Sites, t.Personal, t.CreatedBy, t.CreatedAt, t.ExpiresAt, t.LastUsedAt, t.RevokedAt}); err != nil {
			return err
		}
	}
	return nil
}

func (AuditList) columns() []string {
	return []string{"seq", "at", "actor", "via", "address", "action", "object", "outcome", "detail", "hash"}
}

func (l AuditList) rows(yield func([]any) error) error {
	for _, r := range l.Records {
		var detail any
		if len(r.Detail) > 0 {
			detail = r.Detail
		}
		if err := yield([]any{r.Seq, r.At, r.Actor, r.Via, r.Address, r.Action, r.Object, r.Outcome, detail, r.Hash}); err != nil {
			return err
		}
	}
	return nil
}

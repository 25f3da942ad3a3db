package sqlstore

import (
	"fmt"
	"slices"
	"strings"

	"muster/collector/notify"
	"muster/collector/store"
)

// news queues what is to be told. The announcement's ID is the same however
// often it is recorded.
func (r *recording) news(number int64, n *store.News) error {
	if number == 0 {
		r.x.log.Warn("news of an incident that is not there", "key", n.Key, "news", n.Kind)
		return nil
	}
	told := *n
	told.Incident.Number = number
	a := announcement(&told)
	if err := a.Check(); err != nil {
		// One that cannot be told must not keep back what was judged.
		r.x.log.Error("news that cannot be told", "incident", number, "error", err)
		return nil
	}
	return r.announce(a)
}

// announcement is news as package notify has it.
func announcement(n *store.News) notify.Announcement {
	i := &n.Incident
	kind := notify.Kind(n.Kind)
	if n.Kind == "cleared" {
		kind = notify.Resolved
	}
	out := notify.Incident{Number: i.Number, Title: i.Title, Severity: notify.Severity(i.Severity), Family: i.Family, Rule: i.Rule, Agency: i.Agency, Site: i.Site,
		Meaning: n.Meaning, Checks: n.Checks, Escalate: n.Escalate, Evidence: n.Evidence, DeviceCount: max(i.Count, len(i.Devices)), OpenedAt: i.OpenedAt, Backlog: i.Backlog}
	if c := i.Cause; c != nil {
		out.Cause = strings.TrimSpace(c.What + " " + c.Value)
	}
	for _, d := range i.Devices {
		out.Devices = append(out.Devices, notify.Device{ID: string(d.ID), Name: d.Name, Kind: d.Kind, User: d.User, Agency: d.Agency, Site: d.Site, Port: d.Port})
		place := notify.Place{Agency: d.Agency, Site: d.Site}
		if i.Site == "" && place != (notify.Place{}) && !slices.Contains(out.Places, place) {
			out.Places = append(out.Places, place)
		}
	}
	return notify.Announcement{ID: fmt.Sprintf("incident/%d/%s/%d", i.Number, n.Kind, stamp(n.At)), At: n.At, Kind: kind, Incident: out}
}

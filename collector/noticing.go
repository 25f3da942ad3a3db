package collector

import (
	"context"
	"strings"

	"muster/collector/notify"
	"muster/collector/outgoing"
	"muster/collector/store"
)

// openNotices makes what tells people.
func (c *collector) openNotices() error {
	allow, err := outgoing.ParseAllow(c.cfg.Outgoing.Allow)
	if err != nil {
		return err
	}
	c.dialer = &outgoing.Dialer{Rules: outgoing.Rules{Allow: allow}}
	c.notifier, err = notify.New(notify.Options{Store: c.inventory.Notices(), Setup: c.outlets, Open: c.standing, URL: c.incidentsURL(), Log: c.log, Now: c.now})
	return err
}

// incidentsURL is where people see the list of incidents.
func (c *collector) incidentsURL() string {
	if c.cfg.Web.URL == "" {
		return ""
	}
	return strings.TrimSuffix(c.cfg.Web.URL, "/") + "/incidents"
}

// outlets builds the channels as they are set up now. One that cannot be built
// is told as such and leaves the others alone.
func (c *collector) outlets(ctx context.Context) (notify.Settings, error) {
	records, err := c.control.Channels(ctx)
	if err != nil {
		return notify.Settings{}, err
	}
	routes, err := c.control.Routes(ctx)
	if err != nil {
		return notify.Settings{}, err
	}
	s := notify.Settings{Routes: routes, Zone: c.cfg.Health.Zone}
	for i := range records {
		r := &records[i]
		if r.Off {
			continue
		}
		o := notify.Outlet{Name: r.Name, Version: r.Version(), Brake: r.Brake}
		o.Channel, o.Fault = c.channel(ctx, r)
		if o.Fault != nil {
			o.Channel = nil
		}
		s.Outlets = append(s.Outlets, o)
	}
	return s, nil
}

// standing lists what is open, for digests.
func (c *collector) standing(ctx context.Context) ([]notify.Standing, error) {
	list, err := c.inventory.Incidents(ctx, store.IncidentQuery{Scope: store.Scope{All: true}})
	if err != nil {
		return nil, err
	}
	var out []notify.Standing
	for _, s := range list {
		if s.Hygiene || s.Severity == "info" {
			continue
		}
		i := notify.Incident{Number: s.Number, Title: s.Title, Severity: notify.Severity(s.Severity), Family: s.Family, Rule: s.Rule, Agency: s.Agency, Site: s.Site,
			DeviceCount: s.Count, OpenedAt: s.OpenedAt, Backlog: s.Backlog}
		for _, d := range s.Devices {
			i.Devices = append(i.Devices, notify.Device{ID: string(d.ID), Name: d.Name, Kind: d.Kind, User: d.User, Agency: d.Agency, Site: d.Site})
		}
		out = append(out, notify.Standing{Incident: i, Claimed: s.Assignee != "", State: stateWords(s)})
	}
	return out, nil
}

// stateWords is where the work on an incident stands.
func stateWords(s store.Incident) string {
	switch s.Status {
	case store.Claimed:
		return "claimed by " + s.Assignee
	case store.Snoozed:
		return "snoozed until " + s.SnoozedTo.Format("2 Jan")
	case store.Escalated:
		return "escalated to " + s.Escalated
	}
	return ""
}

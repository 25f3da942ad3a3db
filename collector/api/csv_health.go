package api

import (
	"muster/collector/store"
)

func (FindingList) columns() []string {
	return []string{"id", "device", "name", "agency", "site", "rule", "family", "title", "component", "label", "state", "severity", "worst", "backlog", "flapping",
		"hygiene", "times", "since", "fired_at", "worse_at", "resolved_at", "judged_at", "reason", "evidence", "incident", "points"}
}

func (l FindingList) rows(yield func([]any) error) error {
	for _, f := range l.Findings {
		if err := yield([]any{f.ID, f.Device, f.Name, f.Agency, f.Site, f.Rule, f.Family, f.Title, f.Component, f.Label, f.State, f.Severity, f.Worst, f.Backlog, f.Flapping,
			f.Hygiene, f.Times, f.Since, f.FiredAt, f.WorseAt, f.ResolvedAt, f.JudgedAt, f.Reason, evidenceLines(f.Evidence), f.Incident, f.Points}); err != nil {
			return err
		}
	}
	return nil
}

// evidenceLines are evidence in one cell; charts have no words.
func evidenceLines(list []store.Evidence) []string {
	var out []string
	for _, e := range list {
		if e.Value != "" {
			out = append(out, e.Label+": "+e.Value)
		}
	}
	return out
}

func (IncidentList) columns() []string {
	return []string{"number", "severity", "title", "status", "assignee", "escalated_to", "snoozed_to", "kind", "rule", "family", "device_count", "devices",
		"agency", "site", "cause", "members", "size", "rank", "backlog", "hygiene", "flapping", "opened_at", "updated_at", "claimed_at", "cleared_at", "resolved_at", "useful", "replaced", "called"}
}

func (l IncidentList) rows(yield func([]any) error) error {
	for _, i := range l.Incidents {
		var names []string
		for _, d := range i.Devices {
			names = append(names, d.Name)
		}
		var cause, members, size any
		if c := i.Cause; c != nil {
			cause, members, size = c.What+" "+c.Value, c.Members, c.Size
		}
		if err := yield([]any{i.Number, i.Severity, i.Title, i.Status, i.Assignee, i.Escalated, i.SnoozedTo, i.Kind, i.Rule, i.Family, i.Count, names,
			i.Agency, i.Site, cause, members, size, i.Rank, i.Backlog, i.Hygiene, i.Flapping, i.OpenedAt, i.UpdatedAt, i.ClaimedAt, i.ClearedAt, i.ResolvedAt, i.Useful, i.Replaced, i.Called}); err != nil {
			return err
		}
	}
	return nil
}

func (RuleList) columns() []string {
	return []string{"id", "title", "family", "subject", "severities", "state", "why", "off_at", "office", "lowered", "open", "useful", "useless", "wrong", "since"}
}

func (l RuleList) rows(yield func([]any) error) error {
	for _, r := range l.Rules {
		if err := yield([]any{r.ID, r.Title, r.Family, r.Subject, r.Severities, r.State, r.Why, r.OffAt, r.Office, r.Lowered, r.Open,
			r.Outcomes.Useful, r.Outcomes.Useless, r.Outcomes.Wrong, r.Outcomes.Since}); err != nil {
			return err
		}
	}
	return nil
}

func (Replay) columns() []string {
	return []string{"device", "name", "component", "label", "severity", "backlog", "from", "to", "evidence"}
}

func (l Replay) rows(yield func([]any) error) error {
	for _, f := range l.Findings {
		if err := yield([]any{f.Device, f.Name, f.Component, f.Label, f.Severity, f.Backlog, f.From, f.To, evidenceLines(f.Evidence)}); err != nil {
			return err
		}
	}
	return nil
}

func (MaintenanceList) columns() []string {
	return []string{"id", "name", "filter", "all", "from", "to", "days", "start", "minutes", "zone", "now", "by", "reason"}
}

func (l MaintenanceList) rows(yield func([]any) error) error {
	for _, m := range l.Maintenance {
		if err := yield([]any{m.ID, m.Name, m.Filter, m.All, m.From, m.To, m.Days, m.Start, m.Minutes, m.Zone, m.Now, m.By, m.Reason}); err != nil {
			return err
		}
	}
	return nil
}

func (ChannelList) columns() []string {
	return []string{"name", "kind", "settings", "secrets", "off", "waiting", "unsent", "failed", "sent_at", "created_at", "changed_at", "changed_by"}
}

func (l ChannelList) rows(yield func([]any) error) error {
	for _, c := range l.Channels {
		if err := yield([]any{c.Name, c.Kind, object(c.Settings), c.Secrets, c.Off, c.Waiting, c.Unsent, c.Failed, c.SentAt, c.CreatedAt, c.ChangedAt, c.ChangedBy}); err != nil {
			return err
		}
	}
	return nil
}

func (RouteList) columns() []string {
	return []string{"position", "name", "channel", "off", "agencies", "sites", "severity", "families", "rules", "devices", "kinds", "backlog",
		"hours", "urgent", "personal", "wait_seconds", "rate", "digest", "only_digest", "created_at"}
}

func (l RouteList) rows(yield func([]any) error) error {
	for _, r := range l.Routes {
		var hours, digest any
		if r.Hours != nil {
			hours = *r.Hours
		}
		if r.Digest != nil {
			digest = *r.Digest
		}
		if err := yield([]any{r.Position, r.Name, r.Channel, r.Off, r.Agencies, r.Sites, r.Severity, r.Families, r.Rules, r.Devices, r.Kinds, r.Backlog,
			hours, r.Urgent, r.Personal, r.WaitSeconds, r.Rate, digest, r.OnlyDigest, r.CreatedAt}); err != nil {
			return err
		}
	}
	return nil
}

func (NoticeList) columns() []string {
	return []string{"id", "channel", "kind", "state", "subject", "incidents", "routes", "formed_at", "attempts", "tried_at", "next_at", "said"}
}

func (l NoticeList) rows(yield func([]any) error) error {
	for _, n := range l.Notices {
		var incidents any
		if len(n.Incidents) > 0 {
			incidents = n.Incidents
		}
		if err := yield([]any{n.ID, n.Channel, n.Kind, n.State, n.Subject, incidents, n.Routes, n.FormedAt, n.Attempts, n.TriedAt, n.NextAt, n.Said}); err != nil {
			return err
		}
	}
	return nil
}

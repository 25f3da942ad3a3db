package web

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/store"
	"muster/collector/web/texts"
	"muster/internal/inventory"
)

// incidentPage is all that one needs to work on an incident.
type incidentPage struct {
	api.IncidentShow
	Queue   []group
	Mine    bool
	Work    bool
	Checks  []check
	Done    int
	Charts  []evidenceChart
	Facts   []fact // evidence in words
	Example string // what all the evidence is of: one of many devices, a disk
	Away    bool   // numbers over time cannot be had
	Log     []logged
	Device  *api.Device
	Place   *api.Place
	Next    string // the one primary act: claim, escalate, resolve

	ToMe     bool // it was escalated to who looks
	Stranger bool // it was escalated to a name that has no account

	By      texts.T // who resolved it
	Why     string  // why it was put off
	Members []memberLine
	Ports   bool        // the port of one of them is known
	Found   []foundLine // its findings, the worst first, when there are several kinds
	Also    []api.IncidentBrief
	Now     time.Time
}

func (p *incidentPage) Head() (texts.T, string) { return texts.As(p.Incident.Title), "triage" }

// check is one of the first checks, and what came out.
type check struct {
	N      int
	Text   texts.T
	Done   bool
	Result string
	By     string
	At     time.Time
}

type fact struct {
	Label texts.T
	Value texts.T
}

// memberLine is one of the devices that an incident is about.
type memberLine struct {
	store.IncidentDevice
	Firing bool // what was found is still so
	Port   portWord
}

// foundLine is what a rule found on the devices of an incident.
type foundLine struct {
	Severity, Title, Of string
	At                  time.Time
	Over                bool
}

// mostFound is how many lines of findings are told.
const mostFound = 12

// members tells of each device how it stands, and where it hangs.
func (s *Site) members(v *visit, p *incidentPage) {
	list := p.Incident.Devices
	if len(list) < 2 {
		return
	}
	firing := map[inventory.DeviceID]bool{}
	for _, f := range p.Incident.Findings {
		firing[f.Device] = firing[f.Device] || f.State == store.Firing
	}
	var ids []string
	for _, d := range list[:min(len(list), 100)] {
		ids = append(ids, string(d.ID))
	}
	ports := s.plugged(v, ids)
	p.Ports = len(ports) > 0
	for _, d := range list {
		p.Members = append(p.Members, memberLine{d, firing[d.ID], ports[d.ID]})
	}
	slices.SortStableFunc(p.Members, func(a, b memberLine) int { return boolOrder(a.Firing, b.Firing) })
}

// found tells what rules found, the worst first: the title names only what the
// incident began with.
func (p *incidentPage) found() {
	seen := map[[2]string]bool{}
	for _, f := range p.Incident.Findings {
		of := f.Label
		if len(p.Incident.Devices) > 1 {
			of = ""
		}
		if key := [2]string{f.Rule, of}; !seen[key] {
			seen[key] = true
			p.Found = append(p.Found, foundLine{f.Severity, f.Title, of, f.FiredAt, f.State != store.Firing})
		}
	}
	slices.SortStableFunc(p.Found, func(a, b foundLine) int {
		return cmp.Or(boolOrder(!a.Over, !b.Over), cmp.Compare(urgencyOrder(a.Severity), urgencyOrder(b.Severity)))
	})
	p.Found = p.Found[:min(len(p.Found), mostFound)]
	if len(p.Found) < 2 {
		p.Found = nil
	}
}

func (s *Site) incident(v *visit) error {
	n, err := strconv.ParseInt(v.r.PathValue("number"), 10, 64)
	if err != nil || n < 1 {
		return s.nowhere(v)
	}
	shown, err := v.api.IncidentShow(v.ctx(), api.IncidentInput{Number: n})
	if err != nil {
		return err
	}
	return s.showIncident(v, shown)
}

func (s *Site) showIncident(v *visit, shown api.IncidentShow) error {
	i := shown.Incident
	p := &incidentPage{IncidentShow: shown, Work: v.can(account.Work), Mine: i.Assignee != "" && i.Assignee == v.actor.Name, Now: v.now}
	p.Also = shown.Also
	p.ToMe = i.Escalated != "" && strings.EqualFold(i.Escalated, v.actor.Name)
	p.Stranger = i.Status == store.Escalated && !p.ToMe && p.Work && !slices.ContainsFunc(shown.Colleagues, func(n string) bool { return strings.EqualFold(n, i.Escalated) })
	if t := shown.Texts; t != nil {
		said := *t
		for _, text := range []*string{&said.Meaning, &said.Disproof, &said.Escalate} {
			*text = s.plain(v, *text)
		}
		p.Texts = &said
		for k, text := range t.Checks {
			c := check{N: k + 1, Text: texts.As(s.plain(v, text)), Done: slices.Contains(i.Checked, k+1)}
			for _, st := range i.Steps {
				if st.Item == k+1 && (st.Do == store.DoCheck || st.Do == store.DoUncheck) {
					c.Result, c.By, c.At = st.Text, st.By, st.At
				}
			}
			if c.Done {
				p.Done++
			}
			p.Checks = append(p.Checks, c)
		}
	}
	switch {
	case !p.Work || i.Status == store.Closed:
	case i.Assignee == "" || i.Status == store.Escalated && !p.Mine:
		p.Next = "claim"
	case i.Status == store.Claimed && i.Severity == "critical":
		p.Next = "escalate"
	default:
		p.Next = "resolve"
	}
	for _, st := range slices.Backward(i.Steps) {
		switch {
		case p.By == "" && st.Do == store.DoResolve && i.Status == store.Closed:
			p.By = byWhom(st.By, v.actor.Name)
		case p.Why == "" && st.Do == store.DoSnooze && i.Status == store.Snoozed:
			p.Why = st.Text
		}
		p.Log = append(p.Log, logged{st.At, byWhom(st.By, v.actor.Name), stepText(st)})
	}
	s.evidence(v, p)
	s.members(v, p)
	p.found()
	if len(i.Devices) == 1 {
		id := string(i.Devices[0].ID)
		if d, err := v.api.DeviceShow(v.ctx(), api.DeviceShowInput{Ref: id, Sections: []string{"system"}}); err == nil {
			p.Device = &d.Device
		}
		if w, err := v.api.PortWhere(v.ctx(), api.PortWhereInput{What: id}); err == nil && len(w.Places) > 0 && w.Places[0].Present {
			p.Place = &w.Places[0]
		}
	}
	list, err := v.api.IncidentList(v.ctx(), api.IncidentListInput{Severities: []string{"critical", "warn"}, Limit: 300})
	if err != nil {
		return err
	}
	for _, severity := range []string{"critical", "warn"} {
		g := group{Severity: severity}
		for _, x := range list.Incidents {
			if x.Severity != severity {
				continue
			}
			if g.Total++; len(g.Rows) < 12 {
				g.Rows = append(g.Rows, v.row(x))
			}
		}
		if len(g.Rows) > 0 {
			p.Queue = append(p.Queue, g)
		}
	}
	if v.partial() {
		return s.render(v, http.StatusOK, "incident", "case", p)
	}
	return s.render(v, http.StatusOK, "incident", "", p)
}

func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// notSaid is what a form lacks.
func notSaid(what string) error {
	return &api.Problem{Type: "muster:invalid", Status: http.StatusUnprocessableEntity, Detail: what}
}

// replacedWritten takes a part as people write it: what is none of the usual
// ones is another.
func replacedWritten(text string) string {
	if text = strings.TrimSpace(text); text == "" || strings.Contains(text, ":") || api.UsualParts(text) {
		return text
	}
	return "other: " + text
}

// incidentAct is what somebody does about an incident.
func (s *Site) incidentAct(v *visit) error {
	n, err := strconv.ParseInt(v.r.PathValue("number"), 10, 64)
	if err != nil || n < 1 {
		return s.nowhere(v)
	}
	ctx, one := v.ctx(), api.IncidentInput{Number: n}
	var shown api.IncidentShow
	switch v.r.PathValue("act") {
	case "claim":
		shown, err = v.api.IncidentClaim(ctx, one)
	case "release":
		shown, err = v.api.IncidentRelease(ctx, one)
	case "wake":
		shown, err = v.api.IncidentWake(ctx, one)
	case "reopen":
		shown, err = v.api.IncidentReopen(ctx, one)
	case "note":
		if strings.TrimSpace(v.form("text")) == "" {
			return notSaid("Write what you saw or did, then send the note.")
		}
		shown, err = v.api.IncidentNote(ctx, api.IncidentNoteInput{Number: n, Body: api.IncidentNote{Text: v.form("text")}})
	case "check":
		k, _ := strconv.Atoi(v.form("check"))
		text := v.form("text")
		if r := v.form("result"); r != "" {
			text = strings.TrimSpace(map[string]string{"good": "nothing wrong", "bad": "something is wrong"}[r] + ". " + text)
			text = strings.TrimSuffix(text, ".")
		}
		shown, err = v.api.IncidentCheck(ctx, api.IncidentCheckInput{Number: n, Body: api.IncidentCheck{Check: k, Undo: v.form("undo") != "", Text: text}})
	case "snooze":
		if strings.TrimSpace(v.form("reason")) == "" {
			return notSaid("Say why it can wait.")
		}
		shown, err = v.api.IncidentSnooze(ctx, api.IncidentSnoozeInput{Number: n, Body: api.IncidentSnooze{Until: v.form("until"), Reason: v.form("reason")}})
	case "escalate":
		if strings.TrimSpace(v.form("to")) == "" || strings.TrimSpace(v.form("reason")) == "" {
			return notSaid("Say to whom it goes, and why.")
		}
		shown, err = v.api.IncidentEscalate(ctx, api.IncidentEscalateInput{Number: n, Body: api.IncidentEscalation{To: v.form("to"), Reason: v.form("reason")}})
	case "resolve":
		if v.form("useful") == "" {
			return notSaid("Say whether it was useful: choose one of the three answers.")
		}
		shown, err = v.api.IncidentResolve(ctx, api.IncidentResolveInput{Number: n, Body: api.IncidentOutcome{Useful: v.form("useful"), Replaced: replacedWritten(v.form("replaced")), Called: v.form("called") != "", Text: v.form("text")}})
	default:
		return s.nowhere(v)
	}
	if err != nil {
		return err
	}
	if v.form("from") == "row" && v.partial() {
		r := v.row(shown.Incident)
		return s.renderPart(v, "triage", "owner", map[string]any{"Row": r, "Clock": s.clock(v), "Work": true})
	}
	if v.partial() {
		return s.showIncident(v, shown)
	}
	to := "/incidents/" + url.PathEscape(v.r.PathValue("number"))
	if v.form("from") == "row" {
		to = "/"
	}
	return v.send(to)
}

// refOf makes a device's address.
func refOf(id inventory.DeviceID) string { return "/devices/" + url.PathEscape(string(id)) }

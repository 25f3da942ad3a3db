package api

import (
	"muster/collector/health"
	"muster/collector/store"
)

// FindingListInput asks for findings.
type FindingListInput struct {
	Filter     string   `query:"filter" maxLength:"4096" doc:"Devices, in the search language. Default: all."`
	Incident   int64    `query:"incident" minimum:"0" doc:"Only those that belong to this incident."`
	Rules      []string `query:"rules" maxItems:"100" doc:"IDs of rules, separated by commas. Default: all."`
	States     []string `query:"states" maxItems:"3" doc:"pending, firing, resolved, separated by commas. Default: firing."`
	Severities []string `query:"severities" maxItems:"3" doc:"info, warn, critical, separated by commas. Default: all."`
	Backlog    string   `query:"backlog" enum:"yes,no,both," doc:"What was there when its device came: only that (yes), none of it (no), both. Default: no for the whole fleet; both where a filter or an incident narrows, because whoever asks about one machine wants to hear all of it."`
	From       string   `query:"from" maxLength:"64" doc:"Fired since then."`
	To         string   `query:"to" maxLength:"64" doc:"Fired until then."`
	Limit      int      `query:"limit" minimum:"0" maximum:"10000" doc:"Findings in one answer. 0 is 1,000."`
}

// FindingList is findings, the worst and newest first.
type FindingList struct {
	Findings []store.Finding `json:"findings" nullable:"false"`
	More     bool            `json:"more,omitempty" doc:"There are more than the limit."`
	Backlog  string          `json:"backlog" doc:"yes, no or both: what was asked for, or the default that held."`
	NoDevice bool            `json:"no_device,omitempty" doc:"The filter chooses no device, so that nothing can be found."`
	Hidden   []string        `json:"hidden,omitempty" doc:"Evidence (rule.label) that is left out because the caller may not see personal facts."`
}

// FindingInput names a finding.
type FindingInput struct {
	ID int64 `path:"id" minimum:"1"`
}

// FindingShow is one finding, with the texts of its rule.
type FindingShow struct {
	Finding store.Finding `json:"finding"`
	Texts   *RuleTexts    `json:"texts,omitempty" doc:"Absent when the rule is no longer in use."`
	Hidden  []string      `json:"hidden,omitempty" doc:"Evidence (rule.label) that is left out because the caller may not see personal facts."`
}

// RuleExplainInput asks what a rule says of a device now.
type RuleExplainInput struct {
	Device    string `query:"device" required:"true" minLength:"1" maxLength:"256" doc:"REF."`
	Rule      string `query:"rule" maxLength:"12" doc:"ID of the rule, such as S01. Default: all that are for such devices."`
	Component string `query:"component" maxLength:"256" doc:"One drive, volume, port … as findings name it. Default: each."`
}

// Explanations is what a rule says of each component of a device now, and why.
type Explanations struct {
	Explanations []health.Explanation `json:"explanations" nullable:"false"`
	Hidden       []string             `json:"hidden,omitempty" doc:"Inputs and evidence (rule.name) that are left out because the caller may not see personal facts."`
}

// IncidentListInput asks for incidents. Without anything it is what needs
// somebody now: open, awake, new since the device came, no upkeep.
type IncidentListInput struct {
	Statuses   []string `query:"statuses" maxItems:"5" doc:"new, claimed, escalated, snoozed, resolved, separated by commas. Default: new, claimed, escalated."`
	Severities []string `query:"severities" maxItems:"3" doc:"info, warn, critical, separated by commas. Default: all."`
	Families   []string `query:"families" maxItems:"20" doc:"Families of rules, such as drive or network. Default: all."`
	Rules      []string `query:"rules" maxItems:"100" doc:"IDs of the rules that lead. Default: all."`
	Mine       bool     `query:"mine" doc:"Only those that the caller has claimed, or that were escalated to the caller by name."`
	Unclaimed  bool     `query:"unclaimed" doc:"Only those that nobody has claimed."`
	Assignee   string   `query:"assignee" maxLength:"63" doc:"Only those that this account has claimed."`
	Site       string   `query:"site" maxLength:"256" doc:"Only about devices of this site: AGENCY/SITE, or SITE where only one agency has one of that name."`
	Filter     string   `query:"filter" maxLength:"4096" doc:"Only about devices that this chooses, in the search language."`
	Hygiene    string   `query:"hygiene" enum:"yes,no,both," doc:"Matters of upkeep, such as missing patches: only them (yes), none (no), both. Default: no."`
	Backlog    string   `query:"backlog" enum:"yes,no,both," doc:"What was there when its device came: only that (yes), none of it (no), both. Default: no."`
	All        bool     `query:"all" doc:"Of every kind and status that is open: backlog, upkeep and snoozed too. What is asked for beside it still narrows."`
	From       string   `query:"from" maxLength:"64" doc:"Opened since then."`
	To         string   `query:"to" maxLength:"64" doc:"Opened until then."`
	Limit      int      `query:"limit" minimum:"0" maximum:"10000" doc:"Incidents in one answer. 0 is 1,000."`
}

// IncidentList is incidents, by severity and within it by rank: the first one
// is the one to begin with.
type IncidentList struct {
	Incidents []store.Incident `json:"incidents" nullable:"false"`
	More      bool             `json:"more,omitempty" doc:"There are more than the limit."`
	Apart     IncidentsApart   `json:"apart" doc:"What is kept in lists of its own, and is not in this one."`
	NoDevice  bool             `json:"no_device,omitempty" doc:"Filter and site choose no device, so that nothing can be found."`
	Hidden    []string         `json:"hidden,omitempty" doc:"What is left out because the caller may not see personal facts."`
}

// IncidentsApart counts what a list leaves out unless it is asked for, each up
// to 1,000.
type IncidentsApart struct {
	Backlog int `json:"backlog,omitempty" doc:"Was there when its device came."`
	Hygiene int `json:"hygiene,omitempty" doc:"Matters of upkeep."`
	Snoozed int `json:"snoozed,omitempty"`
}

// IncidentInput names an incident.
type IncidentInput struct {
	Number int64 `path:"number" minimum:"1"`
}

// IncidentShow is all there is about an incident. What people do to one
// answers the same.
type IncidentShow struct {
	Incident store.Incident  `json:"incident"`
	Texts    *RuleTexts      `json:"texts,omitempty" doc:"Of the rule that leads. Absent when it is no longer in use."`
	Outcomes RuleOutcomes    `json:"outcomes" doc:"What people said of earlier incidents that the same rule led."`
	Also     []IncidentBrief `json:"also,omitempty" doc:"Other open incidents of the same device."`
	Hidden   []string        `json:"hidden,omitempty" doc:"What is left out because the caller may not see personal facts."`

	Colleagues []string `json:"colleagues,omitempty" doc:"Whom it can be escalated to, so that they find it among theirs: other accounts that are on and see it."`
}

// IncidentBrief is an incident in a line.
type IncidentBrief struct {
	Number   int64                `json:"number"`
	Title    string               `json:"title"`
	Severity string               `json:"severity"`
	Status   store.IncidentStatus `json:"status"`
}

// IncidentNoteInput writes something down.
type IncidentNoteInput struct {
	Number int64 `path:"number" minimum:"1"`
	Body   IncidentNote
}

// IncidentNote is what somebody saw or did.
type IncidentNote struct {
	Text string `json:"text" minLength:"1" maxLength:"2000" doc:"Seen by everybody who sees the incident: keep persons out of it."`
}

// IncidentCheckInput ticks one of the first checks.
type IncidentCheckInput struct {
	Number int64 `path:"number" minimum:"1"`
	Body   IncidentCheck
}

// IncidentCheck is a check that was done.
type IncidentCheck struct {
	Check int    `json:"check" minimum:"1" maximum:"20" doc:"Which, from 1."`
	Undo  bool   `json:"undo,omitempty" doc:"Take the tick away."`
	Text  string `json:"text,omitempty" maxLength:"2000" doc:"What came out."`
}

// IncidentSnoozeInput puts an incident off.
type IncidentSnoozeInput struct {
	Number int64 `path:"number" minimum:"1"`
	Body   IncidentSnooze
}

// IncidentSnooze says until when, and why.
type IncidentSnooze struct {
	Until  string `json:"until" minLength:"1" maxLength:"64" doc:"A duration such as 3d, or a time; at most a year."`
	Reason string `json:"reason" minLength:"1" maxLength:"2000"`
}

// IncidentEscalateInput hands an incident on.
type IncidentEscalateInput struct {
	Number int64 `path:"number" minimum:"1"`
	Body   IncidentEscalation
}

// IncidentEscalation says to whom, and why. Routes tell them.
type IncidentEscalation struct {
	To     string `json:"to" minLength:"1" maxLength:"100" doc:"A team or a role, such as Desktop team."`
	Reason string `json:"reason" minLength:"1" maxLength:"2000"`
}

// IncidentResolveInput closes an incident.
type IncidentResolveInput struct {
	Number int64 `path:"number" minimum:"1"`
	Body   IncidentOutcome
}

// IncidentOutcome is what came of an incident.
type IncidentOutcome struct {
	Useful   string `json:"useful" enum:"yes,no,wrong" doc:"yes: there was something to do. no: it was true and not worth anybody's time. wrong: it was not true. A rule that is seldom useful is lowered."`
	Replaced string `json:"replaced,omitempty" maxLength:"200" doc:"The part that was replaced, or several separated by commas: disk, memory, battery, fan, power supply, mainboard, processor, graphics card, network card, cable, dock, display, keyboard, device (the whole); for all else other: and what, at the end."`
	Called   bool   `json:"called,omitempty" doc:"Somebody had called about it before Muster told of it. Summaries count what was found before a call by this."`
	Text     string `json:"text,omitempty" maxLength:"2000" doc:"What was done."`
}

package api

import (
	"time"

	"muster/collector/health"
)

// RuleTexts is what a rule tells people.
type RuleTexts struct {
	Rule       string   `json:"rule"`
	Title      string   `json:"title"`
	Meaning    string   `json:"meaning"`
	Checks     []string `json:"checks" nullable:"false" doc:"What to look at first."`
	Disproof   string   `json:"disproof" doc:"What would prove it wrong."`
	Escalate   string   `json:"escalate" doc:"When to hand it on."`
	Likelihood string   `json:"likelihood,omitempty" doc:"How often it is true, with the count behind it."`
	Source     string   `json:"source" doc:"Where its limits come from."`
	Basis      string   `json:"basis" doc:"How good that source is: measured, vendor, published, policy, judgement."`
}

// RuleOutcomes counts what people said when they resolved incidents.
type RuleOutcomes struct {
	Useful  int       `json:"useful"`
	Useless int       `json:"useless"`
	Wrong   int       `json:"wrong"`
	Since   time.Time `json:"since,omitzero" doc:"Counted from here on: when the rule was last reset."`
}

// RuleSummary is a rule in lists.
type RuleSummary struct {
	ID         string       `json:"id"`
	Title      string       `json:"title"`
	Family     string       `json:"family"`
	Subject    string       `json:"subject" doc:"What it judges one by one: device, drive, volume, port …"`
	Severities []string     `json:"severities" nullable:"false" doc:"Those it knows, the mildest first."`
	State      string       `json:"state" doc:"on; disabled: by its file or an administrator; off: by the collector, because of a fault."`
	Why        string       `json:"why,omitempty" doc:"It is off."`
	OffAt      time.Time    `json:"off_at,omitzero"`
	Office     string       `json:"office,omitempty" doc:"File of the office that added or changed it."`
	Changed    *RuleChanged `json:"changed,omitempty" doc:"What administrators set otherwise."`
	Lowered    bool         `json:"lowered,omitempty" doc:"One severity milder than its text says, because it was seldom useful."`
	Open       int          `json:"open" doc:"Findings that fire now."`
	Outcomes   RuleOutcomes `json:"outcomes"`
}

// RuleList is the rules in use, by ID.
type RuleList struct {
	Rules    []RuleSummary `json:"rules" nullable:"false"`
	Problems []string      `json:"problems,omitempty" doc:"Files of the office, or rules in them, that cannot be used: file, line, fault."`
}

// RuleInput names a rule.
type RuleInput struct {
	ID string `path:"id" maxLength:"12"`
}

// RuleShow is all there is about a rule.
type RuleShow struct {
	Rule           RuleSummary          `json:"rule"`
	Texts          RuleTexts            `json:"texts"`
	Kinds          []string             `json:"kinds" nullable:"false" doc:"Kinds of device it judges."`
	OS             []string             `json:"os,omitempty" doc:"Families of operating systems it judges. Absent: all."`
	Levels         []RuleLevel          `json:"levels" nullable:"false" doc:"The mildest first."`
	Limits         map[string]RuleLimit `json:"limits,omitempty"`
	Inputs         []RuleIngredient     `json:"inputs" nullable:"false" doc:"What its conditions ask for."`
	Evidence       []string             `json:"evidence,omitempty" doc:"What is shown with a finding."`
	Cases          []string             `json:"cases,omitempty" doc:"Made-up devices that prove it."`
	Backlog        bool                 `json:"backlog,omitempty" doc:"What was there when a device came is listed apart."`
	Hygiene        bool                 `json:"hygiene,omitempty" doc:"A matter of upkeep, listed apart."`
	Muted          bool                 `json:"muted_in_maintenance,omitempty"`
	Outage         bool                 `json:"joins_outage,omitempty"`
	BlockedMinutes float64              `json:"blocked_minutes,omitempty" doc:"Minutes of work that a user loses a day, about."`
}

// RuleLevel is one severity of a rule.
type RuleLevel struct {
	Severity        string `json:"severity"`
	When            string `json:"when"`
	HoldSeconds     int64  `json:"hold_seconds,omitempty" doc:"How long it must be true before it fires."`
	Samples         int    `json:"samples,omitempty" doc:"In how many judgements with new data, at least."`
	Clear           string `json:"clear,omitempty" doc:"When it ends. Absent: when the condition is false."`
	ClearForSeconds int64  `json:"clear_for_seconds,omitempty"`
	PlainHold       *int64 `json:"plain_hold_seconds,omitempty" doc:"How long it is by the files, where an administrator set it otherwise."`
}

// RuleLimit is a number that can differ by model.
type RuleLimit struct {
	Default float64            `json:"default"`
	Models  map[string]float64 `json:"models,omitempty"`
	Label   string             `json:"label,omitempty" doc:"What it is, in words."`
	Unit    string             `json:"unit,omitempty"`
	Least   float64            `json:"least" doc:"It can be set to this and more."`
	Most    float64            `json:"most" doc:"It can be set to this and less."`
	Under   string             `json:"under,omitempty" doc:"The limit that it must stay below."`
	Plain   *RuleNumber        `json:"plain,omitempty" doc:"What the files say, where an administrator set it otherwise."`
}

// RuleNumber is a limit's number, and other ones by model.
type RuleNumber struct {
	Default float64            `json:"default"`
	Models  map[string]float64 `json:"models,omitempty"`
}

// RuleChanged is who set a rule otherwise than files say.
type RuleChanged struct {
	By     string    `json:"by,omitempty" doc:"Absent where the caller may not see personal facts."`
	At     time.Time `json:"at"`
	Reason string    `json:"reason,omitempty" doc:"Absent likewise."`
	Text   string    `json:"text" doc:"The change, in YAML."`
}

// RuleSetInput sets a rule otherwise.
type RuleSetInput struct {
	ID   string `path:"id" maxLength:"12"`
	Body RuleSetting
}

// RuleSetting is what becomes otherwise; what is absent stays as it is. What
// is set to what the files say is a change no more.
type RuleSetting struct {
	On     *bool                      `json:"on,omitempty" doc:"Whether it judges."`
	Limits map[string]RuleLimitChange `json:"limits,omitempty" doc:"By name."`
	Hold   map[string]string          `json:"hold,omitempty" doc:"How long a level must be true before it fires, by severity, such as 15m; at most 30d."`
	Reason string                     `json:"reason,omitempty" maxLength:"500" doc:"For those who come after."`
}

// RuleLimitChange is a limit in the place of another.
type RuleLimitChange struct {
	Default *float64           `json:"default,omitempty"`
	Models  map[string]float64 `json:"models,omitzero" doc:"Other numbers by model, in the place of those there are; * stands for any text. Empty: none."`
}

// RuleIngredient is one thing a rule asks for.
type RuleIngredient struct {
	Name string `json:"name"`
	Doc  string `json:"doc,omitempty"`
}

// RuleReplayInput holds a rule against the past.
type RuleReplayInput struct {
	ID   string `path:"id" maxLength:"12"`
	Body ReplayOrder
}

// ReplayOrder says against which devices, and since when.
type ReplayOrder struct {
	Filter string `json:"filter,omitempty" maxLength:"4096" doc:"Devices, in the search language. Default: all."`
	Since  string `json:"since,omitempty" maxLength:"64" doc:"Default: 7d; at most 90 days ago."`
	Limit  int    `json:"limit,omitempty" minimum:"0" maximum:"200" doc:"Devices looked at. 0 is 50."`
	Text   string `json:"text,omitempty" maxLength:"262144" doc:"File of the rule, in YAML, to try it before it is used. Default: the rule in use."`

	Setting *RuleSetting `json:"setting,omitempty" doc:"To try the rule in use as it would be set so. Not with text."`
}

// Replay is what a rule would have found.
type Replay struct {
	Rule     string            `json:"rule"`
	Title    string            `json:"title"`
	Since    time.Time         `json:"since"`
	Looked   int               `json:"looked" doc:"Devices looked at."`
	Matched  int               `json:"matched" doc:"Devices that the filter chooses."`
	Stopped  bool              `json:"stopped,omitempty" doc:"Time was up before all were looked at: ask for fewer, or less far back."`
	Findings []health.Replayed `json:"findings" nullable:"false"`
	Hidden   []string          `json:"hidden,omitempty"`
}

// MaintenanceList is the times in which rules are muted.
type MaintenanceList struct {
	Maintenance []Maintenance `json:"maintenance" nullable:"false"`
}

// Maintenance is a time in which some rules do not fire and nobody is told:
// once, or each week when Days is set.
type Maintenance struct {
	ID      int64     `json:"id"`
	Name    string    `json:"name"`
	Filter  string    `json:"filter,omitempty" doc:"Devices it is about. Absent: all."`
	All     bool      `json:"all,omitempty" doc:"Mutes all rules, not only those that say so."`
	From    time.Time `json:"from"`
	To      time.Time `json:"to,omitzero" doc:"Absent of a weekly one: for good."`
	Days    []string  `json:"days,omitempty" doc:"Of a weekly one: sun to sat."`
	Start   string    `json:"start,omitempty" doc:"Of a weekly one: HH:MM in its zone."`
	Minutes int       `json:"minutes,omitempty" doc:"Of a weekly one: how long."`
	Zone    string    `json:"zone,omitempty"`
	Now     bool      `json:"now" doc:"It holds at this moment."`
	By      string    `json:"by,omitempty" doc:"Who made it. Absent where the caller may not see personal facts."`
	Reason  string    `json:"reason,omitempty"`
	Devices *int      `json:"devices,omitempty" doc:"How many devices it is about now. In the answer to a new one only."`
}

// MaintenanceNewInput makes one.
type MaintenanceNewInput struct {
	Body MaintenanceNew
}

// MaintenanceNew is a new time of maintenance.
type MaintenanceNew struct {
	Name    string   `json:"name" minLength:"1" maxLength:"100"`
	Filter  string   `json:"filter,omitempty" maxLength:"4096" doc:"Devices it is about, in the search language, without personal fields. Default: all."`
	All     bool     `json:"all,omitempty" doc:"Mute all rules, not only those that say so."`
	From    string   `json:"from,omitempty" maxLength:"64" doc:"A time, or a duration from now. Default: now."`
	To      string   `json:"to,omitempty" maxLength:"64" doc:"A time, or a duration from now. Needed unless days are named."`
	Days    []string `json:"days,omitempty" maxItems:"7" doc:"Each week on these: sun to sat."`
	Start   string   `json:"start,omitempty" maxLength:"5" doc:"With days: HH:MM."`
	Minutes int      `json:"minutes,omitempty" minimum:"0" maximum:"1440" doc:"With days: how long."`
	Zone    string   `json:"zone,omitempty" maxLength:"64" doc:"With days: time zone (IANA name). Default: that of the office."`
	Reason  string   `json:"reason,omitempty" maxLength:"500"`
}

// NumberInput names a thing by its number.
type NumberInput struct {
	ID int64 `path:"id" minimum:"1"`
}

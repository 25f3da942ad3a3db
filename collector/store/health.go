package store

import (
	"context"
	"time"

	"muster/internal/inventory"
)

// FindingState is how far a rule's judgement has come.
type FindingState string

// The states of a finding.
const (
	Pending  FindingState = "pending" // true, but not yet for long enough
	Firing   FindingState = "firing"
	Resolved FindingState = "resolved"
)

// Finding is what one rule says of one component of one device. At most one of
// a device, rule and component is not resolved.
type Finding struct {
	ID        int64              `json:"id"`
	Device    inventory.DeviceID `json:"device,omitempty"`
	Name      string             `json:"name,omitempty"` // of the device; filled in by the store
	Agency    string             `json:"agency,omitempty"`
	Site      string             `json:"site,omitempty"`
	Rule      string             `json:"rule"`
	Family    string             `json:"family"`
	Title     string             `json:"title"`
	Component string             `json:"component,omitempty"` // as its subject is keyed; empty: the device
	Label     string             `json:"label,omitempty"`     // the component as people know it

	State    FindingState `json:"state"`
	Severity string       `json:"severity"` // info, warn, critical; of a pending one what it is going to be
	Worst    string       `json:"worst"`    // since it fired
	Backlog  bool         `json:"backlog,omitempty"`
	Flapping bool         `json:"flapping,omitempty"`
	Hygiene  bool         `json:"hygiene,omitempty"`
	Times    int          `json:"times"` // how often it fired

	// By the time of what the device said, not of when it was heard.
	Since      time.Time `json:"since"`                // its condition is true
	FiredAt    time.Time `json:"fired_at,omitzero"`    // the first time
	WorseAt    time.Time `json:"worse_at,omitzero"`    // its severity rose last
	ResolvedAt time.Time `json:"resolved_at,omitzero"` //
	JudgedAt   time.Time `json:"judged_at"`            // last
	Reason     string    `json:"reason,omitempty"`     // of its end: cleared, gone, rule changed, retired …

	Evidence []Evidence `json:"evidence,omitempty"` // as of the last change of state or severity
	Incident int64      `json:"incident,omitempty"` // it belongs to; 0: none
	Points   float64    `json:"points,omitempty"`   // of the drive risk model, where that found it
}

// Evidence is one line that is shown with a finding, or a chart.
type Evidence struct {
	Label string `json:"label"`
	Value string `json:"value,omitempty"` // in words, with its unit
	// Personal says that the value tells of a person.
	Personal bool `json:"personal,omitempty"`
	// Of a chart.
	Measurement string            `json:"measurement,omitempty"`
	Field       string            `json:"field,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Hours       int               `json:"hours,omitempty"`
}

// IncidentKind says what the findings of an incident share.
type IncidentKind string

// The kinds of incidents.
const (
	DeviceIncident IncidentKind = "device" // a family of rules on one device
	CauseIncident  IncidentKind = "cause"  // devices that share a model, a switch, a version …
	ChangeIncident IncidentKind = "change" // devices that got worse after the same change
	SiteIncident   IncidentKind = "site"   // a site that fell silent
	RuleIncident   IncidentKind = "rule"   // a rule that was switched off because of a fault; of no device
)

// IncidentStatus is where the people's work stands.
type IncidentStatus string

// The statuses.
const (
	New       IncidentStatus = "new"
	Claimed   IncidentStatus = "claimed"
	Snoozed   IncidentStatus = "snoozed"
	Escalated IncidentStatus = "escalated"
	Closed    IncidentStatus = "resolved"
)

// Incident is what people work on: one finding, or many that share a cause.
type Incident struct {
	Number   int64          `json:"number"`
	Kind     IncidentKind   `json:"kind"`
	Key      string         `json:"key"` // what makes it the same; of those that are open each has its own
	Title    string         `json:"title"`
	Rule     string         `json:"rule"` // whose texts lead
	Family   string         `json:"family"`
	Severity string         `json:"severity"`
	Backlog  bool           `json:"backlog,omitempty"`
	Hygiene  bool           `json:"hygiene,omitempty"`
	Flapping bool           `json:"flapping,omitempty"`
	Agency   string         `json:"agency,omitempty"` // of all its devices, when they share one
	Site     string         `json:"site,omitempty"`
	SiteID   int64          `json:"-"`
	Cause    *Cause         `json:"cause,omitempty"`
	Status   IncidentStatus `json:"status"`

	OpenedAt   time.Time `json:"opened_at"`  // when its first finding fired, by the device's reports
	UpdatedAt  time.Time `json:"updated_at"` //
	ClearedAt  time.Time `json:"cleared_at,omitzero"`
	ResolvedAt time.Time `json:"resolved_at,omitzero"`
	ToldAt     time.Time `json:"told_at,omitzero"` // somebody was told of it first
	Told       string    `json:"told,omitempty"`   // the severity that was told last

	// What people do.
	Assignee  string    `json:"assignee,omitempty"`
	ClaimedAt time.Time `json:"claimed_at,omitzero"` // the first time
	SnoozedTo time.Time `json:"snoozed_to,omitzero"`
	Escalated string    `json:"escalated_to,omitempty"`
	Checked   []int     `json:"checked,omitempty"` // which of the first checks are ticked, from 1
	Useful    string    `json:"useful,omitempty"`  // yes, no, wrong
	Replaced  string    `json:"replaced,omitempty"`
	Called    bool      `json:"called,omitempty"` // somebody had called about it before Muster told of it

	// Rank orders the list: points times impact; Terms are where it comes from.
	Rank  float64 `json:"rank"`
	Terms []Term  `json:"terms,omitempty"`

	Devices  []IncidentDevice `json:"devices,omitempty"`
	Count    int              `json:"device_count"` // of all devices; Devices may be cut, and holds those in scope only
	Findings []Finding        `json:"findings,omitempty"`
	Steps    []Step           `json:"steps,omitempty"` // oldest first
}

// IncidentDevice is one device of an incident.
type IncidentDevice struct {
	ID       inventory.DeviceID `json:"id"`
	Name     string             `json:"name"`
	Kind     string             `json:"kind,omitempty"`
	Model    string             `json:"model,omitempty"`
	User     string             `json:"user,omitempty"` // personal
	Agency   string             `json:"agency,omitempty"`
	Site     string             `json:"site,omitempty"`
	Presence Presence           `json:"presence,omitempty"`
	Port     string             `json:"port,omitempty"` // switch and port it hangs at, where the judge knows; news has it, the store does not keep it
}

// Cause is what devices share, and how sure that is.
type Cause struct {
	What    string  `json:"what"`  // site, switch, model, firmware, driver, software, update …
	Value   string  `json:"value"` // which one
	Members int     `json:"members"`
	Size    int     `json:"size"`             // devices that share it
	Lift    float64 `json:"lift,omitempty"`   // how much more often than in the fleet
	Ratio   float64 `json:"ratio,omitempty"`  // after a change, against before
	Chance  float64 `json:"chance,omitempty"` // of that by luck, after correction
}

// Term is one part of a rank.
type Term struct {
	Name   string  `json:"name"`
	Points float64 `json:"points"`
	Why    string  `json:"why,omitempty"`
}

// Step is one thing that was done about an incident, by a person or by Muster.
type Step struct {
	At   time.Time `json:"at"`
	By   string    `json:"by"` // empty: Muster
	Do   string    `json:"do"` // opened, worse, better, joined, cleared, reopened; claim, release, note, check, uncheck, snooze, wake, escalate, resolve, reopen
	Text string    `json:"text,omitempty"`
	Item int       `json:"item,omitempty"` // of check and uncheck, from 1

	// Of snooze, escalate and resolve.
	Until    time.Time `json:"until,omitzero"`
	To       string    `json:"to,omitempty"`
	Useful   string    `json:"useful,omitempty"`
	Replaced string    `json:"replaced,omitempty"`
	Called   bool      `json:"called,omitempty"`
}

// What a person may do; Step.Do.
const (
	DoClaim    = "claim"
	DoRelease  = "release"
	DoNote     = "note"
	DoCheck    = "check"
	DoUncheck  = "uncheck"
	DoSnooze   = "snooze"
	DoWake     = "wake"
	DoEscalate = "escalate"
	DoResolve  = "resolve"
	DoReopen   = "reopen"
)

// FindingQuery asks for findings, the worst and newest first.
type FindingQuery struct {
	Scope      Scope
	Devices    []inventory.DeviceID // empty: all in scope
	Rules      []string
	States     []FindingState // empty: firing
	Severities []string
	Incident   int64
	Backlog    *bool     // nil: both
	From, To   time.Time // fired in that time; zero: open
	Limit      int
}

// IncidentQuery asks for incidents, by rank.
type IncidentQuery struct {
	Scope      Scope
	Statuses   []IncidentStatus // empty: all that are not resolved
	Kinds      []IncidentKind
	Severities []string
	Families   []string
	Rules      []string
	Assignee   *string // nil: anybody's; empty: nobody's
	Devices    []inventory.DeviceID
	Backlog    *bool
	Hygiene    *bool
	From, To   time.Time // opened in that time
	Members    int       // devices told of each, at most; 0 is 20
	Limit      int
}

// Judged is what a judge decided at one time, made durable together.
type Judged struct {
	// Findings that are new (ID 0) or changed. Key names the incident each
	// belongs to: one of Incidents, or one that is open already.
	Findings []JudgedFinding
	// Incidents that are new (Number 0) or changed. Of a changed one only what
	// a judge decides is written: never what people did. Closed says that it is
	// over. Where one of a key ended and another began, they come in that order.
	Incidents []Incident
	// Steps of Muster's own, by the key of their incident. After "cleared", and
	// news of that kind, a key means the next of its incidents. DoWake wakes an
	// incident, if it is snoozed.
	Steps []KeyedStep
	// News to be told, in their order; see package notify.
	News []News
}

// JudgedFinding is a finding with the key of its incident; without one it stays
// where it is.
type JudgedFinding struct {
	Finding
	Key string
}

// KeyedStep is a step of the incident of a key.
type KeyedStep struct {
	Key string
	Step
}

// News is that an incident opened, got worse, was escalated or ended, with
// what a message about it says.
type News struct {
	Key      string // of the incident
	Kind     string // opened, worse, cleared, escalated
	At       time.Time
	Meaning  string
	Checks   []string
	Escalate string
	Evidence []string
	Incident Incident // with Devices; its Number is filled in by the store
}

// Maintenance is a time in which some rules do not fire and nobody is told.
type Maintenance struct {
	ID     int64  `json:"id"`
	Name   string `json:"name"`
	Filter string `json:"filter"` // of devices, in the search language; empty: all
	All    bool   `json:"all"`    // mutes all rules, not only those that say so
	// Once, or each week when Days is set: then From and To are a first and a
	// last date, and Start is minutes after midnight in Zone.
	From    time.Time `json:"from"`
	To      time.Time `json:"to,omitzero"`
	Days    []int     `json:"days,omitempty"` // 0 is Sunday
	Start   int       `json:"start_minute,omitempty"`
	Minutes int       `json:"minutes,omitempty"`
	Zone    string    `json:"zone,omitempty"` // IANA
	By      string    `json:"by"`
	Reason  string    `json:"reason,omitempty"`
}

// RuleMark is what became of a rule's incidents since it was last reset, and
// whether the rule was switched off because of a fault of its own.
type RuleMark struct {
	Rule    string    `json:"rule"`
	Useful  int       `json:"useful"`
	Useless int       `json:"useless"`
	Wrong   int       `json:"wrong"`
	Since   time.Time `json:"since,omitzero"`
	Open    int       `json:"open"` // findings that fire now
	OffAt   time.Time `json:"off_at,omitzero"`
	Off     string    `json:"off,omitempty"` // why
}

// Health keeps findings and incidents. Errors are those of Inventory; all
// methods may be called from several goroutines.
type Health interface {
	Findings(ctx context.Context, q FindingQuery) ([]Finding, error)
	// Finding gives one, whatever its state; of a device out of scope ErrNotFound.
	Finding(ctx context.Context, s Scope, id int64) (Finding, error)
	// Incidents lists without Findings and Steps, and with some of their devices.
	// One is in scope when one of its devices is, or its site.
	Incidents(ctx context.Context, q IncidentQuery) ([]Incident, error)
	// Incident gives one with all there is about it, as far as in scope, and
	// with 1,000 devices and findings at most.
	Incident(ctx context.Context, s Scope, number int64) (Incident, error)

	// Record makes what was judged durable in one transaction, and fills in the
	// IDs of findings and the numbers of incidents. Recording the same once
	// more, after a crash between the commit and its answer, makes nothing twice:
	// an open finding of the same device, rule and component is that finding, an
	// open incident of the same key that incident, the same kind of news of an
	// incident at the same time that news. A finding that names a key of an
	// incident which a person has resolved meanwhile belongs to it and does not
	// open it again; that incident keeps what it said when it was resolved. What
	// is about a device or a key that is not there is passed over.
	Record(ctx context.Context, j *Judged) error
	// Work does what a person does, and answers the incident as it is then.
	// ErrConflict says that it makes no sense: claimed by another, resolved
	// already, a note without text. What is so already is no error and leaves no
	// step. An incident that is escalated can be claimed by another. One that
	// Muster ended takes a person's word on how useful it was. Escalating
	// adds news when tell is set: of its texts; the rest is filled in. What was
	// escalated counts as told. So does resolving an open one that people were
	// told of. Released, what was escalated is escalated again.
	Work(ctx context.Context, s Scope, number int64, step Step, tell *News) (Incident, error)

	// Maintenances lists windows, the earliest first. Put creates with ID 0 and
	// else replaces; the filter must parse.
	Maintenances(ctx context.Context) ([]Maintenance, error)
	PutMaintenance(ctx context.Context, m Maintenance) (Maintenance, error)
	DeleteMaintenance(ctx context.Context, id int64) error

	// RuleMarks counts outcomes by the rule that leads, of all rules that have
	// any, or any finding, or were reset or switched off.
	RuleMarks(ctx context.Context) ([]RuleMark, error)
	// ResetRule forgets outcomes before at, and switches the rule on.
	ResetRule(ctx context.Context, rule string, at time.Time) error
	// SwitchOff notes that a rule was switched off because of a fault.
	SwitchOff(ctx context.Context, rule, why string, at time.Time) error
}

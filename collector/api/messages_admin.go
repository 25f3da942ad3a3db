package api

import (
	"log/slog"
	"time"

	"muster/collector/account"
	"muster/collector/store"
	"muster/internal/buildinfo"
	"muster/internal/inventory"
)

// InvitationNewInput makes an invitation for agents to enrol.
type InvitationNewInput struct {
	Body InvitationNew
}

// InvitationNew says what an invitation lets in.
type InvitationNew struct {
	Uses     int      `json:"uses,omitempty" minimum:"0" maximum:"100000" doc:"How many devices may enrol with it. 0 is 1."`
	Expires  string   `json:"expires,omitempty" maxLength:"64" doc:"A duration such as 24h or 7d, or a time. Default: 24h, at most a year."`
	Site     string   `json:"site,omitempty" maxLength:"256" doc:"AGENCY/SITE, or SITE where only one agency has one of that name: where the devices begin."`
	Labels   []string `json:"labels,omitempty" maxItems:"50" doc:"Labels the devices begin with."`
	Networks []string `json:"networks,omitempty" maxItems:"100" doc:"Networks (10.20.0.0/16) that enrolments must come from."`
	Approve  bool     `json:"approve,omitempty" doc:"Each device waits until somebody approves it."`
	Note     string   `json:"note,omitempty" maxLength:"500"`
}

// Invitation lets agents enrol.
type Invitation struct {
	ID        string    `json:"id"`
	Uses      int       `json:"uses"`
	UsesLeft  int       `json:"uses_left"`
	ExpiresAt time.Time `json:"expires_at"`
	Site      string    `json:"site,omitempty" doc:"AGENCY/SITE"`
	Labels    []string  `json:"labels,omitempty"`
	Networks  []string  `json:"networks,omitempty"`
	Approve   bool      `json:"approve,omitempty"`
	Note      string    `json:"note,omitempty"`
	CreatedBy string    `json:"created_by"`
	CreatedAt time.Time `json:"created_at"`
	RevokedAt time.Time `json:"revoked_at,omitzero"`
}

// InvitationMade is a new invitation with its enrolment string.
type InvitationMade struct {
	Invitation Invitation `json:"invitation"`
	// Enrolment is shown once; only its hash is kept.
	Enrolment string `json:"enrolment" doc:"Give it to the agent by file or MUSTER_ENROLL. It is shown once."`
}

// InvitationList is the invitations, newest first.
type InvitationList struct {
	Invitations []Invitation `json:"invitations" nullable:"false"`
}

// IDInput names a thing by its ID.
type IDInput struct {
	ID string `path:"id" maxLength:"64"`
}

// Approval is a device that waits to be let in.
type Approval struct {
	ID         string             `json:"id"`
	Kind       string             `json:"kind" doc:"enrol: it is new. renew: it comes back after long. merge: it may be the same machine as other."`
	Device     inventory.DeviceID `json:"device,omitempty" doc:"Of one that is known already."`
	Other      inventory.DeviceID `json:"other,omitempty" doc:"Of a merge: the record that was there before."`
	Name       string             `json:"name" doc:"As the device says."`
	Address    string             `json:"address"`
	Key        string             `json:"key,omitempty" doc:"SHA-256 of the device's public key; muster-agent status shows the same."`
	Invitation string             `json:"invitation,omitempty"`
	Reason     string             `json:"reason,omitempty" doc:"Why it has to wait."`
	AskedAt    time.Time          `json:"asked_at"`
	Merge      *MergeProposal     `json:"merge,omitempty" doc:"Of a merge: what speaks for it and against it, as it is now."`
}

// MergeProposal is why two records may be one machine. Here is the newer one,
// there the older.
type MergeProposal struct {
	OtherName  string         `json:"other_name,omitempty"`
	EnrolledAt time.Time      `json:"enrolled_at" doc:"When the newer record came."`
	OtherSince time.Time      `json:"other_enrolled_at"`
	OtherHeard time.Time      `json:"other_last_seen,omitzero" doc:"When the older record last reported."`
	Score      int            `json:"score" doc:"Points of what agrees."`
	Against    int            `json:"against" doc:"Points of what differs."`
	Sure       bool           `json:"sure" doc:"Two strong identifiers agree (80 points). Below, look twice."`
	Fork       bool           `json:"fork,omitempty" doc:"The newer came with the key of the older: a new mainboard or a drive that moved."`
	Hold       string         `json:"hold,omitempty" doc:"Why it cannot be approved now."`
	Evidence   []EvidenceTerm `json:"evidence" nullable:"false"`
}

// EvidenceTerm is one kind of identifier of both records.
type EvidenceTerm struct {
	Kind    string   `json:"kind" doc:"tpm_ek, smbios_uuid, system_serial, board_serial, pci_mac, boot_disk, machine_id"`
	Here    []string `json:"here,omitempty"`
	There   []string `json:"there,omitempty"`
	Outcome string   `json:"outcome" doc:"agrees, differs, missing (one side could not be read: proves nothing), shared (so many devices have it that it proves nothing)"`
	Points  int      `json:"points" doc:"Above 0 for, below 0 against."`
	Trusted bool     `json:"trusted"`
	Why     string   `json:"why,omitempty" doc:"Why it is not trusted."`
}

// ApprovalList is the devices that wait, oldest first.
type ApprovalList struct {
	Approvals []Approval `json:"approvals" nullable:"false"`
}

// UserList is the accounts of people.
type UserList struct {
	Users []User `json:"users" nullable:"false"`
}

// User is a person with an account.
type User = account.User

// UserNewInput makes an account.
type UserNewInput struct {
	Body UserNew
}

// UserNew is a new account. Without a password nobody can sign in to it.
type UserNew struct {
	Name     string   `json:"name" minLength:"1" maxLength:"63"`
	Role     string   `json:"role" enum:"admin,staff,intern"`
	Agencies []string `json:"agencies,omitempty" maxItems:"1000" doc:"Scope. Neither agencies nor sites: everything."`
	Sites    []string `json:"sites,omitempty" maxItems:"1000" doc:"Scope, as AGENCY/SITE."`
	Personal bool     `json:"personal,omitempty" doc:"May see personal facts although the role may not."`
	Password Secret   `json:"password,omitempty" maxLength:"1024"`
}

// UserSetInput changes an account.
type UserSetInput struct {
	Name string `path:"name" maxLength:"63"`
	Body UserChange
}

// UserChange changes an account; absent fields stay. Lists replace all.
type UserChange struct {
	Role     *string   `json:"role,omitempty" enum:"admin,staff,intern"`
	Agencies *[]string `json:"agencies,omitempty" maxItems:"1000"`
	Sites    *[]string `json:"sites,omitempty" maxItems:"1000"`
	Personal *bool     `json:"personal,omitempty"`
	Disabled *bool     `json:"disabled,omitempty"`
}

// NameInput names a user or token.
type NameInput struct {
	Name string `path:"name" maxLength:"63"`
}

// PasswordInput sets somebody's password.
type PasswordInput struct {
	Name string `path:"name" maxLength:"63"`
	Body Password
}

// Password is a new password.
type Password struct {
	Password Secret `json:"password" minLength:"12" maxLength:"1024"`
}

// Secret is a text that prints as hidden. In JSON it is itself.
type Secret string

// String hides it from logs and messages.
func (Secret) String() string { return "(hidden)" }

// GoString hides it from %#v too.
func (Secret) GoString() string { return "(hidden)" }

// LogValue hides it from slog, which would take its JSON.
func (Secret) LogValue() slog.Value { return slog.StringValue("(hidden)") }

// UserLink is a link under which somebody sets a password.
type UserLink struct {
	// Link is shown once; only its hash is kept.
	Link      string    `json:"link" doc:"It serves once. A new one ends the one before."`
	ExpiresAt time.Time `json:"expires_at"`
}

// SessionList is where somebody is signed in, the browser last used first.
type SessionList struct {
	Sessions []account.Session `json:"sessions" nullable:"false"`
}

// SessionInput names a user's session.
type SessionInput struct {
	Name string `path:"name" maxLength:"128"`
	ID   string `path:"id" maxLength:"100"`
}

// SessionsEnded says how many sessions ended.
type SessionsEnded struct {
	Ended int64 `json:"ended"`
}

// TokenList is the tokens of programs.
type TokenList struct {
	Tokens []Token `json:"tokens" nullable:"false"`
}

// Token is a key for a program or a script.
type Token = account.Token

// TokenNewInput makes a token.
type TokenNewInput struct {
	Body TokenNew
}

// TokenNew is a new token.
type TokenNew struct {
	Name     string   `json:"name" minLength:"1" maxLength:"63"`
	Role     string   `json:"role" enum:"admin,staff,intern"`
	Agencies []string `json:"agencies,omitempty" maxItems:"1000"`
	Sites    []string `json:"sites,omitempty" maxItems:"1000"`
	Personal bool     `json:"personal,omitempty"`
	Expires  string   `json:"expires,omitempty" maxLength:"64" doc:"A duration such as 90d, a time, or never. Default: 365d."`
}

// TokenMade is a new token with its text.
type TokenMade struct {
	Token Token `json:"token"`
	// Text is shown once; only its hash is kept.
	Text string `json:"text" doc:"Give it as Authorization: Bearer. It is shown once."`
}

// Me is who the caller is.
type Me struct {
	Name     string   `json:"name"`
	Via      string   `json:"via" doc:"session, token or socket."`
	Role     string   `json:"role"`
	Agencies []string `json:"agencies,omitempty" doc:"Scope. Neither agencies nor sites: everything."`
	Sites    []string `json:"sites,omitempty"`
	Rights   []string `json:"rights" nullable:"false"`
}

// SetupLink is where the first account is made.
type SetupLink struct {
	Link string `json:"link" doc:"Empty when there is an account already, or the collector was built without pages. It holds for an hour."`
}

// AuditInput asks for the record of who did what.
type AuditInput struct {
	Before int64 `query:"before" minimum:"0" doc:"Only records before this number, for the next page."`
	Limit  int   `query:"limit" minimum:"0" maximum:"10000" doc:"Records in one answer. 0 is 1,000."`

	Actor   string `query:"actor" maxLength:"100" doc:"Only what this person or program did."`
	Action  string `query:"action" maxLength:"100" doc:"Only this act, such as user-new, or all that begin so with * at the end."`
	Outcome string `query:"outcome" enum:"done,refused,failed," doc:"Only what ended so."`
	From    string `query:"from" maxLength:"64" doc:"Only since then: a time, or an age such as 7d."`
	To      string `query:"to" maxLength:"64" doc:"Only until then."`
}

// AuditList is the record of who did what, newest first.
type AuditList struct {
	Records []account.Record `json:"records" nullable:"false"`
	Next    int64            `json:"next,omitempty" doc:"Give it as before for the next page. One that was asked for little may have no records and yet a next."`
}

// AuditVerdict says whether the chain of the audit holds.
type AuditVerdict struct {
	OK      bool  `json:"ok"`
	Checked int64 `json:"checked" doc:"Records that fit."`
	Broken  int64 `json:"broken,omitempty" doc:"First record that does not fit: it or the one before was changed or taken out."`
}

// CA is the collector's own certificate authority.
type CA struct {
	Stage        string          `json:"stage,omitempty" doc:"Of a rotation under way; empty when none is."`
	Next         string          `json:"next,omitempty" doc:"What to do next, in words."`
	Authorities  []CACertificate `json:"authorities" nullable:"false"`
	Holding      int             `json:"holding,omitempty" doc:"Devices whose agents are known to trust the newest authority."`
	Devices      int             `json:"devices,omitempty" doc:"Devices with an identity."`
	RevokedCount int             `json:"revoked_count,omitempty" doc:"Identities that were revoked."`
}

// CACertificate is one authority that agents trust.
type CACertificate struct {
	Fingerprint string    `json:"fingerprint" doc:"SHA-256 of the public key, as enrolment strings carry it."`
	State       string    `json:"state" doc:"current signs; next is trusted already; old is still trusted."`
	NotBefore   time.Time `json:"not_before"`
	NotAfter    time.Time `json:"not_after"`
}

// Certificate is one that ends.
type Certificate struct {
	Name     string    `json:"name"`
	NotAfter time.Time `json:"not_after"`
}

// CARotateInput takes a step of a rotation.
type CARotateInput struct {
	Body CARotation
}

// CARotation names the step; empty takes the next one.
type CARotation struct {
	Stage string `json:"stage,omitempty" maxLength:"32" doc:"The step to take, as ca show names it. Default: the next."`
	Force bool   `json:"force,omitempty" doc:"Take it although some agents have not heard of the new authority: they must enrol anew."`
}

// Status is how the collector is doing.
type Status struct {
	Build         buildinfo.Info    `json:"build"`
	StartedAt     time.Time         `json:"started_at"`
	UptimeSeconds int64             `json:"uptime_seconds"`
	Now           time.Time         `json:"now"`
	Counts        store.Counts      `json:"counts"`
	Series        store.SeriesStats `json:"series" doc:"ready below 1 while the series store is still opening."`
	Intake        IntakeStatus      `json:"intake"`
	Outbox        OutboxStatus      `json:"outbox"`
	Disk          DiskStatus        `json:"disk"`
	Judging       *JudgingStatus    `json:"judging,omitempty" doc:"Absent when this collector does not judge."`
	Notices       *NoticesStatus    `json:"notices,omitempty" doc:"Absent when this collector tells nobody."`
	Certificates  []Certificate     `json:"certificates,omitempty" doc:"Certificates that somebody has to renew."`
	Problems      []string          `json:"problems,omitempty" doc:"What needs somebody, in words."`
}

// IntakeStatus counts what came in since the start.
type IntakeStatus struct {
	Reports   int64 `json:"reports"`
	Samples   int64 `json:"samples"`
	Sections  int64 `json:"sections"`
	Events    int64 `json:"events"`
	Repeats   int64 `json:"repeats" doc:"Reports that had come before."`
	Conflicts int64 `json:"conflicts" doc:"Reports whose number was taken by another one."`
	Resends   int64 `json:"resends" doc:"Times a device was asked to send again."`
	Refused   int64 `json:"refused" doc:"Requests of agents that were refused."`
	Busy      int64 `json:"busy" doc:"Requests of agents that were asked to come later."`
}

// JudgingStatus is how judging keeps up, since the start.
type JudgingStatus struct {
	Devices      int   `json:"devices" doc:"That are judged here."`
	Observations int64 `json:"observations" doc:"Reports that were judged."`
	Judgements   int64 `json:"judgements" doc:"Times a rule was asked about something."`
	Late         int64 `json:"late" doc:"Reports that came after newer ones."`
	Overflowed   int64 `json:"overflowed" doc:"Reports that did not fit into the queue; they are had from the stores later."`
	Waiting      int   `json:"waiting" doc:"Reports that wait to be judged."`
	Unknown      int   `json:"unknown" doc:"Devices of which the past is still being read from the stores, after a start; until then the rules wait with what needs it."`
	RulesOn      int   `json:"rules_on"`
	RulesOff     int   `json:"rules_off" doc:"Disabled, or switched off because of a fault."`
	RulesBroken  int   `json:"rules_broken" doc:"Faults in the office's files."`
}

// NoticesStatus is what people are to be told.
type NoticesStatus struct {
	Waiting int `json:"waiting" doc:"Announcements that no message carries yet."`
	Unsent  int `json:"unsent" doc:"Messages that are being tried."`
	Failed  int `json:"failed" doc:"Messages that were put aside."`
}

// DiskStatus is the volume of the data folder.
type DiskStatus struct {
	FreeBytes  int64 `json:"free_bytes"`
	TotalBytes int64 `json:"total_bytes"`
	StopBytes  int64 `json:"stop_bytes" doc:"Reports are put off when less is free."`
}

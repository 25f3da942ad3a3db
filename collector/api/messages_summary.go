package api

import (
	"time"

	"muster/collector/summary"
)

// SummaryInput asks for the figures of a time.
type SummaryInput struct {
	Days   int      `query:"days" minimum:"0" maximum:"400" doc:"The last so many days. 0 is 30."`
	From   string   `query:"from" maxLength:"64" doc:"From this time on, in the place of days."`
	To     string   `query:"to" maxLength:"64" doc:"Until this time. Default: now."`
	Agency string   `query:"agency" maxLength:"256" doc:"Only of this agency."`
	Site   string   `query:"site" maxLength:"512" doc:"Only of this site, as AGENCY/SITE."`
	Parts  []string `query:"parts" maxItems:"4" doc:"incidents, fleet, quality, replacement, separated by commas. Default: all."`
}

// Summary is the figures that a board asks for. A part that was not asked for
// is empty.
type Summary struct {
	Place string `json:"place" doc:"Whose figures they are."`
	summary.Figures
}

// ScheduleList is when summaries are mailed, by name.
type ScheduleList struct {
	Summaries []Schedule `json:"summaries" nullable:"false"`
}

// Schedule says when a summary is mailed.
type Schedule struct {
	Name string `json:"name"`
	SchedulePut
	Place     string    `json:"place" doc:"Whose figures, in words."`
	Next      time.Time `json:"next,omitzero" doc:"When it goes next; absent when it is off."`
	ChangedAt time.Time `json:"changed_at"`
	ChangedBy string    `json:"changed_by"`
}

// SchedulePut is what a schedule shall be.
type SchedulePut struct {
	Every    string   `json:"every" enum:"week,month"`
	Weekday  string   `json:"weekday,omitempty" enum:"sun,mon,tue,wed,thu,fri,sat," doc:"Of a weekly one. Default: mon. It tells of the seven days before."`
	Day      int      `json:"day,omitempty" minimum:"0" maximum:"28" doc:"Of a monthly one: day of the month. 0 is 1. It tells of the calendar month before."`
	Hour     int      `json:"hour" minimum:"0" maximum:"23"`
	Zone     string   `json:"zone,omitempty" maxLength:"64" doc:"Time zone (IANA name). Default: the collector's."`
	Agencies []string `json:"agencies,omitempty" maxItems:"200" doc:"Figures of these alone."`
	Sites    []string `json:"sites,omitempty" maxItems:"200" doc:"As AGENCY/SITE."`
	Channel  string   `json:"channel" minLength:"1" maxLength:"100" doc:"A channel of kind mail."`
	To       []string `json:"to,omitempty" maxItems:"50" doc:"Addresses. Default: those of the channel. Shown to administrators."`
	Off      bool     `json:"off,omitempty"`
}

// SchedulePutInput makes a schedule or replaces it.
type SchedulePutInput struct {
	Name string `path:"name" maxLength:"100"`
	Body SchedulePut
}

// SummarySendInput sends a summary now.
type SummarySendInput struct {
	Name string `path:"name" maxLength:"100"`
	Body SummarySend
}

// SummarySend says to whom.
type SummarySend struct {
	To []string `json:"to,omitempty" maxItems:"50" doc:"Addresses in the place of those of the schedule."`
}

// SummarySent is a message in line.
type SummarySent struct {
	Notice string `json:"notice" doc:"Its ID: muster notice list --state all shows what becomes of it."`
}

package api

import "time"

// ChannelList is the ways by which people are told, by name.
type ChannelList struct {
	Channels []Channel `json:"channels" nullable:"false"`
}

// Channel is one way by which people are told. Its secrets are never shown.
type Channel struct {
	Name      string         `json:"name"`
	Kind      string         `json:"kind" doc:"mail, webhook or syslog."`
	Settings  map[string]any `json:"settings"`
	Secrets   []string       `json:"secrets" nullable:"false" doc:"Names of those that are set."`
	Off       bool           `json:"off,omitempty"`
	Brake     *ChannelBrake  `json:"brake,omitempty" doc:"Absent: 12 messages in 10 minutes, then silence for 15."`
	Waiting   int            `json:"waiting" doc:"Announcements that no message carries yet."`
	Unsent    int            `json:"unsent" doc:"Messages that are being tried."`
	Failed    int            `json:"failed" doc:"Messages that were put aside."`
	SentAt    time.Time      `json:"sent_at,omitzero" doc:"When one was last sent."`
	CreatedAt time.Time      `json:"created_at"`
	ChangedAt time.Time      `json:"changed_at"`
	ChangedBy string         `json:"changed_by"`
}

// ChannelBrake is the storm brake of a channel: above so many messages in a
// time one summary, then silence for a while.
type ChannelBrake struct {
	Messages      int `json:"messages,omitempty" minimum:"0" maximum:"1000" doc:"0 is 12."`
	PeriodSeconds int `json:"period_seconds,omitempty" minimum:"0" maximum:"86400" doc:"0 is 600."`
	HoldSeconds   int `json:"hold_seconds,omitempty" minimum:"0" maximum:"86400" doc:"0 is 900."`
}

// ChannelInput names a channel or a route.
type ChannelInput struct {
	Name string `path:"name" maxLength:"100"`
}

// ChannelPutInput makes a channel or replaces it.
type ChannelPutInput struct {
	Name string `path:"name" maxLength:"100"`
	Body ChannelPut
}

// ChannelPut is what a channel shall be.
type ChannelPut struct {
	Kind     string            `json:"kind" minLength:"1" maxLength:"32" doc:"mail, webhook or syslog."`
	Settings map[string]any    `json:"settings,omitempty" doc:"Those of its kind; see docs/operations.md."`
	Secrets  map[string]Secret `json:"secrets,omitempty" doc:"By name. Those that are given replace what was there, an empty one takes it away, all others stay. No answer shows them."`
	Off      bool              `json:"off,omitempty" doc:"What is for it waits."`
	Brake    *ChannelBrake     `json:"brake,omitempty"`
}

// ChannelTest is what came of a test.
type ChannelTest struct {
	Sent bool   `json:"sent"`
	Said string `json:"said,omitempty" doc:"What went wrong, in the words of the far side where it said something."`
}

// RouteList is the routes, in the order in which they decide.
type RouteList struct {
	Routes []Route `json:"routes" nullable:"false"`
}

// Route says what goes to a channel and how. Where several of one channel take
// an announcement, the first decides.
type Route struct {
	Name string `json:"name"`
	RoutePut
	CreatedAt time.Time `json:"created_at"`
}

// RoutePutInput makes a route or replaces it.
type RoutePutInput struct {
	Name string `path:"name" maxLength:"100"`
	Body RoutePut
}

// RoutePut is what a route shall be. Of what it takes all that is set must
// hold, of a list any.
type RoutePut struct {
	Channel     string       `json:"channel" minLength:"1" maxLength:"100"`
	Position    int          `json:"position,omitempty" minimum:"0" maximum:"1000" doc:"Where it stands among all routes, from 1. 0 leaves it; a new one is the last."`
	Off         bool         `json:"off,omitempty"`
	Agencies    []string     `json:"agencies,omitempty" maxItems:"200"`
	Sites       []string     `json:"sites,omitempty" maxItems:"200" doc:"As AGENCY/SITE."`
	Severity    string       `json:"severity,omitempty" enum:"info,warn,critical," doc:"At least. Default: all."`
	Families    []string     `json:"families,omitempty" maxItems:"50" doc:"Families of rules."`
	Rules       []string     `json:"rules,omitempty" maxItems:"200"`
	Devices     []string     `json:"devices,omitempty" maxItems:"50" doc:"Kinds of device: pc, server, switch …"`
	Kinds       []string     `json:"kinds,omitempty" maxItems:"4" doc:"opened, worse, escalated, resolved. Default: all but resolved."`
	Backlog     bool         `json:"backlog,omitempty" doc:"Also what was there when its device came."`
	Hours       *RouteHours  `json:"hours,omitempty" doc:"When people are told. Default: always."`
	Urgent      bool         `json:"urgent,omitempty" doc:"Critical and escalated ones go at once, outside of the hours too."`
	Personal    bool         `json:"personal,omitempty" doc:"With the names of devices' users."`
	WaitSeconds int          `json:"wait_seconds,omitempty" minimum:"-1" maximum:"3600" doc:"How long others are waited for, to go along in one message. 0 is 30; -1 does not wait."`
	Rate        int          `json:"rate,omitempty" minimum:"0" maximum:"1000" doc:"Messages an hour at most. 0 has no bound but the channel's brake."`
	Digest      *RouteDigest `json:"digest,omitempty" doc:"A summary at a time of the day."`
	OnlyDigest  bool         `json:"only_digest,omitempty"`
}

// RouteHours is a time of the day on some weekdays.
type RouteHours struct {
	From string   `json:"from,omitempty" maxLength:"5" doc:"HH:MM"`
	To   string   `json:"to,omitempty" maxLength:"5" doc:"HH:MM; before from it is on the next day."`
	Days []string `json:"days,omitempty" maxItems:"7" doc:"sun to sat. Default: all."`
	Zone string   `json:"zone,omitempty" maxLength:"64" doc:"Time zone (IANA name). Default: the collector's."`
}

// RouteDigest is when a summary is sent.
type RouteDigest struct {
	At    string   `json:"at" maxLength:"5" doc:"HH:MM"`
	Days  []string `json:"days,omitempty" maxItems:"7" doc:"sun to sat. Default: all."`
	Zone  string   `json:"zone,omitempty" maxLength:"64" doc:"Time zone (IANA name). Default: the collector's."`
	Empty bool     `json:"empty,omitempty" doc:"Also when there is nothing to tell."`
}

// NoticeListInput asks for messages on their way.
type NoticeListInput struct {
	Channel string `query:"channel" maxLength:"100" doc:"Only of this channel."`
	State   string `query:"state" enum:"unsent,failed,sent,all," doc:"unsent: being tried; failed: put aside; sent. Default: unsent and failed."`
	Limit   int    `query:"limit" minimum:"0" maximum:"10000" doc:"Messages in one answer, newest first. 0 is 1,000."`
}

// NoticeList is messages, newest first, and what waits for one.
type NoticeList struct {
	Notices  []Notice        `json:"notices" nullable:"false"`
	Pending  int             `json:"pending" doc:"Announcements that no route has seen yet."`
	Channels []NoticeBacklog `json:"channels" nullable:"false"`
}

// NoticeBacklog is what a channel has.
type NoticeBacklog struct {
	Channel string    `json:"channel"`
	Waiting int       `json:"waiting" doc:"Announcements that wait to be put into a message: for hours, for others, for a limit."`
	Unsent  int       `json:"unsent"`
	Failed  int       `json:"failed"`
	Sent    int       `json:"sent" doc:"In the last 90 days."`
	Storms  int       `json:"storms,omitempty" doc:"Times the storm brake was pulled."`
	SentAt  time.Time `json:"sent_at,omitzero"`
}

// Notice is one message to one channel.
type Notice struct {
	ID        string    `json:"id"`
	Channel   string    `json:"channel"`
	Kind      string    `json:"kind"`
	State     string    `json:"state" doc:"unsent, failed or sent."`
	Subject   string    `json:"subject"`
	Incidents []int64   `json:"incidents,omitempty"`
	Routes    []string  `json:"routes,omitempty"`
	FormedAt  time.Time `json:"formed_at"`
	Attempts  int       `json:"attempts"`
	TriedAt   time.Time `json:"tried_at,omitzero"`
	NextAt    time.Time `json:"next_at,omitzero"`
	Said      string    `json:"said,omitempty" doc:"What the last attempt was told."`
}

package api

import (
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
)

// AgencyList is the agencies in scope.
type AgencyList struct {
	Agencies []Agency `json:"agencies" nullable:"false"`
}

// Agency has sites.
type Agency struct {
	Name string `json:"name"`
}

// AgencyNewInput makes an agency.
type AgencyNewInput struct {
	Body Naming
}

// Naming is a new name.
type Naming struct {
	Name string `json:"name" minLength:"1" maxLength:"100"`
}

// AgencyInput names an agency.
type AgencyInput struct {
	Name string `path:"name" maxLength:"100"`
}

// AgencyRenameInput renames an agency.
type AgencyRenameInput struct {
	Name string `path:"name" maxLength:"100"`
	Body Naming
}

// SiteListInput asks for sites.
type SiteListInput struct {
	Agency string `query:"agency" maxLength:"100" doc:"Only of this agency."`
}

// SiteList is the sites in scope.
type SiteList struct {
	Sites []Site `json:"sites" nullable:"false"`
}

// Site is a place of an agency.
type Site struct {
	Agency  string   `json:"agency"`
	Name    string   `json:"name"`
	Subnets []string `json:"subnets,omitempty" doc:"Networks (10.20.0.0/16) whose devices belong here unless somebody placed them by hand."`
}

// SiteNewInput makes a site.
type SiteNewInput struct {
	Body SiteNew
}

// SiteNew is a new site.
type SiteNew struct {
	Agency  string   `json:"agency" minLength:"1" maxLength:"100"`
	Name    string   `json:"name" minLength:"1" maxLength:"100"`
	Subnets []string `json:"subnets,omitempty" maxItems:"1000"`
}

// SiteInput names a site.
type SiteInput struct {
	Agency string `path:"agency" maxLength:"100"`
	Name   string `path:"name" maxLength:"100"`
}

// SiteSetInput changes a site.
type SiteSetInput struct {
	Agency string `path:"agency" maxLength:"100"`
	Name   string `path:"name" maxLength:"100"`
	Body   SiteChange
}

// SiteChange changes a site; absent fields stay. Subnets replaces all.
type SiteChange struct {
	Name    *string   `json:"name,omitempty" minLength:"1" maxLength:"100"`
	Subnets *[]string `json:"subnets,omitempty" maxItems:"1000"`
}

// LabelList is the labels of the devices in scope.
type LabelList struct {
	Labels []Label `json:"labels" nullable:"false"`
}

// Label is a label and how many devices have it.
type Label struct {
	Name    string `json:"name"`
	Devices int    `json:"devices"`
}

// LabelInput puts a label on devices or takes it off.
type LabelInput struct {
	Label string `path:"label" maxLength:"63"`
	Body  LabelTargets
}

// LabelTargets says which devices: those named, or those that a filter
// chooses. Taking a label off without either takes it off all in scope.
type LabelTargets struct {
	Devices []string `json:"devices,omitempty" maxItems:"10000" doc:"REFs."`
	Filter  string   `json:"filter,omitempty" maxLength:"4096"`
}

// LabelRenameInput renames a label on all devices in scope.
type LabelRenameInput struct {
	Label string `path:"label" maxLength:"63"`
	Body  Naming
}

// Changed says how many devices an operation changed.
type Changed struct {
	Devices int `json:"devices"`
}

// GroupList is the groups, highest priority first.
type GroupList struct {
	Groups []Group `json:"groups" nullable:"false"`
}

// Group is devices chosen by a filter, with settings for their agents.
type Group struct {
	Name     string        `json:"name"`
	Filter   string        `json:"filter" doc:"In the search language, without personal fields and without group:."`
	Priority int64         `json:"priority" doc:"Where two groups set the same, the higher number wins."`
	Settings GroupSettings `json:"settings"`
}

// GroupInput names a group.
type GroupInput struct {
	Name string `path:"name" maxLength:"63"`
}

// GroupPutInput makes a group or replaces it.
type GroupPutInput struct {
	Name string `path:"name" maxLength:"63"`
	Body GroupPut
}

// GroupPut is what a group shall be.
type GroupPut struct {
	Filter   string        `json:"filter" minLength:"1" maxLength:"4096"`
	Priority int64         `json:"priority,omitempty" minimum:"-1000000" maximum:"1000000"`
	Settings GroupSettings `json:"settings,omitempty"`
}

// GroupSettings is what a group may set on agents: how often and what, never a
// path or an address.
type GroupSettings struct {
	SampleSeconds int64            `json:"sample_seconds,omitempty" minimum:"0" maximum:"3600" doc:"How often numbers are read, 10 to 3600; 0 leaves it."`
	Off           []string         `json:"off,omitempty" maxItems:"200" doc:"Sections that are not gathered."`
	Cadence       map[string]int64 `json:"cadence,omitempty" doc:"Section to seconds between readings, 60 to 604800."`
	PerCore       bool             `json:"per_core,omitempty" doc:"Also numbers of each processor core."`
	PerProcess    bool             `json:"per_process,omitempty" doc:"Also numbers of the busiest processes."`
}

// GroupDevicesInput asks which devices a group holds.
type GroupDevicesInput struct {
	Name  string `path:"name" maxLength:"63"`
	Limit int    `query:"limit" minimum:"0" maximum:"10000" doc:"Devices in one answer. 0 is 1,000."`
	After string `query:"after" maxLength:"1024"`
}

// SeriesQueryInput asks for numbers over time.
type SeriesQueryInput struct {
	Name        string   `query:"name" maxLength:"200" doc:"Measurement and field in one, such as cpu_usage_user; or give both apart."`
	Measurement string   `query:"measurement" maxLength:"100"`
	Field       string   `query:"field" maxLength:"100"`
	Device      string   `query:"device" maxLength:"256" doc:"REF of one device."`
	Filter      string   `query:"filter" maxLength:"4096" doc:"Devices, in the search language."`
	Labels      []string `query:"labels" maxItems:"20" doc:"Conditions on labels, separated by commas: cpu=cpu-total, or interface!=lo; alternatives by |."`
	From        string   `query:"from" maxLength:"64" doc:"Default: an hour before to."`
	To          string   `query:"to" maxLength:"64" doc:"Default: now."`
	Step        string   `query:"step" maxLength:"32" doc:"Length of a step, such as 5m; 0 is points as stored. Default: a 300th of the range, whole minutes."`
	Aggregate   string   `query:"aggregate" enum:"mean,min,max,last,rate," doc:"What becomes of the points of a step. Default: rate for counters, mean for the rest."`
	Limit       int      `query:"limit" minimum:"0" maximum:"10000" doc:"Series at most. 0 is 1,000."`
}

// SeriesAnswer is numbers over time.
type SeriesAnswer struct {
	Name        string               `json:"name"`
	Unit        string               `json:"unit,omitempty" doc:"Of the values, after the aggregate."`
	Aggregate   string               `json:"aggregate,omitempty"`
	From        time.Time            `json:"from"`
	To          time.Time            `json:"to"`
	StepSeconds float64              `json:"step_seconds"`
	Series      []store.SeriesResult `json:"series" nullable:"false"`
	// BehindSeconds is about what came in lately, whatever time it tells of.
	BehindSeconds float64 `json:"behind_seconds,omitempty" doc:"The series store is behind: numbers that came in within so many seconds may be missing here. They wait in the outbox and are not lost."`
}

// SeriesNamesInput asks which numbers there are.
type SeriesNamesInput struct {
	Match string `query:"match" maxLength:"100" doc:"Only names that contain this."`
}

// SeriesNames is the catalogue of numbers.
type SeriesNames struct {
	Names []SeriesName `json:"names" nullable:"false"`
}

// SeriesName is one number of the catalogue.
type SeriesName struct {
	Name        string   `json:"name" doc:"Measurement_field."`
	Measurement string   `json:"measurement"`
	Field       string   `json:"field"`
	Unit        string   `json:"unit,omitempty"`
	Nature      string   `json:"nature" doc:"gauge or counter."`
	Labels      []string `json:"labels,omitempty"`
	Default     bool     `json:"default" doc:"Sent unless told otherwise."`
	Doc         string   `json:"doc"`
}

// SoftwareListInput asks for programs.
type SoftwareListInput struct {
	Name     string `query:"name" maxLength:"200" doc:"Part of the name. Default: all."`
	Versions bool   `query:"versions" doc:"One line per version."`
	Most     int    `query:"most" minimum:"0" maximum:"100000" doc:"Only what so many devices have at most, the rarest first. 0: all."`
	Limit    int    `query:"limit" minimum:"0" maximum:"100000" doc:"Titles in one answer, most spread first. 0 is 1,000."`
}

// SoftwareList is programs, most spread first.
type SoftwareList struct {
	Software []store.SoftwareTitle `json:"software" nullable:"false"`
	Total    int                   `json:"total,omitempty" doc:"With most: how many there are in all."`
}

// SoftwareDevicesInput asks who has a program.
type SoftwareDevicesInput struct {
	Name    string `query:"name" required:"true" minLength:"1" maxLength:"200" doc:"The whole name; with * for any text."`
	Version string `query:"version" maxLength:"100" doc:"One version, or a comparison: <23, >=1.2."`
	Filter  string `query:"filter" maxLength:"4096" doc:"Among these devices only."`
	Limit   int    `query:"limit" minimum:"0" maximum:"100000" doc:"Devices in one answer. 0 is 100."`
	After   string `query:"after" maxLength:"1024"`
}

// SoftwareDevices is who has a program.
type SoftwareDevices struct {
	Devices []SoftwareDevice `json:"devices" nullable:"false"`
	Total   int              `json:"total"`
	Next    string           `json:"next,omitempty"`
}

// SoftwareDevice is one installation.
type SoftwareDevice struct {
	Device   inventory.DeviceID `json:"device"`
	Name     string             `json:"name" doc:"Of the device."`
	Site     string             `json:"site,omitempty"`
	Software string             `json:"software"`
	Version  string             `json:"version,omitempty"`
	Since    time.Time          `json:"since,omitzero" doc:"When the collector first saw this version there."`
}

// SQLInput asks in SQL.
type SQLInput struct {
	Body SQLQuestion
}

// SQLQuestion is one statement over the views.
type SQLQuestion struct {
	Query string `json:"query" minLength:"1" maxLength:"100000" doc:"One SELECT, WITH, VALUES or EXPLAIN. Views are named as sections."`
	Limit int    `json:"limit,omitempty" minimum:"0" maximum:"100000" doc:"Rows at most. 0 is 10,000."`
}

// SQLAnswer is what the statement gave.
type SQLAnswer struct {
	Columns   []string `json:"columns" nullable:"false"`
	Rows      [][]any  `json:"rows" nullable:"false"`
	Truncated bool     `json:"truncated,omitempty" doc:"There were more rows than the limit."`
	TookMS    int64    `json:"took_ms"`
}

// SchemaInput asks for the catalogue.
type SchemaInput struct {
	Section string `query:"section" maxLength:"64" doc:"Only this section."`
}

// Schema is the catalogue: all that can be known about a device.
type Schema struct {
	Sections     []SchemaSection `json:"sections" nullable:"false"`
	Measurements []SchemaMetric  `json:"measurements,omitempty"`
	Events       []SchemaEvent   `json:"events,omitempty"`
	Fields       []SchemaField   `json:"fields,omitempty" doc:"Words of the search language. Beside them every section.column is one."`
}

// SchemaSection is a section of the inventory.
type SchemaSection struct {
	Name           string            `json:"name"`
	Doc            string            `json:"doc"`
	Single         bool              `json:"single,omitempty" doc:"One row per device."`
	LingerSeconds  int64             `json:"linger_seconds,omitempty" doc:"A row counts as gone only after being absent this long."`
	CadenceSeconds int64             `json:"cadence_seconds" doc:"How often it is read."`
	Sources        map[string]string `json:"sources" doc:"Where each system reads it: windows, darwin, linux, snmp."`
	Columns        []SchemaColumn    `json:"columns" nullable:"false"`
}

// SchemaColumn is a column of a section.
type SchemaColumn struct {
	Name        string   `json:"name"`
	Kind        string   `json:"kind"`
	Unit        string   `json:"unit,omitempty"`
	Doc         string   `json:"doc"`
	Values      []string `json:"values,omitempty" doc:"Values the catalogue knows; others are kept as they come."`
	Key         bool     `json:"key,omitempty"`
	Latest      bool     `json:"latest,omitempty" doc:"Kept without history."`
	Sensitivity string   `json:"sensitivity,omitempty" doc:"personal: a right is needed to see it."`
}

// SchemaMetric is a group of numbers.
type SchemaMetric struct {
	Name         string            `json:"name"`
	Doc          string            `json:"doc"`
	EverySeconds int64             `json:"every_seconds,omitempty"`
	Telegraf     string            `json:"telegraf,omitempty" doc:"The plugin whose names these are."`
	Sources      map[string]string `json:"sources"`
	Labels       []SchemaLabel     `json:"labels,omitempty"`
	Fields       []SchemaNumber    `json:"fields" nullable:"false"`
}

// SchemaLabel is a label of a measurement.
type SchemaLabel struct {
	Name string `json:"name"`
	Doc  string `json:"doc"`
}

// SchemaNumber is one number.
type SchemaNumber struct {
	Name    string `json:"name"`
	Unit    string `json:"unit,omitempty"`
	Type    string `json:"type"`
	Nature  string `json:"nature"`
	Default bool   `json:"default,omitempty"`
	Doc     string `json:"doc"`
}

// SchemaEvent is a kind of event.
type SchemaEvent struct {
	Name       string            `json:"name"`
	Group      string            `json:"group"`
	Urgent     bool              `json:"urgent,omitempty"`
	Doc        string            `json:"doc"`
	Attributes []SchemaAttribute `json:"attributes,omitempty"`
	Sources    map[string]string `json:"sources,omitempty"`
}

// SchemaAttribute is one thing told of an event.
type SchemaAttribute struct {
	Name        string   `json:"name"`
	Type        string   `json:"type"`
	Unit        string   `json:"unit,omitempty"`
	Values      []string `json:"values,omitempty"`
	Sensitivity string   `json:"sensitivity,omitempty"`
	Doc         string   `json:"doc"`
}

// SchemaField is a word of the search language.
type SchemaField struct {
	Name        string   `json:"name"`
	Aliases     []string `json:"aliases,omitempty"`
	Kind        string   `json:"kind"`
	Operators   []string `json:"operators" nullable:"false"`
	Values      []string `json:"values,omitempty"`
	Sensitivity string   `json:"sensitivity,omitempty"`
	Example     string   `json:"example,omitempty"`
	Doc         string   `json:"doc"`
}

package api

import (
	"time"

	"muster/collector/search"
	"muster/collector/store"
	"muster/internal/inventory"
)

// This file and its neighbours messages_*.go hold every request and answer.
// A type ending in Input is a request: fields with a path or query tag are
// parameters, Body is the JSON body. Everything else is an answer. The command
// line uses the same types.
//
// Times in requests are texts, so that people can write them: RFC 3339,
// 2026-11-01, "2026-11-01 14:05" (both UTC), an age such as 90m, 12h, 7d, 2w,
// or now. Times in answers are RFC 3339, UTC.
//
// REF names a device: its ID, the start of its ID (8 characters or more), its
// name, serial number or asset tag.

// Nothing is the answer of operations that have nothing to tell: 204.
type Nothing struct{}

// Device is one device in lists. What tells of a person is null where the
// caller lacks the right to see it, and named in Hidden of the answer.
type Device struct {
	ID           inventory.DeviceID `json:"id" doc:"UUID given by the collector."`
	Kind         string             `json:"kind" doc:"pc, server, switch and so on."`
	Name         string             `json:"name" doc:"Host name as last reported."`
	Agency       string             `json:"agency,omitempty"`
	Site         string             `json:"site,omitempty"`
	Labels       []string           `json:"labels,omitempty" nullable:"false"`
	Presence     store.Presence     `json:"presence" doc:"online, asleep, away, missing or retired."`
	Severity     string             `json:"severity,omitempty" doc:"Of its worst open incident: critical, warn or info. Absent: none, or none but snoozed ones, upkeep and what was there when it came."`
	Address      string             `json:"address,omitempty" doc:"Address that the last report came from."`
	Port         string             `json:"port,omitempty" doc:"In lists that ask for this column, and in CSV: the network port it hangs on, as SWITCH/PORT. Absent when none is known for sure."`
	AgentVersion string             `json:"agent_version,omitempty"`
	OS           string             `json:"os,omitempty"`
	Vendor       string             `json:"vendor,omitempty"`
	Model        string             `json:"model,omitempty"`
	Serial       string             `json:"serial,omitempty"`
	User         *string            `json:"user" doc:"Person who uses it most. Personal."`
	MemoryBytes  int64              `json:"memory_bytes,omitempty"`
	FirstSeen    time.Time          `json:"first_seen"`
	LastSeen     time.Time          `json:"last_seen,omitzero" doc:"When the collector received the last report."`
	ClockOffset  float64            `json:"clock_offset_seconds,omitempty" doc:"The device's clock minus the collector's."`
	RetiredAt    time.Time          `json:"retired_at,omitzero"`
	MergedInto   inventory.DeviceID `json:"merged_into,omitempty"`
	ForkedFrom   inventory.DeviceID `json:"forked_from,omitempty"`
	People       People             `json:"people" doc:"What people keep about it."`

	only []string // columns asked for; nil: all
}

// People are the fields that people keep.
type People struct {
	AssetTag   string  `json:"asset_tag,omitempty"`
	Owner      *string `json:"owner" doc:"Personal."`
	Department string  `json:"department,omitempty"`
	Purchased  string  `json:"purchased,omitempty" doc:"YYYY-MM-DD"`
	Warranty   string  `json:"warranty,omitempty" doc:"YYYY-MM-DD, last day."`
	Note       string  `json:"note,omitempty"`
}

// DeviceListInput asks for devices.
type DeviceListInput struct {
	Filter  string   `query:"filter" maxLength:"4096" doc:"Filter in the search language, such as os:windows ram<8GB seen>7d."`
	Sort    string   `query:"sort" maxLength:"40" doc:"Column to sort by, with - before it for descending. Default: name."`
	Limit   int      `query:"limit" minimum:"0" maximum:"10000" doc:"Devices in one answer. 0 is 1,000, or all of them as CSV."`
	After   string   `query:"after" maxLength:"1024" doc:"The next of the answer before, for the page after it."`
	Columns []string `query:"columns" maxItems:"40" doc:"Columns to show, separated by commas. Default: all."`
	Merged  bool     `query:"merged" doc:"Also devices that were merged into others."`
}

// DeviceList is one page of devices.
type DeviceList struct {
	Devices []Device `json:"devices" nullable:"false"`
	Total   int      `json:"total" doc:"Devices that match, on all pages."`
	Next    string   `json:"next,omitempty" doc:"Give it as after for the next page. Absent on the last one."`
	Hidden  []string `json:"hidden,omitempty" doc:"Columns that are null because the caller may not see personal facts."`

	only []string
}

// SearchReadInput asks how a search is understood, and how it may go on.
type SearchReadInput struct {
	Filter string `query:"filter" maxLength:"4096" doc:"In the search language."`
	Cursor int    `query:"cursor" minimum:"-1" default:"-1" doc:"Where somebody is writing, in bytes. Default: at the end."`
}

// SearchRead is a search in words.
type SearchRead struct {
	Words    []search.Phrase `json:"words" nullable:"false" doc:"Empty: all devices, or it cannot be read."`
	Fault    string          `json:"fault,omitempty" doc:"Why it cannot be read as it stands."`
	Position int             `json:"position,omitempty" doc:"Of the fault: the character, from 1."`
	Offers   []SearchOffer   `json:"offers" nullable:"false"`
	Parts    []SearchPart    `json:"parts" nullable:"false" doc:"The conditions that must all hold."`
}

// SearchPart is one condition of a search.
type SearchPart struct {
	Text  string          `json:"text" doc:"In the search language."`
	Words []search.Phrase `json:"words" nullable:"false"`
	Rest  string          `json:"rest" doc:"The search without it."`
}

// SearchFieldInput asks how a field can be asked for.
type SearchFieldInput struct {
	Field string `query:"field" required:"true" maxLength:"128" doc:"A field of the search language, or a section's column as section.column."`
}

// SearchField is a field and how it can be compared.
type SearchField struct {
	Name    string         `json:"name"`
	Title   string         `json:"title" doc:"As people call it."`
	Kind    string         `json:"kind"`
	Doc     string         `json:"doc"`
	Example string         `json:"example,omitempty"`
	Choices []SearchChoice `json:"choices" nullable:"false" doc:"Ways to compare, the usual one first."`
	Values  []string       `json:"values" nullable:"false" doc:"Values in use or possible, 500 at most."`
	Closed  bool           `json:"closed,omitempty" doc:"There are no other values."`
}

// SearchChoice is one way to compare.
type SearchChoice struct {
	How    string `json:"how"`
	Word   string `json:"word"`
	Value  bool   `json:"value" doc:"It needs a value."`
	Second string `json:"second,omitempty" doc:"What its second value is, such as version; absent: it has none."`
}

// SearchAddInput adds a condition to a search.
type SearchAddInput struct {
	Filter string `query:"filter" maxLength:"4096" doc:"In the search language."`
	Field  string `query:"field" required:"true" maxLength:"128"`
	How    string `query:"how" required:"true" maxLength:"8" doc:"One of the field's choices (search-field)."`
	Value  string `query:"value" maxLength:"500"`
	Second string `query:"second" maxLength:"100" doc:"For choices that take two values."`
}

// SearchAdded is a search with one condition more.
type SearchAdded struct {
	Filter string `json:"filter"`
}

// SearchOffer is one way to go on: Text replaces the bytes from From to Until.
type SearchOffer struct {
	Text  string `json:"text"`
	Doc   string `json:"doc,omitempty"`
	From  int    `json:"from"`
	Until int    `json:"until"`
}

// DeviceFacetsInput asks what a choice of devices is made of.
type DeviceFacetsInput struct {
	Filter string `query:"filter" maxLength:"4096" doc:"Devices, in the search language. Default: all."`
	Builds bool   `query:"builds" doc:"Also build: that of the operating system, with its name."`
}

// DeviceFacets is what a choice of devices is made of.
type DeviceFacets struct {
	Total  int     `json:"total" doc:"Devices that match."`
	Facets []Facet `json:"facets" nullable:"false" doc:"severity (the worst of a device's open incidents, empty: none), state, kind, site, os, model, ram. Retired devices are counted by state only."`
}

// Facet is the values of one property.
type Facet struct {
	Name   string       `json:"name"`
	Values []FacetValue `json:"values" nullable:"false" doc:"The most frequent first."`
	More   int          `json:"more,omitempty" doc:"Further values that are not listed."`
}

// FacetValue is one value, and how many devices have it.
type FacetValue struct {
	Value  string `json:"value" doc:"Empty: not known."`
	Count  int    `json:"count"`
	Online int    `json:"online" doc:"Of these."`
	Filter string `json:"filter,omitempty" doc:"Words of the search language that choose them."`
}

// DeviceShowInput asks for everything about a device.
type DeviceShowInput struct {
	Ref      string   `path:"ref" maxLength:"256" doc:"ID, start of the ID, name, serial number or asset tag."`
	At       string   `query:"at" maxLength:"64" doc:"Show it as it was then. Default: now."`
	Sections []string `query:"sections" maxItems:"200" doc:"Names of sections, separated by commas. Default: all."`
}

// Row is a row of a section: column name to value. Times are RFC 3339, lists
// are arrays, bytes are base64, what is not known is null. Decoded by Client,
// numbers are json.Number.
type Row map[string]any

// DeviceShow is everything about a device.
type DeviceShow struct {
	Device   Device                   `json:"device"`
	At       time.Time                `json:"at,omitzero" doc:"The time asked for."`
	Sections map[string]any           `json:"sections" doc:"By name: an object for sections of one row, else an array of objects. Sections that were never read are absent."`
	Status   map[string]SectionStatus `json:"status" doc:"By name: when and how each section was last read."`
	Gaps     []Gap                    `json:"gaps" nullable:"false" doc:"Ranges of reports that never came."`
	Hidden   []string                 `json:"hidden,omitempty" doc:"Columns (section.column) that are null because the caller may not see personal facts."`
	Refresh  *Refresh                 `json:"refresh,omitempty" doc:"When somebody last asked for everything anew, within a day, and what became of it."`
}

// Gap is a range of a device's reports that never came, both ends in.
type Gap struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
}

// SectionStatus says when and how a section was read.
type SectionStatus struct {
	Status  string    `json:"status" doc:"ok, partial, unsupported, denied or failed."`
	Reason  string    `json:"reason,omitempty"`
	Sources []string  `json:"sources,omitempty"`
	ReadAt  time.Time `json:"read_at,omitzero" doc:"Last reading of any status. Absent for a time of which only the rows are kept."`
	GoodAt  time.Time `json:"good_at,omitzero" doc:"Last reading that was ok."`
	TookMS  int64     `json:"took_ms,omitempty"`
}

// DeviceHistoryInput asks for the journal of one device.
type DeviceHistoryInput struct {
	Ref      string   `path:"ref" maxLength:"256"`
	Sections []string `query:"sections" maxItems:"200" doc:"Names of sections, separated by commas. Default: all."`
	From     string   `query:"from" maxLength:"64" doc:"Changes since then."`
	To       string   `query:"to" maxLength:"64" doc:"Changes until then."`
	Limit    int      `query:"limit" minimum:"0" maximum:"100000" doc:"Changes in one answer, newest first. 0 is 1,000."`
}

// HistoryInput asks for the journal of many devices.
type HistoryInput struct {
	Filter   string   `query:"filter" maxLength:"4096" doc:"Devices, in the search language. Default: all."`
	Sections []string `query:"sections" maxItems:"200" doc:"Names of sections, separated by commas. Default: all."`
	From     string   `query:"from" maxLength:"64"`
	To       string   `query:"to" maxLength:"64"`
	Limit    int      `query:"limit" minimum:"0" maximum:"100000" doc:"Changes in one answer, newest first. 0 is 1,000."`
}

// History is a journal, newest first.
type History struct {
	Changes []store.Change `json:"changes" nullable:"false"`
	Hidden  []string       `json:"hidden,omitempty" doc:"Columns (section.column) that are null because the caller may not see personal facts."`
}

// DeviceDiffInput asks what two devices, or one at two times, differ in.
type DeviceDiffInput struct {
	A        string   `query:"a" required:"true" minLength:"1" maxLength:"330" doc:"REF or REF@TIME."`
	B        string   `query:"b" required:"true" minLength:"1" maxLength:"330" doc:"REF or REF@TIME; @TIME alone is the device of a."`
	Sections []string `query:"sections" maxItems:"200"`
	Latest   bool     `query:"latest" doc:"Also compare columns that change all the time, such as free space."`
}

// DeviceDiff is what two devices differ in.
type DeviceDiff struct {
	A        DiffSide               `json:"a"`
	B        DiffSide               `json:"b"`
	Sections map[string]SectionDiff `json:"sections" doc:"By name. Sections without difference are absent."`
	Hidden   []string               `json:"hidden,omitempty"`
}

// DiffSide is one side of a comparison.
type DiffSide struct {
	Device inventory.DeviceID `json:"device"`
	Name   string             `json:"name"`
	At     time.Time          `json:"at,omitzero"`
}

// SectionDiff is what a section differs in. Sections that only one side has
// read are told by Only; nothing can be said of their rows.
type SectionDiff struct {
	Only    string     `json:"only,omitempty" doc:"a or b, when the other side has never read the section."`
	OnlyA   []Row      `json:"only_a,omitempty" doc:"Rows whose key b does not have."`
	OnlyB   []Row      `json:"only_b,omitempty" doc:"Rows whose key a does not have."`
	Changed []RowDelta `json:"changed,omitempty" doc:"Rows of the same key with other values."`
}

// RowDelta is a row that both sides have, with the columns that differ.
type RowDelta struct {
	Key map[string]any `json:"key,omitempty"`
	A   map[string]any `json:"a"`
	B   map[string]any `json:"b"`
}

// DeviceEventsInput asks for the events of one device.
type DeviceEventsInput struct {
	Ref   string   `path:"ref" maxLength:"256"`
	Kinds []string `query:"kinds" maxItems:"100" doc:"Kinds of event, separated by commas. Default: all."`
	From  string   `query:"from" maxLength:"64"`
	To    string   `query:"to" maxLength:"64"`
	Limit int      `query:"limit" minimum:"0" maximum:"100000" doc:"Events in one answer, newest first. 0 is 1,000."`
}

// EventsInput asks for the events of many devices.
type EventsInput struct {
	Filter string   `query:"filter" maxLength:"4096" doc:"Devices, in the search language. Default: all."`
	Kinds  []string `query:"kinds" maxItems:"100"`
	From   string   `query:"from" maxLength:"64"`
	To     string   `query:"to" maxLength:"64"`
	Limit  int      `query:"limit" minimum:"0" maximum:"100000"`
}

// Event is one event. A personal attribute that is hidden is null.
type Event struct {
	At         time.Time          `json:"at"`
	ReceivedAt time.Time          `json:"received_at"`
	Device     inventory.DeviceID `json:"device"`
	Name       string             `json:"name" doc:"Of the device."`
	Kind       string             `json:"kind"`
	Count      int64              `json:"count"`
	Attributes map[string]*string `json:"attributes,omitempty"`
}

// EventList is events, newest first.
type EventList struct {
	Events []Event  `json:"events" nullable:"false"`
	Hidden []string `json:"hidden,omitempty" doc:"Attributes (kind.attribute) that are null because the caller may not see personal facts."`
}

// DeviceChange changes what people keep about a device. Absent fields stay as
// they are; an empty text empties the field.
type DeviceChange struct {
	AssetTag     *string  `json:"asset_tag,omitempty" maxLength:"200"`
	Owner        *string  `json:"owner,omitempty" maxLength:"200"`
	Department   *string  `json:"department,omitempty" maxLength:"200"`
	Purchased    *string  `json:"purchased,omitempty" maxLength:"10" doc:"YYYY-MM-DD or empty."`
	Warranty     *string  `json:"warranty,omitempty" maxLength:"10" doc:"YYYY-MM-DD, last day, or empty."`
	Note         *string  `json:"note,omitempty" maxLength:"4000"`
	Site         *string  `json:"site,omitempty" maxLength:"256" doc:"AGENCY/SITE, or SITE where only one agency has a site of that name; empty takes it out of any."`
	AddLabels    []string `json:"add_labels,omitempty" maxItems:"50"`
	RemoveLabels []string `json:"remove_labels,omitempty" maxItems:"50"`
}

// DeviceSetInput changes one device.
type DeviceSetInput struct {
	Ref  string `path:"ref" maxLength:"256"`
	Body DeviceChange
}

// DeviceImportInput brings people's fields from CSV: one header row, one
// column of device, name, id, serial or asset_tag that says which device, the
// others any of asset_tag, owner, department, purchased, warranty, note, site,
// labels (separated by ;). An empty cell changes nothing; a single - empties.
type DeviceImportInput struct {
	DryRun  bool   `query:"dry_run" doc:"Check only, change nothing."`
	Partial bool   `query:"partial" doc:"Take the good lines although others are bad. Default: all or nothing."`
	RawBody []byte `contentType:"text/csv"`
}

// ImportResult says what an import did.
type ImportResult struct {
	Lines   int           `json:"lines" doc:"Lines with a device, the header not counted."`
	Changed int           `json:"changed" doc:"Devices changed, or that would be."`
	Same    int           `json:"same" doc:"Devices that already are as the file says."`
	DryRun  bool          `json:"dry_run,omitempty"`
	Ignored []string      `json:"ignored,omitempty" doc:"Columns that are known but are not people's fields."`
	Errors  []ImportError `json:"errors,omitempty" doc:"Lines that cannot be taken. Unless partial was asked for, nothing was changed."`
}

// ImportError is what is wrong with one line.
type ImportError struct {
	Line   int    `json:"line" doc:"In the file, from 1; the header is line 1."`
	Column string `json:"column,omitempty"`
	Detail string `json:"detail"`
}

// RefInput names one device.
type RefInput struct {
	Ref string `path:"ref" maxLength:"256"`
}

// DeviceRevokeInput takes a device's identity away: its agent is refused until
// it enrols anew.
type DeviceRevokeInput struct {
	Ref  string `path:"ref" maxLength:"256"`
	Body RevokeReason
}

// RevokeReason says why, for the audit.
type RevokeReason struct {
	Reason string `json:"reason,omitempty" maxLength:"500"`
}

// MergeInput says that two records are one machine: old is hidden behind into.
type MergeInput struct {
	Body MergeOrder
}

// MergeOrder names the two devices.
type MergeOrder struct {
	Old    string `json:"old" minLength:"1" maxLength:"256" doc:"REF of the record to hide."`
	Into   string `json:"into" minLength:"1" maxLength:"256" doc:"REF of the record that stays."`
	Reason string `json:"reason,omitempty" maxLength:"500"`
}

// MergeUndoInput takes a merge back.
type MergeUndoInput struct {
	ID int64 `path:"id" minimum:"1"`
}

// Merge is a decision that two records are one machine.
type Merge struct {
	ID       int64              `json:"id"`
	Old      inventory.DeviceID `json:"old"`
	Into     inventory.DeviceID `json:"into"`
	By       string             `json:"by,omitempty" doc:"Absent where the caller may not see personal facts."`
	At       time.Time          `json:"at"`
	Reason   string             `json:"reason,omitempty"`
	UndoneAt time.Time          `json:"undone_at,omitzero"`
	UndoneBy string             `json:"undone_by,omitempty"`
	Carried  []string           `json:"carried,omitempty" doc:"People's fields that were copied because they were empty in the record that stays."`
}

// MergeList is the journal of merges, newest first.
type MergeList struct {
	Merges []Merge `json:"merges" nullable:"false"`
}

// NoInput is the request of operations that need none.
type NoInput struct{}

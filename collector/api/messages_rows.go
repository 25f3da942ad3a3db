package api

import (
	"time"

	"muster/internal/inventory"
)

// SectionRowsInput asks for a section of many devices at once.
type SectionRowsInput struct {
	Section string   `path:"section" maxLength:"64" doc:"Its name: muster schema lists them."`
	Filter  string   `query:"filter" maxLength:"4096" doc:"Devices, in the search language. Default: all."`
	Columns []string `query:"columns" maxItems:"200" doc:"Which columns, separated by commas. Default: all."`
	Limit   int      `query:"limit" minimum:"0" maximum:"100000" doc:"Rows in one answer. 0 is 1,000."`
}

// SectionRows is the rows of a section as they are now, device by device.
type SectionRows struct {
	Section string       `json:"section"`
	Columns []string     `json:"columns" nullable:"false"`
	Rows    []SectionRow `json:"rows" nullable:"false"`
	More    bool         `json:"more,omitempty" doc:"There are more than the limit."`
	Hidden  []string     `json:"hidden,omitempty" doc:"Columns (section.column) that are null because the caller may not see personal facts."`
}

// SectionRow is one row, of one device.
type SectionRow struct {
	Device NamedDevice `json:"device"`
	ReadAt time.Time   `json:"read_at,omitzero" doc:"When the section was last read."`
	Values Row         `json:"values"`
}

// SoftwareShowInput asks about one program.
type SoftwareShowInput struct {
	Name string `query:"name" required:"true" minLength:"1" maxLength:"200" doc:"The whole name, as registered."`
	Days int    `query:"days" minimum:"0" maximum:"730" doc:"How far back the spread goes. 0 is 90, or less for a program that was first seen later, and 7 at least."`
}

// SoftwareShow is one program: its versions, and how it spread.
type SoftwareShow struct {
	Name      string            `json:"name"`
	Publisher string            `json:"publisher,omitempty"`
	Devices   int               `json:"devices" doc:"That have it now."`
	FirstSeen time.Time         `json:"first_seen,omitzero" doc:"When the collector first saw it anywhere, as far as history is kept."`
	Versions  []SoftwareVersion `json:"versions" nullable:"false" doc:"Now or in that time, the newest first."`
	Days      []time.Time       `json:"days" nullable:"false" doc:"Times of the spread, the oldest first; the last is now."`
	Spread    []int             `json:"spread" nullable:"false" doc:"Devices that had it at each of these times."`
}

// SoftwareVersion is one version of a program.
type SoftwareVersion struct {
	Version   string    `json:"version"`
	Devices   int       `json:"devices" doc:"That have it now."`
	FirstSeen time.Time `json:"first_seen,omitzero"`
	Spread    []int     `json:"spread" nullable:"false" doc:"Devices that had it at each of the times."`
}

// SoftwareNewsInput asks what came into the fleet.
type SoftwareNewsInput struct {
	Days int `query:"days" minimum:"0" maximum:"90" doc:"How far back. 0 is 7."`
}

// SoftwareNews is programs that nobody had before, the latest first. What a
// device brings along when it comes is no news.
type SoftwareNews struct {
	Software []SoftwareNew `json:"software" nullable:"false"`
	Partial  bool          `json:"partial,omitempty" doc:"There were too many changes to look at all: the older ones are left out."`
}

// SoftwareNew is a program that came.
type SoftwareNew struct {
	Name      string             `json:"name"`
	Publisher string             `json:"publisher,omitempty"`
	Version   string             `json:"version,omitempty" doc:"With which it came first."`
	Devices   int                `json:"devices" doc:"That have it now."`
	FirstSeen time.Time          `json:"first_seen"`
	Device    inventory.DeviceID `json:"device" doc:"To which it came first."`
	On        string             `json:"on" doc:"Name of that device."`
}

package api

import "muster/internal/inventory"

// ProfileList is the profiles in use, by name.
type ProfileList struct {
	Profiles []ProfileSummary `json:"profiles" nullable:"false"`
	Problems []string         `json:"problems,omitempty" doc:"Files of the office that cannot be used: file, line, column, reason. What they would have changed is as it was."`
}

// ProfileSummary is a profile in lists.
type ProfileSummary struct {
	Name   string `json:"name"`
	Title  string `json:"title,omitempty"`
	Source string `json:"source" enum:"builtin,office" doc:"builtin: Muster's own. office: the office's, or changed by it."`
	State  string `json:"state" enum:"on,base,disabled" doc:"base: it is only extended and fits no device by itself. disabled: by its file."`
	File   string `json:"file,omitempty" doc:"File of the office that added or changed it."`
}

// ProfileInput names a profile.
type ProfileInput struct {
	Name string `path:"name" maxLength:"128"`
}

// ProfileShow is all there is about a profile.
type ProfileShow struct {
	Profile  ProfileSummary `json:"profile"`
	Extends  []string       `json:"extends,omitempty"`
	Match    []string       `json:"match" nullable:"false" doc:"What it asks of a device, in words; it fits one that an entry fits."`
	Facts    []string       `json:"facts" nullable:"false" doc:"Of the metadata that its own file says."`
	Builtins []string       `json:"builtins" nullable:"false" doc:"Readers written in Go, those of all that it extends with them."`
	Parts    []ProfilePart  `json:"parts" nullable:"false" doc:"Tables and single objects, those of all that it extends with them."`
	Numbers  []string       `json:"numbers" nullable:"false" doc:"Of the metric catalogue, that its own file says."`
	Text     string         `json:"text" doc:"Its file."`
}

// ProfilePart is what fills rows of a section.
type ProfilePart struct {
	Name         string `json:"name"`
	Section      string `json:"section"`
	Entry        string `json:"entry,omitempty" doc:"OID of the table's entry. Absent: single objects."`
	EverySeconds int64  `json:"every_seconds" doc:"Between two readings."`
}

// ProfileTryInput asks a device now, to see what profiles make of it.
type ProfileTryInput struct {
	Body ProfileTryOrder
}

// ProfileTryOrder says whom, and with what.
type ProfileTryOrder struct {
	Address     string   `json:"address" minLength:"1" maxLength:"64" doc:"ADDRESS, or ADDRESS:PORT ([ADDRESS]:PORT for IPv6). Without a port that of its target or subnet, else 161."`
	Credentials []string `json:"credentials,omitempty" maxItems:"64" doc:"Tried in this order. Default: the target's, else those of its subnet, else all, version 3 first."`
	File        string   `json:"file,omitempty" maxLength:"128" doc:"Name of a profile's file that is not in use yet, such as acme-switch.yaml."`
	Text        string   `json:"text,omitempty" maxLength:"200000" doc:"What stands in that file."`
	Sections    []string `json:"sections,omitempty" maxItems:"200" doc:"Names of sections whose rows are told too, 1,000 of each at most."`
}

// ProfileTry is what came of it. Nothing of it is stored.
type ProfileTry struct {
	Address     string           `json:"address"`
	Port        int              `json:"port"`
	State       string           `json:"state" doc:"As of a target: live, wrong_credential, silent, dead, lying."`
	Reason      string           `json:"reason,omitempty" doc:"Why, in words, and what to do; or why it could not be read to the end."`
	Credential  string           `json:"credential,omitempty" doc:"The one that worked."`
	Attempts    []TargetAttempt  `json:"attempts" nullable:"false" doc:"One for each credential that was tried, in order."`
	Name        string           `json:"name,omitempty" doc:"sysName"`
	Description string           `json:"description,omitempty" doc:"sysDescr"`
	ObjectID    string           `json:"object_id,omitempty" doc:"sysObjectID"`
	Profile     string           `json:"profile,omitempty" doc:"The one that fits best."`
	Trials      []ProfileTrial   `json:"trials" nullable:"false" doc:"Entries of match that the system group lets through, the most specific first, and those of the file."`
	Facts       []ProfileFact    `json:"facts" nullable:"false" doc:"Who the device is: those facts of the metadata that were found."`
	Sections    []ProfileSection `json:"sections" nullable:"false" doc:"What was read, and what of it failed."`
	Numbers     []ProfileNumber  `json:"numbers" nullable:"false" doc:"Numbers of the metric catalogue."`
	Requests    int64            `json:"requests,omitempty" doc:"Packets that were sent, for all of it."`
	TookMS      int64            `json:"took_ms,omitempty"`
	Hidden      []string         `json:"hidden,omitempty" doc:"Columns (section.column) that are null because the caller may not see personal facts."`
}

// ProfileTrial is an entry of match of a profile, and what became of it.
type ProfileTrial struct {
	Profile string `json:"profile"`
	Asks    string `json:"asks" doc:"What it asks of a device, in words."`
	Chosen  bool   `json:"chosen,omitempty"`
	Lacks   string `json:"lacks,omitempty" doc:"What speaks against it. Absent: it fits."`
}

// ProfileFact is a fact of the metadata.
type ProfileFact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// ProfileSection is a section that was read.
type ProfileSection struct {
	Name    string   `json:"name"`
	Status  string   `json:"status" doc:"ok, partial or failed."`
	Reason  string   `json:"reason,omitempty"`
	Sources []string `json:"sources,omitempty" doc:"Tables and builtins that filled it."`
	Rows    int      `json:"rows"`
	Content []Row    `json:"content,omitempty" doc:"The rows, where they were asked for."`

	// Table is the rows as they were read.
	Table inventory.Table `json:"-"`
}

// ProfileNumber is a number of the catalogue.
type ProfileNumber struct {
	Measurement string `json:"measurement"`
	Field       string `json:"field"`
	Series      int    `json:"series" doc:"How many: one for each port, sensor and so on."`
	Missing     int    `json:"missing,omitempty" doc:"Of those, the ones that could not be read."`
	Example     string `json:"example,omitempty" doc:"Labels and value of one of them."`
}

package api

import (
	"time"

	"muster/internal/inventory"
)

// CredentialList is with what gear is asked, by name.
type CredentialList struct {
	Credentials []Credential `json:"credentials" nullable:"false"`
}

// Credential is with what gear is asked. Its secrets are never shown.
type Credential struct {
	Name      string    `json:"name"`
	Version   string    `json:"version" doc:"3, 2c or 1."`
	User      string    `json:"user,omitempty"`
	Auth      string    `json:"auth,omitempty" doc:"Digest of version 3. Absent: messages are not signed."`
	Priv      string    `json:"priv,omitempty" doc:"Cipher of version 3. Absent: messages are not encrypted."`
	Context   string    `json:"context,omitempty"`
	Secrets   []string  `json:"secrets" nullable:"false" doc:"Names of those that are set."`
	Subnets   []string  `json:"subnets" nullable:"false" doc:"That name it."`
	CreatedAt time.Time `json:"created_at"`
	ChangedAt time.Time `json:"changed_at"`
	ChangedBy string    `json:"changed_by"`
}

// CredentialInput names a credential.
type CredentialInput struct {
	Name string `path:"name" maxLength:"63"`
}

// CredentialPutInput makes a credential or changes it.
type CredentialPutInput struct {
	Name string `path:"name" maxLength:"63"`
	Body CredentialPut
}

// CredentialPut is what a credential shall be. Absent fields stay.
type CredentialPut struct {
	Version *string           `json:"version,omitempty" enum:"3,2c,1" doc:"A new one needs it."`
	User    *string           `json:"user,omitempty" maxLength:"32"`
	Auth    *string           `json:"auth,omitempty" enum:"md5,sha,sha224,sha256,sha384,sha512," doc:"Empty: messages are not signed."`
	Priv    *string           `json:"priv,omitempty" enum:"des,aes,aes192,aes256,aes192c,aes256c," doc:"Empty: messages are not encrypted. aes192c and aes256c extend the key as Cisco does."`
	Context *string           `json:"context,omitempty" maxLength:"255"`
	Secrets map[string]Secret `json:"secrets,omitempty" doc:"By name: community of versions 1 and 2c; auth and priv of version 3, of at least 8 characters. Those that are given replace what was there. No answer shows them."`
}

// TargetListInput asks for targets.
type TargetListInput struct {
	States  []string `query:"states" maxItems:"8" doc:"untried, live, suspect, dead, wrong_credential, silent (answers pings only), lying, alias (another address of a device that is polled elsewhere). Default: all."`
	Site    string   `query:"site" maxLength:"256" doc:"AGENCY/SITE, or SITE where only one agency has one of that name."`
	Network string   `query:"network" maxLength:"64" doc:"Only in this network (10.20.0.0/16)."`
	Limit   int      `query:"limit" minimum:"0" maximum:"10000" doc:"Targets in one answer. 0 is 1,000."`
}

// TargetList is targets, by address.
type TargetList struct {
	Targets []Target       `json:"targets" nullable:"false"`
	More    bool           `json:"more,omitempty" doc:"There are more than the limit."`
	Counts  map[string]int `json:"counts" nullable:"false" doc:"All targets, by their state."`
}

// Target is an address that is polled over SNMP.
type Target struct {
	Address    string             `json:"address"`
	Port       int                `json:"port"`
	Name       string             `json:"name,omitempty" doc:"Of its device."`
	Device     inventory.DeviceID `json:"device,omitempty" doc:"Once it is known."`
	State      string             `json:"state"`
	Reason     string             `json:"reason,omitempty" doc:"Why it is in its state."`
	Since      time.Time          `json:"since" doc:"It has been in its state."`
	PolledAt   time.Time          `json:"polled_at,omitzero" doc:"When it was last tried."`
	GoodAt     time.Time          `json:"good_at,omitzero" doc:"When it last answered."`
	Credential string             `json:"credential,omitempty" doc:"The one it is asked with. Absent: none is known to work."`
	Pinned     bool               `json:"pinned,omitempty" doc:"A person said which credential, and no other is tried."`
	Site       string             `json:"site,omitempty" doc:"AGENCY/SITE"`
	Origin     string             `json:"origin" doc:"Who brought it: hand, subnet NETWORK, crawl."`
	CreatedAt  time.Time          `json:"created_at"`
	CreatedBy  string             `json:"created_by,omitempty"`
}

// TargetInput names a target.
type TargetInput struct {
	Address string `path:"address" maxLength:"64" doc:"ADDRESS, or ADDRESS:PORT ([ADDRESS]:PORT for IPv6)."`
}

// TargetShow is a target with what was learned of it.
type TargetShow struct {
	Target  Target        `json:"target"`
	Learned *TargetHabits `json:"learned,omitempty" doc:"What polls taught of it. Absent: nothing yet."`
}

// TargetHabits is what polls taught of a target that people can use.
type TargetHabits struct {
	Version          string    `json:"version,omitempty" doc:"Of SNMP, that it is asked with: 3, 2c or 1."`
	Repetitions      int       `json:"repetitions,omitempty" doc:"Rows it is asked for at once, at most."`
	RoundTripSeconds float64   `json:"round_trip_seconds,omitempty" doc:"The longest usual time of an answer."`
	NoBulkUntil      time.Time `json:"no_bulk_until,omitzero" doc:"Until then it is asked row by row, because it did not answer GETBULK as it should."`
	EngineID         string    `json:"engine_id,omitempty" doc:"Of version 3 (RFC 3411 snmpEngineID), hexadecimal."`
	IdentifiedAt     time.Time `json:"identified_at,omitzero" doc:"When it was last found out what it is."`
	Requests         int64     `json:"requests,omitempty" doc:"Questions so far."`
	Timeouts         int64     `json:"timeouts,omitempty" doc:"Of these without an answer."`
}

// TargetPutInput makes a target or changes it.
type TargetPutInput struct {
	Address string `path:"address" maxLength:"64" doc:"ADDRESS, or ADDRESS:PORT ([ADDRESS]:PORT for IPv6). Without a port that of its subnet, else 161."`
	Body    TargetPut
}

// TargetPut is what a target shall be. Absent fields stay.
type TargetPut struct {
	Credential *string `json:"credential,omitempty" maxLength:"63" doc:"The one it is asked with. Empty: those of its subnet are tried."`
	Site       *string `json:"site,omitempty" maxLength:"256" doc:"AGENCY/SITE, or SITE where only one agency has one of that name. Empty: none. A new target has that of its subnet."`
}

// TargetTestInput asks an address once, whether it is a target or not.
type TargetTestInput struct {
	Address string `path:"address" maxLength:"64" doc:"ADDRESS, or ADDRESS:PORT ([ADDRESS]:PORT for IPv6)."`
	Body    TargetTestOrder
}

// TargetTestOrder says with what.
type TargetTestOrder struct {
	Credentials []string `json:"credentials,omitempty" maxItems:"64" doc:"Tried in this order. Default: the target's, else those of its subnet, else all, version 3 first."`
}

// TargetTest is what came of asking an address.
type TargetTest struct {
	Address     string          `json:"address"`
	Port        int             `json:"port"`
	State       string          `json:"state" doc:"As of a target: live, wrong_credential, silent, dead, lying."`
	Reason      string          `json:"reason,omitempty" doc:"Why, in words, and what to do."`
	PingMS      *float64        `json:"ping_ms,omitempty" doc:"Round trip of a ping. Absent: no answer, or pings are not allowed here."`
	AnswerMS    *float64        `json:"answer_ms,omitempty" doc:"Round trip of a question over SNMP."`
	Credential  string          `json:"credential,omitempty" doc:"The one that worked."`
	Attempts    []TargetAttempt `json:"attempts" nullable:"false" doc:"One for each credential that was tried, in order."`
	Kind        string          `json:"kind,omitempty" doc:"switch, router, printer …"`
	Name        string          `json:"name,omitempty"`
	Vendor      string          `json:"vendor,omitempty"`
	Model       string          `json:"model,omitempty"`
	OS          string          `json:"os,omitempty"`
	Version     string          `json:"version,omitempty"`
	Serial      string          `json:"serial,omitempty"`
	Description string          `json:"description,omitempty" doc:"sysDescr"`
	ObjectID    string          `json:"object_id,omitempty" doc:"sysObjectID"`
	Location    string          `json:"location,omitempty"`
	Profile     string          `json:"profile,omitempty" doc:"The one that fits."`
	UpSeconds   int64           `json:"up_seconds,omitempty"`
}

// TargetAttempt is what one credential came to.
type TargetAttempt struct {
	Credential string `json:"credential"`
	Said       string `json:"said" doc:"Such as answered, no answer, wrong digest."`
}

// SubnetList is where gear is looked for, by network.
type SubnetList struct {
	Subnets []Subnet `json:"subnets" nullable:"false"`
}

// Subnet is a network in which gear is looked for. Where several hold an
// address the narrowest decides.
type Subnet struct {
	Network      string     `json:"network"`
	Site         string     `json:"site,omitempty" doc:"AGENCY/SITE, of what is found."`
	Port         int        `json:"port"`
	Credentials  []string   `json:"credentials" nullable:"false" doc:"Tried in this order. None: all of version 3, then where v2c is allowed the others."`
	V2c          bool       `json:"v2c" doc:"Versions 1 and 2c are allowed, whose communities travel unencrypted."`
	EverySeconds int64      `json:"every_seconds" doc:"Between scans. 0: it is never scanned by itself; neighbours that gear names in it are still followed."`
	Exclude      []string   `json:"exclude" nullable:"false" doc:"Networks in it that are never asked."`
	Rate         int        `json:"rate" doc:"Packets a second at most."`
	Scan         SubnetScan `json:"scan" doc:"The last one."`
	CreatedAt    time.Time  `json:"created_at"`
	ChangedAt    time.Time  `json:"changed_at"`
	ChangedBy    string     `json:"changed_by"`
}

// SubnetScan is one look through a subnet.
type SubnetScan struct {
	StartedAt time.Time `json:"started_at,omitzero"`
	EndedAt   time.Time `json:"ended_at,omitzero" doc:"Absent while it goes on."`
	Asked     int       `json:"asked" doc:"Addresses."`
	Answered  int       `json:"answered"`
	Silent    int       `json:"silent" doc:"Answered pings, but not SNMP."`
	Added     int       `json:"added" doc:"Targets that were new."`
	Fault     string    `json:"fault,omitempty" doc:"Why it ended early."`
}

// SubnetInput names a subnet.
type SubnetInput struct {
	Address string `path:"address" maxLength:"64"`
	Bits    int    `path:"bits" minimum:"0" maximum:"128"`
}

// SubnetPutInput makes a subnet or changes it.
type SubnetPutInput struct {
	Address string `path:"address" maxLength:"64" doc:"Its first address, such as 10.20.0.0."`
	Bits    int    `path:"bits" minimum:"0" maximum:"128" doc:"Its length, such as 16."`
	Body    SubnetPut
}

// SubnetPut is what a subnet shall be. Absent fields stay.
type SubnetPut struct {
	Site         *string   `json:"site,omitempty" maxLength:"256" doc:"AGENCY/SITE, or SITE where only one agency has one of that name. Empty: none."`
	Port         *int      `json:"port,omitempty" minimum:"1" maximum:"65535" doc:"A new one has 161."`
	Credentials  *[]string `json:"credentials,omitempty" maxItems:"64" doc:"In the order in which they are tried. Empty: all of version 3, then where v2c is allowed the others."`
	V2c          *bool     `json:"v2c,omitempty" doc:"Allow versions 1 and 2c, whose communities travel unencrypted. Where credentials name one of these and this is absent, it becomes true."`
	EverySeconds *int64    `json:"every_seconds,omitempty" minimum:"0" maximum:"7776000" doc:"Between scans: at least 600; a new one has 86400. 0: never by itself."`
	Exclude      *[]string `json:"exclude,omitempty" maxItems:"1000" doc:"Never asked: networks (10.20.7.0/24), addresses, ranges (10.20.0.10-10.20.0.99)."`
	Rate         *int      `json:"rate,omitempty" minimum:"1" maximum:"10000" doc:"Packets a second at most. A new one has 100."`
}

// DiscoveryInput starts a look through a network.
type DiscoveryInput struct {
	Body DiscoveryWish
}

// DiscoveryWish says where and how. What is absent is as in the subnet that
// holds the network; what that excludes is never asked.
type DiscoveryWish struct {
	Network     string   `json:"network" minLength:"1" maxLength:"64" doc:"Such as 10.20.0.0/24; at most 1,048,576 addresses."`
	DryRun      bool     `json:"dry_run,omitempty" doc:"Only tell what is there, keep nothing."`
	Port        int      `json:"port,omitempty" minimum:"0" maximum:"65535" doc:"0 is that of the subnet, else 161."`
	Credentials []string `json:"credentials,omitempty" maxItems:"64" doc:"Tried in this order. Default: those of the subnet, else all, version 3 first."`
	V2c         *bool    `json:"v2c,omitempty" doc:"Try versions 1 and 2c, whose communities travel unencrypted. Default: as the subnet says; without a subnet, yes."`
	Exclude     []string `json:"exclude,omitempty" maxItems:"1000" doc:"Not asked: networks, addresses, ranges."`
	Rate        int      `json:"rate,omitempty" minimum:"0" maximum:"10000" doc:"Packets a second at most. 0 is that of the subnet, else 100."`
	Site        string   `json:"site,omitempty" maxLength:"256" doc:"Where what is found stands: AGENCY/SITE. Default: that of the subnet."`
}

// DiscoveryList is looks through networks, the newest first: those under way
// and the last that ended since the collector started.
type DiscoveryList struct {
	Discoveries []Discovery `json:"discoveries" nullable:"false"`
}

// Discovery is a look through a network.
type Discovery struct {
	ID          int64     `json:"id"`
	Network     string    `json:"network"`
	Port        int       `json:"port"`
	DryRun      bool      `json:"dry_run,omitempty"`
	Credentials []string  `json:"credentials" nullable:"false" doc:"Those that are tried, in order."`
	Clear       bool      `json:"clear,omitempty" doc:"Some of them travel unencrypted."`
	Site        string    `json:"site,omitempty"`
	State       string    `json:"state" doc:"running, done, stopped or failed."`
	Fault       string    `json:"fault,omitempty" doc:"Why it failed."`
	Total       int       `json:"total" doc:"Addresses to ask."`
	Done        int       `json:"done" doc:"Of them, those that are through."`
	Answered    int       `json:"answered" doc:"Of those, the ones that answered SNMP."`
	Silent      int       `json:"silent" doc:"The ones that answered only pings, or refused every credential."`
	Added       int       `json:"added" doc:"New targets."`
	StartedAt   time.Time `json:"started_at"`
	EndedAt     time.Time `json:"ended_at,omitzero"`
	By          string    `json:"by"`
}

// DiscoveryShowInput asks how a look through a network goes.
type DiscoveryShowInput struct {
	ID          int64 `path:"id" minimum:"1"`
	After       int   `query:"after" minimum:"0" maximum:"1048576" doc:"How many of what was found were told already."`
	WaitSeconds int   `query:"wait_seconds" minimum:"0" maximum:"30" doc:"Answer as soon as more was found or it ended, at the latest then."`
}

// DiscoveryShow is how a look through a network goes.
type DiscoveryShow struct {
	Discovery Discovery `json:"discovery"`
	Found     []Found   `json:"found" nullable:"false" doc:"What answered, in the order in which it did, from after on; at most 1,000 in one answer."`
	Next      int       `json:"next" doc:"The after of the next question."`
}

// Found is an address that answered.
type Found struct {
	Address    string             `json:"address"`
	Port       int                `json:"port"`
	State      string             `json:"state" doc:"As of a target: live, wrong_credential, silent (answers pings only), lying, alias."`
	Reason     string             `json:"reason,omitempty"`
	Credential string             `json:"credential,omitempty" doc:"The one that worked."`
	Kind       string             `json:"kind,omitempty" doc:"switch, router, printer …"`
	Name       string             `json:"name,omitempty"`
	Vendor     string             `json:"vendor,omitempty"`
	Model      string             `json:"model,omitempty"`
	OS         string             `json:"os,omitempty"`
	Version    string             `json:"version,omitempty"`
	Serial     string             `json:"serial,omitempty"`
	Device     inventory.DeviceID `json:"device,omitempty" doc:"The one it is known to be."`
	New        bool               `json:"new,omitempty" doc:"It was no target before; with a dry run it is none now."`
}

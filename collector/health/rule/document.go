package rule

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"muster/internal/settings"
)

// Document is a rule file, as people write it.
type Document struct {
	ID       string             `yaml:"id" doc:"Letters and digits, such as D02 or X17; the file's name."`
	Title    string             `yaml:"title" doc:"What is wrong, in plain words."`
	Family   string             `yaml:"family" oneof:"drive,space,memory,crash,battery,system,network,gear,signs,fleet" doc:"What the findings of one device are gathered by: those of a family are one incident."`
	Disabled bool               `yaml:"disabled" doc:"The rule does not judge."`
	Kinds    []string           `yaml:"kinds" doc:"Kinds of device it judges (pc, server, switch …); none: PCs and servers."`
	OS       []string           `yaml:"os" doc:"Families of operating systems it judges; none: all."`
	Subject  string             `yaml:"subject" doc:"What it judges one by one: device, drive, volume, port …"`
	Backlog  bool               `yaml:"backlog" doc:"What it finds is a lasting state: when it was there before the device was first seen, it is listed as backlog and nobody is told."`
	Hygiene  bool               `yaml:"hygiene" doc:"A matter of upkeep, kept in a list of its own."`
	Alone    bool               `yaml:"alone" doc:"What it finds is an incident of its own, and not part of the one of its device's family: such as a device that is gone."`
	Outage   bool               `yaml:"joins_outage" doc:"What it finds while the device's site is silent or without power belongs to that."`
	Muted    bool               `yaml:"muted_in_maintenance" doc:"Does not fire during maintenance and patch nights."`
	Levels   []LevelDocument    `yaml:"levels" doc:"From the mildest to the worst."`
	Limits   map[string]Limits  `yaml:"limits" doc:"Numbers that conditions use as limit.NAME."`
	Series   []string           `yaml:"series" doc:"Of a rule whose subject is series: the numbers it watches, as measurement.field."`
	Evidence []EvidenceDocument `yaml:"evidence" doc:"What is shown with a finding."`

	Meaning    string   `yaml:"meaning" doc:"What it means, for an intern."`
	Checks     []string `yaml:"checks" doc:"The first three checks."`
	Disproof   string   `yaml:"disproof" doc:"What would prove it wrong."`
	Escalate   string   `yaml:"escalate" doc:"When to hand it on."`
	Likelihood string   `yaml:"likelihood" doc:"How often it is true, with the count behind it."`
	Source     string   `yaml:"source" doc:"Where the limits come from."`
	Basis      string   `yaml:"basis" oneof:"measured,vendor,published,policy,judgement" doc:"How good that source is."`
	Blocked    float64  `yaml:"blocked_minutes" doc:"Minutes of work that a user loses a day while it lasts, about."`

	Cases []CaseDocument `yaml:"cases" doc:"What it must say of made-up devices; muster rule test plays them."`
}

// LevelDocument is one severity of a rule.
type LevelDocument struct {
	Severity string            `yaml:"severity" oneof:"info,warn,critical"`
	When     string            `yaml:"when" doc:"Condition."`
	Hold     settings.Duration `yaml:"hold" doc:"How long it must be true before it fires."`
	Samples  int               `yaml:"samples" doc:"In how many judgements with new data, at least."`
	Clear    string            `yaml:"clear" doc:"Condition under which it ends; none: when is false."`
	ClearFor settings.Duration `yaml:"clear_for" doc:"How long that must be true."`
}

// Limits is a number that can differ by model.
type Limits struct {
	Default float64            `yaml:"default"`
	Models  map[string]float64 `yaml:"models" doc:"By model; * stands for any text."`
	Label   string             `yaml:"label" doc:"What it is, in words, for who sets it on the page."`
	Unit    string             `yaml:"unit" doc:"What it is counted in."`
	Least   float64            `yaml:"least" doc:"The page takes nothing less."`
	Most    float64            `yaml:"most" doc:"The page takes nothing more."`
	Under   string             `yaml:"under" doc:"The limit that it must stay below."`
}

// Check says what no tag can.
func (l *Limits) Check() settings.Problems {
	var ps settings.Problems
	if (l.Least != 0 || l.Most != 0) && (l.Least >= l.Most || l.Default < l.Least || l.Default > l.Most) {
		ps.Add("default", asText(l.Default), "least, default and most are expected in this order, and least below most")
	}
	return ps
}

// EvidenceDocument is one line, or one chart, shown with a finding.
type EvidenceDocument struct {
	Label string            `yaml:"label"`
	Value string            `yaml:"value" doc:"Expression."`
	Unit  string            `yaml:"unit"`
	Chart string            `yaml:"chart" doc:"A number, as measurement.field, drawn over time."`
	Over  settings.Duration `yaml:"over" doc:"How far back the chart goes."`
}

// CaseDocument is a made-up device and what the rule must say of it.
type CaseDocument struct {
	Name    string              `yaml:"name"`
	Device  string              `yaml:"device" doc:"kind=pc os=windows model=… seen=30d: how long it has been known."`
	Every   settings.Duration   `yaml:"every" doc:"Time between two samples; none: 5m."`
	Rows    map[string][]string `yaml:"rows" doc:"Rows by section, each as column=value …; 'disk @3d' replaces them later."`
	Samples map[string]string   `yaml:"samples" doc:"Numbers by 'measurement.field label=value', each as 0x5 3+1x4 _x2."`
	Peers   map[string]string   `yaml:"peers" doc:"The same numbers as samples say them, of nine more devices of its model."`
	Events  []string            `yaml:"events" doc:"'30h disk_error cause=hardware x3'"`
	Silent  string              `yaml:"silent" doc:"'3d' or '3d 5d': it says nothing from then on, or until then."`
	Expect  []string            `yaml:"expect" doc:"'36h warn S1': the severity, none, pending or unseen, and which component."`
}

var idForm = regexp.MustCompile(`\A[A-Z][A-Z0-9]{1,11}\z`)

// Check says what no tag can.
func (d *Document) Check() settings.Problems {
	var ps settings.Problems
	if !idForm.MatchString(d.ID) {
		ps.Add("id", d.ID, "a capital letter and 1 to 11 capital letters or digits are expected, such as X17")
	}
	if _, ok := FindSubject(d.Subject); !ok {
		ps.Add("subject", d.Subject, "one of %s is expected", strings.Join(subjectNames(), ", "))
	}
	need := func(key, text string) {
		if strings.TrimSpace(text) == "" {
			ps.Add(key, "", "it is missing: an intern needs it")
		}
	}
	need("title", d.Title)
	need("meaning", d.Meaning)
	need("disproof", d.Disproof)
	need("escalate", d.Escalate)
	need("source", d.Source)
	if len(d.Title) > 100 {
		ps.Add("title", d.Title, "at most 100 characters are expected")
	}
	if len(d.Checks) != 3 {
		ps.Add("checks", "", "three checks are expected, there are %d", len(d.Checks))
	}
	for i, os := range d.OS {
		if !slices.Contains([]string{"windows", "linux", "darwin"}, os) {
			ps.Add(fmt.Sprintf("os[%d]", i), os, "windows, linux or darwin is expected")
		}
	}
	if (d.Subject == "series") != (len(d.Series) > 0) {
		ps.Add("series", "", "a rule whose subject is series names the numbers it watches, and no other does")
	}
	for i, name := range d.Series {
		if _, ok := ParseRef(name); !ok {
			ps.Add(fmt.Sprintf("series[%d]", i), name, "a number of the metric catalogue is expected, such as cpu.usage_user")
		}
	}
	if len(d.Levels) == 0 {
		ps.Add("levels", "", "at least one is expected")
	}
	for i, l := range d.Levels {
		key := fmt.Sprintf("levels[%d]", i)
		if i > 0 && Severity(l.Severity).Rank() <= Severity(d.Levels[i-1].Severity).Rank() {
			ps.Add(key+".severity", l.Severity, "levels go from the mildest to the worst, each severity once")
		}
		if l.When == "" {
			ps.Add(key+".when", "", "a condition is expected")
		}
		if l.Samples < 0 || l.Samples > 1000 {
			ps.Add(key+".samples", fmt.Sprint(l.Samples), "0 to 1000 is expected")
		}
		if l.Hold < 0 || l.ClearFor < 0 {
			ps.Add(key+".hold", "", "no negative time is expected")
		}
	}
	return ps
}

// Severity is how much it matters.
type Severity string

// The severities. Info makes no incident.
const (
	Info     Severity = "info"
	Warn     Severity = "warn"
	Critical Severity = "critical"
)

// Rank orders severities; 0 is none.
func (s Severity) Rank() int { return slices.Index([]Severity{"", Info, Warn, Critical}, s) }

// Less is one severity milder; info stays.
func (s Severity) Less() Severity {
	switch s {
	case Critical:
		return Warn
	case Warn:
		return Info
	}
	return s
}

// More is one severity worse; critical stays.
func (s Severity) More() Severity {
	switch s {
	case Info:
		return Warn
	case Warn, Critical:
		return Critical
	}
	return s
}

package web

import (
	"fmt"
	"html/template"
	"math"
	"net/http"
	"strings"
	"time"

	"muster/collector/api"
	"muster/collector/web/texts"
)

// softwareTitlePage is one program.
type softwareTitlePage struct {
	api.SoftwareShow
	Heading  texts.T
	Picture  template.HTML
	Since    time.Time // where the line begins
	Lines    []versionLine
	More     int
	Version  string // narrowed to
	Who      []api.SoftwareDevice
	WhoTotal int
	Next     string
	Old      string // search of those with an old version
	OldCount int
	All      string
	CSV      string
	Newest   string
	Days     int
	Now      time.Time
}

func (p *softwareTitlePage) Head() (texts.T, string) { return p.Heading, "software" }

// versionLine is one version of a program.
type versionLine struct {
	api.SoftwareVersion
	Share   string
	Picture template.HTML
	Link    string // who has it
	Older   string // search of those with an older one
	On      bool
}

// versionsShown bounds the table of versions.
const versionsShown = 40

// softwareTerm writes a program, and a version of it, as words of a search.
func softwareTerm(name, op, version string) string {
	quoted := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
	out := "software=" + quoted(name)
	if version != "" {
		out += op + quoted(version)
	}
	return out
}

func (s *Site) softwareTitle(v *visit) error {
	q := v.r.URL.Query()
	name := v.r.PathValue("title")
	if other := q.Get("name"); name == "title" && other != "" {
		name = other
	}
	shown, err := v.api.SoftwareShow(v.ctx(), api.SoftwareShowInput{Name: name})
	if err != nil {
		return err
	}
	p := &softwareTitlePage{SoftwareShow: shown, Days: int(shown.Days[len(shown.Days)-1].Sub(shown.Days[0]).Hours()/24 + 0.5), Version: q.Get("version"), Now: v.now}
	who, err := v.api.SoftwareDevices(v.ctx(), api.SoftwareDevicesInput{Name: name, Version: p.Version, Limit: 40, After: q.Get("after")})
	if err != nil {
		return err
	}
	p.Who, p.WhoTotal = who.Devices, who.Total
	if who.Next != "" {
		p.Next = titleWith(name, "version", p.Version, "after", who.Next) + "#who"
	}
	p.All = "/devices?" + queryOf("q", softwareTerm(name, "", ""))
	p.CSV = "/api/v1/software/devices?" + queryOf("name", name, "version", p.Version, "format", "csv", "limit", "100000")
	live := 0
	for _, x := range shown.Versions {
		if x.Devices == 0 {
			continue
		}
		live++
		if p.Newest == "" {
			p.Newest = x.Version
		} else {
			p.OldCount += x.Devices
		}
	}
	if p.Newest != "" && p.OldCount > 0 {
		p.Old = "/devices?" + queryOf("q", softwareTerm(name, "<", p.Newest))
	}
	p.Heading = texts.F("{1} {2}", count(shown.Devices, "device has", "devices have"), name)
	if live > 1 {
		p.Heading = texts.List(", ", p.Heading, texts.F("in {1}", count(live, "version", "versions")))
	}
	if shown.Devices == 0 {
		p.Heading = texts.F("Nobody has {1} any more", name)
	}
	l := spreadLine(shown.Days, shown.Spread)
	if len(l.At) > 1 {
		p.Since = l.At[0]
		p.Picture = chart(l, "c", "count", "", fmt.Sprintf("%s: from %d to %d devices in %d days", name, shown.Spread[0], shown.Devices, p.Days), nil, s.clock(v))
	}
	for i, x := range shown.Versions {
		if i == versionsShown {
			p.More = len(shown.Versions) - i
			break
		}
		line := versionLine{SoftwareVersion: x, On: x.Version == p.Version && p.Version != "", Share: trim(100 * float64(x.Devices) / float64(max(shown.Devices, 1)))}
		line.Picture = spark(spreadLine(shown.Days, x.Spread), "c", fmt.Sprintf("Version %s: now on %d devices", x.Version, x.Devices))
		if x.Devices > 0 {
			line.Link = titleWith(name, "version", x.Version) + "#who"
		}
		if x.Version != "" && i < len(shown.Versions)-1 {
			line.Older = "/devices?" + queryOf("q", softwareTerm(name, "<", x.Version))
		}
		p.Lines = append(p.Lines, line)
	}
	return s.render(v, http.StatusOK, "softwaretitle", "", p)
}

// spreadLine is a line of how many devices had something.
func spreadLine(days []time.Time, n []int) line {
	l := line{Limit: math.NaN(), Bottom: 0}
	for i, at := range days {
		l.At, l.Value = append(l.At, at), append(l.Value, float64(n[i]))
	}
	if len(days) > 0 {
		l.From, l.To = days[0], days[len(days)-1]
	}
	return l
}

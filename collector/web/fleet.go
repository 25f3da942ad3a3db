package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"muster/collector/api"
	"muster/collector/summary"
	"muster/collector/web/texts"
)

// fleetPage is one look at all devices together.
type fleetPage struct {
	Title, Lede texts.T
	Sub         string // which of the pages
	Total       int
	Bars        []bars // composition
	Asks        []summary.Theme
	Ready       *readiness
	Measures    *measures
}

func (f *fleetPage) Head() (texts.T, string) { return f.Title, "fleet" }

// bars are the values of one property, each a link to its devices.
type bars struct {
	Title  texts.T
	Values []bar
	More   int
	Blind  bool // some could not be counted
}

type bar struct {
	Word   texts.T
	Filter string
	Share  string
	Count  int
}

func (s *Site) fleet(v *visit) error {
	f := &fleetPage{Sub: "composition"}
	facets, err := v.api.DeviceFacets(v.ctx(), api.DeviceFacetsInput{Builds: true})
	if err != nil {
		return err
	}
	f.Total = facets.Total
	titles := map[string]texts.T{"kind": "Kind", "os": "System", "build": "Build", "model": "Model", "ram": "Memory", "site": "Site", "state": "Presence"}
	most, of := "", 0
	for _, x := range facets.Facets {
		title, ok := titles[x.Name]
		if !ok {
			continue
		}
		b := bars{Title: title, More: x.More}
		near := placeWord(valuesOf(x))
		for i, val := range x.Values {
			if i == 10 {
				b.More += len(x.Values) - i
				break
			}
			word := texts.As(val.Value)
			switch x.Name {
			case "kind":
				word = texts.Capital(kindWord(val.Value))
				if val.Value == "pc" {
					of = val.Count
				}
			case "state":
				word = presenceWord(val.Value)
			case "site":
				word = texts.As(near(val.Value))
			case "os":
				if most == "" && val.Value != "" {
					most = val.Value
				}
			}
			if word == "" {
				word = "Not known"
			}
			b.Values = append(b.Values, bar{word, val.Filter, trim(100 * float64(val.Count) / float64(max(f.Total, 1))), val.Count})
		}
		f.Bars = append(f.Bars, b)
	}
	asked := summary.Composition(v.now)
	s.count(v, asked)
	for _, theme := range asked {
		b, pcs := bars{Title: texts.F("{1} of PCs", texts.Known(theme.Title))}, 0
		for _, a := range theme.Questions {
			pcs += max(a.Count, 0)
		}
		for _, a := range theme.Questions {
			b.Values = append(b.Values, bar{texts.Known(a.Word), a.Filter, trim(100 * float64(max(a.Count, 0)) / float64(max(pcs, 1))), max(a.Count, 0)})
			b.Blind = b.Blind || a.Count < 0
		}
		f.Bars = append(f.Bars, b)
	}
	f.Title = texts.F("{1}, {2} among them", count(f.Total, "device", "devices"), count(of, "PC", "PCs"))
	if most != "" {
		f.Lede = texts.F("The most common system is {1}.", most)
	}
	return s.render(v, http.StatusOK, "fleet", "", f)
}

// questions are what is asked about the fleet's age and its data.
func questions(sub string, now time.Time) []summary.Theme {
	if sub == "replacement" {
		return summary.Replacement(now)
	}
	return summary.Quality()
}

func (s *Site) fleetQuestions(v *visit) error {
	f := &fleetPage{Sub: "quality"}
	if strings.HasSuffix(v.r.URL.Path, "/replacement") {
		f.Sub = "replacement"
	}
	list, err := v.api.DeviceList(v.ctx(), api.DeviceListInput{Limit: 1})
	if err != nil {
		return err
	}
	f.Total, f.Asks = list.Total, questions(f.Sub, v.now)
	s.count(v, f.Asks)
	first := f.Asks[0].Questions
	if f.Sub == "replacement" {
		f.Title = texts.F("{1} no security updates any more", count(max(first[0].Count, 0), "device gets", "devices get"))
		f.Lede = "Each number is a search: open it, choose columns, take it as CSV into the budget."
	} else {
		f.Title = texts.F("{1} missing", count(max(first[0].Count, 0), "device is", "devices are"))
		f.Lede = "What is not read or not filled in cannot be judged."
	}
	return s.render(v, http.StatusOK, "fleet", "", f)
}

// count answers questions, some at a time; -1 is what cannot be told.
func (s *Site) count(v *visit, themes []summary.Theme) {
	var wg sync.WaitGroup
	gate := make(chan struct{}, 4)
	for i := range themes {
		for k := range themes[i].Questions {
			a := &themes[i].Questions[k]
			wg.Go(func() {
				gate <- struct{}{}
				defer func() { <-gate }()
				list, err := v.api.DeviceList(v.ctx(), api.DeviceListInput{Filter: a.Filter, Limit: 1})
				a.Count = list.Total
				if err != nil {
					a.Count = -1 // shown as "Can't tell"
					s.o.Log.WarnContext(v.ctx(), "fleet question", "filter", a.Filter, "error", err)
				}
			})
		}
	}
	wg.Wait()
}

// readiness is who can go to the next version of the system, and what it costs.
type readiness struct {
	Classes []readyClass
	Sites   []readySite
	Whole   readySite
	Costs   costs
	Share   string
	Why     []bar
}

type costs struct{ PC, Memory, Disk int }

type readyClass struct {
	Name   string
	Word   texts.T
	Says   texts.T
	Tone   string
	Filter string
	Cost   texts.T
	Count  int
	X      string
	W      string
}

type readySite struct {
	Name, Filter, Share                         string
	All, Ready, Setting, Part, Replace, Unknown int
	Budget                                      string
}

// Windows 11 runs on Intel Core from the 8th generation and AMD Ryzen from the
// 2000 series on, with TPM 2.0, Secure Boot, 4 GB of memory and 64 GB of disk
// (Microsoft: Windows 11 specifications, and its lists of supported
// processors). 8 GB is what people can work with.
const (
	readyBase    = "kind:pc os:windows -state:retired"
	readyOldTPM  = "platform_security.tpm_version<2.0"
	readyBlind   = "(-cpu.generation:* or -platform_security.tpm_present:*)"
	readyPart    = "(ram<8GB or -disk>=64GB)"
	readySetting = "(platform_security.tpm_present:no or platform_security.secure_boot:no)"
)

func readyOldCPU() string {
	var list []string
	for g := 1; g <= 7; g++ {
		list = append(list, "cpu.generation=intel-core-"+strconv.Itoa(g))
	}
	return "(" + strings.Join(append(list, "cpu.generation=ryzen-1000"), " or ") + ")"
}

func (s *Site) fleetUpgrade(v *visit) error {
	f := &fleetPage{Sub: "upgrade"}
	r := &readiness{Costs: costs{850, 62, 83}}
	for name, to := range map[string]*int{"pc": &r.Costs.PC, "memory": &r.Costs.Memory, "disk": &r.Costs.Disk} {
		if n, err := strconv.Atoi(v.r.URL.Query().Get(name)); err == nil && n >= 0 && n <= 1_000_000 {
			*to = n
		}
	}
	old := "(" + readyOldCPU() + " or " + readyOldTPM + ")"
	not := func(parts ...string) string {
		out := readyBase
		for _, p := range parts {
			out += " -" + p
		}
		return out
	}
	r.Classes = []readyClass{
		{Name: "ready", Word: "Ready", Says: "Nothing to buy. Install when you like.", Tone: "fine", Filter: not(old, readyBlind, readyPart, readySetting)},
		{Name: "setting", Word: "Change a setting", Says: "TPM or Secure Boot is off in the firmware. 15 minutes each.", Tone: "accent", Filter: not(old, readyBlind, readyPart) + " " + readySetting},
		{Name: "part", Word: "Buy a part", Says: "Memory or disk too small. The processor is fine.", Tone: "week", Filter: not(old, readyBlind) + " " + readyPart},
		{Name: "replace", Word: "Replace", Says: "Processor not supported, or a TPM older than 2.0.", Tone: "today", Filter: readyBase + " " + old},
		{Name: "unknown", Word: "Can’t tell", Says: "Processor or TPM not read.", Tone: "unknown", Filter: not(old) + " " + readyBlind},
	}
	answers := make([]api.DeviceFacets, len(r.Classes))
	errs := make([]error, len(r.Classes))
	var wg sync.WaitGroup
	for i, c := range r.Classes {
		wg.Go(func() { answers[i], errs[i] = v.api.DeviceFacets(v.ctx(), api.DeviceFacetsInput{Filter: c.Filter}) })
	}
	lacking := 0
	var mem, both api.DeviceList
	var err1, err2 error
	wg.Go(func() {
		mem, err1 = v.api.DeviceList(v.ctx(), api.DeviceListInput{Filter: not(old, readyBlind) + " ram<8GB", Limit: 1})
	})
	wg.Go(func() {
		both, err2 = v.api.DeviceList(v.ctx(), api.DeviceListInput{Filter: not(old, readyBlind) + " -disk>=64GB", Limit: 1})
	})
	wg.Wait()
	for _, err := range append(errs, err1, err2) {
		if err != nil {
			return err
		}
	}
	lacking = mem.Total*r.Costs.Memory + both.Total*r.Costs.Disk
	sites := map[string]*readySite{}
	all := 0
	for i, a := range answers {
		r.Classes[i].Count = a.Total
		all += a.Total
		for _, x := range a.Facets {
			if x.Name != "site" {
				continue
			}
			for _, val := range x.Values {
				name := val.Value
				if name == "" {
					name = "No site yet"
				}
				st := sites[name]
				if st == nil {
					st = &readySite{Name: name, Filter: strings.TrimSpace(readyBase + " " + val.Filter)}
					sites[name] = st
				}
				st.add(r.Classes[i].Name, val.Count)
				r.Whole.add(r.Classes[i].Name, val.Count)
			}
		}
	}
	x := 0.0
	for i := range r.Classes {
		c := &r.Classes[i]
		w := 100 * float64(c.Count) / float64(max(all, 1))
		c.X, c.W = trim(x), trim(max(w-0.25, 0))
		x += w
		switch c.Name {
		case "part":
			c.Cost = texts.As(dollars(lacking))
		case "replace":
			c.Cost = texts.As(dollars(c.Count * r.Costs.PC))
		case "unknown":
			c.Cost = "no estimate"
		default:
			c.Cost = "$0"
		}
	}
	perPart := 0
	if n := r.Classes[2].Count; n > 0 {
		perPart = lacking / n
	}
	for _, st := range sites {
		st.finish(r.Costs.PC, perPart)
		r.Sites = append(r.Sites, *st)
	}
	slices.SortFunc(r.Sites, func(a, b readySite) int { return cmp.Or(b.Replace-a.Replace, strings.Compare(a.Name, b.Name)) })
	var names []string
	for _, st := range r.Sites {
		if strings.Contains(st.Name, "/") {
			names = append(names, st.Name)
		}
	}
	near := placeWord(names)
	for i := range r.Sites {
		r.Sites[i].Name = near(r.Sites[i].Name)
	}
	r.Whole.finish(r.Costs.PC, perPart)
	f.Ready, f.Total = r, all
	f.Title = texts.F("{1} before Windows 11", count(r.Classes[3].Count, "PC must be replaced", "PCs must be replaced"))
	if unknown := r.Classes[4].Count; unknown > all/2 {
		f.Title = texts.F("{1} cannot be judged for Windows 11 yet", count(unknown, "PC", "PCs"))
	}
	f.Lede = texts.F("Of {1}, {2} ready today.", count(all, "Windows PC", "Windows PCs"), count(r.Classes[0].Count, "is", "are"))
	if n := r.Classes[1].Count + r.Classes[2].Count; n > 0 {
		f.Lede = texts.F("{1}{2}", fmt.Sprintf("Another %s a setting or a part. ", count(n, "needs", "need")), f.Lede)
	}
	if all == 0 {
		f.Title, f.Lede = "No Windows PC reports yet", "Readiness is read from the machines: enroll some, and the plan is here."
	}
	return s.render(v, http.StatusOK, "fleet", "", f)
}

func (r *readySite) add(class string, n int) {
	r.All += n
	switch class {
	case "ready":
		r.Ready += n
	case "setting":
		r.Setting += n
	case "part":
		r.Part += n
	case "replace":
		r.Replace += n
	default:
		r.Unknown += n
	}
}

func (r *readySite) finish(pc, part int) {
	r.Share = fmt.Sprintf("%.0f", 100*float64(r.Ready)/float64(max(r.All, 1)))
	r.Budget = dollars(r.Replace*pc + r.Part*part)
}

func dollars(n int) string { return "$" + whole(int64(n)) }

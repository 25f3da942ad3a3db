package collector

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/collector/api"
	"muster/collector/snmp/discover"
	"muster/collector/snmp/poll"
	"muster/collector/snmp/profile"
	"muster/collector/snmp/session"
	"muster/internal/inventory"
	"muster/internal/report"
	"muster/internal/settings"
)

// profilesForAPI shows the profiles in use, and tries them on devices.
type profilesForAPI struct{ p *polling }

// Profiles lists them, with what is wrong with files of the office.
func (x profilesForAPI) Profiles() ([]api.ProfileSummary, settings.Problems) {
	set := x.p.profiles.set.Load()
	var out []api.ProfileSummary
	for _, p := range set.Profiles() {
		out = append(out, profileSummary(p))
	}
	return out, set.Problems()
}

func profileSummary(p *profile.Profile) api.ProfileSummary {
	out := api.ProfileSummary{Name: p.Name, Title: p.Title, Source: "builtin", State: "on"}
	if p.Office {
		out.Source, out.File = "office", filepath.Base(p.File)
	}
	switch {
	case p.Disabled:
		out.State = "disabled"
	case p.Base:
		out.State = "base"
	}
	return out
}

// Profile is one of them.
func (x profilesForAPI) Profile(name string) (api.ProfileShow, bool) {
	p, ok := x.p.profiles.set.Load().Find(name)
	if !ok {
		return api.ProfileShow{}, false
	}
	out := api.ProfileShow{Profile: profileSummary(p), Extends: p.Extends, Match: p.Matches(), Facts: []string{}, Builtins: p.Readers(), Parts: []api.ProfilePart{}, Numbers: []string{}, Text: p.Text()}
	for name := range p.Metadata {
		out.Facts = append(out.Facts, name)
	}
	for name := range p.Numbers {
		out.Numbers = append(out.Numbers, name)
	}
	slices.Sort(out.Facts)
	slices.Sort(out.Numbers)
	for _, part := range p.Parts() {
		out.Parts = append(out.Parts, api.ProfilePart{Name: part.Name, Section: part.Section, Entry: part.Entry, EverySeconds: int64(part.Every / time.Second)})
	}
	if out.Match == nil {
		out.Match = []string{}
	}
	if out.Builtins == nil {
		out.Builtins = []string{}
	}
	return out, true
}

// TryProfile asks a device all that its profile asks, and stores nothing.
func (x profilesForAPI) TryProfile(ctx context.Context, o api.ProfileOrder) (api.ProfileTry, error) {
	p := x.p
	set, asked := p.profiles.set.Load(), []string(nil)
	if o.File != "" {
		with, own, err := set.With(o.File, []byte(o.Text))
		if err != nil {
			return api.ProfileTry{}, err
		}
		set, asked = with, []string{own.Name}
	}
	creds := p.named(o.Credentials)
	if len(creds) == 0 { // they were made a moment ago
		if err := p.refresh(ctx); err != nil {
			return api.ProfileTry{}, err
		}
		creds = p.named(o.Credentials)
	}
	f := p.scout.Test(ctx, o.Address, creds)
	out := api.ProfileTry{State: string(foundState(f.State)), Reason: f.Reason, Credential: f.Credential}
	for _, a := range f.Attempts {
		out.Attempts = append(out.Attempts, api.TargetAttempt{Credential: a.Credential, Said: a.Said})
	}
	if f.State == discover.Nobody {
		out.Reason = nobodyThere
	}
	i := slices.IndexFunc(creds, func(c session.Credential) bool { return c.Name == f.Credential })
	if f.State != discover.Answers || i < 0 {
		return out, nil
	}
	a, err := p.dial(poll.Target{Address: o.Address, Credential: creds[i]}, nil, tryAgain, 0)
	if err != nil {
		return out, fmt.Errorf("open a session: %w", err)
	}
	defer a.Close()
	begun := p.c.now()
	err = tryOn(ctx, set, a, asked, &out)
	out.Requests, _, _ = a.Counts()
	out.TookMS = p.c.now().Sub(begun).Milliseconds()
	if err != nil {
		out.Reason = err.Error()
		if ctx.Err() != nil {
			out.Reason = "time was up after " + p.c.now().Sub(begun).Round(time.Second).String() + ": " + out.Reason
		}
	}
	return out, nil
}

// tryAgain is how often a question of a trial is repeated.
const tryAgain = 2

// tryOn tells what profiles make of a device. What came before an error is told
// too.
func tryOn(ctx context.Context, set *profile.Set, a session.Asker, asked []string, out *api.ProfileTry) error {
	trials, err := set.Explain(ctx, a, asked...)
	for _, t := range trials {
		out.Trials = append(out.Trials, api.ProfileTrial{Profile: t.Profile, Asks: t.Asks, Chosen: t.Chosen, Lacks: t.Lacks})
	}
	if err != nil {
		return err
	}
	d, err := set.Identify(ctx, a, nil)
	if err != nil {
		return fmt.Errorf("identify: %w", err)
	}
	s := d.System()
	out.Profile, out.Name, out.Description, out.ObjectID = d.Profile(), s.Name, s.Description, s.ObjectID
	for _, name := range profile.Facts() {
		if v := d.Fact(name); v != "" {
			out.Facts = append(out.Facts, api.ProfileFact{Name: name, Value: v})
		}
	}
	r, err := d.Read(ctx, a, nil)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	for _, x := range r.Sections {
		row := api.ProfileSection{Name: x.Name, Status: x.Status.String(), Reason: x.Reason, Sources: x.Sources}
		sec, ok := inventory.Lookup(x.Name)
		if !ok {
			continue // a profile cannot name one that is not there
		}
		t, faults, err := sec.Conform(x.Table())
		switch {
		case err != nil:
			row.Status, row.Reason = report.Failed.String(), err.Error()
		case len(faults) > 0:
			row.Reason = strings.TrimPrefix(row.Reason+"; "+faults.String(), "; ")
			if x.Status == report.OK {
				row.Status = report.Partial.String()
			}
		}
		row.Table = t
		out.Sections = append(out.Sections, row)
	}
	slices.SortFunc(out.Sections, func(a, b api.ProfileSection) int { return strings.Compare(a.Name, b.Name) })
	out.Numbers = numbersOf(r.Layout, r.Values)
	return nil
}

// numbersOf counts series by their number of the catalogue.
func numbersOf(l report.Layout, values []float64) []api.ProfileNumber {
	var out []api.ProfileNumber
	at := map[[2]string]int{}
	for i, s := range l {
		key := [2]string{s.Measurement, s.Field}
		n, known := at[key]
		if !known {
			n = len(out)
			at[key] = n
			out = append(out, api.ProfileNumber{Measurement: s.Measurement, Field: s.Field})
		}
		x := &out[n]
		if x.Series++; math.IsNaN(values[i]) {
			x.Missing++
			continue
		}
		if x.Example == "" {
			var labels []string
			for _, l := range s.Labels {
				labels = append(labels, l.Key+"="+l.Value)
			}
			x.Example = strings.TrimSpace(strings.Join(labels, " ") + " " + strconv.FormatFloat(values[i], 'f', -1, 64))
		}
	}
	slices.SortFunc(out, func(a, b api.ProfileNumber) int {
		return strings.Compare(a.Measurement+"."+a.Field, b.Measurement+"."+b.Field)
	})
	return out
}

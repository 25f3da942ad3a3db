package api

import (
	"context"
	"errors"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/settings"
)

// Profiles are how devices are read; see Gear.
type Profiles interface {
	// Profiles lists those in use by name, and what is wrong with files of the
	// office.
	Profiles() ([]ProfileSummary, settings.Problems)
	Profile(name string) (ProfileShow, bool)
	// TryProfile asks a device now and stores nothing. What it finds wrong with
	// the device is an answer; an error of settings.Problems is about the file.
	TryProfile(ctx context.Context, o ProfileOrder) (ProfileTry, error)
}

// ProfileOrder is a checked wish to try profiles on a device.
type ProfileOrder struct {
	Address     netip.AddrPort
	Credentials []string // names, in the order in which they are tried
	File, Text  string   // of one that is not in use yet; empty: none
}

// mostTrials bounds the trials at one time: each reads a whole device.
const mostTrials = 4

// mostTried bounds the rows of a section that a trial tells.
const mostTried = 1000

func (s *Server) profiles() (Profiles, error) {
	g, err := s.gear()
	if err != nil {
		return nil, err
	}
	if g.Profiles == nil {
		return nil, NewProblem(busy, "this collector cannot ask gear just now: its poller does not run")
	}
	return g.Profiles, nil
}

func (s *Server) profileList(context.Context, *NoInput) (ProfileList, error) {
	p, err := s.profiles()
	if err != nil {
		return ProfileList{}, err
	}
	list, problems := p.Profiles()
	out := ProfileList{Profiles: slices.Clone(list)}
	if out.Profiles == nil {
		out.Profiles = []ProfileSummary{}
	}
	out.Problems = named(problems)
	return out, nil
}

// named are problems without the folder, which is the collector's own business.
func named(list settings.Problems) []string {
	var out []string
	for _, p := range list {
		p.File = filepath.Base(p.File)
		out = append(out, p.Error())
	}
	return out
}

func (s *Server) profileShow(_ context.Context, in *ProfileInput) (ProfileShow, error) {
	p, err := s.profiles()
	if err != nil {
		return ProfileShow{}, err
	}
	x, ok := p.Profile(strings.ToLower(strings.TrimSpace(in.Name)))
	if !ok {
		var names []string
		list, _ := p.Profiles()
		for _, o := range list {
			names = append(names, o.Name)
		}
		return ProfileShow{}, NewProblem(notFound, "there is no profile %q%s: muster profile list shows them", clip(printable(in.Name), 64), near(in.Name, names))
	}
	return x, nil
}

func (s *Server) profileTry(ctx context.Context, in *ProfileTryInput) (ProfileTry, error) {
	p, err := s.profiles()
	if err != nil {
		return ProfileTry{}, err
	}
	o := ProfileOrder{File: in.Body.File, Text: in.Body.Text}
	switch {
	case (o.File == "") != (o.Text == ""):
		return ProfileTry{}, NewProblem(invalid, "file and text belong together: the name of a profile's file, and what stands in it")
	case o.File != "" && (o.File != filepath.Base(o.File) || strings.ContainsAny(o.File, `/\`) || !strings.HasSuffix(o.File, ".yaml") && !strings.HasSuffix(o.File, ".yml")):
		return ProfileTry{}, NewProblem(invalid, "%q is no name of a profile's file, such as acme-switch.yaml", clip(printable(o.File), 64))
	}
	sections, err := sectionNames(in.Body.Sections)
	if err != nil {
		return ProfileTry{}, err
	}
	t, tried, err := s.askedWith(ctx, in.Body.Address, in.Body.Credentials)
	if err != nil {
		return ProfileTry{}, err
	}
	o.Address, o.Credentials = t.AddrPort(), credentialNames(tried)
	onto(ctx, o.Address.String())
	note(ctx, "credentials", strings.Join(o.Credentials, " "))
	note(ctx, "file", o.File)
	select {
	case s.trying <- struct{}{}:
		defer func() { <-s.trying }()
	default:
		return ProfileTry{}, NewProblem(busy, "%d devices are tried already: try again in a moment", mostTrials)
	}
	trying, cancel := context.WithTimeout(ctx, testingTime)
	defer cancel()
	out, err := p.TryProfile(trying, o)
	var problems settings.Problems
	switch {
	case ctx.Err() != nil:
		return ProfileTry{}, ctx.Err()
	case errors.As(err, &problems):
		return ProfileTry{}, NewProblem(invalid, "%s", strings.Join(named(problems), "; "))
	case trying.Err() != nil && err != nil:
		return ProfileTry{}, NewProblem(busy, "%s could not be read within %d seconds: name one credential", o.Address, int(testingTime.Seconds()))
	case err != nil:
		return ProfileTry{}, err
	}
	note(ctx, "state", out.State)
	out.Address, out.Port = t.Address.String(), int(t.Port)
	m := newMask(ctx)
	for i := range out.Sections {
		x := &out.Sections[i]
		sec, ok := inventory.Lookup(x.Name)
		if x.Rows = len(x.Table.Rows); !ok || !slices.Contains(sections, x.Name) {
			continue
		}
		few := inventory.Table{Columns: x.Table.Columns, Rows: x.Table.Rows[:min(mostTried, len(x.Table.Rows))]}
		x.Content = m.rows(sec, few)
	}
	out.Hidden = m.list()
	return out.whole(), nil
}

// whole has no list that is null.
func (t ProfileTry) whole() ProfileTry {
	if t.Attempts == nil {
		t.Attempts = []TargetAttempt{}
	}
	if t.Trials == nil {
		t.Trials = []ProfileTrial{}
	}
	if t.Facts == nil {
		t.Facts = []ProfileFact{}
	}
	if t.Sections == nil {
		t.Sections = []ProfileSection{}
	}
	if t.Numbers == nil {
		t.Numbers = []ProfileNumber{}
	}
	return t
}

// askedWith finds the target of an address, or one as its subnet says, and with
// what it is asked.
func (s *Server) askedWith(ctx context.Context, address string, named []string) (store.Target, []store.Credential, error) {
	g, err := s.gear()
	if err != nil {
		return store.Target{}, nil, err
	}
	a, port, err := targetRef(address)
	if err != nil {
		return store.Target{}, nil, err
	}
	t, err := g.target(ctx, address)
	var p *Problem
	if errors.As(err, &p) && p.Kind() == notFound {
		t, err = g.newTarget(ctx, a, port)
	}
	if err != nil {
		return t, nil, err
	}
	if err := t.Check(); err != nil {
		return t, nil, NewProblem(invalid, "%v", err)
	}
	all, err := g.Credentials.Credentials(ctx)
	if err != nil {
		return t, nil, err
	}
	tried, err := g.triedAt(ctx, &t, named, all)
	return t, tried, err
}

func (ProfileList) columns() []string {
	return []string{"name", "title", "source", "state", "file"}
}

func (l ProfileList) rows(yield func([]any) error) error {
	for _, p := range l.Profiles {
		if err := yield([]any{p.Name, p.Title, p.Source, p.State, p.File}); err != nil {
			return err
		}
	}
	return nil
}

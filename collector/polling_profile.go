package collector

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"

	"muster/collector/rulebook"
	"muster/collector/snmp/discover"
	"muster/collector/snmp/poll"
	"muster/collector/snmp/profile"
	"muster/collector/snmp/session"
)

// gearProfiles are the profiles in use, for the poller and for looking around.
type gearProfiles struct {
	dir string
	log *slog.Logger
	set atomic.Pointer[profile.Set]

	stamp string // of the folder, before it was read last
}

// loadProfiles reads our own profiles and the office's. A broken file of the
// office's is told and leaves the others standing.
func loadProfiles(dir string, log *slog.Logger) (*gearProfiles, error) {
	g := &gearProfiles{dir: dir, log: log}
	return g, g.load()
}

func (g *gearProfiles) load() error {
	if g.dir != "" {
		g.stamp = stampOf(g.dir)
	}
	before := g.set.Load()
	if before == nil {
		before = &profile.Set{}
	}
	set, err := before.Reload(profile.Own(), g.dir)
	if err != nil {
		return fmt.Errorf("%w: check snmp.profiles in the settings", err)
	}
	for _, p := range set.Problems() {
		g.log.Error("a profile of the office cannot be used", "problem", p.Error())
	}
	g.set.Store(set)
	return nil
}

// watch takes changed profiles of the office into use without a restart; a
// device has the new one when its slowest objects are read next, within an hour.
func (g *gearProfiles) watch(ctx context.Context) error {
	if g.dir == "" {
		<-ctx.Done()
		return nil
	}
	return every(ctx, rulebook.Every, func() {
		if stampOf(g.dir) == g.stamp {
			return
		}
		if err := g.load(); err != nil {
			g.log.Error("the office's profiles cannot be read; those in use stay", "error", err)
			return
		}
		g.log.Info("profiles were read anew", "profiles", len(g.set.Load().Profiles()))
	})
}

// Identify finds out who answers, for the poller.
func (g *gearProfiles) Identify(ctx context.Context, a session.Asker, kept []byte) (poll.Device, error) {
	set := g.set.Load()
	d, err := set.Identify(ctx, a, kept)
	if err != nil {
		return nil, err
	}
	who := whoOf(ctx, a, d)
	return &gearDevice{d, poll.Identity{Kind: who.Kind, Name: who.Name, Vendor: who.Vendor, Model: who.Model, Serial: who.Serial,
		Chassis: who.Chassis, Engine: who.Engine, MACs: who.MACs, Addresses: who.Addresses}, g, set}, nil
}

// scouting is the same for looking around.
func (g *gearProfiles) scouting() discover.Reader { return scouting{g} }

type scouting struct{ g *gearProfiles }

// Identify finds out who answers.
func (s scouting) Identify(ctx context.Context, a session.Asker) (discover.Who, error) {
	d, err := s.g.set.Load().Identify(ctx, a, nil)
	if err != nil {
		return discover.Who{}, err
	}
	return whoOf(ctx, a, d), nil
}

// whoOf is who a device says it is.
func whoOf(ctx context.Context, a session.Asker, d *profile.Device) discover.Who {
	i, s := d.Identity(), d.System()
	w := discover.Who{Kind: kindOf(i.Kind), Name: i.Name, Vendor: i.Vendor, Model: i.Model, OS: d.Fact("os"), Version: d.Fact("version"), Serial: i.Serial,
		Description: s.Description, ObjectID: s.ObjectID, Location: s.Location, Profile: d.Profile(), Chassis: i.Chassis, Engine: i.Engine, MACs: i.MACs}
	if c := s.Clocks.System; c != nil {
		w.UpSeconds = int64(*c) / 100
	}
	if !discover.Told(w) && len(w.MACs) == 0 {
		w.MACs, w.Addresses = discover.Ports(ctx, a)
	}
	return w
}

// kindOf is the kind of a device as the inventory has it.
func kindOf(chassis string) string {
	switch chassis {
	case "main_server":
		return "server"
	}
	return chassis
}

// gearDevice is one device for the poller.
type gearDevice struct {
	*profile.Device
	who  poll.Identity
	from *gearProfiles
	set  *profile.Set // that it was identified by
}

// Stale says that profiles have changed since it was identified.
func (d *gearDevice) Stale() bool { return d.from.set.Load() != d.set }

// Identity is who it is.
func (d *gearDevice) Identity() poll.Identity { return d.who }

// Paces are its rhythms.
func (d *gearDevice) Paces() []poll.Pace {
	var out []poll.Pace
	for _, p := range d.Device.Paces() {
		out = append(out, poll.Pace(p))
	}
	return out
}

// Read asks for what is due.
func (d *gearDevice) Read(ctx context.Context, a session.Asker, due []string) (poll.Reading, error) {
	r, err := d.Device.Read(ctx, a, due)
	return poll.Reading{Sections: r.Sections, Layout: r.Layout, Values: r.Values, Events: r.Events, Clocks: poll.Clocks(r.Clocks), Early: r.Early, Again: r.Again}, err
}

// stampOf changes whenever a file of a folder does.
func stampOf(dir string) string {
	list, err := os.ReadDir(dir)
	if err != nil {
		return err.Error()
	}
	var s string
	for _, e := range list {
		if st, err := os.Stat(filepath.Join(dir, e.Name())); err == nil {
			s += fmt.Sprintf("%s %d %d\n", e.Name(), st.Size(), st.ModTime().UnixNano())
		}
	}
	return s
}

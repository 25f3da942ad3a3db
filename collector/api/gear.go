package api

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"muster/collector/store"
)

// Gear is how network gear is asked. Without Credentials, Targets and Subnets
// this collector polls none. Discover, TestTarget and Profiles may be missing
// while the parts behind them are not there: then it is answered that they are not.
type Gear struct {
	Credentials Credentials
	Targets     Targets
	Subnets     Subnets
	// Discover looks through a network and returns when it is through, or with
	// the error of ctx when that ends. It tells how far it is, from one
	// goroutine at a time, and unless DryRun is set keeps what it found as
	// targets.
	Discover func(ctx context.Context, o DiscoveryOrder, tell func(DiscoveryStep)) error
	// TestTarget asks an address once and keeps nothing. What it finds wrong
	// with the device is an answer, not an error.
	TestTarget func(ctx context.Context, o TargetOrder) (TargetTest, error)
	// Profiles are how devices are read.
	Profiles Profiles
	// Changed is told, after it is durable, that credentials, targets or
	// subnets changed.
	Changed func()
}

// Credentials keeps credentials.
type Credentials interface {
	Credentials(ctx context.Context) ([]store.Credential, error)
	// PutCredential makes a credential, or changes the one of its ID. Secrets
	// come in the clear and are sealed by it: an empty one is taken away, one
	// that is not named stays.
	PutCredential(ctx context.Context, c store.Credential, secrets map[string]Secret) error
	// DeleteCredential answers store.ErrConflict while it is used.
	DeleteCredential(ctx context.Context, name string) error
}

// Targets keeps whom to ask; a part of store.Gear.
type Targets interface {
	Targets(ctx context.Context, q store.TargetQuery) ([]store.Target, error)
	CountTargets(ctx context.Context) (map[store.TargetState]int, error)
	PutTarget(ctx context.Context, t store.Target, now time.Time) (store.Target, error)
	DeleteTarget(ctx context.Context, id int64) error
}

// Subnets keeps where to look; a part of store.Gear.
type Subnets interface {
	Subnets(ctx context.Context) ([]store.Subnet, error)
	PutSubnet(ctx context.Context, x store.Subnet, now time.Time) error
	DeleteSubnet(ctx context.Context, network netip.Prefix) error
}

// DiscoveryOrder is a checked wish to look through a network.
type DiscoveryOrder struct {
	Network     netip.Prefix // masked, at most store.MostScanned addresses
	Port        uint16
	Credentials []string // names, in the order in which they are tried
	Exclude     []netip.Prefix
	Rate        int   // packets a second
	Site        int64 // of what is found; 0: none
	Origin      string
	DryRun      bool
	By          string
}

// DiscoveryStep is how far a look through a network is.
type DiscoveryStep struct {
	Done  int     // addresses that are through
	Total int     // addresses to ask; 0: not said
	Found []Found // since the last step
}

// TargetOrder is a checked wish to ask an address.
type TargetOrder struct {
	Address     netip.AddrPort
	Credentials []string // names, in the order in which they are tried
}

// Defaults of what people leave out.
const (
	snmpPort    = 161 // RFC 3417 §3.2
	scanEvery   = 24 * time.Hour
	scanRate    = 100
	originHand  = "hand"
	testingTime = 40 * time.Second // less than an operation may take
)

// gear is how gear is asked, if this collector asks any.
func (s *Server) gear() (*Gear, error) {
	g := &s.d.Gear
	if g.Credentials == nil || g.Targets == nil || g.Subnets == nil {
		return nil, NewProblem(notOffered, "this collector polls no network gear")
	}
	return g, nil
}

func (g *Gear) changed() {
	if g.Changed != nil {
		g.Changed()
	}
}

// siteNames are all sites by their number, as AGENCY/SITE.
func (s *Server) siteNames(ctx context.Context) (map[int64]string, error) {
	list, err := s.d.Inventory.Sites(ctx, store.Scope{All: true})
	out := map[int64]string{}
	for _, x := range list {
		out[x.ID] = x.Agency + "/" + x.Name
	}
	return out, err
}

// siteNumber reads a site; the empty text is none.
func (s *Server) siteNumber(ctx context.Context, text string) (int64, error) {
	if strings.TrimSpace(text) == "" {
		return 0, nil
	}
	x, err := s.site(ctx, text)
	return x.ID, err
}

// polledAt says whether gear is polled or looked for at a site.
func (s *Server) polledAt(ctx context.Context, site int64, name string) error {
	g, err := s.gear()
	if err != nil {
		return nil // none is
	}
	subnets, err := g.Subnets.Subnets(ctx)
	if err != nil {
		return err
	}
	for _, x := range subnets {
		if x.Site == site {
			return NewProblem(conflict, "subnet %s brings gear to site %s: change or remove it first", x.Network, name)
		}
	}
	targets, err := g.Targets.Targets(ctx, store.TargetQuery{Site: site, Limit: 1})
	if err != nil {
		return err
	}
	for _, t := range targets {
		return NewProblem(conflict, "target %s stands at site %s: move or remove it first", t.AddrPort(), name)
	}
	return nil
}

package api

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/collector/store"
)

// secretCommunity is a secret of a credential.
const secretCommunity = "sesame-read"

// fakeGear keeps credentials, targets and subnets in memory, as far as the
// operations lean on store.Gear, and stands in for what asks gear.
type fakeGear struct {
	mu          sync.Mutex
	credentials []store.Credential
	secrets     map[string]map[string]Secret
	targets     []store.Target
	subnets     []store.Subnet
	last        int64
	changed     int

	looked  []DiscoveryOrder
	look    func(ctx context.Context, o DiscoveryOrder, tell func(DiscoveryStep)) error
	tested  []TargetOrder
	answer  TargetTest
	failing error
	trying  []ProfileOrder
}

func newFakeGear(now time.Time) *fakeGear {
	at := netip.MustParseAddr
	return &fakeGear{
		last: 2,
		credentials: []store.Credential{
			{ID: "c1", Name: "core", Version: store.SNMPv3, User: "muster", Auth: "sha256", Priv: "aes", Secrets: []string{"auth", "priv"}, CreatedAt: now, ChangedAt: now},
			{ID: "c2", Name: "public-ro", Version: store.SNMPv2c, Secrets: []string{"community"}, CreatedAt: now, ChangedAt: now},
		},
		secrets: map[string]map[string]Secret{},
		targets: []store.Target{
			{ID: 1, Address: at("10.20.0.1"), Port: 161, Credential: "core", Pinned: true, Site: 11, Origin: "hand", State: store.Live, Since: now, PolledAt: now, GoodAt: now, Device: pc2, Learned: keptOfTarget(), CreatedAt: now},
			{ID: 2, Address: at("10.20.0.2"), Port: 161, Site: 11, Origin: "subnet 10.20.0.0/16", State: store.Silent, Reason: "answers pings, but no question", Since: now, CreatedAt: now},
		},
		subnets: []store.Subnet{{Network: netip.MustParsePrefix("10.20.0.0/16"), Site: 11, Port: 161, Credentials: []string{"core"}, Every: 24 * time.Hour,
			Exclude: prefixes("10.20.7.0/24"), Rate: 50, CreatedAt: now, ChangedAt: now}},
		answer: TargetTest{State: "live", Name: "sw-1", Vendor: "Northwind", Credential: "core", Attempts: []TargetAttempt{{"core", "answered"}}},
		look: func(_ context.Context, o DiscoveryOrder, tell func(DiscoveryStep)) error {
			tell(DiscoveryStep{Done: 2, Found: []Found{{Address: o.Network.Addr().String(), Port: int(o.Port), State: "live", Name: "sw-1", New: true}, {Address: "10.20.0.9", State: "silent"}}})
			return nil
		},
	}
}

// gear is all of it for a server.
func (x *fakeGear) gear() Gear {
	return Gear{Credentials: x, Targets: x, Subnets: x, Profiles: fakeProfiles{x}, Changed: func() { x.mu.Lock(); x.changed++; x.mu.Unlock() },
		Discover: func(ctx context.Context, o DiscoveryOrder, tell func(DiscoveryStep)) error {
			x.mu.Lock()
			x.looked = append(x.looked, o)
			look := x.look
			x.mu.Unlock()
			return look(ctx, o, tell)
		},
		TestTarget: func(ctx context.Context, o TargetOrder) (TargetTest, error) {
			x.mu.Lock()
			defer x.mu.Unlock()
			x.tested = append(x.tested, o)
			return x.answer, x.failing
		}}
}

func (x *fakeGear) Credentials(context.Context) ([]store.Credential, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.credentials), nil
}

func (x *fakeGear) PutCredential(_ context.Context, c store.Credential, secrets map[string]Secret) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.secrets[c.ID] == nil {
		x.secrets[c.ID] = map[string]Secret{}
	}
	i := slices.IndexFunc(x.credentials, func(k store.Credential) bool { return k.ID == c.ID })
	if i >= 0 {
		for _, name := range x.credentials[i].Secrets {
			if x.secrets[c.ID][name] == "" {
				x.secrets[c.ID][name] = "as it was"
			}
		}
	}
	for name, s := range secrets {
		if x.secrets[c.ID][name] = s; s == "" {
			delete(x.secrets[c.ID], name)
		}
	}
	c.Secrets = nil
	for name := range x.secrets[c.ID] {
		c.Secrets = append(c.Secrets, name)
	}
	slices.Sort(c.Secrets)
	if i >= 0 {
		x.credentials[i] = c
		return nil
	}
	x.credentials = append(x.credentials, c)
	return nil
}

func (x *fakeGear) DeleteCredential(_ context.Context, name string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, k := range x.subnets {
		if containsFold(k.Credentials, name) {
			return fmt.Errorf("subnet %s is asked with credential %q; change or remove it first: %w", k.Network, name, store.ErrConflict)
		}
	}
	x.credentials = slices.DeleteFunc(x.credentials, func(c store.Credential) bool { return strings.EqualFold(c.Name, name) })
	return nil
}

func (x *fakeGear) Targets(_ context.Context, q store.TargetQuery) ([]store.Target, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var out []store.Target
	for _, t := range x.targets {
		if (len(q.States) == 0 || slices.Contains(q.States, t.State)) && (q.Site == 0 || q.Site == t.Site) &&
			(!q.Network.IsValid() || q.Network.Contains(t.Address)) && (q.Port == 0 || q.Port == t.Port) {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b store.Target) int { return a.AddrPort().Compare(b.AddrPort()) })
	if q.Limit > 0 {
		out = out[:min(q.Limit, len(out))]
	}
	return out, nil
}

func (x *fakeGear) CountTargets(context.Context) (map[store.TargetState]int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := map[store.TargetState]int{}
	for _, t := range x.targets {
		out[t.State]++
	}
	return out, nil
}

func (x *fakeGear) PutTarget(_ context.Context, t store.Target, now time.Time) (store.Target, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	i := slices.IndexFunc(x.targets, func(k store.Target) bool { return k.ID == t.ID })
	if i >= 0 {
		x.targets[i] = t
		return t, nil
	}
	x.last++
	t.ID, t.State, t.Since, t.CreatedAt = x.last, cmp.Or(t.State, store.Untried), now, now
	x.targets = append(x.targets, t)
	return t, nil
}

func (x *fakeGear) DeleteTarget(_ context.Context, id int64) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.targets = slices.DeleteFunc(x.targets, func(t store.Target) bool { return t.ID == id })
	return nil
}

func (x *fakeGear) Subnets(context.Context) ([]store.Subnet, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.subnets), nil
}

func (x *fakeGear) PutSubnet(_ context.Context, s store.Subnet, now time.Time) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	s.CreatedAt, s.ChangedAt = now, now
	x.subnets = slices.DeleteFunc(x.subnets, func(k store.Subnet) bool { return k.Network == s.Network })
	x.subnets = append(x.subnets, s)
	return nil
}

func (x *fakeGear) DeleteSubnet(_ context.Context, n netip.Prefix) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	before := len(x.subnets)
	x.subnets = slices.DeleteFunc(x.subnets, func(k store.Subnet) bool { return k.Network == n })
	if len(x.subnets) == before {
		return store.ErrNotFound
	}
	return nil
}

// running lets looks for gear go on until the test ends.
func running(t testing.TB, s *Server) {
	t.Helper()
	ctx, done := t.Context(), make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// keptOfTarget is what a poller keeps of a target, for itself.
func keptOfTarget() []byte {
	return []byte(`{"device":"x","standing":{"lane":"live","since":"2026-11-01T00:00:00Z"},"echo":{"ever":true},
		"learned":{"repetitions":20,"round_trip":4500000,"engine":{"id":"gAAAAAEC","boots":7,"time":9,"at":"2026-11-02T00:00:00Z"},"rows":{"1.3.6.1.2.1.2.2.1.1":52}},
		"who":{"profile":"northwind"},"identified_at":"2026-11-02T03:04:05Z","reader":"c2Vjb25kIGhhbmQ=","told":{"port":{"hash":"qqqq"}},"requests":1000,"timeouts":3,"unheard_of":[1]}`)
}

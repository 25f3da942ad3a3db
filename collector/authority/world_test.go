package authority_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"muster/collector/authority"
	"muster/collector/authority/authoritytest"
	"muster/collector/authority/seal"
	"muster/internal/enroll"
	"muster/internal/inventory"
)

const day = 24 * time.Hour

// world is a collector's authority over a store in memory, at a time that the
// test moves.
type world struct {
	*authority.Authority
	t       testing.TB
	store   *authoritytest.Memory
	sealer  *seal.Sealer
	options authority.Options

	mu      sync.Mutex
	at      time.Time
	created []authority.Device
	lives   map[inventory.DeviceID]authority.Life
}

func newWorld(t testing.TB, change ...func(*authority.Options)) *world {
	t.Helper()
	s, err := seal.Open(filepath.Join(t.TempDir(), "seal.key"), func() (bool, error) { return false, nil })
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, store: authoritytest.NewMemory(), sealer: s, at: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), lives: map[inventory.DeviceID]authority.Life{}}
	w.options = authority.Options{
		Store: w.store, Sealer: s, Now: w.now, Log: slog.New(slog.DiscardHandler),
		Addresses: func() []string { return []string{"127.0.0.1:8421"} },
		Next:      func() time.Duration { return time.Minute },
		Created: func(_ context.Context, d authority.Device) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.created = append(w.created, d)
			return nil
		},
		Life: func(_ context.Context, id inventory.DeviceID) (authority.Life, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.lives[id], nil
		},
	}
	for _, c := range change {
		c(&w.options)
	}
	w.Authority = w.open()
	return w
}

// open starts one more collector over the same store.
func (w *world) open() *authority.Authority {
	w.t.Helper()
	a, err := authority.Open(context.Background(), w.options)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

func (w *world) invite(i authority.Invite) enroll.Invitation {
	w.t.Helper()
	v, _, err := w.Invite(context.Background(), i)
	if err != nil {
		w.t.Fatal(err)
	}
	back, err := enroll.Parse(v.String())
	if err != nil {
		w.t.Fatal(err)
	}
	return back
}

var office = netip.MustParseAddr("10.20.30.40")

// agent is a device's side: what it keeps on disk.
type agent struct {
	w        *world
	evidence enroll.Evidence
	id       inventory.DeviceID
	key      *ecdsa.PrivateKey
	cert     *x509.Certificate
	pins     []enroll.KeyHash
	next     *ecdsa.PrivateKey // made and kept before it is asked for
}

func newAgent(w *world, items ...enroll.Item) *agent {
	return &agent{w: w, evidence: enroll.NewEvidence(items...)}
}

func makeKey(t testing.TB) (*ecdsa.PrivateKey, []byte) {
	t.Helper()
	k, err := enroll.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	der, err := enroll.CSR(k)
	if err != nil {
		t.Fatal(err)
	}
	return k, der
}

func (g *agent) csr() []byte {
	g.w.t.Helper()
	if g.next == nil {
		g.next, _ = makeKey(g.w.t)
	}
	der, err := enroll.CSR(g.next)
	if err != nil {
		g.w.t.Fatal(err)
	}
	return der
}

// enrol asks once. With lost the reply does not arrive.
func (g *agent) enrol(v enroll.Invitation, lost bool) error {
	r, err := g.w.Enroll(context.Background(), enroll.Request{Token: v.Token, CSR: g.csr(), Hostname: "pc", OS: "linux", Arch: "amd64", AgentVersion: "1", Evidence: g.evidence}, office)
	return g.take(r, err, lost)
}

// renew asks once.
func (g *agent) renew(fork, lost bool) error {
	r, err := g.w.Renew(context.Background(), g.cert, enroll.RenewRequest{CSR: g.csr(), Evidence: g.evidence, Fork: fork}, office)
	return g.take(r, err, lost)
}

func (g *agent) take(r enroll.Reply, err error, lost bool) error {
	if err != nil || lost {
		return err
	}
	cert, pins, err := r.Identity(g.next)
	if err != nil {
		return err
	}
	g.id, g.key, g.cert, g.pins, g.next = r.DeviceID, g.next, cert.Leaf, pins, nil
	return nil
}

func (g *agent) report() error {
	id, err := g.w.Check(context.Background(), g.cert)
	if err == nil && id.Device != g.id {
		return fmt.Errorf("taken for %s", id.Device)
	}
	if err == nil {
		g.w.live(g.id, func(l *authority.Life) { l.Heard = g.w.at })
	}
	return err
}

// live changes what the inventory knows of a device.
func (w *world) live(id inventory.DeviceID, change func(*authority.Life)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.lives[id]
	change(&l)
	w.lives[id] = l
}

func (g *agent) clone() *agent {
	c := *g
	return &c
}

func (g *agent) tls(clock *enroll.Clock) *tls.Config {
	var cert *tls.Certificate
	if g.cert != nil {
		cert = &tls.Certificate{Certificate: [][]byte{g.cert.Raw}, PrivateKey: g.key, Leaf: g.cert}
	}
	return enroll.ClientTLS(g.pins, cert, clock)
}

// enrolled is an agent that is a device.
func enrolled(w *world, items ...enroll.Item) *agent {
	w.t.Helper()
	g := newAgent(w, items...)
	ok(w.t, g.enrol(w.invite(authority.Invite{}), false))
	return g
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused wants a refusal with a code.
func refused(t testing.TB, what string, err error, code enroll.Code) {
	t.Helper()
	var r *enroll.Refusal
	if !errors.As(err, &r) || r.Code != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func box(n int) []enroll.Item {
	return []enroll.Item{
		{Kind: enroll.SMBIOSUUID, Value: fmt.Sprintf("4c4c4544-0042-3510-8052-b4c04f%06x", n)},
		{Kind: enroll.SystemSerial, Value: enroll.ModelSerial("Latitude 5440", fmt.Sprintf("B5R%05dX", n))},
		{Kind: enroll.BootDisk, Value: fmt.Sprintf("S4EW%06dX", n)},
		{Kind: enroll.MachineID, Value: "9f3c1d5be7a84c7f8a5e2f60d1b2c3d4"},
	}
}

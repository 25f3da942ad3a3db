package send

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"muster/internal/backoff"
	"muster/internal/buildinfo"
	"muster/internal/enroll"
	"muster/internal/inventory"
)

// Member is this device's membership with its collector: it enrols, renews,
// and keeps what is trusted. Its methods are called from one goroutine, except
// Identity.
type Member struct {
	Dir        string
	Invitation func() (enroll.Invitation, error) // read when needed; ErrNoIdentity when there is none
	Evidence   func(ctx context.Context) enroll.Evidence
	Extra      []string // addresses from the settings, tried first
	Proxy      func(*http.Request) (*url.URL, error)
	Log        *slog.Logger
	Now        func() time.Time

	mu     sync.Mutex
	id     *Identity
	clock  *enroll.Clock
	client *Client
	begun  bool
	invite *enroll.Invitation
	futile string // an invitation that was refused for good
}

// Open reads the identity, if there is one.
func (m *Member) Open() error {
	id, err := LoadIdentity(m.Dir)
	if err != nil && !errors.Is(err, ErrNoIdentity) {
		return err
	}
	m.begin(id)
	return nil
}

func (m *Member) begin(id *Identity) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.id = id
	if m.begun {
		return
	}
	m.begun = true
	var heard time.Time
	if id != nil {
		heard = id.Heard
	}
	m.clock = enroll.NewClock(m.Now, buildinfo.Read().Built, heard)
	m.client = New(Options{TLS: m.tls, Addresses: m.addresses, Proxy: m.Proxy})
}

// Identity is who this device is now; nil before it enrolled.
func (m *Member) Identity() *Identity {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.id
}

// Client carries bodies under the identity of now.
func (m *Member) Client() *Client { return m.client }

func (m *Member) tls() *tls.Config {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.id == nil {
		if m.invite == nil {
			return enroll.ClientTLS(nil, nil, m.clock)
		}
		return enroll.ClientTLS([]enroll.KeyHash{m.invite.CA}, nil, m.clock)
	}
	pins, err := enroll.Pins(m.id.CAs)
	if err != nil {
		m.Log.Error("the set of trusted CAs is damaged; enrol again", "error", err)
	}
	cert := m.id.certificate()
	return enroll.ClientTLS(pins, &cert, m.clock)
}

func (m *Member) addresses() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.Clone(m.Extra)
	if m.id != nil {
		all = append(all, m.id.Addresses...)
	}
	if m.invite != nil {
		all = append(all, m.invite.Addresses...)
	}
	var out []string
	for _, a := range all {
		if !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}

// Invited says whether there is an invitation that has not been used yet: for
// a device whose identity is over, somebody has given a new one.
func (m *Member) Invited() bool {
	v, err := m.Invitation()
	if err != nil {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	name := enrolling(v.Token)
	return name != m.futile && (m.id == nil || name != m.id.Invited)
}

// Enroll makes a key and asks for membership with an invitation. The outcome
// says whether to try again; a refusal's message says what to do. An identity
// that there was stays until the new one is given.
func (m *Member) Enroll(ctx context.Context, hostname string) (Outcome, error) {
	v, err := m.Invitation()
	if err != nil {
		return Outcome{Verdict: Enroll}, err
	}
	m.mu.Lock()
	old := m.id
	m.invite, m.id = &v, nil
	m.mu.Unlock()
	m.client.Reset()
	out, err := m.enroll(ctx, hostname, v)
	if err != nil && old != nil {
		m.mu.Lock()
		m.id, m.invite = old, nil
		if out.Verdict == Enroll {
			m.futile = enrolling(v.Token)
		}
		m.mu.Unlock()
		m.client.Reset()
	}
	return out, err
}

func (m *Member) enroll(ctx context.Context, hostname string, v enroll.Invitation) (Outcome, error) {
	key, err := m.pending(enrolling(v.Token))
	if err != nil {
		return Outcome{}, err
	}
	csr, err := enroll.CSR(key)
	if err != nil {
		return Outcome{}, err
	}
	ev := m.Evidence(ctx)
	info := buildinfo.Read()
	body, err := enroll.Request{Token: v.Token, CSR: csr, Hostname: hostname, OS: info.OS, Arch: info.Arch,
		AgentVersion: info.Version, Evidence: ev}.Encode()
	if err != nil {
		return Outcome{}, fmt.Errorf("ask for enrolment: %w", err)
	}
	out := m.client.Post(ctx, PathEnroll, body)
	if out.Verdict != Accepted {
		m.settled(out)
		return out, out.Err
	}
	reply, err := enroll.DecodeReply(out.Body)
	if err != nil {
		return Outcome{Verdict: Later, Err: err}, fmt.Errorf("answer to enrolment: %w", err)
	}
	cert, _, err := reply.Identity(key)
	if err != nil {
		return Outcome{Verdict: Later, Err: err}, fmt.Errorf("answer to enrolment: %w", err)
	}
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		return Outcome{Verdict: Later, Err: err}, fmt.Errorf("answer to enrolment: %w", err)
	}
	id := &Identity{Device: reply.DeviceID, Key: key, Cert: leaf, CAs: reply.CAs, Addresses: reply.Addresses,
		Machine: ev.Fingerprint(), Heard: time.UnixMilli(reply.Now), Invited: enrolling(v.Token)}
	return out, m.adopt(id)
}

// Renew asks for the next certificate over a new key. fork says that this
// machine is not the one the present key was made on.
func (m *Member) Renew(ctx context.Context, fork bool) (Outcome, error) {
	old := m.Identity()
	if old == nil {
		return Outcome{Verdict: Enroll}, ErrNoIdentity
	}
	key, err := m.pending(renewing(old, fork))
	if err != nil {
		return Outcome{}, err
	}
	csr, err := enroll.CSR(key)
	if err != nil {
		return Outcome{}, err
	}
	ev := m.Evidence(ctx)
	body, err := enroll.RenewRequest{CSR: csr, Evidence: ev, Fork: fork}.Encode()
	if err != nil {
		return Outcome{}, fmt.Errorf("ask for renewal: %w", err)
	}
	out := m.client.Post(ctx, PathRenew, body)
	if out.Verdict != Accepted {
		m.settled(out)
		return out, out.Err
	}
	reply, err := enroll.DecodeReply(out.Body)
	if err != nil {
		return Outcome{Verdict: Later, Err: err}, fmt.Errorf("answer to renewal: %w", err)
	}
	cert, _, err := reply.Identity(key)
	if err != nil {
		return Outcome{Verdict: Later, Err: err}, fmt.Errorf("answer to renewal: %w", err)
	}
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		return Outcome{Verdict: Later, Err: err}, fmt.Errorf("answer to renewal: %w", err)
	}
	id := &Identity{Device: reply.DeviceID, Key: key, Cert: leaf, CAs: reply.CAs, Addresses: reply.Addresses,
		Machine: ev.Fingerprint(), Heard: time.UnixMilli(reply.Now), Invited: old.Invited}
	return out, m.adopt(id)
}

// adopt makes an identity durable before it is used.
func (m *Member) adopt(id *Identity) error {
	if err := id.Save(m.Dir); err != nil {
		return err
	}
	m.settled(Outcome{Verdict: Accepted})
	m.clock.Learn(id.Heard)
	m.mu.Lock()
	m.id, m.invite = id, nil
	m.mu.Unlock()
	m.client.Reset()
	m.Log.Info("identity in force", "device_id", id.Device, "certificate_ends", id.Cert.NotAfter.UTC().Format(time.DateOnly))
	return nil
}

// Heard takes the collector's time out of an answer, and now and then keeps
// it on disk as the lower bound of the next start.
func (m *Member) Heard(now time.Time) error {
	m.clock.Learn(now)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.id == nil || now.Sub(m.id.Heard) < 24*time.Hour {
		return nil
	}
	next := *m.id
	next.Heard = now
	if err := next.Save(m.Dir); err != nil {
		return err
	}
	m.id = &next
	return nil
}

// Trust takes a new set of CAs and addresses to heart. A set that does not
// hold the CA of the connection it came over is believed all the same: it came
// from a collector that is trusted now.
func (m *Member) Trust(cas [][]byte, addresses []string) error {
	if _, err := enroll.Pins(cas); err != nil || len(cas) == 0 {
		return fmt.Errorf("the collector sent a set of CAs that cannot be read: %w", err)
	}
	m.mu.Lock()
	if m.id == nil {
		m.mu.Unlock()
		return nil
	}
	next := *m.id
	same := slices.EqualFunc(next.CAs, cas, slices.Equal[[]byte]) && slices.Equal(next.Addresses, addresses)
	next.CAs, next.Addresses = cas, addresses
	m.mu.Unlock()
	if same {
		return nil
	}
	if err := next.Save(m.Dir); err != nil {
		return err
	}
	m.mu.Lock()
	m.id = &next
	m.mu.Unlock()
	m.client.Reset()
	return nil
}

// Time is the best guess of the present, for judging certificates.
func (m *Member) Time() time.Time {
	t, _ := m.clock.Time()
	return t
}

// Phase is this device's place in an interval.
func Phase(id inventory.DeviceID, interval time.Duration) time.Duration {
	return backoff.Phase(string(id), interval)
}

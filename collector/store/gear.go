package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"muster/internal/inventory"
)

// Gear keeps what it takes to poll network gear: with what to ask it
// (credentials), whom to ask (targets), and where to look for more (subnets).
// Credentials are named; names are compared without regard to case, and what
// names one shows it as it is spelt there. storetest has the suite. Each method
// is one transaction and durable when it returns; all may be called from
// several goroutines.
type Gear interface {
	// Credentials lists them by name, without what is secret.
	Credentials(ctx context.Context) ([]Credential, error)
	// PutCredential creates a credential, or changes the one with its ID; the
	// name stays. Secrets are sealed already, each for Credential.SealPlace:
	// those that are given replace what was there, an empty one takes it away,
	// and what is not named stays. ErrConflict when another has its name.
	PutCredential(ctx context.Context, c Credential, sealed map[string][]byte, now time.Time) error
	// CredentialSecrets gives the sealed secrets by name, for the one who asks
	// gear. No operation may show them.
	CredentialSecrets(ctx context.Context, id string) (map[string][]byte, error)
	// DeleteCredential is ErrConflict while a subnet names it, or a target that
	// a person gave it. Targets that it was only found for are left without.
	DeleteCredential(ctx context.Context, name string) error

	// Targets lists them by address and port.
	Targets(ctx context.Context, q TargetQuery) ([]Target, error)
	// CountTargets counts all by their state.
	CountTargets(ctx context.Context) (map[TargetState]int, error)
	// PutTarget creates a target (ID 0), or changes credential, Pinned and site
	// of the one with its ID. With another credential it begins anew as Untried.
	// ErrConflict when its address and port are there, ErrNotFound when its
	// credential or its ID is not.
	PutTarget(ctx context.Context, t Target, now time.Time) (Target, error)
	// AddTargets creates those that are not there yet, as they are given, and
	// leaves the others as they are. It answers all as they then are, in their
	// order. A credential that is gone is left out.
	AddTargets(ctx context.Context, list []Target, now time.Time) ([]Target, error)
	// MarkTargets notes what polls found, of many targets at once. Marks of
	// targets that are gone, or that a person changed since, are passed over.
	MarkTargets(ctx context.Context, marks []TargetMark) error
	// DeleteTarget ends polling; what is known of the device stays.
	DeleteTarget(ctx context.Context, id int64) error

	// Subnets lists them by network.
	Subnets(ctx context.Context) ([]Subnet, error)
	// PutSubnet creates the subnet of a network, or replaces it; its last scan
	// stays. ErrNotFound when a credential is not there.
	PutSubnet(ctx context.Context, x Subnet, now time.Time) error
	// MarkSubnet notes a scan. ErrNotFound when the subnet is gone.
	MarkSubnet(ctx context.Context, network netip.Prefix, s Scan) error
	// DeleteSubnet ends looking there; targets that were found stay.
	DeleteSubnet(ctx context.Context, network netip.Prefix) error
}

// Versions of SNMP.
const (
	SNMPv1  = "1"
	SNMPv2c = "2c"
	SNMPv3  = "3"
)

// Names of what is secret in a credential. Their least length is that of
// passwords in RFC 3414 §11.2.
const (
	SecretCommunity = "community" // versions 1 and 2c
	SecretAuth      = "auth"      // version 3
	SecretPriv      = "priv"

	LeastSecret = 8 // bytes, of SecretAuth and SecretPriv
)

// AuthProtocols are the digests of version 3: RFC 3414 §6 and §7, RFC 7860.
func AuthProtocols() []string { return []string{"md5", "sha", "sha224", "sha256", "sha384", "sha512"} }

// PrivProtocols are the ciphers of version 3: RFC 3414 §8, RFC 3826, and AES
// with longer keys, extended after draft-blumenthal-aes-usm or, with a c
// behind, after draft-reeder-snmpv3-usm-3desede as Cisco has it.
func PrivProtocols() []string {
	return []string{"des", "aes", "aes192", "aes256", "aes192c", "aes256c"}
}

// Credential is how gear is asked, as an office set it up. What is secret is
// kept apart, sealed, and never read back by people.
type Credential struct {
	ID      string // NewCredentialID, before it is first kept; seals are bound to it
	Name    string // stays
	Version string
	User    string // version 3, as are all below
	Auth    string // of AuthProtocols; empty: messages are not signed
	Priv    string // of PrivProtocols; empty: messages are not encrypted
	Context string

	Secrets   []string // names of those that are set, sorted; by the store
	Revision  int64    // counts changes; by the store
	CreatedAt time.Time
	ChangedAt time.Time
	ChangedBy string
}

// NewCredentialID makes an ID that no other credential has.
func NewCredentialID() string { return rand.Text() }

// SealPlace is what a secret of a credential is sealed for.
func (c *Credential) SealPlace(secret string) string { return "credential/" + c.ID + "/" + secret }

// SecretNames are the secrets that a credential of its kind has.
func (c *Credential) SecretNames() []string {
	var out []string
	if c.Version != SNMPv3 {
		return []string{SecretCommunity}
	}
	if c.Auth != "" {
		out = append(out, SecretAuth)
	}
	if c.Priv != "" {
		out = append(out, SecretPriv)
	}
	return out
}

// Clear says whether its secret travels unencrypted.
func (c *Credential) Clear() bool { return c.Version != SNMPv3 }

// Bounds of what people write.
const (
	maxGearName = 63
	maxSNMPUser = 32  // RFC 3414 §5, usmUserName
	maxContext  = 255 // RFC 3411 §5, SnmpAdminString
	maxLearned  = 64 << 10
	maxReason   = 500
	maxMany     = 64 // credentials of a subnet
	maxExcluded = 1000
)

// Check says what is wrong with a credential, apart from its secrets.
func (c *Credential) Check() error {
	switch {
	case c.ID == "" || len(c.ID) > 64:
		return errors.New("a credential needs an ID")
	case !plainName(c.Name):
		return fmt.Errorf("a credential needs a name of at most %d letters without / and control characters", maxGearName)
	case c.Version != SNMPv1 && c.Version != SNMPv2c && c.Version != SNMPv3:
		return fmt.Errorf("credential %s: there is no version %q of SNMP: there is 3, 2c and 1", c.Name, c.Version)
	case c.Version != SNMPv3 && (c.User != "" || c.Auth != "" || c.Priv != "" || c.Context != ""):
		return fmt.Errorf("credential %s: user, auth, priv and context are for version 3 only", c.Name)
	case c.Version != SNMPv3:
		return nil
	case c.User == "" || len(c.User) > maxSNMPUser:
		return fmt.Errorf("credential %s: version 3 needs a user of at most %d bytes", c.Name, maxSNMPUser)
	case c.Auth != "" && !slices.Contains(AuthProtocols(), c.Auth):
		return fmt.Errorf("credential %s: there is no auth %q: there is %s", c.Name, c.Auth, strings.Join(AuthProtocols(), ", "))
	case c.Priv != "" && !slices.Contains(PrivProtocols(), c.Priv):
		return fmt.Errorf("credential %s: there is no priv %q: there is %s", c.Name, c.Priv, strings.Join(PrivProtocols(), ", "))
	case c.Priv != "" && c.Auth == "":
		return fmt.Errorf("credential %s: priv needs auth: SNMP does not encrypt what it does not sign", c.Name)
	case len(c.Context) > maxContext:
		return fmt.Errorf("credential %s: a context has at most %d bytes", c.Name, maxContext)
	}
	return nil
}

// TargetState is how polling a target goes.
type TargetState string

// The states.
const (
	Untried         TargetState = "untried"
	Live            TargetState = "live"
	Suspect         TargetState = "suspect"          // it missed a poll; asked less
	Dead            TargetState = "dead"             // silent for long; asked rarely
	WrongCredential TargetState = "wrong_credential" // it answers, but refuses user, key or level
	Silent          TargetState = "silent"           // it answers pings, not SNMP: perhaps a wrong community
	Lying           TargetState = "lying"            // its answers cannot be true: loops, garbage, another's identity
	Alias           TargetState = "alias"            // another address of a device that is polled elsewhere
)

// TargetStates lists them.
func TargetStates() []TargetState {
	return []TargetState{
		Untried,
		Live,
		Suspect,
		Dead,
		WrongCredential,
		Silent,
		Lying,
		Alias,
	}
}

// Target is an address that is polled over SNMP.
type Target struct {
	ID         int64 // never given twice
	Address    netip.Addr
	Port       uint16
	Credential string // its name; empty: none is known to work yet
	// Pinned: a person said which credential, and no mark changes it.
	Pinned bool
	Site   int64  // of the inventory; 0: none
	Origin string // who brought it: hand, subnet 10.20.0.0/16, crawl

	State    TargetState
	Reason   string    // in words, why it is in its state
	Since    time.Time // it has been in its state
	PolledAt time.Time // last tried
	GoodAt   time.Time // last in state Live after a poll
	Device   inventory.DeviceID
	Learned  json.RawMessage // of its manners, opaque here

	Revision  int64 // counts what people change; by the store
	CreatedAt time.Time
	CreatedBy string
}

// Check says what is wrong with a target.
func (t *Target) Check() error {
	a := t.Address
	switch {
	case !a.IsValid() || a.Zone() != "" || a.Is4In6():
		return errors.New("a target needs an address without a zone, such as 10.20.0.1")
	case a.IsUnspecified() || a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return fmt.Errorf("%s is no address of one device", a)
	case t.Port == 0:
		return fmt.Errorf("target %s needs a port", a)
	case t.State != "" && !slices.Contains(TargetStates(), t.State):
		return fmt.Errorf("target %s: there is no state %q", a, t.State)
	case len(t.Reason) > maxReason || len(t.Origin) > maxReason:
		return fmt.Errorf("target %s: reason and origin have at most %d bytes", a, maxReason)
	}
	return checkLearned(t.Learned)
}

// AddrPort is where it is asked.
func (t *Target) AddrPort() netip.AddrPort { return netip.AddrPortFrom(t.Address, t.Port) }

// TargetQuery chooses targets; what is set must hold.
type TargetQuery struct {
	States  []TargetState // any of them
	Site    int64
	Network netip.Prefix
	Port    uint16
	Device  inventory.DeviceID
	Limit   int // 0: all
}

// TargetMark is what a poll found. What is empty stays as it is.
type TargetMark struct {
	ID       int64
	Revision int64     // of the target as it was polled
	At       time.Time // when
	State    TargetState
	Reason   string // belongs to State
	// Credential worked; it is kept unless the target is pinned. A name that is
	// gone is passed over.
	Credential string
	Device     inventory.DeviceID
	Learned    json.RawMessage
}

// Check says what is wrong with a mark.
func (m *TargetMark) Check() error {
	if m.State != "" && !slices.Contains(TargetStates(), m.State) {
		return fmt.Errorf("mark of target %d: there is no state %q", m.ID, m.State)
	}
	return checkLearned(m.Learned)
}

// Brief is its reason, cut down to what is kept.
func (m *TargetMark) Brief() string {
	return strings.ToValidUTF8(m.Reason[:min(len(m.Reason), maxReason)], "")
}

func checkLearned(b json.RawMessage) error {
	if len(b) > maxLearned || len(b) > 0 && !json.Valid(b) {
		return fmt.Errorf("what was learned of a target is no JSON of at most %d bytes", maxLearned)
	}
	return nil
}

// Bounds of scans.
const (
	// MostScanned is how many addresses one scan may go through: a /12.
	MostScanned = 1 << 20
	// LeastEvery keeps scans from following each other without end.
	LeastEvery = 10 * time.Minute
	MostEvery  = 90 * 24 * time.Hour
	// MostRate is in packets a second.
	MostRate = 10_000
)

// Subnet is a network in which gear is looked for. Where several hold an
// address the narrowest decides.
type Subnet struct {
	Network     netip.Prefix // masked
	Site        int64        // of what is found; 0: none
	Port        uint16
	Credentials []string // names, in the order in which they are tried; none: see Order
	// V2c allows versions 1 and 2c, whose communities travel in the clear.
	V2c bool
	// Every is the time between scans. 0: it is never scanned by itself, and
	// only allows to follow what gear says of its neighbours.
	Every   time.Duration
	Exclude []netip.Prefix // never asked
	Rate    int            // packets a second at most

	Scan      Scan // the last one; by the store
	CreatedAt time.Time
	ChangedAt time.Time
	ChangedBy string
}

// Scan is one look through a subnet.
type Scan struct {
	StartedAt time.Time `json:"started_at,omitzero"`
	EndedAt   time.Time `json:"ended_at,omitzero"` // zero: it goes on, or was cut off
	Asked     int       `json:"asked,omitempty"`   // addresses
	Answered  int       `json:"answered,omitempty"`
	Silent    int       `json:"silent,omitempty"` // answered pings only
	Added     int       `json:"added,omitempty"`  // targets
	Fault     string    `json:"fault,omitempty"`  // why it ended early
}

// Check says what is wrong with a subnet.
func (x *Subnet) Check() error {
	n := x.Network
	switch {
	case !n.IsValid() || n != n.Masked() || n.Addr().Is4In6():
		return errors.New("a subnet needs a network such as 10.20.0.0/16")
	case n.Addr().IsMulticast():
		return fmt.Errorf("subnet %s has no addresses of devices", n)
	case x.Port == 0:
		return fmt.Errorf("subnet %s needs a port", n)
	case x.Every != 0 && (x.Every < LeastEvery || x.Every > MostEvery):
		return fmt.Errorf("subnet %s: it is scanned every %d minutes to %d days, or never", n, int(LeastEvery.Minutes()), int(MostEvery.Hours()/24))
	case x.Every != 0 && Addresses(n) > MostScanned:
		return fmt.Errorf("subnet %s has more than the %d addresses that one scan goes through: split it, or have it never scanned by itself (--every never)", n, MostScanned)
	case x.Rate < 1 || x.Rate > MostRate:
		return fmt.Errorf("subnet %s: its rate is 1 to %d packets a second", n, MostRate)
	case len(x.Credentials) > maxMany:
		return fmt.Errorf("subnet %s: at most %d credentials are tried", n, maxMany)
	case len(x.Exclude) > maxExcluded:
		return fmt.Errorf("subnet %s: at most %d networks are left out", n, maxExcluded)
	}
	for _, e := range x.Exclude {
		if !e.IsValid() || e != e.Masked() || !n.Overlaps(e) {
			return fmt.Errorf("subnet %s: %s does not lie in it", n, e)
		}
		if e.Bits() <= n.Bits() {
			return fmt.Errorf("subnet %s: %s leaves nothing of it", n, e)
		}
	}
	return nil
}

// Addresses is how many addresses a network has, MostScanned+1 for all that
// have more than MostScanned.
func Addresses(n netip.Prefix) int {
	if free := n.Addr().BitLen() - n.Bits(); free <= 20 {
		return 1 << free
	}
	return MostScanned + 1
}

// Allows says whether an address of the subnet may be asked.
func (x *Subnet) Allows(a netip.Addr) bool {
	return x.Network.Contains(a) && !slices.ContainsFunc(x.Exclude, func(e netip.Prefix) bool { return e.Contains(a) })
}

// Order is with what to ask in the subnet, first to last: what it names, or if
// it names none all of version 3 by name, and behind them, where they are
// allowed, those of version 2c and 1.
func (x *Subnet) Order(all []Credential) []Credential {
	var out []Credential
	if len(x.Credentials) == 0 {
		for _, version := range []string{SNMPv3, SNMPv2c, SNMPv1} {
			for _, c := range all {
				if c.Version == version && (x.V2c || !c.Clear()) {
					out = append(out, c)
				}
			}
		}
		return out
	}
	for _, name := range x.Credentials {
		i := slices.IndexFunc(all, func(c Credential) bool { return strings.EqualFold(c.Name, name) })
		if i >= 0 && (x.V2c || !all[i].Clear()) {
			out = append(out, all[i])
		}
	}
	return out
}

// SubnetOf finds the narrowest subnet that holds a whole network.
func SubnetOf(list []Subnet, n netip.Prefix) (Subnet, bool) {
	best := -1
	for i, x := range list {
		if x.Network.Contains(n.Addr()) && x.Network.Bits() <= n.Bits() && (best < 0 || x.Network.Bits() > list[best].Network.Bits()) {
			best = i
		}
	}
	if best < 0 {
		return Subnet{}, false
	}
	return list[best], true
}

// plainName says whether a name can stand in a line, a list and a path.
func plainName(s string) bool {
	if s == "" || len(s) > maxGearName || strings.TrimSpace(s) != s || s == "." || s == ".." {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r == '/' || r == ',' || r == 0x7f || r == 0xfffd || r >= 0x80 && r < 0xa0
	})
}

package send

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"muster/internal/enroll"
	"muster/internal/inventory"
)

// Identity is who this device is to its collector.
type Identity struct {
	Device    inventory.DeviceID
	Key       *ecdsa.PrivateKey
	Cert      *x509.Certificate
	CAs       [][]byte // DER, the set to trust
	Addresses []string
	Machine   [8]byte   // fingerprint of the machine the key was made on
	Heard     time.Time // latest word of a collector's clock: no certificate is judged by an earlier time
	Invited   string    // which invitation it came by, as Member.Invited knows it
}

// identityFile is the form on disk. Key and certificate are in one file, so
// that no crash leaves one without the other.
type identityFile struct {
	Device      inventory.DeviceID `json:"device_id"`
	Key         string             `json:"key"`
	Certificate []byte             `json:"certificate"`
	CAs         [][]byte           `json:"cas"`
	Addresses   []string           `json:"addresses"`
	Machine     [8]byte            `json:"machine"`
	Heard       time.Time          `json:"heard"`
	Invited     string             `json:"invited,omitempty"`
}

const identityName = "identity.json"

// ErrNoIdentity says that the device has not enrolled.
var ErrNoIdentity = errors.New("this device has not enrolled")

// LoadIdentity reads the identity from the agent's data folder.
func LoadIdentity(dir string) (*Identity, error) {
	b, err := os.ReadFile(filepath.Join(dir, identityName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoIdentity
	}
	if err != nil {
		return nil, fmt.Errorf("read identity: %w", err)
	}
	var f identityFile
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("%s is damaged (%w): move it away and enrol again", filepath.Join(dir, identityName), err)
	}
	key, err := enroll.ParseKey([]byte(f.Key))
	if err != nil {
		return nil, fmt.Errorf("key in %s: %w", filepath.Join(dir, identityName), err)
	}
	cert, err := x509.ParseCertificate(f.Certificate)
	if err != nil {
		return nil, fmt.Errorf("certificate in %s: %w", filepath.Join(dir, identityName), err)
	}
	return &Identity{Device: f.Device, Key: key, Cert: cert, CAs: f.CAs, Addresses: f.Addresses, Machine: f.Machine, Heard: f.Heard, Invited: f.Invited}, nil
}

// Save writes the identity so that a crash leaves the old one or the new one.
func (i *Identity) Save(dir string) error {
	key, err := enroll.MarshalKey(i.Key)
	if err != nil {
		return fmt.Errorf("save identity: %w", err)
	}
	b, err := json.MarshalIndent(identityFile{Device: i.Device, Key: string(key), Certificate: i.Cert.Raw, CAs: i.CAs,
		Addresses: i.Addresses, Machine: i.Machine, Heard: i.Heard, Invited: i.Invited}, "", " ")
	if err != nil {
		return fmt.Errorf("save identity: %w", err)
	}
	if err := replace(filepath.Join(dir, identityName), b); err != nil {
		return fmt.Errorf("save identity: %w", err)
	}
	return nil
}

// Due says whether the certificate should be renewed: after two thirds of its
// life, earlier or later by a tenth of it, so that a fleet enrolled in one
// hour does not renew in one hour.
func (i *Identity) Due(now time.Time) bool {
	life := i.Cert.NotAfter.Sub(i.Cert.NotBefore)
	spread := time.Duration(0)
	if b := []byte(i.Device); len(b) > 0 && life > 0 {
		spread = time.Duration(int64(b[len(b)-1]^b[len(b)-2])%21-10) * life / 100
	}
	return now.After(i.Cert.NotBefore.Add(life*2/3 + spread))
}

// certificate is the identity as TLS wants it.
func (i *Identity) certificate() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{i.Cert.Raw}, PrivateKey: i.Key, Leaf: i.Cert}
}

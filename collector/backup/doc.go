// Package backup is the archive of a collector's data: its form, how it is
// written while the collector runs, checked, and unpacked. It owns that nothing
// is believed that does not fit its sums, and that no name leads out of the
// folder that is restored into. It must not know what is in a member, where
// members come from, or who may ask.
//
// # The form
//
//	MUSTER-BACKUP-1\n
//	one zstd frame (RFC 8878, window at most 8 MiB, with its checksum) of
//	  a tar (POSIX ustar/pax): members as regular files, then
//	  manifest.json       version, time, and of each member name, size, SHA-256
//	  manifest.seal       SHA-256 of manifest.json, sealed under secret.key
//
// The manifest comes last, so that an archive is written in one go with
// bounded memory and is whole only when its end is there. The seal tells,
// to who has secret.key, that this collector wrote it: sums alone anybody can
// write. secret.key itself is never a member; with a recipient named it goes
// along encrypted to that one (https://age-encryption.org/v1), as
// secret.key.age.
package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

const (
	magic        = "MUSTER-BACKUP-1\n"
	manifestName = "manifest.json"
	sealName     = "manifest.seal"
	// KeyName is the key file in a data folder, KeyMember the encrypted copy.
	KeyName   = "secret.key"
	KeyMember = "secret.key.age"

	maxWindow   = 8 << 20
	maxManifest = 64 << 20 // some hundred thousand members
	maxMembers  = 1 << 18
	maxName     = 300
	maxSeal     = 4 << 10
)

// Seal is what the hash of the manifest is sealed as; see authority/seal.
const Seal = "backup"

// ErrNotWhole is an archive that is cut off, damaged, or no archive.
var ErrNotWhole = errors.New("this is no whole backup")

// Manifest says what is in an archive.
type Manifest struct {
	Program string    `json:"program"` // version that wrote it
	MadeAt  time.Time `json:"made_at"` // nothing in it is older than that by intent: the databases are as of this time or just after
	// Schema is the number of the last migration of each database.
	Schema map[string]int `json:"schema"`
	// Sequence is the newest record of the outbox, Audit the newest record of
	// the audit with its hash, so that what is cut off later shows.
	Sequence  uint64   `json:"sequence"`
	Audit     int64    `json:"audit"`
	AuditHash string   `json:"audit_hash,omitempty"`
	Members   []Member `json:"members"`
}

// Member is one file of the archive.
type Member struct {
	Name   string `json:"name"` // with slashes, below the data folder
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// HasKey says whether secret.key goes along, encrypted.
func (m *Manifest) HasKey() bool {
	for _, x := range m.Members {
		if x.Name == KeyMember {
			return true
		}
	}
	return false
}

// Bytes is the size of all members.
func (m *Manifest) Bytes() (n int64) {
	for _, x := range m.Members {
		n += x.Bytes
	}
	return n
}

// fits holds a member's name to what may be unpacked: plain names of files
// below the folder, and nothing that a running collector makes for itself.
func fits(name string) error {
	switch {
	case !fs.ValidPath(name) || name == "." || len(name) > maxName || strings.ContainsAny(name, "\\:\x00"):
		return fmt.Errorf("%w: it holds a file of the name %.100q", ErrNotWhole, name)
	case name == KeyName || strings.HasSuffix(name, ".sock") || name == manifestName || name == sealName:
		return fmt.Errorf("%w: it holds %s, which is never part of one", ErrNotWhole, name)
	}
	return nil
}

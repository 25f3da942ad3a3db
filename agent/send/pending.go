package send

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"muster/internal/enroll"
)

// pendingName holds the key that a certificate has been asked for and not been
// given yet. The collector may have signed it already: if the answer is lost,
// or we are, the same request with the same key gets the same certificate. A
// new key each time would use an invitation up, and nobody could ever approve
// one.
const pendingName = "pending-key.json"

type pendingFile struct {
	Purpose string `json:"purpose"`
	Key     string `json:"key"`
}

// enrolling and renewing name what a pending key is for: another invitation,
// or the next renewal, has a key of its own.
func enrolling(token enroll.Secret) string {
	h := token.Hash()
	return "enroll " + hex.EncodeToString(h[:8])
}

func renewing(old *Identity, fork bool) string {
	h := sha256.Sum256(old.Cert.Raw)
	if fork {
		return "fork " + hex.EncodeToString(h[:8])
	}
	return "renew " + hex.EncodeToString(h[:8])
}

// pending is the key for a purpose: the one that was asked with before, or a
// new one, which is on the disk before it is used.
func (m *Member) pending(purpose string) (*ecdsa.PrivateKey, error) {
	path := filepath.Join(m.Dir, pendingName)
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the key that waits for its certificate: %w", err)
	}
	var f pendingFile
	if err == nil && json.Unmarshal(b, &f) == nil && f.Purpose == purpose {
		if key, err := enroll.ParseKey([]byte(f.Key)); err == nil {
			return key, nil
		}
	}
	key, err := enroll.NewKey()
	if err != nil {
		return nil, err
	}
	text, err := enroll.MarshalKey(key)
	if err != nil {
		return nil, err
	}
	if b, err = json.MarshalIndent(pendingFile{Purpose: purpose, Key: string(text)}, "", " "); err != nil {
		return nil, fmt.Errorf("keep a key: %w", err)
	}
	if err := replace(path, b); err != nil {
		return nil, fmt.Errorf("keep a key: %w", err)
	}
	return key, nil
}

// settled forgets the pending key when an answer ended its purpose: it has its
// certificate, or the collector wants another key.
func (m *Member) settled(out Outcome) {
	if out.Verdict == Accepted || enroll.Code(out.Refusal.Code).Action() == enroll.DoNewKey {
		os.Remove(filepath.Join(m.Dir, pendingName)) // left there, it fits no purpose any more
	}
}

// replace writes a small file so that after a crash, and after a power cut,
// there is the old one or the new one.
func replace(path string, b []byte) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		os.Remove(path + ".new")
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes a rename durable. A collector may refuse the old key once
// the new one has been used, so the old file must not come back. Windows has
// no such call for folders; NTFS writes renames to its journal in order.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return err
}

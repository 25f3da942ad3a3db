// Package encryption reads section encryption: which volumes lie on encrypted
// storage, by what, and which kinds of keys open them.
//
// It owns the names of device mapper's targets and the head of LUKS. It must
// never read a key, or what a key is made of: of the head it takes cipher,
// number and kinds of the key slots, and not the table that the kernel holds,
// in which the key stands.
package encryption

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Volumes reads the section. Heads of disks with platters are read once and
// kept, so that no disk is woken for them. It is safe for several goroutines.
type Volumes struct {
	mu    sync.Mutex
	heads map[string]Head // by what dm calls the device
}

// New makes it.
func New() *Volumes { return &Volumes{heads: map[string]Head{}} }

// maxHeads bounds what is kept.
const maxHeads = 256

// Read reads the section.
func (s *Volumes) Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows, faults, err := s.read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	r, err := gather.Rows(rows, source)
	r.Faults = faults
	return r, err
}

// product is what stands behind a device of device mapper by its UUID, which
// cryptsetup begins with CRYPT- and its kind; ok is false for what does not
// encrypt.
func product(uuid string) (name, version string, ok bool) {
	kind, found := strings.CutPrefix(uuid, "CRYPT-")
	if !found {
		return "", "", false
	}
	kind, _, _ = strings.Cut(kind, "-")
	switch kind {
	case "LUKS1":
		return "luks", "luks1", true
	case "LUKS2":
		return "luks", "luks2", true
	case "BITLK":
		return "bitlocker", "", true
	case "FVAULT2":
		return "filevault", "", true
	case "TCRYPT", "VERACRYPT":
		return "veracrypt", "", true
	case "PLAIN", "TEMP":
		return "dm_crypt", "plain", true
	case "INTEGRITY", "VERITY", "SUBDEV":
		return "", "", false // they guard, and do not hide
	}
	return "dm_crypt", "", true
}

// Head is what the head of an encrypted volume tells.
type Head struct {
	Version    string   // luks1, luks2
	Cipher     string   // mode-cipher-bits, such as xts-aes-256
	Protectors []string // kinds, sorted
}

const (
	// maxHead bounds what is read of a device: LUKS2 allows 4 MB, and writes 16
	// KB.
	maxHead  = 64 << 10
	magic    = "LUKS\xba\xbe"
	headSize = 4096
	maxSlots = 64
)

var errNoHead = errors.New("there is no head of LUKS")

// need is how many bytes of a device hold its head, by the first 592 of them.
func need(b []byte) (int, error) {
	if len(b) < 592 || string(b[:6]) != magic {
		return 0, errNoHead
	}
	switch binary.BigEndian.Uint16(b[6:]) {
	case 1:
		return 592, nil
	case 2:
		n := binary.BigEndian.Uint64(b[8:])
		if n < headSize || n > maxHead {
			return 0, fmt.Errorf("the head of LUKS has %d bytes, which is not read", n)
		}
		return int(n), nil
	}
	return 0, fmt.Errorf("LUKS of version %d is not known", binary.BigEndian.Uint16(b[6:]))
}

// Decode reads the head of LUKS1 (LUKS On-Disk Format Specification 1.2.3,
// "partition header layout") or LUKS2 (LUKS2 On-Disk Format Specification,
// binary header and JSON area).
func Decode(b []byte) (Head, error) {
	n, err := need(b)
	if err != nil {
		return Head{}, err
	}
	if len(b) < n {
		return Head{}, fmt.Errorf("the head of LUKS was cut after %d of %d bytes", len(b), n)
	}
	if n == 592 {
		h := Head{Version: "luks1", Cipher: cipher(text(b[8:40])+"-"+text(b[40:72]), int64(binary.BigEndian.Uint32(b[108:]))*8)}
		const active, slots, size = 0x00ac71f3, 8, 48
		for i := range slots {
			if binary.BigEndian.Uint32(b[208+i*size:]) == active {
				h.Protectors = []string{"passphrase"}
			}
		}
		return h, nil
	}
	return decode2(b[headSize:n])
}

// area is the part of LUKS2's JSON that is of use.
type area struct {
	Keyslots map[string]struct {
		Type    string
		KeySize int64 `json:"key_size"`
	}
	Tokens map[string]struct {
		Type     string
		Keyslots []string
		PIN      bool `json:"tpm2-pin"`
	}
	Segments map[string]struct {
		Type, Encryption string
	}
}

func decode2(b []byte) (Head, error) {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	var a area
	if err := json.Unmarshal(b, &a); err != nil {
		// What stands there can hold what a key is made of: the error must not
		// repeat it.
		return Head{}, errors.New("the head of LUKS2 cannot be read")
	}
	h := Head{Version: "luks2"}
	free := map[string]bool{}
	var bits int64
	for name, k := range a.Keyslots {
		if len(free) < maxSlots && k.Type != "reencrypt" {
			free[name] = true
			bits = max(bits, k.KeySize*8)
		}
	}
	add := func(kind string) {
		if !slices.Contains(h.Protectors, kind) && len(h.Protectors) < maxSlots {
			h.Protectors = append(h.Protectors, kind)
		}
	}
	for _, t := range a.Tokens {
		kind := ""
		switch t.Type {
		case "systemd-tpm2":
			kind = "tpm"
			if t.PIN {
				kind = "tpm_pin"
			}
		case "systemd-recovery":
			kind = "recovery_password"
		case "systemd-fido2":
			kind = "fido2"
		case "systemd-pkcs11":
			kind = "smart_card"
		case "clevis":
			kind = "clevis"
		case "luks2-keyring":
			kind = "keyring"
		default:
			kind = "other"
		}
		add(kind)
		if t.Type != "luks2-keyring" { // which only says where the passphrase of a slot lies
			for _, s := range t.Keyslots {
				delete(free, s)
			}
		}
	}
	if len(free) > 0 {
		add("passphrase")
	}
	slices.Sort(h.Protectors)
	for _, s := range a.Segments {
		if s.Type == "crypt" && h.Cipher == "" {
			h.Cipher = cipher(s.Encryption, bits)
		}
	}
	return h, nil
}

// cipher brings aes-xts-plain64 with its key into one form, xts-aes-256. XTS
// splits its key into two.
func cipher(spec string, bits int64) string {
	f := strings.Split(spec, "-")
	if len(spec) > 100 || len(f) < 2 || f[0] == "" || strings.Trim(spec, "abcdefghijklmnopqrstuvwxyz0123456789-_():,") != "" {
		return ""
	}
	mode, name := f[1], f[0]
	if mode == "xts" {
		bits /= 2
	}
	if bits <= 0 || bits > 4096 {
		return mode + "-" + name
	}
	return mode + "-" + name + "-" + strconv.FormatInt(bits, 10)
}

func text(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// plain is the row of a volume that nothing encrypts.
func plain(volume string) inventory.Encryption {
	return inventory.Encryption{Volume: volume, Product: "none", State: "decrypted", Protected: new(false)}
}

package enroll

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"slices"
	"strings"
	"unicode"
)

// Kind is a kind of hardware identifier.
type Kind string

// The kinds, strongest first. Weights are those of reference/endpoint.md §4.
const (
	TPM          Kind = "tpm_ek"        // SHA-256 of the endorsement key's certificate or public area, hex
	SMBIOSUUID   Kind = "smbios_uuid"   // DSP0134 §7.2.1; IOPlatformUUID on macOS
	SystemSerial Kind = "system_serial" // model and serial number together: see ModelSerial
	BoardSerial  Kind = "board_serial"  // DSP0134 §7.3
	PCIMAC       Kind = "pci_mac"       // permanent address of a network card on the PCI bus; one item each
	BootDisk     Kind = "boot_disk"     // serial number of the drive the system started from
	MachineID    Kind = "machine_id"    // /etc/machine-id, MachineGuid: cloned with the disk
)

// Weight is the points of a kind; 0 for a kind that this build does not know.
func (k Kind) Weight() int {
	switch k {
	case TPM:
		return 100
	case SMBIOSUUID, SystemSerial:
		return 40
	case BoardSerial, PCIMAC:
		return 20
	case BootDisk:
		return 15
	case MachineID:
		return 5
	}
	return 0
}

// Kinds lists all kinds in canonical order.
func Kinds() []Kind {
	return []Kind{TPM, SMBIOSUUID, SystemSerial, BoardSerial, PCIMAC, BootDisk, MachineID}
}

// Item is one identifier.
type Item struct {
	_     struct{} `cbor:",toarray"`
	Kind  Kind     `json:"kind"`
	Value string   `json:"value"` // normalised
}

// Evidence is what a machine's hardware says about which machine it is. It
// never is the identity: the key is. Items that could not be read are absent,
// and absence proves nothing.
type Evidence struct {
	Items []Item `cbor:"1,keyasint" json:"items"`
}

// Limits of evidence.
const (
	maxItems = 16
	maxMACs  = 8
	maxValue = 96
)

// NewEvidence normalises items, and leaves out placeholders and doubles.
func NewEvidence(items ...Item) Evidence { return Evidence{Items: items}.Clean() }

// Add puts in one identifier as it was read; false when it is a placeholder
// or broken.
func (e *Evidence) Add(kind Kind, raw string) bool {
	v, ok := Normalize(kind, raw)
	if !ok {
		return false
	}
	*e = Evidence{Items: append(slices.Clip(e.Items), Item{Kind: kind, Value: v})}.Clean()
	return true
}

// Clean is the evidence in canonical form: normalised, in order, bounded, of
// known kinds only. What comes from outside always passes through it.
func (e Evidence) Clean() Evidence {
	var items []Item
	for _, it := range e.Items {
		if v, ok := Normalize(it.Kind, it.Value); ok {
			items = append(items, Item{Kind: it.Kind, Value: v})
		}
	}
	order := Kinds()
	slices.SortFunc(items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind)), cmp.Compare(a.Value, b.Value))
	})
	items = slices.Compact(items)
	macs := 0
	items = slices.DeleteFunc(items, func(it Item) bool {
		if it.Kind == PCIMAC {
			macs++
		}
		return it.Kind == PCIMAC && macs > maxMACs
	})
	return Evidence{Items: items[:min(len(items), maxItems)]}
}

// Values are the values of one kind.
func (e Evidence) Values(k Kind) []string {
	var vs []string
	for _, it := range e.Items {
		if it.Kind == k {
			vs = append(vs, it.Value)
		}
	}
	return vs
}

// Merge is the evidence with each kind that newer has taken from there; what
// newer could not read stays.
func (e Evidence) Merge(newer Evidence) Evidence {
	out := Evidence{}
	for _, k := range Kinds() {
		from := newer
		if len(newer.Values(k)) == 0 {
			from = e
		}
		for _, v := range from.Values(k) {
			out.Items = append(out.Items, Item{Kind: k, Value: v})
		}
	}
	return out.Clean()
}

// Without leaves out items that a collector has learned not to trust.
func (e Evidence) Without(bad func(Item) bool) Evidence {
	return Evidence{Items: slices.DeleteFunc(slices.Clone(e.Items), bad)}
}

// Fingerprint names the machine in 8 bytes, cheap enough to compare on every
// report. It is over what the firmware says of the box — SMBIOS UUID, system
// serial with model, board serial, which are read together from one table —
// and only where none of these can be trusted over the TPM. Network cards,
// drives and machine ids do not count: they are changed, docked or cloned
// while the machine stays itself. Zero means that the machine cannot be named.
//
// Another fingerprint is a reason to ask; Compare judges.
func (e Evidence) Fingerprint() (f [8]byte) {
	h := sha256.New()
	h.Write([]byte("muster machine 1\n"))
	n := 0
	put := func(kinds ...Kind) {
		for _, k := range kinds {
			for _, v := range e.Values(k) {
				h.Write([]byte(string(k) + "=" + v + "\n"))
				n++
			}
		}
	}
	if put(SMBIOSUUID, SystemSerial, BoardSerial); n == 0 {
		put(TPM)
	}
	if n == 0 {
		return f
	}
	return [8]byte(h.Sum(nil)[:8])
}

// ModelSerial is the value of SystemSerial: makers number their models apart,
// so a serial number alone is not one of the world.
func ModelSerial(model, serial string) string { return model + "|" + serial }

// Normalize brings a value into the form that is compared, and refuses what
// identifies nothing: empty, placeholders of makers, addresses made up by
// software.
func Normalize(k Kind, raw string) (string, bool) {
	if len(raw) > 4*maxValue {
		return "", false
	}
	s := tidy(raw)
	switch k {
	case TPM:
		b, err := hex.DecodeString(strings.ToLower(s))
		if err != nil || len(b) != sha256.Size || allEqual(b) {
			return "", false
		}
		return hex.EncodeToString(b), true
	case SMBIOSUUID:
		return uuid(s)
	case MachineID:
		return uuid(s)
	case PCIMAC:
		return mac(s)
	case SystemSerial:
		model, serial, ok := cutLast(s, '|')
		model, serial = tidy(model), tidy(serial)
		if !ok || len(model)+len(serial) > maxValue-1 || badModel(model) || badSerial(serial) {
			return "", false
		}
		return model + "|" + serial, true
	case BoardSerial, BootDisk:
		if badSerial(s) {
			return "", false
		}
		return s, true
	}
	return "", false
}

// tidy is upper case, single spaces, printable: firmware pads with blanks and
// zero bytes, and cases differ between readers.
func tidy(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return ' '
		}
		return unicode.ToUpper(r)
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

func cutLast(s string, sep byte) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, sep)
	if i < 0 {
		return "", "", false
	}
	return s[:i], s[i+1:], true
}

func uuid(s string) (string, bool) {
	s = strings.ToLower(strings.Trim(s, "{}"))
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(b) != 16 || allEqual(b) || allEqual(b[:15]) || allEqual(b[1:]) {
		return "", false
	}
	x := hex.EncodeToString(b)
	// Two bytes and a filling, or a node that was typed along the keyboard.
	if badUUID(x) || allEqual(b[2:]) || strings.HasSuffix(x, "aabbccddeeff") {
		return "", false
	}
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:], true
}

func mac(s string) (string, bool) {
	m, err := net.ParseMAC(strings.ToLower(s))
	if err != nil || len(m) != 6 || allEqual(m[1:]) || allEqual(m[3:]) && (m[3] == 0 || m[3] == 0xff) {
		return "", false
	}
	// Bit 0: group; bit 1: locally administered, given by software (IEEE 802).
	if m[0]&3 != 0 || badMAC(m) {
		return "", false
	}
	return m.String(), true
}

// badSerial also refuses what is too short to be one of its kind, and runs
// such as 123456789.
func badSerial(s string) bool {
	core := canonical(s)
	if len(core) < 4 || len(s) > maxValue || placeholder(s) {
		return true
	}
	// Zeroes and ones alone are counters that never counted, and what follows
	// the word itself is a form to fill in.
	if allEqual([]byte(core)) || strings.Trim(core, "01") == "" || strings.Trim(strings.TrimPrefix(core, "SERIALNUMBER"), "X") == "" {
		return true
	}
	for _, run := range []string{"01234567890123456789", "12345678901234567890", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789ABCDEF", "1234567890ABCDEF", "9876543210", "987654321"} {
		if strings.HasPrefix(run, core) {
			return true
		}
	}
	return false
}

// badModel refuses placeholders and fillings; short names are names.
func badModel(s string) bool {
	core := canonical(s)
	return placeholder(s) || len(core) > 3 && allEqual([]byte(core))
}

// canonical is letters and digits only, as placeholders are compared.
func canonical(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToUpper(r)
		}
		return -1
	}, s)
}

func allEqual(b []byte) bool { return len(b) > 0 && bytes.Count(b, b[:1]) == len(b) }

package private

import (
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// SIDs as security descriptors write them ("SID Strings", Windows' Win32
// reference).
const (
	system           = "SY"
	administrators   = "BA"
	trustedInstaller = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
)

// serviceSID is the account NT SERVICE\name: S-1-5-80 and the five little-endian
// words of the SHA-1 of the name in capitals, as UTF-16 ([MS-DTYP] 2.4.2.4,
// "NT Service").
func serviceSID(name string) string {
	var b []byte
	for _, c := range utf16.Encode([]rune(strings.ToUpper(name))) {
		b = binary.LittleEndian.AppendUint16(b, c)
	}
	sum := sha1.Sum(b)
	sid := "S-1-5-80"
	for i := 0; i < len(sum); i += 4 {
		sid += fmt.Sprintf("-%d", binary.LittleEndian.Uint32(sum[i:]))
	}
	return sid
}

// closed is the descriptor of a folder that is open to those accounts alone:
// protected, so that nothing is inherited from above, and inherited by all that
// is below.
func closed(owner string, accounts []string) string {
	text := "O:" + owner + "D:P"
	for _, sid := range accounts {
		text += "(A;OICI;FA;;;" + sid + ")"
	}
	return text
}

// inherited is the list that a file or folder below a closed one has of it.
func inherited(accounts []string, folder bool) string {
	text, flags := "D:ARAI", "ID"
	if folder {
		flags = "OICIID"
	}
	for _, sid := range accounts {
		text += "(A;" + flags + ";FA;;;" + sid + ")"
	}
	return text
}

// Rights to a file or folder (winnt.h) that are looked for by name.
const (
	rightDeleteChild = 0x40
	rightDelete      = 0x1_0000
	rightWriteDAC    = 0x4_0000
	rightWriteOwner  = 0x8_0000
	genericAll       = 0x1000_0000
	anyRight         = 0xffff_ffff
)

// entry is one line of an access list.
type entry struct {
	allows      bool
	inheritOnly bool // it is for what is below alone
	rights      uint32
	sid         string
}

// descriptor is what matters here of a security descriptor.
type descriptor struct {
	owner     string
	protected bool // nothing is inherited from above
	open      bool // there is no access list, so that everybody may do everything
	entries   []entry
}

// parse reads a descriptor in the Security Descriptor Definition Language
// ([MS-DTYP] 2.5.1). What it does not know it takes for the worst: an unknown
// kind of entry allows, unknown rights are all rights.
func parse(text string) (descriptor, error) {
	d := descriptor{open: true}
	for text != "" {
		if len(text) < 2 || text[1] != ':' {
			return d, fmt.Errorf("security descriptor: unexpected text at %.20q", text)
		}
		part := text[0]
		end := 2
		for depth := 0; end < len(text) && (depth > 0 || end+1 >= len(text) || text[end+1] != ':'); end++ {
			switch text[end] {
			case '(':
				depth++
			case ')':
				depth--
			}
		}
		value := text[2:end]
		text = text[end:]
		switch part {
		case 'O':
			d.owner = value
		case 'D':
			if err := d.list(value); err != nil {
				return d, err
			}
		case 'G', 'S':
		default:
			return d, fmt.Errorf("security descriptor: unknown part %q", part)
		}
	}
	return d, nil
}

// list reads the flags and entries of an access list.
func (d *descriptor) list(text string) error {
	flags, rest, _ := strings.Cut(text, "(")
	if flags == "NO_ACCESS_CONTROL" {
		return nil
	}
	d.open, d.protected = false, strings.Contains(strings.ReplaceAll(strings.ReplaceAll(flags, "AR", ""), "AI", ""), "P")
	if rest == "" {
		return nil
	}
	for rest = "(" + rest; rest != ""; {
		if rest[0] != '(' {
			return fmt.Errorf("access list: unexpected text at %.20q", rest)
		}
		end, depth := 0, 0
		for end < len(rest) {
			switch rest[end] {
			case '(':
				depth++
			case ')':
				depth--
			}
			if end++; depth == 0 {
				break
			}
		}
		if depth != 0 {
			return errors.New("access list: an entry has no end")
		}
		f := strings.SplitN(rest[1:end-1], ";", 7) // kind;flags;rights;object;inherited object;account;condition
		rest = rest[end:]
		if len(f) < 6 || f[5] == "" {
			return fmt.Errorf("access list: an entry of %d fields, or of no account", len(f))
		}
		d.entries = append(d.entries, entry{
			allows:      f[0] != "D" && f[0] != "OD" && f[0] != "XD",
			inheritOnly: slices.Contains(pairs(f[1]), "IO"),
			rights:      rightsOf(f[2]),
			sid:         f[5],
		})
	}
	return nil
}

// pairs splits words of two letters.
func pairs(s string) []string {
	var all []string
	for len(s) >= 2 {
		all = append(all, s[:2])
		s = s[2:]
	}
	return all
}

// rightsOf reads a mask, as a number or as words.
func rightsOf(text string) uint32 {
	if len(text) > 1 && text[0] == '0' {
		n, err := strconv.ParseUint(text, 0, 32)
		if err != nil {
			return anyRight
		}
		return uint32(n)
	}
	words := map[string]uint32{
		"CC": 1, "DC": 2, "LC": 4, "SW": 8, "RP": 0x10, "WP": 0x20, "DT": rightDeleteChild, "LO": 0x80, "CR": 0x100,
		"SD": rightDelete, "RC": 0x2_0000, "WD": rightWriteDAC, "WO": rightWriteOwner,
		"GA": genericAll, "GX": 0x2000_0000, "GW": 0x4000_0000, "GR": 0x8000_0000,
		"FA": 0x1f_01ff, "FR": 0x12_0089, "FW": 0x12_0116, "FX": 0x12_00a0,
	}
	var mask uint32
	for _, w := range pairs(text) {
		bits, known := words[w]
		if !known {
			return anyRight
		}
		mask |= bits
	}
	if len(text)%2 != 0 {
		return anyRight
	}
	return mask
}

// others names one account beside those given that has one of the rights to the
// folder itself; empty: none has. Refusals are not counted in favour of a list.
func (d descriptor) others(rights uint32, accounts []string) string {
	if d.open {
		return "everybody"
	}
	for _, e := range d.entries {
		if e.allows && !e.inheritOnly && e.rights&rights != 0 && !slices.Contains(accounts, e.sid) {
			return e.sid
		}
	}
	return ""
}

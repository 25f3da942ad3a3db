package enroll

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of an enrolment string.
const (
	MaxAddresses  = 8
	MaxAddress    = 255     // bytes of one host:port
	maxInvitation = 4 << 10 // characters, line breaks of a paste not counted

	prefix      = "muster1:"
	prefixStem  = "muster"
	fixedBefore = SecretBytes + 32 + 1 // token, CA, count
	checksum    = 4
)

// Invitation is what an agent needs to enrol: where the collectors are, the
// token that lets it in, and whose certificates to believe.
type Invitation struct {
	Addresses []string // host:port, best first
	Token     Secret
	CA        KeyHash
}

// String is the enrolment string, token included. Only an explicit call gives
// it: under fmt's verbs and in logs an Invitation prints as hidden. It is
// empty when an address is missing, wrong or too long (see Check).
func (v Invitation) String() string {
	if v.Check() != nil {
		return ""
	}
	body := make([]byte, 2, 128)
	body = append(body, v.Token.Reveal()...)
	body = append(body, v.CA[:]...)
	body = append(body, byte(len(v.Addresses)))
	for _, a := range v.Addresses {
		body = append(body, byte(len(a)))
		body = append(body, a...)
	}
	binary.BigEndian.PutUint16(body, uint16(len(body)-2+checksum))
	body = binary.BigEndian.AppendUint32(body, crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
	return prefix + base64.RawURLEncoding.EncodeToString(body)
}

// Format hides the token under every verb of fmt.
func (v Invitation) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "invitation to %s (token hidden)", strings.Join(v.Addresses, ", "))
}

// LogValue hides the token from slog.
func (v Invitation) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(v)) }

// Check says what is missing or wrong.
func (v Invitation) Check() error {
	switch {
	case v.Token.IsZero():
		return errors.New("an invitation needs a token")
	case v.CA == KeyHash{}:
		return errors.New("an invitation needs the fingerprint of a CA")
	case len(v.Addresses) == 0:
		return errors.New("an invitation needs an address that agents can reach: set agents.public in the collector's configuration")
	case len(v.Addresses) > MaxAddresses:
		return fmt.Errorf("an invitation holds at most %d addresses, not %d", MaxAddresses, len(v.Addresses))
	}
	for _, a := range v.Addresses {
		if err := CheckAddress(a); err != nil {
			return err
		}
	}
	return nil
}

// CheckAddress says what is wrong with a collector's address (host:port).
func CheckAddress(a string) error {
	if len(a) > MaxAddress {
		return fmt.Errorf("address %.40q… is longer than %d bytes", a, MaxAddress)
	}
	host, port, err := net.SplitHostPort(a)
	if err != nil {
		return fmt.Errorf("address %q is not host:port", a)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("address %q: the port is a number from 1 to 65535", a)
	}
	if host == "" || strings.ContainsFunc(host, func(r rune) bool {
		return r <= ' ' || r == 0x7f || r == utf8.RuneError || unicode.IsSpace(r) || strings.ContainsRune(`/@?#"'<>\`, r)
	}) {
		return fmt.Errorf("address %q has no proper host name or address before the port", a)
	}
	return nil
}

// Parse reads an enrolment string as people paste it: line breaks and spaces
// inside, quotes around, a file of PowerShell (UTF-16) or one with other lines
// before it. Each fault is one line that says what to do, without the secret.
func Parse(s string) (Invitation, error) {
	v, err := parse(s)
	if err != nil {
		return Invitation{}, fmt.Errorf("enrolment string: %w", err)
	}
	return v, nil
}

func parse(s string) (v Invitation, err error) {
	text, err := unwrap(s)
	if err != nil {
		return v, err
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return !inAlphabet(r) }); i >= 0 {
		r, _ := utf8.DecodeRuneInString(text[i:])
		return v, fmt.Errorf("character %d (%q) does not belong to it; copy it again as one line", len(prefix)+i+1, r)
	}
	// Length first: it tells a cut string from a changed one.
	whole := text[:len(text)-len(text)%4]
	if rest := text[len(whole):]; len(rest) > 1 {
		whole = text
	}
	b, err := base64.RawURLEncoding.DecodeString(whole)
	if err != nil {
		return v, errors.New("a character was changed on the way; copy it again")
	}
	if len(b) < 2 {
		return v, cut(len(text), 0)
	}
	need := 2 + int(binary.BigEndian.Uint16(b))
	chars := base64.RawURLEncoding.EncodedLen(need)
	switch {
	case need > base64.RawURLEncoding.DecodedLen(maxInvitation) || need < 2+fixedBefore+checksum:
		return v, errors.New("a character near its begin was changed on the way; copy it again")
	case len(text) < chars:
		return v, cut(len(text), chars)
	case len(text) > chars:
		return v, fmt.Errorf("%d characters too many stand at its end; copy that one line alone", len(text)-chars)
	}
	sum := binary.BigEndian.Uint32(b[need-checksum:])
	if crc32.Checksum(b[:need-checksum], crc32.MakeTable(crc32.Castagnoli)) != sum {
		return v, errors.New("a character was changed on the way (the checksum differs); copy it again")
	}
	b = b[2 : need-checksum]
	if v.Token, err = SecretOf(b[:SecretBytes]); err != nil {
		return v, err
	}
	v.CA = KeyHash(b[SecretBytes : SecretBytes+32])
	n, b := int(b[SecretBytes+32]), b[fixedBefore:]
	if n > MaxAddresses {
		return v, fmt.Errorf("it holds %d addresses, more than %d; make a new one with muster enroll new", n, MaxAddresses)
	}
	for range n {
		if len(b) == 0 || len(b) < 1+int(b[0]) {
			return v, errors.New("its addresses are broken; make a new one with muster enroll new")
		}
		v.Addresses = append(v.Addresses, string(b[1:1+b[0]]))
		b = b[1+b[0]:]
	}
	if len(b) != 0 {
		return v, errors.New("its addresses are broken; make a new one with muster enroll new")
	}
	return v, v.Check()
}

func cut(have, want int) error {
	if want == 0 {
		return fmt.Errorf("the string is cut: only %d characters are there; copy it again whole", len(prefix)+have)
	}
	return fmt.Errorf("the string is cut: %d of %d characters are there; copy it again whole", len(prefix)+have, len(prefix)+want)
}

// unwrap finds the string in what was pasted and answers what follows the
// prefix, without white space.
func unwrap(s string) (string, error) {
	if len(s) > 16*maxInvitation {
		return "", fmt.Errorf("%d bytes are far too many; give only the last line of muster enroll new", len(s))
	}
	s = fromUTF16(s)
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if r == '\uFEFF' || r == '\u200B' || r == '\u00AD' { // BOM, zero-width space, soft hyphen: marks of mail and word processors
			return -1
		}
		return r
	}, s)
	s = strings.Trim(s, " \"'`<>")
	if s == "" {
		return "", errors.New("it is empty; make one with muster enroll new")
	}
	// Of several lines the last one that begins like a string is meant.
	at := -1
	for i := 0; i < len(s); {
		j := strings.Index(s[i:], prefixStem)
		if j < 0 {
			break
		}
		i += j
		if i == 0 || strings.ContainsRune(" \"'`<=", rune(s[i-1])) {
			if digits := strings.TrimLeft(s[i+len(prefixStem):], "0123456789"); strings.HasPrefix(digits, ":") {
				at = i
			}
		}
		i += len(prefixStem)
	}
	if at < 0 {
		if strings.HasPrefix(prefix, s) {
			return "", cut(len(s)-len(prefix), 0)
		}
		return "", fmt.Errorf("it does not begin with %s; give the last line of muster enroll new", prefix)
	}
	s = s[at:]
	if !strings.HasPrefix(s, prefix) {
		version, _, _ := strings.Cut(s[len(prefixStem):], ":")
		return "", fmt.Errorf("it is of version %.10s and this program reads version 1; update the agent", version)
	}
	s = strings.ReplaceAll(s[len(prefix):], " ", "")
	return strings.TrimRight(s, "="), nil
}

// fromUTF16 turns what Windows PowerShell writes with > into UTF-8.
func fromUTF16(s string) string {
	var order binary.ByteOrder
	switch {
	case strings.HasPrefix(s, "\xff\xfe"):
		order = binary.LittleEndian
	case strings.HasPrefix(s, "\xfe\xff"):
		order = binary.BigEndian
	default:
		return s
	}
	units := make([]uint16, 0, len(s)/2)
	for b := []byte(s[2:]); len(b) >= 2; b = b[2:] {
		units = append(units, order.Uint16(b))
	}
	return string(utf16.Decode(units))
}

func inAlphabet(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
}

package inventory

import "strings"

// VersionKey turns a version text into a key that sorts bytewise as people
// and package managers order versions: numbers by value, a letter suffix
// before nothing only when it is a pre-release (rc, beta, alpha, pre, dev, ~).
//
//	1.9 < 1.10 < 1.10a,  2.0~rc1 < 2.0,  23 < 23.1
//
// An epoch as in Debian and RPM ("2:1.0") comes first. Leading zeros do not
// count. It orders the versions of one program; it is not a validator.
func VersionKey(v string) string {
	v = strings.TrimSpace(strings.ToLower(v))
	var b strings.Builder
	epoch := "0"
	if e, rest, ok := strings.Cut(v, ":"); ok && e != "" && allDigits(e) {
		epoch, v = e, rest
	}
	writeNumber(&b, epoch)
	if len(v) > 1 && v[0] == 'v' && v[1] >= '0' && v[1] <= '9' {
		v = v[1:]
	}
	for i := 0; i < len(v); {
		c := v[i]
		switch {
		case c >= '0' && c <= '9':
			j := i
			for j < len(v) && v[j] >= '0' && v[j] <= '9' {
				j++
			}
			writeNumber(&b, v[i:j])
			i = j
		case c >= 'a' && c <= 'z' || c >= 0x80:
			j := i
			for j < len(v) && (v[j] >= 'a' && v[j] <= 'z' || v[j] >= 0x80) {
				j++
			}
			word := v[i:j]
			if preRelease(word) {
				b.WriteByte(1) // below the end of a version
			} else {
				b.WriteByte(3) // above it, below a number
			}
			b.WriteString(word)
			b.WriteByte(2)
			i = j
		case c == '~':
			b.WriteByte(0)
			i++
		default:
			i++ // separators only separate
		}
	}
	b.WriteByte(2) // end: above pre-releases, below anything more
	return b.String()
}

func allDigits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

func preRelease(word string) bool {
	switch word {
	case "alpha", "beta", "rc", "pre", "preview", "dev", "snapshot", "cr", "nightly":
		return true
	}
	return false
}

// writeNumber writes digits so that longer numbers sort above shorter ones.
// 0x10 and more mark the length, above every other byte used here.
func writeNumber(b *strings.Builder, digits string) {
	digits = strings.TrimLeft(digits, "0")
	n := min(len(digits), 0xE0)
	b.WriteByte(byte(0x10 + n))
	b.WriteString(digits[:n])
}

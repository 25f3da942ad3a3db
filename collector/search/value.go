package search

import (
	"errors"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// read understands a value as its field's kind does.
func (p *parser) read(f Field, op Op, text string, at int) (Value, error) {
	v := Value{Text: text}
	if op == Glob {
		return v, nil
	}
	var err error
	switch f.Kind {
	case Word:
		if f.Closed && !contains(f.Values, text) {
			return v, p.fail(at, "%q is not a %s%s; it is one of %s", clip(text), f.Name, didYouMean(strings.ToLower(text), f.Values), strings.Join(f.Values, ", "))
		}
	case Number:
		v.Form = FormNumber
		v.Number, err = plainNumber(text)
	case Bytes:
		v.Form = FormNumber
		v.Number, err = size(text, f.Binary)
	case Seconds:
		v.Form = FormNumber
		if v.Number, err = plainNumber(text); err != nil {
			var d time.Duration
			if d, err = age(text); err == nil {
				v.Number = d.Seconds()
			}
		}
	case BitRate:
		v.Form = FormNumber
		v.Number, err = bitRate(text)
	case Percent:
		v.Form = FormNumber
		v.Number, err = percent(strings.TrimSuffix(text, "%"))
	case Space:
		if share, is := strings.CutSuffix(text, "%"); is {
			v.Form = FormPercent
			v.Number, err = percent(share)
		} else {
			v.Form = FormNumber
			if v.Number, err = size(text, false); err != nil {
				err = errors.New(err.Error() + ", or a share like 10%")
			}
		}
	case Disk:
		if v.Number, err = size(text, false); err == nil {
			v.Form = FormNumber
		} else if op == Has || op == Eq {
			err = nil
		}
	case Yes:
		v.Form = FormBool
		v.Bool, err = yes(text)
	case Time:
		if v.Age, err = age(text); err == nil {
			v.Form = FormAge
			if op == Has || op == Eq || op == Ne {
				return v, p.fail(at, "an age is compared with < or >: %s>%s is longer ago, %s<%s is more recent", f.Name, text, f.Name, text)
			}
			break
		}
		v.Form = FormTime
		v.From, v.Until, err = date(text)
	case Version:
		if wild(text) {
			return v, p.fail(at, "a version with * or ? is compared with ~: %s", f.Example)
		}
	case Address:
		if v.Prefix = addressOf(text); v.Prefix.IsValid() {
			v.Form = FormPrefix
		}
	case Mac:
		if v.Mac = macOf(text); v.Mac != "" {
			v.Form = FormMac
		}
	case Port:
		if i := strings.IndexByte(text, '/'); i == 0 || i == len(text)-1 {
			err = errors.New("is not a port: write device/port, such as sw-3/Gi1/0/7, or the device alone")
		}
	}
	if err != nil {
		return v, p.fail(at, "%q %s", clip(text), err)
	}
	return v, nil
}

// PortParts splits the value of a port term into the network device and its
// port; the port is empty when any will do.
func (v Value) PortParts() (device, port string) {
	device, port, _ = strings.Cut(v.Text, "/")
	return device, port
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if strings.EqualFold(x, s) {
			return true
		}
	}
	return false
}

// plainNumber reads a decimal number. ParseFloat alone would take inf, nan,
// hexadecimal and underscores.
func plainNumber(s string) (float64, error) {
	if strings.Trim(s, "+-.0123456789") != "" {
		return 0, errors.New("is not a number")
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(n, 0) {
		return 0, errors.New("is not a number")
	}
	return n, nil
}

// cutNumber splits "8.5GB" into its number and the unit in lower case.
func cutNumber(s string) (n float64, unit string, ok bool) {
	end := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	if end < 0 {
		end = len(s)
	}
	n, err := plainNumber(s[:end])
	return n, strings.ToLower(strings.TrimSpace(s[end:])), err == nil
}

// size reads bytes. Letter case of units never matters: nobody means bits.
func size(s string, binary bool) (float64, error) {
	n, unit, ok := cutNumber(s)
	if !ok {
		return 0, errors.New("is not a size: write it like 8GB or 512MiB")
	}
	if unit == "" && n != 0 {
		return 0, errors.New("has no unit: write it like " + s + "GB or " + s + "MB")
	}
	base := 1000.0
	if binary || strings.Contains(unit, "i") {
		base = 1024
	}
	switch strings.TrimSuffix(strings.Replace(unit, "i", "", 1), "b") {
	case "":
		if strings.Contains(unit, "i") {
			break
		}
		return n, nil
	case "k":
		return n * base, nil
	case "m":
		return n * base * base, nil
	case "g":
		return n * base * base * base, nil
	case "t":
		return n * base * base * base * base, nil
	case "p":
		return n * base * base * base * base * base, nil
	}
	return 0, errors.New("has a unit that is none of B, KB, MB, GB, TB, KiB, MiB, GiB, TiB")
}

func bitRate(s string) (float64, error) {
	n, unit, ok := cutNumber(s)
	if ok {
		for _, tail := range []string{"bit/s", "bits/s", "bps", "b/s", "bit"} {
			if u, is := strings.CutSuffix(unit, tail); is {
				unit = u
				break
			}
		}
		switch unit {
		case "":
			return n, nil
		case "k":
			return n * 1e3, nil
		case "m":
			return n * 1e6, nil
		case "g":
			return n * 1e9, nil
		case "t":
			return n * 1e12, nil
		}
	}
	return 0, errors.New("is not a bit rate: write it like 100Mbps or 1Gbps")
}

func percent(s string) (float64, error) {
	n, err := plainNumber(s)
	if err != nil || n < 0 || n > 100 {
		return 0, errors.New("is not a share from 0% to 100%")
	}
	return n, nil
}

func yes(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "yes", "true", "1", "y", "on":
		return true, nil
	case "no", "false", "0", "n", "off":
		return false, nil
	}
	return false, errors.New("is neither yes nor no")
}

// age reads 7d, 12h, 30m, 2w, 1y or several of them after another. A year is
// 365 days.
func age(s string) (time.Duration, error) {
	bad := errors.New("is not a length of time: write it like 7d, 12h, 30m or 2w")
	var total float64
	for rest := strings.ToLower(s); rest != ""; {
		end := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		if end <= 0 {
			return 0, bad
		}
		n, err := plainNumber(rest[:end])
		if err != nil {
			return 0, bad
		}
		unit := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour,
			'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour, 'y': 365 * 24 * time.Hour}[rest[end]]
		if unit == 0 {
			return 0, bad
		}
		total += n * float64(unit)
		rest = rest[end+1:]
	}
	// A hundred years; it also keeps the conversion below from overflowing.
	if s == "" || total > float64(100*365*24*time.Hour) {
		return 0, bad
	}
	return time.Duration(total), nil
}

// date reads a year, month, day or instant and gives where it begins and
// ends. Without a zone it is UTC, as everything in the store.
func date(s string) (from, until time.Time, err error) {
	for _, f := range []struct {
		layout              string
		years, months, days int
		length              time.Duration
	}{
		{layout: "2006-01-02", days: 1},
		{layout: "2006-01", months: 1},
		{layout: "2006", years: 1},
		{layout: "2006-01-02T15:04", length: time.Minute},
		{layout: "2006-01-02T15:04Z07:00", length: time.Minute},
		{layout: "2006-01-02T15:04:05", length: time.Second},
		{layout: time.RFC3339, length: time.Second},
	} {
		if from, err := time.Parse(f.layout, s); err == nil {
			from = from.UTC()
			return from, from.AddDate(f.years, f.months, f.days).Add(f.length), nil
		}
	}
	return from, until, errors.New("is neither a date like 2026-11-01 nor an age like 7d")
}

// addressOf reads an IP address or network; the zero prefix is neither.
func addressOf(s string) netip.Prefix {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen())
	}
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked()
	}
	return netip.Prefix{}
}

// macOf reads a whole hardware address of 6 bytes in any of its notations:
// 00:25:90:ab:cd:ef, 00-25-90-AB-CD-EF, 0025.90ab.cdef. Twelve bare hex
// digits are one only when a letter is among them, since asset tags and
// serial numbers are digits too.
func macOf(s string) string {
	sep := 0
	hex := make([]byte, 0, 12)
	letter := false
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			hex = append(hex, c)
		case c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
			hex = append(hex, c|0x20)
			letter = true
		case c == ':' || c == '-' || c == '.':
			sep++
			if group := 12 / 6; c == '.' {
				if group = 4; len(hex)%group != 0 {
					return ""
				}
			} else if len(hex)%group != 0 {
				return ""
			}
		default:
			return ""
		}
		if len(hex) > 12 {
			return ""
		}
	}
	if len(hex) != 12 || sep != 5 && sep != 2 && (sep != 0 || !letter) {
		return ""
	}
	var b strings.Builder
	for i := 0; i < 12; i += 2 {
		if i > 0 {
			b.WriteByte(':')
		}
		b.Write(hex[i : i+2])
	}
	return b.String()
}

// looksLikeAddress tells an address with colons from field:value.
func looksLikeAddress(word string) bool {
	return strings.Contains(word, ":") && (macOf(word) != "" || addressOf(word).IsValid())
}

package search

import (
	"net/netip"
	"strings"
	"time"

	"muster/internal/inventory"
)

// The Match methods are what a term means for one fact that is known. Stores
// that translate terms into conditions of their own are tested against them.

// MatchText compares a text, or one item of a list, letter case apart.
func (t Term) MatchText(have string) bool {
	switch t.Op {
	case Known:
		return have != ""
	case Glob:
		return MatchGlob(t.Value.Text, have)
	case Has:
		if t.Field.Kind == Word {
			return strings.EqualFold(have, t.Value.Text)
		}
		return strings.Contains(strings.ToLower(have), strings.ToLower(t.Value.Text))
	default:
		return strings.EqualFold(have, t.Value.Text)
	}
}

// WholePlace says that a term of field site is about AGENCY/SITE and not about
// the name of the site alone. Neither name has a slash, so that one tells.
func (t Term) WholePlace() bool { return t.Op != Known && strings.Contains(t.Value.Text, "/") }

// MatchSite compares the site of a device. Of AGENCY/SITE both are meant whole:
// "contains" would find public-health/hartford-2 for health/hartford.
func (t Term) MatchSite(agency, site string) bool {
	switch {
	case !t.WholePlace():
		return t.MatchText(site)
	case t.Op == Glob:
		return MatchGlob(t.Value.Text, agency+"/"+site)
	}
	return strings.EqualFold(t.Value.Text, agency+"/"+site)
}

// MatchNumber compares a number in the field's unit; for a share of free
// space (FormPercent) the number is that share.
func (t Term) MatchNumber(have float64) bool {
	if t.Op == Known {
		return true
	}
	if t.Value.Form != FormNumber && t.Value.Form != FormPercent {
		return false
	}
	switch {
	case have < t.Value.Number:
		return t.Op.holds(-1)
	case have > t.Value.Number:
		return t.Op.holds(1)
	default:
		return have == t.Value.Number && t.Op.holds(0) // not for NaN
	}
}

// MatchBool compares yes and no.
func (t Term) MatchBool(have bool) bool { return t.Op == Known || have == t.Value.Bool }

// MatchTime compares a time; now is what ages count from.
func (t Term) MatchTime(have, now time.Time) bool {
	from, until := t.TimeRange(now)
	return (from.IsZero() || !have.Before(from)) && (until.IsZero() || have.Before(until))
}

// TimeRange gives the times a term matches: from the first, before the second,
// a zero one being open. "seen>7d" is everything before now − 7 days.
func (t Term) TimeRange(now time.Time) (from, until time.Time) {
	if t.Value.Form == FormAge {
		cut := now.Add(-t.Value.Age)
		switch t.Op {
		case Lt, Le:
			return cut, time.Time{}
		case Gt, Ge:
			return time.Time{}, cut
		}
		return time.Time{}, time.Time{}
	}
	switch t.Op {
	case Has, Eq:
		return t.Value.From, t.Value.Until
	case Lt:
		return time.Time{}, t.Value.From
	case Le:
		return time.Time{}, t.Value.Until
	case Gt:
		return t.Value.Until, time.Time{}
	case Ge:
		return t.Value.From, time.Time{}
	}
	return time.Time{}, time.Time{}
}

// MatchVersion compares a version.
func (t Term) MatchVersion(have string) bool {
	switch t.Op {
	case Known:
		return have != ""
	case Glob:
		return MatchGlob(t.Value.Text, have)
	}
	return Comparison{Op: t.Op, Value: t.Value}.MatchVersion(have)
}

// MatchVersion compares a version.
func (c Comparison) MatchVersion(have string) bool {
	from, until := c.VersionRange()
	key := inventory.VersionKey(have)
	in := key >= from && (until == "" || key < until)
	return in != (c.Op == Ne)
}

// VersionRange gives the keys (inventory.VersionKey) of the versions a
// comparison matches: from the first, before the second, an empty one being
// open. With Ne they are the keys it does not match.
func (c Comparison) VersionRange() (from, until string) {
	key := inventory.VersionKey(c.Value.Text)
	after := key + "\x00" // the least key above
	switch c.Op {
	case Lt:
		return "", key
	case Le:
		return "", after
	case Gt:
		return after, ""
	case Ge:
		return key, ""
	case Has:
		// Without the byte that ends a key it begins all keys below it: 23
		// begins 23.1 and 23.1.4 but not 230.
		start := key[:len(key)-1]
		return start, successor(start)
	}
	return key, after
}

// successor is the least text above every text that begins with s.
func successor(s string) string {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] < 0xFF {
			return s[:i] + string([]byte{s[i] + 1})
		}
	}
	return ""
}

// MatchText compares the state of a service.
func (c Comparison) MatchText(have string) bool {
	return strings.EqualFold(have, c.Value.Text) != (c.Op == Ne)
}

// MatchAddress compares an IP address in text form.
func (t Term) MatchAddress(have string) bool {
	if t.Value.Form != FormPrefix || t.Op == Glob || t.Op == Known {
		return t.MatchText(have)
	}
	a, err := netip.ParseAddr(have)
	return err == nil && t.Value.Prefix.Contains(a.WithZone("").Unmap())
}

// MatchMac compares a hardware address in text form.
func (t Term) MatchMac(have string) bool {
	if t.Value.Form != FormMac || t.Op == Glob || t.Op == Known {
		return t.MatchText(have)
	}
	return macOf(have) == t.Value.Mac
}

// MatchFree compares one of the facts that free text looks at, whichever.
func (t Term) MatchFree(have string) bool {
	if t.MatchText(have) {
		return true
	}
	switch t.Value.Form {
	case FormPrefix:
		return t.MatchAddress(have)
	case FormMac:
		return t.MatchMac(have)
	}
	return false
}

func (o Op) holds(order int) bool {
	switch o {
	case Lt:
		return order < 0
	case Le:
		return order <= 0
	case Gt:
		return order > 0
	case Ge:
		return order >= 0
	case Ne:
		return order != 0
	}
	return order == 0
}

// MatchGlob says whether a whole text fits a pattern, in which * is any text
// and ? any one character, letter case apart. Work is bounded by the product
// of the lengths.
func MatchGlob(pattern, text string) bool {
	p, s := []rune(strings.ToLower(pattern)), []rune(strings.ToLower(text))
	i, j := 0, 0
	star, mark := -1, 0 // last * and where it began to match
	for j < len(s) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == s[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}

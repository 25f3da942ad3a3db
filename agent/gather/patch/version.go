package patch

import (
	"strings"
)

// compareDpkg orders versions as dpkg does (deb-version(7)): epoch, upstream
// version, revision; a tilde sorts before even the end.
func compareDpkg(a, b string) int {
	ea, va, ra := splitDpkg(a)
	eb, vb, rb := splitDpkg(b)
	if c := numbers(ea, eb); c != 0 {
		return c
	}
	if c := partDpkg(va, vb); c != 0 {
		return c
	}
	return partDpkg(ra, rb)
}

func splitDpkg(v string) (epoch, version, revision string) {
	epoch = "0"
	if e, rest, ok := strings.Cut(v, ":"); ok {
		epoch, v = e, rest
	}
	version = v
	if i := strings.LastIndexByte(v, '-'); i >= 0 {
		version, revision = v[:i], v[i+1:]
	}
	return epoch, version, revision
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// numbers orders texts of digits by value, whatever their length.
func numbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

func weightDpkg(s string, i int) int {
	if i >= len(s) || isDigit(s[i]) {
		return 0
	}
	switch c := s[i]; {
	case c == '~':
		return -1
	case isLetter(c):
		return int(c)
	default:
		return int(c) + 256
	}
}

func partDpkg(a, b string) int {
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		for i < len(a) && !isDigit(a[i]) || j < len(b) && !isDigit(b[j]) {
			if c := weightDpkg(a, i) - weightDpkg(b, j); c != 0 {
				return c
			}
			if i < len(a) && !isDigit(a[i]) {
				i++
			}
			if j < len(b) && !isDigit(b[j]) {
				j++
			}
		}
		x, y := i, j
		for i < len(a) && isDigit(a[i]) {
			i++
		}
		for j < len(b) && isDigit(b[j]) {
			j++
		}
		if c := numbers(a[x:i], b[y:j]); c != 0 {
			return c
		}
	}
	return 0
}

// compareRPM orders epoch:version-release as rpm does (rpm-version(7)).
func compareRPM(a, b string) int {
	ea, va, ra := splitDpkg(a) // the parts are cut alike
	eb, vb, rb := splitDpkg(b)
	if c := numbers(ea, eb); c != 0 {
		return c
	}
	if c := partRPM(va, vb); c != 0 {
		return c
	}
	return partRPM(ra, rb)
}

func partRPM(a, b string) int {
	odd := func(c byte) bool { return !isDigit(c) && !isLetter(c) && c != '~' && c != '^' }
	for a != "" || b != "" {
		for a != "" && odd(a[0]) {
			a = a[1:]
		}
		for b != "" && odd(b[0]) {
			b = b[1:]
		}
		first := func(s string) byte {
			if s == "" {
				return 0
			}
			return s[0]
		}
		x, y := first(a), first(b)
		if x == '~' || y == '~' { // before everything
			if x != y {
				return tell(y == '~')
			}
			a, b = a[1:], b[1:]
			continue
		}
		if x == '^' || y == '^' { // behind the end, before all else
			switch {
			case x == y:
				a, b = a[1:], b[1:]
				continue
			case x == '^':
				return tell(b == "")
			default:
				return tell(a != "")
			}
		}
		if a == "" || b == "" {
			break
		}
		is := isLetter
		if isDigit(x) {
			is = isDigit
		}
		p, q := leading(a, is), leading(b, is)
		if q == "" { // numbers are newer than letters
			return tell(isDigit(x))
		}
		c := strings.Compare(p, q)
		if isDigit(x) {
			c = numbers(p, q)
		}
		if c != 0 {
			return c
		}
		a, b = a[len(p):], b[len(q):]
	}
	return len(a) - len(b)
}

func leading(s string, is func(byte) bool) string {
	n := 0
	for n < len(s) && is(s[n]) {
		n++
	}
	return s[:n]
}

func tell(newer bool) int {
	if newer {
		return 1
	}
	return -1
}

// compareAPK orders versions as apk does (apk-tools, src/version.c):
// 1.2.3a_alpha1-r4. What stands before the suffixes is numbers and one letter.
func compareAPK(a, b string) int {
	a, ra := revisionAPK(a)
	b, rb := revisionAPK(b)
	a, sa, _ := strings.Cut(a, "_")
	b, sb, _ := strings.Cut(b, "_")
	pa, pb := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(pa), len(pb)) {
		if i >= len(pa) || i >= len(pb) {
			return len(pa) - len(pb)
		}
		x, y := leading(pa[i], isDigit), leading(pb[i], isDigit)
		if c := numbers(x, y); c != 0 {
			return c
		}
		if c := strings.Compare(pa[i][len(x):], pb[i][len(y):]); c != 0 {
			return c
		}
	}
	if c := suffixAPK(sa, sb); c != 0 {
		return c
	}
	return numbers(ra, rb)
}

func revisionAPK(v string) (rest, revision string) {
	if i := strings.LastIndex(v, "-r"); i >= 0 && leading(v[i+2:], isDigit) == v[i+2:] {
		return v[:i], v[i+2:]
	}
	return v, "0"
}

// suffixAPK: _alpha, _beta, _pre and _rc come before the version itself, _cvs,
// _svn, _git, _hg and _p behind it.
func suffixAPK(a, b string) int {
	rank := func(s string) int {
		name := leading(s, isLetter)
		for i, n := range []string{"alpha", "beta", "pre", "rc", "", "cvs", "svn", "git", "hg", "p"} {
			if n == name {
				return i
			}
		}
		return 4
	}
	x, y := strings.Split(a, "_"), strings.Split(b, "_")
	for i := range max(len(x), len(y)) {
		s, t := "", ""
		if i < len(x) {
			s = x[i]
		}
		if i < len(y) {
			t = y[i]
		}
		if c := rank(s) - rank(t); c != 0 {
			return c
		}
		if c := numbers(s[len(leading(s, isLetter)):], t[len(leading(t, isLetter)):]); c != 0 {
			return c
		}
	}
	return 0
}

package unit

import "strings"

// maxProgram bounds the path of a program.
const maxProgram = 255

// Program is the program that a command line starts: its first word, without
// assignments before it and prefixes of unit files, and never anything behind
// it. What does not look like a program is told as empty text, so that a
// secret in an odd place stays where it is. Of a line that first looks whether
// something is there, as crontabs do, the program behind that is meant.
func Program(line string) string {
	for range 8 {
		word, rest := next(line)
		switch word {
		case "":
			return ""
		case "exec", "then", "(", "{", "chronic", "time", "env":
			line = rest
			continue
		case "nice", "ionice":
			line = options(rest)
			continue
		case "test", "[", "cd", "command", "if":
			behind, ok := after(rest)
			if !ok && plausible(word) {
				return word
			}
			if !ok {
				return ""
			}
			line = behind
			continue
		}
		if assignment(word) {
			line = rest
			continue
		}
		word = strings.TrimLeft(word, "@-:+!|(")
		if !plausible(word) {
			return ""
		}
		return word
	}
	return ""
}

// next splits the first word off; quotes hold blanks.
func next(s string) (word, rest string) {
	s = strings.TrimLeft(s, " \t")
	if s == "" {
		return "", ""
	}
	if q := s[0]; q == '"' || q == '\'' {
		if end := strings.IndexByte(s[1:], q); end >= 0 {
			return s[1 : 1+end], s[2+end:]
		}
		return "", ""
	}
	end := strings.IndexAny(s, " \t")
	if end < 0 {
		return strings.TrimRight(s, ";&"), ""
	}
	// An assignment may hold blanks in quotes: A="b c" program.
	if eq := strings.IndexByte(s[:end], '='); eq > 0 && eq+1 < len(s) && (s[eq+1] == '"' || s[eq+1] == '\'') {
		if close := strings.IndexByte(s[eq+2:], s[eq+1]); close >= 0 {
			cut := eq + 3 + close
			return s[:cut], s[cut:]
		}
		return "", ""
	}
	return strings.TrimRight(s[:end], ";&"), s[end:]
}

// options passes over options of nice and ionice with their numbers.
func options(s string) string {
	for range 6 {
		word, rest := next(s)
		if !strings.HasPrefix(word, "-") && (word == "" || word[0] < '0' || word[0] > '9') {
			return s
		}
		s = rest
	}
	return s
}

// after is what stands behind the first && or || or ; of a line.
func after(s string) (string, bool) {
	best := -1
	for _, sep := range []string{"&&", "||", ";"} {
		if i := strings.Index(s, sep); i >= 0 && (best < 0 || i+len(sep) < best) {
			best = i + len(sep)
		}
	}
	if best < 0 {
		return "", false
	}
	return s[best:], true
}

func assignment(w string) bool {
	name, _, ok := strings.Cut(w, "=")
	if !ok || name == "" {
		return false
	}
	for _, c := range []byte(name) {
		if c != '_' && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

func plausible(w string) bool {
	if w == "" || len(w) > maxProgram {
		return false
	}
	for _, c := range []byte(w) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("_./+-~@% ", c) >= 0:
		default:
			return false
		}
	}
	return true
}

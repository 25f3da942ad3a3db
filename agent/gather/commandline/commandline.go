// Package commandline finds the program in a command line of Windows, for
// several readers: of services, tasks and what starts by itself.
//
// It owns where the program ends. It must not let an argument through: they
// may hold secrets.
package commandline

import "strings"

const maxLine = 4096

// endings are those of files that are started.
func endings() []string {
	return []string{".exe", ".com", ".scr", ".bat", ".cmd", ".sys", ".dll", ".vbs", ".js", ".ps1", ".msc", ".lnk"}
}

// Program is the program of a command line, without arguments, with the folder
// of Windows written out and a person's home as ~. A path with spaces that
// stands without quotes ends behind the first ending of a program; when there
// is none, with the first word.
func Program(line string) string {
	if len(line) > maxLine {
		line = line[:maxLine]
	}
	s := strings.TrimSpace(line)
	if rest, ok := strings.CutPrefix(s, `"`); ok {
		s, _, _ = strings.Cut(rest, `"`)
	} else {
		s = unquoted(s)
	}
	s = strings.TrimSpace(s)
	for _, c := range s {
		if c < ' ' || c == 0x7f || c == 0xfffd {
			return ""
		}
	}
	return home(windows(s))
}

func unquoted(s string) string {
	lower := strings.ToLower(s)
	if len(lower) != len(s) {
		lower = s // letters that change their length: only ASCII endings count
	}
	best := -1
	for _, end := range endings() {
		for from := 0; ; {
			i := strings.Index(lower[from:], end)
			if i < 0 {
				break
			}
			from += i + len(end)
			if from == len(s) || strings.IndexByte(" \t,\"", s[from]) >= 0 {
				if best < 0 || from < best {
					best = from
				}
				break
			}
		}
	}
	if best >= 0 {
		return s[:best]
	}
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		s = s[:i]
	}
	return s
}

// windows writes the several names of Windows' own folder as one.
func windows(s string) string {
	s = strings.TrimPrefix(s, `\??\`)
	for _, p := range []string{`%SystemRoot%\`, `%windir%\`, `\SystemRoot\`} {
		if len(s) > len(p) && strings.EqualFold(s[:len(p)], p) {
			return `C:\Windows\` + s[len(p):]
		}
	}
	if p := `System32\`; len(s) > len(p) && strings.EqualFold(s[:len(p)], p) {
		return `C:\Windows\` + s
	}
	return s
}

// home writes a person's folder as ~.
func home(s string) string {
	for _, p := range []string{`%USERPROFILE%\`, `%LOCALAPPDATA%\`, `%APPDATA%\`} {
		if len(s) > len(p) && strings.EqualFold(s[:len(p)], p) {
			into := map[string]string{`%LOCALAPPDATA%\`: `AppData\Local\`, `%APPDATA%\`: `AppData\Roaming\`}[p]
			return `~\` + into + s[len(p):]
		}
	}
	if len(s) > 9 && strings.EqualFold(s[1:9], `:\Users\`) {
		if name, rest, ok := strings.Cut(s[9:], `\`); ok && !strings.EqualFold(name, "Public") {
			return `~\` + rest
		}
	}
	return s
}

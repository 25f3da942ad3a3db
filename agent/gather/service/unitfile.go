package service

import (
	"bufio"
	"io"
	"strings"

	"muster/internal/inventory"
)

// unitFile is what is kept of a unit's file, systemd.unit(5).
type unitFile struct {
	Description, Kind, User, Program string
	Install                          bool // it says what enables it
}

// maxUnit bounds a unit file; the longest have some 20 KB.
const maxUnit = 256 << 10

// parseUnit reads a unit file. Lines ending in a backslash go on; later
// values win, and an empty one clears.
func parseUnit(r io.Reader) unitFile {
	var u unitFile
	section, carry := "", ""
	s := bufio.NewScanner(io.LimitReader(r, maxUnit))
	s.Buffer(make([]byte, 0, 1024), 64<<10)
	for s.Scan() {
		line := strings.TrimSpace(s.Text())
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continue // also within a value that goes on
		}
		line = carry + line
		carry = ""
		if strings.HasSuffix(line, `\`) && len(line) < 8<<10 {
			carry = strings.TrimSuffix(line, `\`) + " "
			continue
		}
		if strings.HasPrefix(line, "[") {
			section = line
			if section == "[Install]" {
				u.Install = true
			}
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		u.set(section, strings.TrimSpace(key), strings.TrimSpace(value))
	}
	return u
}

func (u *unitFile) set(section, key, value string) {
	switch section + key {
	case "[Unit]Description":
		u.Description = value
	case "[Service]Type":
		u.Kind = value
	case "[Service]User":
		u.User = value
	case "[Service]ExecStart":
		if value == "" {
			u.Program = ""
		} else if u.Program == "" {
			u.Program = firstProgram(value)
		}
	}
}

// firstProgram is the program of a command line in a unit file: the first
// word, without the prefixes that change how it is run.
func firstProgram(s string) string {
	s = strings.TrimLeft(s, "@-:+!|")
	if quoted, ok := strings.CutPrefix(s, `"`); ok {
		s, _, _ = strings.Cut(quoted, `"`)
	} else {
		s, _, _ = strings.Cut(s, " ")
	}
	return cleanPath(s)
}

// row is what is known of a unit from its file alone.
func (u unitFile) row(name, mode string) inventory.Service {
	r := inventory.Service{Name: name, DisplayName: u.Description, Manager: "systemd", Kind: "process",
		StartMode: mode, Executable: u.Program, Account: u.User}
	if u.Kind == "oneshot" {
		r.Kind = "oneshot"
	}
	if r.Account == "" && u.Program != "" {
		r.Account = "root"
	}
	return r
}

// script is what the header of an init script says, Linux Standard Base §22.2.
type script struct {
	Short string
}

// parseScript reads the header between ### BEGIN INIT INFO and ### END.
func parseScript(r io.Reader) script {
	var x script
	s := bufio.NewScanner(io.LimitReader(r, 16<<10))
	inside := false
	for s.Scan() {
		line := strings.TrimSpace(s.Text())
		switch {
		case strings.HasPrefix(line, "### BEGIN INIT INFO"):
			inside = true
		case strings.HasPrefix(line, "### END INIT INFO"):
			return x
		case inside:
			if v, ok := strings.CutPrefix(line, "# Short-Description:"); ok {
				x.Short = strings.TrimSpace(v)
			}
		case strings.HasPrefix(line, "description="): // OpenRC
			x.Short = strings.Trim(strings.TrimPrefix(line, "description="), `"'`)
		}
	}
	return x
}

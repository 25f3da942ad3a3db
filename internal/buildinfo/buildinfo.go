// Package buildinfo says which build this program is: version, commit, time
// and compiler. It owns the values that the linker writes and knows nothing
// about the program around it.
package buildinfo

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// Written once by the linker (-ldflags -X, see the Makefile) and never by Go
// code. A plain `go build` or `go test` leaves them empty; Read then falls
// back to what the go command stamps into the binary.
var (
	version string // git describe, such as v1.4.0-3-gabcdef0
	commit  string // full commit hash
	built   string // Unix seconds, the commit's time so that builds repeat
)

// Info describes one build.
type Info struct {
	Version string    `json:"version"` // git describe; "dev" when unknown
	Commit  string    `json:"commit"`  // full hash; empty when unknown
	Built   time.Time `json:"built"`   // never before Floor
	Go      string    `json:"go"`      // compiler, such as go1.26.0
	OS      string    `json:"os"`      // GOOS
	Arch    string    `json:"arch"`    // GOARCH
}

// Floor is a moment that every build of this source came after. It stands in
// for the build time where the linker wrote none.
func Floor() time.Time { return time.Date(2025, time.November, 1, 0, 0, 0, 0, time.UTC) }

// Read returns the description of the running program.
func Read() Info {
	info := Info{
		Version: version,
		Commit:  commit,
		Built:   Floor(),
		Go:      runtime.Version(),
		OS:      runtime.GOOS,
		Arch:    runtime.GOARCH,
	}
	if seconds, err := strconv.ParseInt(built, 10, 64); err == nil {
		info.Built = time.Unix(seconds, 0).UTC()
	}
	if stamped, ok := debug.ReadBuildInfo(); ok {
		info = info.withStamp(stamped)
	}
	if info.Version == "" {
		info.Version = "dev"
	}
	if info.Built.Before(Floor()) {
		info.Built = Floor()
	}
	return info
}

// withStamp fills what the linker left open from the go command's own record.
func (i Info) withStamp(stamped *debug.BuildInfo) Info {
	if i.Version == "" && stamped.Main.Version != "(devel)" {
		i.Version = stamped.Main.Version
	}
	for _, setting := range stamped.Settings {
		switch setting.Key {
		case "vcs.revision":
			if i.Commit == "" {
				i.Commit = setting.Value
			}
		case "vcs.time":
			if at, err := time.Parse(time.RFC3339, setting.Value); err == nil && at.After(i.Built) {
				i.Built = at.UTC()
			}
		}
	}
	return i
}

// String is the one line that `version` prints.
func (i Info) String() string {
	var b strings.Builder
	b.WriteString(i.Version)
	if i.Commit != "" {
		fmt.Fprintf(&b, " (%.12s)", i.Commit)
	}
	fmt.Fprintf(&b, " of %s, %s %s/%s", i.Built.Format(time.DateOnly), i.Go, i.OS, i.Arch)
	return b.String()
}

// Plausible returns now, or the build time where the clock stands before it.
// A machine with an empty CMOS battery wakes up years ago; certificates judged
// by that clock would all look "not yet valid", so TLS uses this lower bound
// until a collector has told the time.
func (i Info) Plausible(now time.Time) time.Time {
	if now.Before(i.Built) {
		return i.Built
	}
	return now
}

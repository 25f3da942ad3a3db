// Package licenses knows under which license each module stands that the
// programs are made of. It owns that list, which is kept by hand in modules.txt
// and held against the modules' own files by its test. It must not know who
// shows it.
package licenses

import (
	_ "embed"
	"runtime/debug"
	"slices"
	"strings"
)

//go:embed modules.txt
var modules string

// Module is one that a program is made of.
type Module struct {
	Path    string
	Version string // empty where it is not told
	License string // SPDX expression; empty: not known
}

// Linked are the modules of the running program, as the go command wrote them
// into it, by path.
func Linked() []Module {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	of := known()
	var out []Module
	for _, d := range info.Deps {
		if d.Replace != nil {
			d = d.Replace
		}
		out = append(out, Module{d.Path, d.Version, of[d.Path]})
	}
	slices.SortFunc(out, func(a, b Module) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// Shown are what the pages are made of besides: scripts, styles and fonts that
// package.json names.
func Shown() []Module {
	return []Module{
		{"@uswds/uswds", "", "CC0-1.0 AND Apache-2.0 AND MIT AND OFL-1.1"},
		{"htmx.org", "", "0BSD"},
		{"Public Sans", "", "OFL-1.1"},
		{"uplot", "", "MIT"},
	}
}

// known is the list by path.
func known() map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(modules) {
		if path, license, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			out[path] = license
		}
	}
	return out
}

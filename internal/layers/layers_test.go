package layers

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// root finds the module's folder, upward from where the test runs.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
}

func TestTheHouseStandsAsPlanned(t *testing.T) {
	files, err := Read(os.DirFS(root(t)))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 20 {
		t.Fatalf("only %d files were found: the walk is broken", len(files))
	}
	for _, offence := range Check(files, Folders(), Guards()) {
		t.Error(offence)
	}
}

func TestNothingLiesAboutInTheRoot(t *testing.T) {
	entries, err := fs.ReadDir(os.DirFS(root(t)), ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); !strings.HasPrefix(name, ".") && !slices.Contains(TopLevel(), name) {
			t.Errorf("%s does not belong in the root of the repository", name)
		}
	}
}

func TestThePlanIsSound(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Folders() {
		if seen[f.Path] {
			t.Errorf("%s stands twice in the plan", f.Path)
		}
		seen[f.Path] = true
		if f.Owns == "" {
			t.Errorf("%s: what does it own?", f.Path)
		}
		side, _, _ := strings.Cut(f.Path, "/")
		for _, imp := range slices.Concat(f.May, f.Tests) {
			if imp.Why == "" {
				t.Errorf("%s may import %s without a reason", f.Path, imp.Path)
			}
			// The two programs meet on the wire, and what they share knows neither.
			other, _, _ := strings.Cut(imp.Path, "/")
			if other != side && other != "internal" && !strings.HasPrefix(f.Path, "internal/e2e") {
				t.Errorf("%s may import %s: agent, collector and internal stay apart", f.Path, imp.Path)
			}
		}
	}
	named := map[string]bool{}
	for _, g := range Guards() {
		if named[g.Import] {
			t.Errorf("%s is guarded twice", g.Import)
		}
		named[g.Import] = true
		if g.Why == "" {
			t.Errorf("%s is guarded without a reason", g.Import)
		}
	}
}

// Each rule must bite: one offence each, in a made-up house.
func TestEveryRuleBites(t *testing.T) {
	const doc = "// Package x is made up.\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  []string // a part of each offence, sorted as Check does
	}{
		"nothing wrong": {files: map[string]string{
			"agent/spool/spool.go":      doc + "package spool\n\nimport _ \"muster/internal/segment\"\n",
			"agent/spool/spool_test.go": "package spool_test\n\nimport _ \"muster/agent/spool\"\n",
			"agent/gather/disk/disk.go": doc + "package disk\n\nimport _ \"github.com/shirou/gopsutil/v3/disk\"\n",
			"internal/e2e/e2e_test.go":  doc + "package e2e\n\nimport _ \"muster/collector/intake\"\n",
			"agent/x/testdata/bad.go":   "this is no Go",
			".cache/bad.go":             "this is no Go",
		}, want: nil},
		"stage imports its neighbour": {files: map[string]string{
			"agent/spool/spool.go": doc + "package spool\n\nimport (\n\t_ \"muster/agent/send\"\n)\n",
		}, want: []string{"agent/spool/spool.go:5: agent/spool must not import agent/send; of this house it may import internal/segment"}},
		"a program carries what is for tests": {files: map[string]string{
			"collector/collector.go":            doc + "package collector\n\nimport _ \"muster/collector/store/storetest\"\n",
			"collector/store/tsdb/tsdb.go":      doc + "package tsdb\n",
			"collector/store/tsdb/tsdb_test.go": "package tsdb\n\nimport _ \"muster/collector/store/storetest\"\n",
		}, want: []string{"collector/collector.go:4: import of collector/store/storetest: it is for tests"}},
		"on another system": {files: map[string]string{
			"agent/spool/spool.go":         doc + "package spool\n",
			"agent/spool/spool_windows.go": "package spool\n\nimport _ \"muster/agent/send\"\n",
		}, want: []string{"agent/spool/spool_windows.go:3: agent/spool must not import agent/send"}},
		"gatherers do not know each other": {files: map[string]string{
			"agent/gather/disk/disk.go": doc + "package disk\n\nimport _ \"muster/agent/gather/os\"\n",
		}, want: []string{"agent/gather/disk must not import agent/gather/os"}},
		"agent imports collector": {files: map[string]string{
			"agent/agent.go": doc + "package agent\n\nimport _ \"muster/collector/store\"\n",
		}, want: []string{"agent must not import collector/store"}},
		"internal imports a program": {files: map[string]string{
			"internal/metric/metric.go": doc + "package metric\n\nimport _ \"muster/agent\"\n",
		}, want: []string{"internal/metric must not import agent; of this house it may import nothing"}},
		"test outside of its plan": {files: map[string]string{
			"collector/receive/receive.go":      doc + "package receive\n",
			"collector/receive/receive_test.go": "package receive\n\nimport _ \"muster/collector/store/sqlstore\"\n",
		}, want: []string{"collector/receive must not import collector/store/sqlstore"}},
		"unlisted folder": {files: map[string]string{
			"collector/magic/magic.go": doc + "package magic\n",
		}, want: []string{"collector/magic: is not in the plan"}},
		"a folder too deep": {files: map[string]string{
			"agent/gather/disk/nvme/nvme.go": doc + "package nvme\n",
		}, want: []string{"agent/gather/disk/nvme: is not in the plan"}},
		"name that says nothing": {files: map[string]string{
			"agent/gather/utils/utils.go": doc + "package utils\n",
		}, want: []string{`"utils" says nothing`}},
		"library outside of its place": {files: map[string]string{
			"collector/receive/receive.go": doc + "package receive\n\nimport _ \"github.com/gosnmp/gosnmp\"\n",
		}, want: []string{"import of github.com/gosnmp/gosnmp belongs in collector/snmp/session"}},
		"banned part of a library": {files: map[string]string{
			"agent/gather/cpu/cpu.go": doc + "package cpu\n\nimport _ \"github.com/shirou/gopsutil/v3/load\"\n",
		}, want: []string{"import of github.com/shirou/gopsutil/v3/load belongs in nowhere"}},
		"unknown library": {files: map[string]string{
			"collector/store/store.go": doc + "package store\n\nimport _ \"example.org/left-pad\"\n",
		}, want: []string{"example.org/left-pad: a dependency needs a line"}},
		"processes": {files: map[string]string{
			"collector/receive/receive.go":      doc + "package receive\n\nimport _ \"os/exec\"\n",
			"collector/receive/receive_test.go": "package receive\n\nimport _ \"os/exec\"\n",
		}, want: []string{"collector/receive/receive.go:4: import of os/exec belongs in agent/host"}},
		"package comments": {files: map[string]string{
			"agent/host/a.go":   doc + "package host\n",
			"agent/host/b.go":   doc + "package host\n",
			"agent/spool/a.go":  "package spool\n",
			"agent/config/a.go": "// Settings and such.\npackage config\n",
		}, want: []string{
			"agent/config/a.go: a package comment begins with",
			"agent/host: has 2 package comments (a.go, b.go)",
			"agent/spool: has no package comment",
		}},
		"init": {files: map[string]string{
			"agent/host/a.go":      doc + "package host\n\nfunc init() {}\n",
			"agent/host/a_test.go": "package host\n\nfunc init() {}\n",
			"agent/host/b.go":      "package host\n\ntype t int\n\nfunc (t) init() {}\n",
		}, want: []string{"agent/host/a.go:4: func init()"}},
		"port of an agent": {files: map[string]string{
			"agent/host/a.go":          doc + "package host\n\nimport \"net\"\n\nfunc f() { net.Listen(\"tcp\", \":1\") }\n",
			"collector/receive/rec.go": doc + "package receive\n\nimport \"net\"\n\nfunc f() { net.Listen(\"tcp\", \":1\") }\n",
		}, want: []string{"agent/host/a.go:6: Listen: the agent opens no port"}},
		"path of one machine": {files: map[string]string{
			"Makefile":             "run:\n\tcat " + "/ro" + "ot/x\n",
			"packaging/linux/unit": "ExecStart=" + "/ho" + "me/me/bin\nok=/usr/bin/x https://example.org" + "/wo" + "rk/x\n",
			".ci/run":              "cd " + "/wo" + "rk/main\n",
			"agent/host/a.go":      doc + "package host\n\nvar p = \"" + "/tm" + "p/x\"\n\nvar q = \"" + SystemPaths()[0] + "\"\n",
		}, want: []string{".ci/run:1: names a path of one machine", "Makefile:2: names", "agent/host/a.go:4: names", "packaging/linux/unit:1: names"}},
		"packaging": {files: map[string]string{
			"packaging/make.go": doc + "package packaging\n",
		}, want: []string{"packaging/make.go: packaging holds no Go", "packaging: is not in the plan"}},
		"long file": {files: map[string]string{
			"agent/host/a.go": doc + "package host\n" + strings.Repeat("\n", MaxLines),
		}, want: []string{"agent/host/a.go: has 702 lines"}},
	} {
		t.Run(name, func(t *testing.T) {
			tree := fstest.MapFS{}
			for path, text := range c.files {
				tree[path] = &fstest.MapFile{Data: []byte(text)}
			}
			files, err := Read(tree)
			if err != nil {
				t.Fatal(err)
			}
			got := Check(files, Folders(), Guards())
			if len(got) != len(c.want) {
				t.Fatalf("got %d offences, want %d:\n%s", len(got), len(c.want), strings.Join(got, "\n"))
			}
			for i, want := range c.want {
				if !strings.Contains(got[i], want) {
					t.Errorf("offence %d\ngot  %s\nwant %s", i, got[i], want)
				}
			}
		})
	}
}

func TestBrokenFileIsNamed(t *testing.T) {
	_, err := Read(fstest.MapFS{"agent/a.go": {Data: []byte("package agent\nfunc {")}})
	if err == nil || !strings.Contains(err.Error(), "agent/a.go:2") {
		t.Errorf("got %v", err)
	}
}

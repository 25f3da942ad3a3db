package licenses

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEachModuleHasItsLicense holds the list against what both programs are
// made of on each system, and against the modules' own files.
func TestEachModuleHasItsLicense(t *testing.T) {
	sure := map[string]string{
		"Apache-2.0":   "Apache License",
		"MIT":          "Permission is hereby granted, free of charge",
		"BSD-3-Clause": "Redistribution and use in source and binary forms",
		"BSD-2-Clause": "Redistribution and use in source and binary forms",
		"MPL-2.0":      "Mozilla Public License",
		"Zlib":         "provided 'as-is'",
	}
	space, file := regexp.MustCompile(`\s+`), regexp.MustCompile(`(?i)^(licen[sc]e|copying)(\.md|\.txt)?$`)
	list, seen := known(), map[string]bool{}
	for _, system := range []string{"linux", "windows", "darwin"} {
		c := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}{{end}}{{end}}", "../../collector/cmd/muster", "../../agent/cmd/muster-agent")
		c.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
		out, err := c.Output()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(out)) {
			path, dir, _ := strings.Cut(strings.TrimSpace(line), "\t")
			if path == "" || seen[path] {
				continue
			}
			seen[path] = true
			license := list[path]
			if license == "" {
				t.Errorf("%s is linked: look at its license and add a line to modules.txt", path)
				continue
			}
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			text := ""
			for _, e := range entries {
				if file.MatchString(e.Name()) && !e.IsDir() {
					b, err := os.ReadFile(filepath.Join(dir, e.Name()))
					if err != nil {
						t.Fatal(err)
					}
					text += space.ReplaceAllString(string(b), " ")
				}
			}
			for one := range strings.SplitSeq(license, " AND ") {
				if phrase, ok := sure[one]; !ok || !strings.Contains(text, phrase) {
					t.Errorf("%s is listed as %s, which its file does not say", path, one)
				}
			}
		}
	}
	if len(seen) < 50 {
		t.Errorf("only %d modules", len(seen))
	}
}

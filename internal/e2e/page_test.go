//go:build linux

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// stepOf is one numbered step of a page, with its commands in order.
type stepOf struct {
	number   int
	title    string
	commands []string
}

// pageSteps reads the numbered steps of a section out of docs/operations.md,
// so that the page and the test that follows it cannot part.
func pageSteps(t *testing.T, section string) []stepOf {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok := strings.Cut(string(b), "\n## "+section+"\n")
	if !ok {
		t.Fatalf("docs/operations.md has no section %q", section)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	head := regexp.MustCompile(`^(\d+)\. \*\*(.*?)\*\*`)
	var out []stepOf
	code := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		words := strings.TrimSpace(line)
		switch m := head.FindStringSubmatch(line); {
		case m != nil:
			if m[1] != fmt.Sprint(len(out)+1) {
				t.Fatalf("step %s follows step %d", m[1], len(out))
			}
			out = append(out, stepOf{number: len(out) + 1, title: m[2]})
		case strings.HasPrefix(words, "```"):
			code = !code
		case code && len(out) > 0 && words != "":
			s := &out[len(out)-1]
			s.commands = append(s.commands, words)
		}
	}
	return out
}

// rehearsal runs the commands of a page on a place of its own.
type rehearsal struct {
	t       *testing.T
	bin     string            // the installed muster
	places  map[string]string // what the page names, and where it is here
	started func()            // what systemctl start muster does
}

// do runs one command as it stands on the page, and answers what it said. A
// command that is not known is a fault: somebody wrote a step that nobody tried.
func (r *rehearsal) do(line string) string {
	r.t.Helper()
	words := shellWords(line)
	for i, w := range words {
		if at, ok := r.places[w]; ok {
			words[i] = at
			continue
		}
		for named, at := range r.places { // files below a folder that is named
			if rest, ok := strings.CutPrefix(w, named+"/"); ok {
				words[i] = filepath.Join(at, rest)
			}
		}
	}
	var cmd *exec.Cmd
	switch words[0] {
	case "muster":
		args := words[1:]
		if !strings.Contains(line, "--data") {
			args = append([]string{"--data", r.places["/var/lib/muster"]}, args...)
		}
		bin := r.bin
		if _, err := os.Stat(bin); err != nil {
			bin = program(r.t, "muster") // somebody's own machine, before it is installed
		}
		cmd = exec.Command(bin, args...)
	case "systemctl":
		if line != "systemctl start muster" {
			r.t.Fatalf("the page says %q, which this test does not know", line)
		}
		r.started()
		return ""
	case "install", "cp":
		cmd = exec.Command(words[0], words[1:]...)
	default:
		r.t.Fatalf("the page says %q, which this test does not know", line)
	}
	cmd.Dir = r.places["."]
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}

// shellWords splits a line as a shell does that knows single quotes only.
func shellWords(line string) []string {
	var out []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			out = append(out, part)
			continue
		}
		out = append(out, strings.Fields(part)...)
	}
	return out
}

package agent

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/agent/config"
)

// groups makes what a kernel shows of a unit's group: plain files, which keep
// what is written.
func groups(t *testing.T, controllers string, subtree bool) (*group, string) {
	t.Helper()
	root := t.TempDir()
	dir := filepath.Join(root, "system.slice", "muster-agent.service")
	// The leaf is there already, because only a kernel fills a new folder.
	files := map[string]string{"cgroup.controllers": controllers + "\n", "cgroup.procs": "", "agent/cgroup.procs": "",
		"agent/memory.max": "max\n", "agent/memory.high": "max\n", "agent/cpu.max": "max 100000\n"}
	if subtree {
		files["cgroup.subtree_control"] = ""
	}
	for name, text := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	proc := filepath.Join(root, "proc")
	if err := os.WriteFile(proc, []byte("1:name=systemd:/x\n0::/system.slice/muster-agent.service\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return &group{root: root, proc: proc, pid: 4711, delegated: func(string) bool { return true }}, dir
}

func limits() config.Limits { return config.Limits{Memory: 64 << 20, CPU: 25} }

func holds(t *testing.T, dir, name, want string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil || !strings.HasPrefix(string(b), want) {
		t.Errorf("%s holds %q (%v), want %q", name, b, err, want)
	}
}

func TestAGroupOfItsOwn(t *testing.T) {
	g, dir := groups(t, "cpuset cpu io memory pids", true)
	c, err := g.bind(limits())
	if err != nil {
		t.Fatal(err)
	}
	if want := (caps{memory: 64 << 20, cpu: 25, by: "cgroup"}); c != want {
		t.Errorf("%+v, want %+v", c, want)
	}
	holds(t, dir, "cgroup.subtree_control", "+memory +cpu")
	holds(t, dir, "agent/cgroup.procs", "4711")
	holds(t, dir, "agent/memory.max", "67108864")
	holds(t, dir, "agent/memory.high", "60397974")
	holds(t, dir, "agent/cpu.max", "25000 100000")
}

func TestNoGroupOfItsOwn(t *testing.T) {
	for name, make := range map[string]func(t *testing.T) (*group, string){
		"not delegated": func(t *testing.T) (*group, string) {
			g, dir := groups(t, "cpu memory", true)
			g.delegated = func(string) bool { return false }
			return g, dir
		},
		"no controllers": func(t *testing.T) (*group, string) { return groups(t, "pids", true) },
		"others inside":  func(t *testing.T) (*group, string) { return groups(t, "cpu memory", false) },
		"version 1": func(t *testing.T) (*group, string) {
			g, dir := groups(t, "cpu memory", true)
			if err := os.WriteFile(g.proc, []byte("4:memory:/a\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			return g, dir
		},
		"not mounted": func(t *testing.T) (*group, string) {
			g, dir := groups(t, "cpu memory", true)
			g.root = t.TempDir()
			return g, dir
		},
	} {
		t.Run(name, func(t *testing.T) {
			g, dir := make(t)
			c, err := g.bind(limits())
			if err == nil || c != (caps{}) {
				t.Fatalf("%+v, %v", c, err)
			}
			holds(t, dir, "agent/memory.max", "max")
			if name == "others inside" {
				holds(t, dir, "cgroup.procs", "4711") // it went back
			}
		})
	}
}

// Without a group the bound is the process' own: one that eats ends.
func TestTheAgentEndsBeyondItsMemory(t *testing.T) {
	if os.Getenv("MUSTER_TEST_EAT") != "" {
		if _, err := bind(config.Limits{Memory: 64 << 20, CPU: 50}); err == nil {
			t.Skip("this test runs in a delegated control group, which binds instead")
		}
		_, _ = badly()[5].Read(t.Context(), nil)
		t.Fatal("nobody stopped it")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^TestTheAgentEndsBeyondItsMemory$")
	cmd.Env = append(os.Environ(), "MUSTER_TEST_EAT=1")
	out, err := cmd.CombinedOutput()
	// What comes first is no memory for the heap, or none for a thread's stack.
	short := slices.ContainsFunc([]string{"alloc", "pthread_create failed", "failed to create new OS thread"}, func(s string) bool { return strings.Contains(string(out), s) })
	if err == nil || strings.Contains(string(out), "nobody stopped it") || !short {
		t.Errorf("%v:\n%.600s", err, out)
	}
}

package collector

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// unitOf reads a unit: its settings by section and name, in order.
func unitOf(t *testing.T, name string) map[string][]string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../internal/service/units", name))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	section := ""
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		l := strings.TrimSpace(s.Text())
		switch {
		case l == "" || strings.HasPrefix(l, "#"):
		case strings.HasPrefix(l, "["):
			section = strings.Trim(l, "[]")
		default:
			k, v, ok := strings.Cut(l, "=")
			if !ok || section == "" {
				t.Fatalf("%s: %q is no setting", name, l)
			}
			out[section+"."+k] = append(out[section+"."+k], v)
		}
	}
	return out
}

// The units hold both programs to what they need (T23 of the threat model).
func TestUnitsAreSandboxes(t *testing.T) {
	for name, c := range map[string]struct {
		want    map[string]string
		without []string // the agent must see the machine's own mounts
	}{
		"muster.service": {want: map[string]string{
			"User": "muster", "NoNewPrivileges": "yes", "CapabilityBoundingSet": "", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
			"PrivateDevices": "yes", "MemoryDenyWriteExecute": "yes", "RestrictNamespaces": "yes", "UMask": "0077", "StateDirectory": "muster", "StateDirectoryMode": "0700", "Restart": "always"}},
		"muster-agent.service": {want: map[string]string{
			"User": "muster-agent", "NoNewPrivileges": "yes", "MemoryMax": "128M", "MemoryDenyWriteExecute": "yes", "RestrictNamespaces": "yes", "UMask": "0077",
			"StateDirectory": "muster-agent", "StateDirectoryMode": "0700", "Restart": "always", "DevicePolicy": "closed"},
			without: []string{"ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateDevices", "ProtectProc", "ReadOnlyPaths", "ReadWritePaths", "InaccessiblePaths", "ProtectKernelModules", "ProtectKernelTunables", "ProtectKernelLogs", "ProtectControlGroups", "PrivateMounts", "RootDirectory"}},
	} {
		u := unitOf(t, name)
		for k, v := range c.want {
			if got := u["Service."+k]; !slices.Contains(got, v) {
				t.Errorf("%s: %s is %v, want %q", name, k, got, v)
			}
		}
		for _, k := range c.without {
			if got := u["Service."+k]; len(got) > 0 {
				t.Errorf("%s: %s=%s gives it mounts of its own", name, k, got)
			}
		}
		if f := u["Service.SystemCallFilter"]; len(f) < 2 || f[0] != "@system-service" || !strings.HasPrefix(f[1], "~") {
			t.Errorf("%s: system calls %v", name, f)
		}
		for _, k := range []string{"CAP_DAC_OVERRIDE", "CAP_SETUID", "CAP_SYS_MODULE", "CAP_CHOWN"} {
			if strings.Contains(strings.Join(u["Service.CapabilityBoundingSet"], " "), k) {
				t.Errorf("%s holds %s", name, k)
			}
		}
		if e := u["Service.ExecStart"]; len(e) != 1 || strings.Contains(e[0], "MUSTER_") || !strings.HasPrefix(e[0], "/usr/bin/muster") {
			t.Errorf("%s: ExecStart %v", name, e)
		}
	}
}

// systemd itself reads them without a complaint, where it is there.
func TestUnitsAreGood(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("systemd-analyze is not on this machine")
	}
	if err != nil {
		t.Fatal(err)
	}
	exposure := regexp.MustCompile(`Overall exposure level for \S+: ([0-9])\.`)
	for name, most := range map[string]string{"muster.service": "1", "muster-agent.service": "4"} {
		b, err := os.ReadFile(filepath.Join("../internal/service/units", name))
		if err != nil {
			t.Fatal(err)
		}
		// Neither program, account nor manual page is on this machine.
		text := regexp.MustCompile(`(?m)^ExecStart=\S+`).ReplaceAllString(string(b), "ExecStart=/bin/true")
		text = regexp.MustCompile(`(?m)^(User|Group)=.*$`).ReplaceAllString(text, "$1=daemon")
		text = regexp.MustCompile(`(?m)^Documentation=.*\n`).ReplaceAllString(text, "")
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(analyze, "verify", path).CombinedOutput(); err != nil || len(bytes.TrimSpace(out)) > 0 {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		out, err := exec.Command(analyze, "security", "--offline=true", path).CombinedOutput()
		if err != nil {
			t.Logf("%s: it cannot be weighed here: %v", name, err) // before systemd 250
			continue
		}
		if m := exposure.FindSubmatch(out); m == nil || string(m[1]) > most {
			t.Errorf("%s is exposed more than %s: %s", name, most, m)
		}
	}
}

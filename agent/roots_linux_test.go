package agent

import (
	"slices"
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/internal/report"
)

// Every section is read on every recorded machine, among them roots of Debian,
// Alpine, Fedora and of systems where most is missing. Nothing fails but what
// is broken there: what a machine cannot tell is said to be unsupported, with
// a reason, and what it can tell is there.
func TestSectionsOfRecordedMachines(t *testing.T) {
	all := []string{"system", "os", "boot", "cpu", "memory", "disk", "volume", "interface", "network", "software", "service",
		"user", "user_group", "group_member", "platform_security", "encryption", "domain_join", "pending_restart", "clock"}
	rows := map[string][]string{
		"debian-pc":     append([]string{"memory_module", "power"}, all...),
		"fedora-laptop": append([]string{"memory_module", "power", "change_log"}, all...),
		"alpine-vm":     append([]string{"startup_item"}, all...),
	}
	broken := map[string][]string{
		// Its package database is damaged, and nobody answers systemctl.
		"server": {"change_log", "service"},
	}
	for _, name := range recorded.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := recorded.Machine(t, name)
			for _, s := range sections() {
				r, err := s.Read(t.Context(), h)
				status, reason := gather.StatusOf(r, err)
				n := len(recorded.Check(t, s.Name, r))
				t.Logf("%s: %s, %d rows %s", s.Name, status, n, reason)
				if bad := status == report.Failed || status == report.Denied; bad != slices.Contains(broken[name], s.Name) {
					t.Errorf("%s is %s: %s", s.Name, status, reason)
				}
				if status != report.OK && reason == "" {
					t.Errorf("%s is %s and does not say why", s.Name, status)
				}
				if n == 0 && slices.Contains(rows[name], s.Name) {
					t.Errorf("%s has no rows: %s %s", s.Name, status, reason)
				}
			}
		})
	}
	for name := range rows {
		if !slices.Contains(recorded.Names(), name) {
			t.Errorf("there is no recorded machine %s any more", name)
		}
	}
}

package running

import (
	"context"
	"testing"

	"muster/agent/gather/recorded"
)

const machine = `
-- /proc/12/comm --
sshd
-- /proc/12/status --
Name:	sshd
Uid:	0	0	0	0
-- /proc/12/cgroup --
0::/system.slice/ssh.service
-- /proc/12/fd/3 -> socket:[700] --
-- /proc/12/fd/4 -> /dev/null --
-- /proc/40/comm --
sshd
-- /proc/40/fd/3 -> socket:[700] --
-- /proc/40/fd/5 -> socket:[701] --
-- /proc/50/comm --
locked
-- /proc/meminfo --
`

func TestSockets(t *testing.T) {
	h := recorded.Unpack(t, []byte(machine))
	got, blind, err := Sockets(context.Background(), h, map[uint64]bool{700: true, 702: true})
	if err != nil || len(got) != 1 || got[700] != 12 || !blind {
		t.Errorf("%v, blind %v, %v", got, blind, err)
	}
	if p := Tell(h, 12); p.Name != "sshd" || p.UID != 0 || p.Unit != "ssh.service" {
		t.Errorf("%+v", p)
	}
	if p := Tell(h, 50); p.UID != -1 || p.Unit != "" {
		t.Errorf("%+v", p)
	}
}

func TestParseCgroup(t *testing.T) {
	for in, want := range map[string]string{
		"0::/system.slice/ssh.service": "ssh.service",
		"0::/user.slice/user-1000.slice/user@1000.service/app.slice/pipewire.service":         "pipewire.service",
		"0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope":              "",
		"12:pids:/system.slice/cron.service\n1:name=systemd:/system.slice/nginx.service\n0::": "nginx.service",
		"":      "",
		"0::/x": "",
	} {
		if got := parseCgroup(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzCgroup(f *testing.F) {
	f.Add("0::/system.slice/ssh.service")
	f.Fuzz(func(t *testing.T, text string) {
		if u := parseCgroup(text); len(u) > len(text) {
			t.Error(u)
		}
		socketInode(text)
	})
}

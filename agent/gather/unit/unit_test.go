package unit

import (
	"strings"
	"testing"

	"muster/agent/gather/recorded"
)

func TestProgram(t *testing.T) {
	for in, want := range map[string]string{
		"/usr/bin/backup --password=hunter2 /srv": "/usr/bin/backup",
		"-/usr/sbin/exim4 -q":                     "/usr/sbin/exim4",
		"@/usr/sbin/x argv0":                      "/usr/sbin/x",
		"TOKEN=abc A=\"b c\" /opt/run now":        "/opt/run",
		"  'my prog' -x":                          "my prog",
		"[ -x /usr/sbin/anacron ] || { cd / && run-parts /etc/cron.daily; }":   "run-parts",
		"test -x /usr/sbin/anacron || run-parts --report /etc/cron.daily":      "run-parts",
		"if [ -x /usr/share/mdadm/checkarray ] && [ $(date) ]; then check; fi": "check",
		"cd /srv/app && ./job.sh":                "./job.sh",
		"nice -n 19 ionice -c 3 /usr/bin/find /": "/usr/bin/find",
		"https://user:pw@host/x":                 "",
		"$(cat /etc/secret)":                     "",
		"":                                       "",
		"A=b":                                    "",
		"\"unclosed":                             "",
		"true":                                   "true",
		"test -e /x":                             "test",
		"env FOO=bar /bin/prog":                  "/bin/prog",
		"command -v debian-sa1 > /dev/null && debian-sa1 1 1": "debian-sa1",
	} {
		if got := Program(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestFind(t *testing.T) {
	h := recorded.Unpack(t, []byte(`
-- /usr/lib/systemd/system/a@.service --
[Service]
ExecStart=/bin/a %i
ExecStart=/bin/second
Environment=SECRET=x
-- /etc/systemd/system/a@.service.d/own.conf --
[Service]
User=worker
ExecStart=
ExecStart=/opt/a
-- /etc/systemd/system/off.service -> /dev/null --
-- links /etc/systemd/system --
multi-user.target.wants/a@one.service ../../../usr/lib/systemd/system/a@.service
x.service.requires/b.socket /nowhere
-- /usr/lib/systemd/system/timers.target.wants/c.timer --
-- /usr/lib/systemd/system/c.timer --
-- /usr/lib/systemd/system/d@.timer --
`))
	u, ok := Find(h, System, "a@one.service")
	if !ok || u.First("Service", "ExecStart") != "/opt/a" || u.First("Service", "User") != "worker" || len(u.All("Service", "Environment")) != 0 {
		t.Errorf("%+v", u)
	}
	if u, ok := Find(h, System, "off.service"); !ok || !u.Masked {
		t.Errorf("%+v", u)
	}
	if _, ok := Find(h, System, "none.service"); ok {
		t.Error("found what is not there")
	}
	if s := strings.Join(Enabled(h, System), " "); s != "a@one.service b.socket" {
		t.Error(s)
	}
	if s := strings.Join(Always(h, System), " "); s != "c.timer" {
		t.Error(s)
	}
	if s := strings.Join(Installed(h, System, ".timer"), " "); s != "c.timer" {
		t.Error(s)
	}
}

func FuzzProgram(f *testing.F) {
	f.Add("[")
	f.Add("A=1 /usr/bin/x --secret y")
	f.Add("[ -x /a ] && nice -n 5 b")
	f.Fuzz(func(t *testing.T, line string) {
		p := Program(line)
		if len(p) > maxProgram || p != "" && !plausible(p) {
			t.Errorf("%q of %q", p, line)
		}
		template(line)
	})
}

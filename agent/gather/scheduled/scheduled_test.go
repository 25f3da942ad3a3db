package scheduled

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestParseCrontab(t *testing.T) {
	text := "# m h dom mon dow user command\nSHELL=/bin/sh\nMAILTO = x@y.example\n" +
		"17 * * * * root cd / && run-parts --report /etc/cron.hourly\n" +
		"-*/15 8-18 * jan,feb mon-fri  backup /opt/b --pass=geheim%input\n" +
		"@reboot\tkiosk TOKEN=abc /usr/bin/kiosk --full\n" +
		"@never root x\n1 2 3 root x\n* * * * *\n0 4 1 * * root\n"
	var got []string
	for _, j := range parseCrontab(strings.NewReader(text), true) {
		got = append(got, fmt.Sprintf("%s|%s|%s|%v", j.Schedule, j.User, j.Program, j.Boot))
	}
	want := []string{"17 * * * *|root|run-parts|false", "*/15 8-18 * jan,feb mon-fri|backup|/opt/b|false", "@reboot|kiosk|/usr/bin/kiosk|true"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v", got)
	}
	jobs := parseCrontab(strings.NewReader("0 5 * * 1 tar -zcf /x\n"), false)
	if len(jobs) != 1 || jobs[0].Program != "tar" || jobs[0].User != "" {
		t.Errorf("%+v", jobs)
	}
}

func TestParseAt(t *testing.T) {
	n, at, ok := parseAt("a0000b01b5c0f4")
	if !ok || n != 11 || !at.Equal(time.Unix(0x01b5c0f4*60, 0)) {
		t.Errorf("%d %s %v", n, at, ok)
	}
	for _, s := range []string{"", ".SEQ", "a0000b01b5c0g4", "=0000b01b5c0f4"} {
		if _, _, ok := parseAt(s); ok {
			t.Errorf("%q was read", s)
		}
	}
}

func FuzzCrontab(f *testing.F) {
	f.Add("17 * * * * root /bin/x --secret\n@daily root y\n", true)
	f.Add("-", true)
	f.Add("1 5 cron.daily run-parts /etc/cron.daily", false)
	f.Fuzz(func(t *testing.T, text string, withUser bool) {
		for _, j := range parseCrontab(strings.NewReader(text), withUser) {
			if j.Schedule == "" || withUser == (j.User == "") || strings.ContainsAny(j.Schedule, "=\n") {
				t.Errorf("%+v", j)
			}
		}
		parseAnacron(strings.NewReader(text), func(name string, j job) {
			if name == "" || j.Schedule == "" {
				t.Errorf("%q %+v", name, j)
			}
		})
		parseAt(text)
	})
}

package session

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"muster/agent/gather/recorded"
	"muster/agent/gather/utmp"
	"muster/agent/host"
)

var noon = time.Date(2024, 6, 3, 9, 30, 0, 0, time.UTC) // the time of recordings

func record(kind int, line, user, from string, at time.Time) []byte {
	b := make([]byte, utmp.Short)
	binary.LittleEndian.PutUint16(b, uint16(kind))
	copy(b[8:40], line)
	copy(b[44:76], user)
	copy(b[76:332], from)
	binary.LittleEndian.PutUint32(b[340:], uint32(at.Unix()))
	return b
}

func put(t *testing.T, h *host.Host, name string, records ...[]byte) {
	t.Helper()
	p := filepath.Join(h.Root, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	var b []byte
	for _, r := range records {
		b = append(b, r...)
	}
	if err := os.WriteFile(p, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

const passwd = `
-- /etc/passwd --
root:x:0:0:root:/root:/bin/bash
gdm:x:120:125:Display Manager:/var/lib/gdm3:/bin/false
ada:x:1000:1000:Ada Example,Room 7,,:/home/ada:/bin/bash
bob:x:1001:1001:Bob Example:/home/bob:/bin/bash
`

func month() [][]byte {
	at := func(days, hours int) time.Time {
		return noon.Add(-time.Duration(days)*24*time.Hour - 4*time.Hour + time.Duration(hours)*time.Hour)
	}
	return [][]byte{
		record(utmp.User, ":0", "bob", "", at(90, 0)), // long ago
		record(utmp.Dead, ":0", "", "", at(90, 9)),
		record(utmp.Boot, "~", "reboot", "6.1.0", at(9, 0)),
		record(utmp.User, ":0", "gdm", "", at(9, 0)),
		record(utmp.User, ":0", "ada", "", at(9, 0)),
		record(utmp.User, "pts/1", "ada", ":0", at(9, 1)),
		record(utmp.RunLevel, "~", "shutdown", "6.1.0", at(9, 8)),
		record(utmp.Boot, "~", "reboot", "6.1.0", at(8, 0)),
		record(utmp.User, "pts/0", "bob", "192.0.2.7", at(8, 1)),
		record(utmp.Dead, "pts/0", "", "", at(8, 3)),
		record(utmp.User, ":0", "EXAMPLE\\carol", "", at(8, 3)), // and the power fails
		record(utmp.Boot, "~", "reboot", "6.1.0", at(5, 0)),
		record(utmp.User, "tty1", "root", "", at(1, 0)),
		record(utmp.Dead, "tty1", "", "", at(1, 1)),
		record(utmp.User, ":0", "ada", "", at(0, 3)), // an hour ago
	}
}

func TestSections(t *testing.T) {
	ctx := context.Background()
	logind := recorded.Unpack(t, []byte(passwd+`
-- /run/systemd/sessions/2 --
# This is private data. Do not parse.
UID=1000
USER=ada
ACTIVE=1
STATE=active
REMOTE=0
TYPE=wayland
CLASS=user
SEAT=seat0
TTY=tty2
REALTIME=1717399800000000
-- /run/systemd/sessions/7 --
UID=1001
USER=bob
ACTIVE=1
STATE=active
REMOTE=1
REMOTE_HOST=192.0.2.7
TYPE=tty
CLASS=user
SERVICE=sshd
REALTIME=1717405000000000
-- /run/systemd/sessions/c1 --
UID=120
USER=gdm
STATE=online
TYPE=wayland
CLASS=greeter
SEAT=seat0
-- /run/systemd/sessions/2.ref --
`))
	put(t, logind, "/var/log/wtmp", month()...)
	r, err := Read(ctx, logind)
	recorded.Golden(t, logind, "session", "session.logind", r, err)
	r, err = ReadLogon(ctx, logind)
	recorded.Golden(t, logind, "logon", "logon.logind", r, err)

	old := recorded.Unpack(t, []byte(passwd))
	put(t, old, "/run/utmp",
		record(utmp.Boot, "~", "reboot", "6.1.0", noon.Add(-time.Hour)),
		record(utmp.Login, "tty1", "LOGIN", "", noon.Add(-time.Hour)),
		record(utmp.User, "tty2", "bob", "", noon.Add(-time.Hour)),
		record(utmp.User, "pts/0", "ada", "pc9.example.org", noon.Add(-time.Minute)))
	r, err = Read(ctx, old)
	recorded.Golden(t, old, "session", "session.utmp", r, err)
	r, err = ReadLogon(ctx, old)
	recorded.Golden(t, old, "logon", "logon.utmp", r, err)

	none := recorded.Unpack(t, []byte(passwd))
	if _, err := Read(ctx, none); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if _, err := ReadLogon(ctx, none); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

// After wtmp was rotated, last month's user is still the primary one.
func TestRotationForgetsNobody(t *testing.T) {
	h := recorded.Unpack(t, []byte(passwd))
	put(t, h, "/var/log/wtmp.1", month()...)
	put(t, h, "/var/log/wtmp",
		record(utmp.User, "tty1", "bob", "", noon.Add(-time.Hour)),
		record(utmp.Dead, "tty1", "", "", noon.Add(-time.Minute)))
	r, err := ReadLogon(t.Context(), h)
	if err != nil || len(r.Faults) > 0 {
		t.Fatal(err, r.Faults)
	}
	row := recorded.Check(t, "logon", r)[0]
	if row["last_user_name"] != "bob" || row["primary_user_name"] != "ada" {
		t.Errorf("last %v, primary %v", row["last_user_name"], row["primary_user_name"])
	}
}

func FuzzState(f *testing.F) {
	f.Add("2", "USER=ada\nSTATE=active\nTYPE=tty\nREALTIME=1717405000000000\n", []byte{})
	f.Add("2", "", append(month()[2], month()[4]...))
	f.Fuzz(func(t *testing.T, id, text string, log []byte) {
		if s, ok := parseState(id, text); ok && s.UserName == "" {
			t.Error("nobody's session")
		}
		c := tally{now: noon, from: noon.Add(-window), person: func(string) bool { return true }}
		for i := 0; i+utmp.Short <= len(log); i += utmp.Short {
			if r, ok := utmp.Parse(log[i : i+utmp.Short]); ok {
				c.record(r)
			}
		}
		c.end()
		for _, d := range c.users {
			if d < 0 {
				t.Error(d)
			}
		}
	})
}

package watch

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"muster/agent/gather/utmp"
)

// signed is a record of wtmp.
func signed(kind int, line, user, from string) string {
	b := make([]byte, utmp.Short)
	binary.LittleEndian.PutUint16(b, uint16(kind))
	copy(b[8:40], line)
	copy(b[44:76], user)
	copy(b[76:332], from)
	binary.LittleEndian.PutUint32(b[340:], uint32(time.Now().Unix()))
	return string(b)
}

// Where there is no journal, wtmp tells who came and went: once, over
// restarts and rotation, and people only.
func TestSignIns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPC(t)
		ctx := context.Background()
		p.file("/etc/passwd", "root:x:0:0::/root:/bin/sh\ngdm:x:120:125::/:/bin/false\nada:x:1000:1000::/home/ada:/bin/sh\n")
		log := signed(utmp.User, ":0", "ada", "")
		time.Sleep(48 * time.Hour) // what was before is of the past
		log += signed(utmp.Boot, "~", "reboot", "6.1.0") + signed(utmp.User, ":0", "gdm", "") + signed(utmp.User, ":0", "ada", "") +
			signed(utmp.User, "pts/0", "ada", ":0") + signed(utmp.Dead, "pts/0", "", "") + signed(utmp.User, "pts/2", "ada", "tmux(4711).%0") + signed(utmp.Dead, "pts/2", "", "") + signed(utmp.User, "pts/1", "EXAMPLE\\bob", "192.0.2.7")
		p.file(wtmp, log)
		p.open()
		p.w.CatchUp(ctx)
		p.want(p.told(), "user_logon session=console user=ada", "user_logon session=remote user=EXAMPLE\\bob")
		p.w.Save()

		rest := signed(utmp.Dead, ":0", "", "")
		if err := os.Rename(filepath.Join(p.root, wtmp), filepath.Join(p.root, wtmp+".1")); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(filepath.Join(p.root, wtmp+".1"), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		f.WriteString(rest)
		f.Close()
		p.file(wtmp, signed(utmp.User, "tty1", "root", "")+signed(utmp.Dead, "pts/1", "", ""))
		p.open()
		p.w.CatchUp(ctx)
		p.want(p.told(), "user_logoff session=console user=ada", "user_logon session=console user=root", "user_logoff session=remote user=EXAMPLE\\bob")
		time.Sleep(time.Minute)
		p.w.CatchUp(ctx)
		p.want(p.told())
	})
}

// Managers other than apt write down what they upgraded.
func TestUpgrades(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPC(t)
		ctx := context.Background()
		now := time.Now().Format("2006-01-02T15:04:05-0700")
		p.file("/var/log/dnf.rpm.log", now+" SUBDEBUG Upgrade: openssl-1:3.2.2-1.fc40.x86_64\n"+now+" SUBDEBUG Upgraded: openssl-1:3.2.1-1.fc40.x86_64\n"+now+" SUBDEBUG Installed: gimp-2:2.10-1.fc40.x86_64\n")
		pacman := "[1999-01-01T10:00:00+0000] [ALPM] upgraded old (1-1 -> 1-2)\n[" + now + "] [ALPM] upgraded linux (6.9.1-1 -> 6.9.2-1)\n"
		p.file("/var/log/pacman.log", pacman)
		p.open()
		p.w.CatchUp(ctx)
		p.want(p.told(), "update_installed manager=dnf update=openssl 1:3.2.2-1.fc40", "update_installed manager=pacman update=linux 6.9.2-1")
		p.w.Save()
		p.file("/var/log/pacman.log", pacman+"["+now+"] [ALPM] upgraded musl (1-1 -> 1-2)\n")
		p.open()
		p.w.CatchUp(ctx)
		p.want(p.told(), "update_installed manager=pacman update=musl 1-2")
	})
}

func FuzzSignIns(f *testing.F) {
	f.Add([]byte(signed(utmp.User, "tty1", "ada", "")+signed(utmp.Dead, "tty1", "", "")), []byte("ada:x:0:0\n"))
	f.Fuzz(func(t *testing.T, log, passwd []byte) {
		p := newPC(t)
		p.file("/etc/passwd", string(passwd))
		p.file(wtmp, string(log))
		p.open()
		defer p.w.Close()
		p.w.signIns(t.Context())
		if n := len(p.w.mark.SignIns.Open); n > maxOpenSignIns {
			t.Errorf("%d people are signed in", n)
		}
		if at := p.w.mark.SignIns.Offset; at > int64(len(log)) {
			t.Errorf("read up to %d of %d bytes", at, len(log))
		}
	})
}

package trap

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"sync"
	"testing"
	"time"

	"muster/collector/snmp/session"
	"muster/collector/snmp/snmptest/message"
)

// The traps and informs of net-snmp's own programs, over a real socket.
func TestTrapsOfNetSNMP(t *testing.T) {
	program, err := exec.LookPath("snmptrap")
	if err != nil {
		t.Fatal("snmptrap is not here: apt-get install snmp")
	}
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	users := []message.User{
		{Name: "old", Auth: "MD5", AuthPass: "authpass1", Priv: "DES", PrivPass: "privpass1"},
		{Name: "new", Auth: "SHA256", AuthPass: "authpass1", Priv: "AES", PrivPass: "privpass1"},
		{Name: "long", Auth: "SHA512", AuthPass: "authpass1", Priv: "AES256", PrivPass: "privpass1"},
		{Name: "plain", Auth: "SHA", AuthPass: "authpass1"},
	}
	var mu sync.Mutex
	var heard []Notice
	l, _ := listener(t, func(o *Options) {
		o.Allowed = netip.Addr.IsLoopback
		o.Users = func() []session.Credential { return credentials(users...) }
		o.Heard = func(n Notice) { mu.Lock(); defer mu.Unlock(); heard = append(heard, n) }
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx, c) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	v3 := func(u message.User, protocol, cipher string) []string {
		a := []string{"-v3", "-u", u.Name, "-a", protocol, "-A", string(u.AuthPass)}
		if cipher == "" {
			return append(a, "-l", "authNoPriv")
		}
		return append(a, "-x", cipher, "-X", string(u.PrivPass), "-l", "authPriv")
	}
	for i, args := range [][]string{
		{"-v1", "-c", "public"},
		{"-v2c", "-c", "public"},
		v3(users[0], "MD5", "DES"),
		v3(users[1], "SHA-256", "AES"),
		v3(users[2], "SHA-512", "AES-256"),
		v3(users[3], "SHA", ""),
	} {
		for _, inform := range []bool{false, true} {
			if i == 0 && inform {
				continue // version 1 has none
			}
			all := append([]string{"-r1", "-t2"}, args...)
			if inform {
				all = append(all, "-Ci")
			}
			all = append(all, c.LocalAddr().String())
			if i == 0 {
				all = append(all, "", "", "3", "0", "")
			} else {
				all = append(all, "", "1.3.6.1.6.3.1.1.5.4")
			}
			all = append(all, "1.3.6.1.2.1.2.2.1.1.7", "i", "7")
			cmd := exec.CommandContext(t.Context(), program, all...)
			cmd.Env = []string{"SNMP_PERSISTENT_DIR=" + t.TempDir(), "MIBS="}
			// An inform that nobody answers ends with an error.
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("snmptrap %v: %v: %s", all, err, out)
				continue
			}
			what := fmt.Sprintf("snmptrap %v", all)
			for deadline := time.Now().Add(10 * time.Second); ; {
				mu.Lock()
				got := heard
				mu.Unlock()
				if len(got) > 0 {
					n := got[0]
					if n.OID != "1.3.6.1.6.3.1.1.5.4" || n.Inform != inform || n.Authentic != (i > 1) {
						t.Errorf("%s: heard %+v", what, n)
					}
					break
				}
				if time.Now().After(deadline) {
					t.Errorf("%s: nothing heard: %+v", what, l.Stats())
					break
				}
				time.Sleep(time.Millisecond)
			}
			mu.Lock()
			heard = nil
			mu.Unlock()
		}
	}
}

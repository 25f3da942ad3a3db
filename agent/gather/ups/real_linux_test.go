package ups

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"muster/agent/gather/recorded"
	"muster/agent/host"
)

// A real upsd over a driver that plays a unit says what was written down for
// it.
func TestRealNUT(t *testing.T) {
	// Debian's command on the path is a script that asks for a set-up.
	const upsd, driver = "/lib/nut/upsd", "/lib/nut/dummy-ups"
	for _, program := range []string{upsd, driver} {
		if _, err := os.Stat(program); err != nil {
			t.Fatalf("%s is missing: run packaging/test-deps as root, or apt-get install nut-server", program)
		}
	}
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	for name, text := range map[string]string{
		"ups.conf":   "[desk]\ndriver = dummy-ups\nport = desk.dev\ndesc = \"Desk \\\"7\\\"\"\n",
		"upsd.conf":  "LISTEN 127.0.0.1 " + strconv.Itoa(port) + "\n",
		"upsd.users": "",
		"desk.dev":   "ups.status: OB LB RB\nups.mfr: ACME\nups.model: Power 700\nups.serial: RT0000009\nbattery.charge: 41\nbattery.runtime: 333\nups.load: 12.5\nups.test.result: Battery failed\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	user := "root"
	if os.Getuid() != 0 {
		user = strconv.Itoa(os.Getuid())
	}
	start := func(program string, args ...string) {
		cmd := exec.Command(program, args...)
		cmd.Env = append(os.Environ(), "NUT_CONFPATH="+dir, "NUT_STATEPATH="+dir, "NUT_ALTPIDPATH="+dir, "NUT_PIDPATH="+dir)
		var out logged
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			cmd.Process.Kill()
			cmd.Wait()
			if t.Failed() {
				t.Logf("%s: %s", program, out)
			}
		})
	}
	start(driver, "-a", "desk", "-u", user, "-D")
	start(upsd, "-u", user, "-D")

	h := recorded.Unpack(t, []byte("-- /etc/hostname --\nx\n"))
	h.Connect = func(ctx context.Context, s host.Server) (net.Conn, error) {
		var d net.Dialer
		if s.Name != "nut" {
			return d.DialContext(ctx, "tcp", "127.0.0.1:1")
		}
		return d.DialContext(ctx, "tcp", "127.0.0.1:"+strconv.Itoa(port))
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		r, err := Read(t.Context(), h)
		if err == nil && len(r.Faults) == 0 && len(r.Table.Rows) == 1 && recorded.Check(t, "ups", r)[0]["output_source"] != nil {
			row := recorded.Check(t, "ups", r)[0]
			for key, want := range map[string]any{"name": "desk", "vendor": "ACME", "model": "Power 700", "serial": "RT0000009",
				"output_source": "battery", "battery_status": "low", "replace_battery": true, "charge_percent": 41.0, "load_percent": 12.5,
				"remaining_seconds": int64(333), "test_result": "failed"} {
				if row[key] != want {
					t.Errorf("%s is %v, want %v", key, row[key], want)
				}
			}
			return
		}
		if time.Now().After(end) {
			t.Fatalf("no unit after a minute: %v %v", r.Faults, err)
		}
	}
}

// logged keeps what a program says.
type logged []byte

func (l *logged) Write(p []byte) (int, error) { *l = append(*l, p...); return len(p), nil }

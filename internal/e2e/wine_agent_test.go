//go:build linux

package e2e

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/internal/report"
)

// planted is software as installers register it, in each place they do.
const planted = `Windows Registry Editor Version 5.00

[HKEY_LOCAL_MACHINE\Software\Microsoft\Windows\CurrentVersion\Uninstall\{A1B2C3D4-0000-4000-8000-000000000001}]
"DisplayName"="Planted for all, 64 bit"
"DisplayVersion"="1.2.3"
"Publisher"="Example Works"

[HKEY_LOCAL_MACHINE\Software\Wow6432Node\Microsoft\Windows\CurrentVersion\Uninstall\Planted32]
"DisplayName"="Planted for all, 32 bit"
"DisplayVersion"="4.5"

[HKEY_CURRENT_USER\Software\Microsoft\Windows\CurrentVersion\Uninstall\PlantedMine]
"DisplayName"="Planted for who is signed in"
"DisplayVersion"="6"

[HKEY_USERS\S-1-12-1-1111111111-1222222222-3333333333-1444444444\Software\Microsoft\Windows\CurrentVersion\Uninstall\PlantedCloud]
"DisplayName"="Planted for an account of the cloud"
"DisplayVersion"="7.8"
`

const (
	winesData     = `C:\ProgramData\Muster\Agent`
	winesSettings = winesData + `\agent.yaml`
)

// The real agent for Windows, from its installing to its removal: it enrols as a
// service, reports what is planted, is killed and loses nothing, and says what
// it cannot do.
func TestWindowsAgent(t *testing.T) {
	o := newOffice(t, "")
	o.start()
	w := newWine(t)
	packagesOfWindows(t, w)
	plan := filepath.Join(w.dir, "planted.reg")
	if err := os.WriteFile(plan, []byte(planted), 0o600); err != nil {
		t.Fatal(err)
	}
	w.must("regedit", "/S", "Z:"+strings.ReplaceAll(plan, "/", `\`))

	begin := time.Now()
	out := w.agent("service", "install")
	if !strings.Contains(out, "The service is installed.") {
		t.Error(out)
	}
	if got := strings.TrimSpace(w.agent("service", "status")); got != "stopped" {
		t.Errorf("an installed service is %q", got)
	}
	if b, err := os.ReadFile(w.file(winesSettings)); err != nil || !strings.HasPrefix(string(b), "# Settings of the Muster agent.") {
		t.Errorf("settings %q %v", b, err)
	}
	settings := func(text string) {
		t.Helper()
		if err := os.WriteFile(w.file(winesSettings), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// No packets to the network that tests run in.
	settings("sample: 10s\nsections: {off: [network_probe]}\n")
	out, err := w.run([]string{"MUSTER_ENROLL=" + o.inviteText(1)}, winesAgent, "enroll", "--wait", "2m")
	if err != nil || !strings.Contains(out, "Enrolled as ") {
		t.Fatalf("enroll: %v\n%s", err, out)
	}
	device := (&endpoint{data: w.file(winesData)}).device()
	wantSections := []string{"os", "software", "service", "user", "volume", "interface", "agent"}
	eventually(t, time.Minute, func() error {
		s := o.show(device)
		for _, name := range wantSections {
			if len(s.Sections[name]) == 0 {
				return fmt.Errorf("section %s is not there yet", name)
			}
		}
		return nil
	})
	t.Logf("from service install to the whole first report: %s", time.Since(begin).Round(100*time.Millisecond))
	windowsFacts(t, o.show(device))
	if got := strings.TrimSpace(w.agent("service", "status")); got != "running" {
		t.Errorf("a running service is %q", got)
	}
	if out, err := w.run(nil, winesAgent, "service", "install"); err == nil || !strings.Contains(out, "it is installed already") {
		t.Errorf("installed twice: %v %s", err, out)
	}

	w.agent("service", "stop")
	if got := strings.TrimSpace(w.agent("service", "status")); got != "stopped" {
		t.Errorf("a stopped service is %q", got)
	}
	eventually(t, time.Minute, func() error {
		if out := w.agent("status", "-o", "json"); !strings.Contains(out, `"running": false`) {
			return fmt.Errorf("status %s", out)
		}
		return nil
	})
	t.Logf("to the kills after %s", time.Since(begin))
	killWindowsAgent(t, o, w, device)
	t.Logf("through them after %s", time.Since(begin))
	windowsTroubles(t, w, settings)

	w.agent("service", "uninstall")
	if got := strings.TrimSpace(w.agent("service", "status")); got != "not installed" {
		t.Errorf("a removed service is %q", got)
	}
	if got := (&endpoint{data: w.file(winesData)}).device(); got != device {
		t.Errorf("removal left the identity %q, want %q", got, device)
	}
	imageOfWindows(t, w, device)
	o.stop(t)
}

// windowsFacts holds what the collector shows against what is known of the
// machine.
func windowsFacts(t *testing.T, s shown) {
	t.Helper()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	type program struct{ version, scope string }
	want := map[string]program{"Planted for all, 64 bit": {"1.2.3", "machine"}, "Planted for all, 32 bit": {"4.5", "machine"},
		"Planted for who is signed in": {"6", "user"}, "Planted for an account of the cloud": {"7.8", "user"}}
	for _, r := range s.rows(t, "software") {
		name, _ := r["name"].(string)
		if got := (program{fmt.Sprint(r["version"]), fmt.Sprint(r["scope"])}); want[name] != got {
			if strings.HasPrefix(name, "Planted") {
				t.Errorf("%s is %v, want %v", name, got, want[name])
			}
			continue
		}
		if (r["scope"] == "user") != (fmt.Sprint(r["user_name"]) != "") {
			t.Errorf("%s is of the person %q", name, r["user_name"])
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("software that is not told: %v", want)
	}
	has := func(section, key, value string, more map[string]any) {
		t.Helper()
		for _, r := range s.rows(t, section) {
			if r[key] != value {
				continue
			}
			for k, v := range more {
				if r[k] != v {
					t.Errorf("%s %s: %s is %v, want %v", section, value, k, r[k], v)
				}
			}
			return
		}
		t.Errorf("section %s has no row whose %s is %s: %s", section, key, value, s.Sections[section])
	}
	has("service", "name", "muster-agent", map[string]any{"state": "running", "account": "LocalSystem"})
	has("service", "name", "RpcSs", nil)
	has("user", "name", me.Username, map[string]any{"kind": "local"})
	var fs syscall.Statfs_t
	if err := syscall.Statfs("/", &fs); err != nil {
		t.Fatal(err)
	}
	has("volume", "mount", "Z:", map[string]any{"size_bytes": float64(fs.Blocks) * float64(fs.Bsize)})
	has("volume", "mount", "C:", map[string]any{"system": true})
	cards, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cards {
		more := map[string]any{}
		if len(c.HardwareAddr) == 6 && c.Flags&net.FlagLoopback == 0 {
			more["mac"] = c.HardwareAddr.String()
		}
		has("interface", "name", c.Name, more)
	}
}

// killWindowsAgent is TestF02 for the Windows agent: it is killed while reports
// pile up, as it writes them down and as it sends.
func killWindowsAgent(t *testing.T, o *office, w *wine, device string) {
	t.Helper()
	data := w.file(winesData)
	seen, reports, torn := map[string]string{}, map[string]*report.Report{}, int64(0)
	for i := range times(4, 50) {
		if i%4 == 0 {
			o.cmd.Process.Signal(syscall.SIGSTOP)
		} else if i%4 == 3 {
			o.cmd.Process.Signal(syscall.SIGCONT)
		}
		before := spoolSize(data)
		p := launch(t, w.env(), w.loader, winesAgent, "run", "--config", winesSettings, "--enroll-file", winesData+`\invitation`)
		for begin := time.Now(); spoolSize(data) == before && time.Since(begin) < 30*time.Second && p.alive(); {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(rand.N([]time.Duration{time.Millisecond, 10 * time.Millisecond, 200 * time.Millisecond}[i%3]))
		p.kill()
		cut, err := readSpool(t, data, seen, reports)
		if err != nil {
			t.Fatalf("after kill %d: %v\n%s", i+1, err, p.out)
		}
		torn += cut
	}
	o.cmd.Process.Signal(syscall.SIGCONT)
	w.agent("service", "start")
	eventually(t, time.Minute, func() error {
		waiting, err := readWaiting(t, data)
		if err == nil && waiting > 0 {
			err = fmt.Errorf("%d reports wait", waiting)
		}
		return err
	})
	w.agent("service", "stop")
	if _, err := readSpool(t, data, seen, map[string]*report.Report{}); err != nil {
		t.Fatal(err)
	}
	judgeAgent(t, o, device, reports)
	judgeAgentFiles(t, o.data, reports)
	t.Logf("%d reports were found on the disk after kills; %d bytes of unfinished ones were cut", len(reports), torn)
	if len(reports) == 0 {
		t.Error("no kill hit a waiting report, so nothing was shown")
	}
}

// windowsTroubles: a service that cannot run says so and does not hang.
func windowsTroubles(t *testing.T, w *wine, settings func(string)) {
	t.Helper()
	settings("sample: nonsense\n")
	w.agent("service", "start") // the manager hears that it runs, then that it failed
	eventually(t, time.Minute, func() error {
		if out := w.agent("service", "status"); !strings.HasPrefix(out, "failed\n") || !strings.Contains(out, "Event Viewer") {
			return fmt.Errorf("with wrong settings the service is %q", out)
		}
		return nil
	})
	settings("sample: 10s\n")
	// Who may replace the folder above could lay down settings and an identity.
	above := filepath.Dir(w.file(winesData))
	if err := os.Chmod(above, 0o777); err != nil {
		t.Fatal(err)
	}
	out, err := w.run(nil, winesAgent, "run", "--once", "--config", winesSettings)
	if err == nil {
		t.Error("the agent runs in a folder that anybody may replace")
	}
	oneLine(t, out, `C:\ProgramData\Muster: WD may put another folder in the place of what is below; take that right away`)
	if err := os.Chmod(above, 0o700); err != nil {
		t.Fatal(err)
	}
}

//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// endpoint is an agent's place on this machine.
type endpoint struct {
	t       *testing.T
	data    string
	config  string
	invited string // file with the enrolment string
	*process
}

// newEndpoint makes a place for an agent of this office; extra is YAML.
func (o *office) newEndpoint(extra string) *endpoint {
	o.t.Helper()
	dir := folder(o.t)
	if !strings.Contains(extra, "sections:") {
		extra += "\nsections: {off: [network_probe]}\n" // no packets to the network that tests run in
	}
	e := &endpoint{t: o.t, data: filepath.Join(dir, "agent"), config: filepath.Join(dir, "agent.yaml"), invited: filepath.Join(dir, "invitation")}
	if err := os.WriteFile(e.config, fmt.Appendf(nil, "data: %s\n%s", e.data, extra), 0o600); err != nil {
		o.t.Fatal(err)
	}
	e.invite(o.inviteText(1))
	return e
}

// start runs the real agent until it is stopped.
func (e *endpoint) start() {
	e.t.Helper()
	e.process = e.run()
}

// run starts the real agent with further flags.
func (e *endpoint) run(flags ...string) *process {
	e.t.Helper()
	return launch(e.t, nil, program(e.t, "muster-agent"), append([]string{"run", "--config", e.config, "--enroll-file", e.invited}, flags...)...)
}

// invite replaces the enrolment string.
func (e *endpoint) invite(text string) {
	e.t.Helper()
	if err := os.WriteFile(e.invited, []byte(text), 0o600); err != nil {
		e.t.Fatal(err)
	}
}

// once lets the real agent make and deliver one report.
func (e *endpoint) once() {
	e.t.Helper()
	p := e.run("--once")
	if code := p.wait(e.t, 30*time.Second); code != 0 {
		e.t.Fatalf("muster-agent run --once ended with %d:\n%s", code, p.out)
	}
}

// device is the ID that the collector gave this agent, empty before.
func (e *endpoint) device() string {
	var f struct {
		Device string `json:"device_id"`
	}
	b, err := os.ReadFile(filepath.Join(e.data, "identity.json"))
	if err != nil || json.Unmarshal(b, &f) != nil {
		return ""
	}
	return f.Device
}

// shown is what device show -o json tells.
type shown struct {
	Device struct {
		ID, Name, Presence string
		LastSeen           time.Time `json:"last_seen"`
		ForkedFrom         string    `json:"forked_from"`
		MergedInto         string    `json:"merged_into"`
		RetiredAt          time.Time `json:"retired_at"`
	}
	Sections map[string]json.RawMessage
	Gaps     []any
}

func (o *office) show(ref string) shown {
	o.t.Helper()
	var s shown
	if err := json.Unmarshal([]byte(o.must("device", "show", ref, "-o", "json")), &s); err != nil {
		o.t.Fatal(err)
	}
	return s
}

// rows are those of a section with many.
func (s shown) rows(t *testing.T, section string) []map[string]any {
	t.Helper()
	var rows []map[string]any
	if err := json.Unmarshal(s.Sections[section], &rows); err != nil {
		t.Fatalf("section %s: %v", section, err)
	}
	return rows
}

// oneLine holds what a program said when it could not go on to the house rule:
// its last line says what to do, in words that match one of the alternatives,
// and no stack is printed.
func oneLine(t *testing.T, out string, want string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(out), "\n")
	last := lines[len(lines)-1]
	found := false
	for w := range strings.SplitSeq(want, "|") {
		found = found || strings.Contains(last, w)
	}
	if !found {
		t.Errorf("the last line does not say %q:\n%s", want, out)
	}
	if strings.Contains(out, "goroutine ") || strings.Contains(out, "panic:") {
		t.Errorf("a stack was printed:\n%s", out)
	}
	t.Log(last)
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

// eventually waits until f is content; what it says otherwise ends the test.
func eventually(t *testing.T, within time.Duration, f func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s: %v", within, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// command runs one of this machine's own programs, which say what is true.
func command(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	if !exists(name) {
		t.Fatalf("%s is missing: run packaging/test-deps as root", name)
	}
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, errs.String())
	}
	return out
}

// compare tells what only one of two lists has.
func compare(t *testing.T, what string, muster, system map[string]bool) {
	t.Helper()
	var only []string
	for k := range system {
		if !muster[k] {
			only = append(only, "only the system: "+k)
		}
	}
	for k := range muster {
		if !system[k] {
			only = append(only, "only muster: "+k)
		}
	}
	slices.Sort(only)
	for i, l := range only {
		if i == 10 {
			t.Errorf("%s: and %d more", what, len(only)-10)
			break
		}
		t.Errorf("%s: %s", what, l)
	}
	if len(system) == 0 {
		t.Errorf("%s: this machine tells none, so nothing was compared", what)
	}
}

// What make run shows: this machine within a minute, as its own tools see it.
func TestThisMachineIsShownAsItIs(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	o := newOffice(t, "")
	o.start()
	e := o.newEndpoint("")
	e.start()
	var s shown
	eventually(t, time.Minute, func() error {
		if !e.alive() {
			t.Fatalf("the agent ended:\n%s", e.out)
		}
		if e.device() == "" {
			return fmt.Errorf("not enrolled:\n%s", e.out)
		}
		if s = o.show(e.device()); s.Sections["software"] == nil || s.Sections["pci_device"] == nil {
			return fmt.Errorf("not all has arrived:\n%s", e.out)
		}
		return nil
	})
	t.Logf("shown %s after the start of the collector", time.Since(begin).Round(time.Millisecond))
	t.Run("dpkg", func(t *testing.T) { comparePackages(t, s) })
	t.Run("lsblk", func(t *testing.T) { compareDisks(t, s) })
	t.Run("ip", func(t *testing.T) { compareAddresses(t, s) })
	t.Run("dmi", func(t *testing.T) { compareFirmware(t, s) })
	t.Run("fusioninventory", func(t *testing.T) { compareSecond(t, s) })
	e.stop(t)
	o.stop(t)
}

func comparePackages(t *testing.T, s shown) {
	system, muster := map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(string(command(t, "dpkg-query", "-W", "-f", "${db:Status-Status} ${Package} ${Architecture} ${Version}\n"))) {
		if l, ok := strings.CutPrefix(strings.TrimSpace(line), "installed "); ok && !strings.HasPrefix(l, sample) {
			system[l] = true
		}
	}
	for _, r := range s.rows(t, "software") {
		if name := fmt.Sprint(r["name"]); r["source"] == "dpkg" && name != sample {
			muster[fmt.Sprint(name, " ", r["arch"], " ", r["version"])] = true
		}
	}
	compare(t, "packages", muster, system)
}

func compareDisks(t *testing.T, s shown) {
	var blk struct {
		Devices []struct {
			Name, Type string
			Size       int64
		} `json:"blockdevices"`
	}
	if err := json.Unmarshal(command(t, "lsblk", "-J", "-b", "-d", "-o", "NAME,TYPE,SIZE"), &blk); err != nil {
		t.Fatal(err)
	}
	system, muster := map[string]bool{}, map[string]bool{}
	for _, d := range blk.Devices {
		// Memory in the dress of a drive is none.
		if d.Type == "disk" && d.Size > 0 && !strings.HasPrefix(d.Name, "zram") && !strings.HasPrefix(d.Name, "ram") && !strings.HasPrefix(d.Name, "nbd") {
			system[fmt.Sprint(d.Name, " ", d.Size)] = true
		}
	}
	for _, r := range s.rows(t, "disk") {
		if r["kind"] != "optical" {
			muster[fmt.Sprintf("%v %.0f", r["name"], r["size_bytes"])] = true
		}
	}
	compare(t, "drives", muster, system)
}

func compareAddresses(t *testing.T, s shown) {
	var links []struct {
		Name      string `json:"ifname"`
		Kind      string `json:"link_type"`
		MAC       string `json:"address"`
		MTU       int64
		NetNS     *int `json:"link_netnsid"`
		Addresses []struct {
			Local     string
			Prefix    int  `json:"prefixlen"`
			Temporary bool `json:"temporary"`
		} `json:"addr_info"`
	}
	if err := json.Unmarshal(command(t, "ip", "-j", "addr"), &links); err != nil {
		t.Fatal(err)
	}
	system, muster := map[string]bool{}, map[string]bool{}
	cards, mine := map[string]bool{}, map[string]bool{}
	for _, l := range links {
		if l.NetNS != nil {
			continue // the host's end of a container's link
		}
		if l.Kind == "loopback" {
			l.MAC = "<nil>"
		}
		cards[fmt.Sprint(l.Name, " ", l.MAC, " ", l.MTU)] = true
		for _, a := range l.Addresses {
			if !a.Temporary {
				system[fmt.Sprint(l.Name, " ", a.Local, "/", a.Prefix)] = true
			}
		}
	}
	for _, r := range s.rows(t, "address") {
		muster[fmt.Sprint(r["interface_name"], " ", r["address"], "/", r["prefix_length"])] = true
	}
	for _, r := range s.rows(t, "interface") {
		mine[fmt.Sprint(r["name"], " ", r["mac"], " ", r["mtu_bytes"])] = true
	}
	compare(t, "interfaces", mine, cards)
	compare(t, "addresses", muster, system)
}

func compareFirmware(t *testing.T, s shown) {
	var system map[string]any
	if err := json.Unmarshal(s.Sections["system"], &system); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"sys_vendor": "vendor", "product_name": "model", "product_version": "model_version", "product_serial": "serial",
		"product_family": "family", "product_sku": "sku", "board_vendor": "board_vendor", "board_name": "board_model", "board_serial": "board_serial",
		"chassis_vendor": "chassis_vendor", "chassis_serial": "chassis_serial", "bios_vendor": "firmware_vendor", "bios_version": "firmware_version"}
	n := 0
	for _, file := range slices.Sorted(maps.Keys(files)) {
		b, err := os.ReadFile("/sys/class/dmi/id/" + file)
		want := strings.Join(strings.Fields(string(b)), " ")
		if err != nil || want == "" {
			continue
		}
		n++
		if got := strings.Join(strings.Fields(fmt.Sprint(system[files[file]])), " "); got != want {
			t.Errorf("%s: muster says %q, /sys/class/dmi/id/%s %q", files[file], got, file, want)
		}
	}
	t.Logf("%d facts compared", n)
	if _, err := os.Stat("/sys/class/dmi/id"); err == nil && n == 0 {
		t.Error("this machine has firmware tables, and none of their facts could be compared")
	}
}

// sample is a package that another test installs meanwhile.
const sample = "muster-e2e-sample"

// A package that comes and goes stands in the device's history.
func TestPackageComesAndGoesInHistory(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Fatal("only root can install a package: run this test as root, as .ci/run does")
	}
	const name, version = sample, "1.2-3"
	deb := buildPackage(t, name, version)
	o := newOffice(t, "")
	o.start()
	e := o.newEndpoint("")
	e.once()
	t.Cleanup(func() { exec.Command("dpkg", "-P", name).Run() })
	dpkg(t, "-i", deb)
	e.once()
	dpkg(t, "-P", name)
	e.once()
	var h struct {
		Changes []struct {
			Section, Verb string
			Key, After    map[string]any
			Before        map[string]any
		}
	}
	if err := json.Unmarshal([]byte(o.must("device", "history", e.device(), "-o", "json")), &h); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range h.Changes {
		if c.Section == "software" && c.Key["name"] == name {
			got = append(got, fmt.Sprint(c.Verb, " ", c.After["version"], c.Before["version"]))
		}
	}
	// Newest first.
	want := []string{"removed <nil>" + version, "added " + version + "<nil>"}
	if !slices.Equal(got, want) {
		t.Errorf("history tells %q, want %q", got, want)
	}
	o.stop(t)
}

// dpkg waits for its turn: another test or the system may hold the lock.
func dpkg(t *testing.T, args ...string) {
	t.Helper()
	eventually(t, 30*time.Second, func() error {
		out, err := exec.Command("dpkg", args...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("dpkg %v: %w\n%s", args, err, out)
		}
		return nil
	})
}

// buildPackage makes a package that holds nothing.
func buildPackage(t *testing.T, name, version string) string {
	t.Helper()
	dir := folder(t)
	control := filepath.Join(dir, "p", "DEBIAN")
	if err := os.MkdirAll(control, 0o755); err != nil {
		t.Fatal(err)
	}
	// A collector within this program narrows the umask while it makes its socket.
	if err := os.Chmod(control, 0o755); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: Sample Office <office@example.org>\nDescription: nothing, for a test\n", name, version)
	if err := os.WriteFile(filepath.Join(control, "control"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	deb := filepath.Join(dir, name+".deb")
	command(t, "dpkg-deb", "--build", filepath.Join(dir, "p"), deb)
	return deb
}

// A collector that was away for a while leaves no hole in the numbers.
func TestCollectorAwayLeavesNoHole(t *testing.T) {
	t.Parallel()
	away := 15 * time.Second
	if full() {
		away = 5 * time.Minute
	}
	o := newOffice(t, "")
	o.start()
	// 10 s is the fastest that agents sample.
	e := o.newEndpoint("sample: 10s\n")
	e.start()
	points := func() []time.Time {
		var a struct {
			Series []struct {
				Points []struct{ At time.Time }
			}
		}
		if err := json.Unmarshal([]byte(o.must("series", "query", "mem_used_percent", "--device", e.device(), "--since", "1h", "--step", "0", "-o", "json")), &a); err != nil {
			t.Fatal(err)
		}
		var at []time.Time
		for _, s := range a.Series {
			for _, p := range s.Points {
				at = append(at, p.At)
			}
		}
		return at
	}
	eventually(t, 45*time.Second, func() error {
		if e.device() == "" {
			return fmt.Errorf("not enrolled:\n%s", e.out)
		}
		if n := len(points()); n < 2 {
			return fmt.Errorf("%d points", n)
		}
		return nil
	})
	o.stop(t)
	stopped := time.Now()
	time.Sleep(away)
	o.start()
	again := time.Now()
	var at []time.Time
	eventually(t, away+90*time.Second, func() error {
		if at = points(); len(at) == 0 || at[len(at)-1].Before(again) {
			return fmt.Errorf("nothing after the collector came back:\n%s", e.out)
		}
		return nil
	})
	during := 0
	for i := 1; i < len(at); i++ {
		// Sampling keeps to its moments; a second is for a busy machine.
		if gap := at[i].Sub(at[i-1]); gap > 16*time.Second {
			t.Errorf("a hole of %s from %s on", gap, at[i-1].Format(time.TimeOnly))
		}
		if at[i].After(stopped) && at[i].Before(again) {
			during++
		}
	}
	if during == 0 {
		t.Errorf("no point from while the collector was away (%s to %s): %v", stopped.Format(time.TimeOnly), again.Format(time.TimeOnly), at)
	}
	if gaps := o.show(e.device()).Gaps; len(gaps) > 0 {
		t.Errorf("reports were dropped: %v", gaps)
	}
	e.stop(t)
	o.stop(t)
}

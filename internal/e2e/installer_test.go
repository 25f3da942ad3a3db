//go:build linux

package e2e

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// windowsPackages builds the agent's packages for Windows.
func windowsPackages(t *testing.T) string {
	t.Helper()
	return packages(t, "ARCHES=amd64", "SYSTEMS=windows", "NAMES=muster-agent")
}

// installer builds another version of the same program into an MSI.
func installer(t *testing.T, dist, version, three, out string) {
	t.Helper()
	stage := folder(t)
	unzip(t, one(t, dist, "*.zip"), stage)
	cmd := exec.Command("../../packaging/windows/msi", stage, out)
	cmd.Env = append(os.Environ(), "VERSION="+version, "MSIVERSION="+three, "FILEVERSION="+three+".0", "BUILT=1700000000")
	if o, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("msi: %v\n%s", err, o)
	}
}

// table reads a table of an MSI: rows by their first column, each by the names
// of its columns.
func table(t *testing.T, msi, name string) map[string]map[string]string {
	t.Helper()
	out, err := exec.Command("msiinfo", "export", msi, name).Output()
	if err != nil {
		t.Fatalf("table %s: %v", name, err)
	}
	lines := strings.Split(strings.TrimRight(strings.ReplaceAll(string(out), "\r\n", "\n"), "\n"), "\n")
	if len(lines) < 3 {
		t.Fatalf("table %s has no head:\n%s", name, out)
	}
	columns := strings.Split(lines[0], "\t")
	rows := map[string]map[string]string{}
	for _, line := range lines[3:] {
		row := map[string]string{}
		for i, v := range strings.Split(line, "\t") {
			row[columns[i]] = v
		}
		rows[row[columns[0]]] = row
	}
	return rows
}

// The agent's MSI is what a network of PCs needs: the tables that Windows
// Installer goes by say so. Two builds of one commit are equal.
func TestInstallerTables(t *testing.T) {
	dist := windowsPackages(t)
	equal(t, dist, windowsPackages(t), 2)
	msi := one(t, dist, "*.msi")
	fi, err := os.Stat(msi)
	if err != nil || fi.Size() > 8e6 {
		t.Errorf("the MSI has %d bytes, at most 8 MB were promised (%v)", fi.Size(), err)
	}

	out, err := exec.Command("msiinfo", "suminfo", msi).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Template: x64;1033", "Version: 500", "Source: 2 "} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the summary does not say %q:\n%s", want, out)
		}
	}

	property := table(t, msi, "Property")
	value := func(name string) string { return property[name]["Value"] }
	if value("ALLUSERS") != "1" {
		t.Errorf("it is installed for one user: ALLUSERS=%q", value("ALLUSERS"))
	}
	if !slices.Contains(strings.Split(value("MsiHiddenProperties"), ";"), "MUSTER_ENROLL") {
		t.Errorf("the enrolment string is not hidden: %q", value("MsiHiddenProperties"))
	}
	for _, name := range []string{"MUSTER_ENROLL", "MUSTER_ENROLL_FILE", "OLDERFOUND", "NEWERFOUND"} {
		if !slices.Contains(strings.Split(value("SecureCustomProperties"), ";"), name) {
			t.Errorf("%s does not reach the part that runs as SYSTEM: %q", name, value("SecureCustomProperties"))
		}
	}

	// 18 installed program, 1024 deferred, 2048 as SYSTEM, 8192 hidden from the log.
	if keep := table(t, msi, "CustomAction")["KeepString"]; keep["Type"] != "11282" || keep["Source"] != "agent" || !strings.Contains(keep["Target"], "[MUSTER_ENROLL]") {
		t.Errorf("the string is kept by %v", keep)
	}
	at := table(t, msi, "InstallExecuteSequence")
	var order []string
	for _, name := range []string{"FindRelatedProducts", "LaunchConditions", "CostInitialize", "ResolveSource", "EnrolmentBeside", "CostFinalize", "InstallInitialize",
		"RemoveExistingProducts", "StopServices", "DeleteServices", "RemoveFiles", "CreateFolders", "MoveFiles", "InstallFiles", "KeepString", "InstallServices", "StartServices", "InstallFinalize"} {
		n := at[name]["Sequence"]
		if n == "" {
			t.Errorf("%s is not in the sequence", name)
			continue
		}
		order = append(order, strings.Repeat("0", 5-len(n))+n)
	}
	if !slices.IsSorted(order) {
		t.Errorf("the sequence is out of order: %v", order)
	}

	service := table(t, msi, "ServiceInstall")["service"]
	if service["Name"] != "muster-agent" || service["StartType"] != "2" || service["StartName"] != "" || service["ErrorControl"] != "32769" ||
		!strings.HasPrefix(service["Arguments"], "run --service ") || service["Component_"] != "program" {
		t.Errorf("the service is %v", service)
	}
	events := map[string]string{}
	for name, row := range table(t, msi, "ServiceControl") {
		events[name] = row["Event"] + " " + row["Wait"]
	}
	// Start at installation; stop at both and delete at removal.
	if !maps.Equal(events, map[string]string{"begin": "1 0", "end": "162 1"}) {
		t.Errorf("the service is controlled by %v", events)
	}

	version := value("ProductVersion")
	out, err = exec.Command("msiinfo", "export", msi, "Upgrade").Output()
	if err != nil {
		t.Fatal(err)
	}
	code := value("UpgradeCode")
	for _, want := range []string{code + "\t" + version + "\t\t\t2\t\tNEWERFOUND", code + "\t0.0.0\t" + version + "\t\t768\t\tOLDERFOUND"} {
		if !strings.Contains(strings.ReplaceAll(string(out), "\r", "")+"\n", want+"\n") {
			t.Errorf("upgrades do not go by %q:\n%s", want, out)
		}
	}
	refusals := table(t, msi, "LaunchCondition")
	for _, want := range []string{"Installed OR NOT NEWERFOUND", "Installed OR (VersionNT64 >= 603)", `Installed OR NOT MUSTER_ENROLL OR (MUSTER_ENROLL << "muster1:")`} {
		if refusals[want]["Description"] == "" {
			t.Errorf("nothing is refused by %s", want)
		}
	}

	if c := table(t, msi, "Component")["settings"]; c["Attributes"] != "400" {
		t.Errorf("settings are not permanent and never overwritten: %v", c)
	}
	if d := table(t, msi, "MsiLockPermissionsEx")["data"]; d["LockObject"] != "DATADIR" || d["SDDLText"] != "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)" {
		t.Errorf("the folder of data is open: %v", d)
	}
	if f := table(t, msi, "File")["agent"]; !strings.HasPrefix(f["Version"], version+".") {
		t.Errorf("the program is of version %q, the package of %q", f["Version"], version)
	}
}

// The MSI does under Wine what an administrator wants of it: one silent line
// shows the PC on the collector; upgrades keep what was changed, an older one
// is refused, a repair brings back what is missing, removal leaves settings
// and data and nothing else.
func TestInstallerUnderWine(t *testing.T) {
	dist := windowsPackages(t)
	o := newOffice(t, "")
	o.start()
	text := o.inviteText(5)
	w := newWine(t)
	w.must("reg", "add", `HKCU\Software\Wine`, "/v", "Version", "/d", "win10", "/f") // what a new prefix calls itself is too old
	w.copy(one(t, dist, "*.msi"), `C:\in\agent.msi`)
	installer(t, dist, "99.0.0", "99.0.0", w.file(`C:\in\newer.msi`))
	install := func(msi string, more ...string) bool {
		out, err := w.run(nil, append([]string{"msiexec", "/i", `C:\in\` + msi, "/qn", "/l*v", `C:\in\log.txt`}, more...)...)
		t.Logf("msiexec /i %s: %v %s", msi, err, out)
		return err == nil
	}
	failed := func(what string) {
		t.Helper()
		log, _ := os.ReadFile(w.file(`C:\in\log.txt`))
		t.Fatalf("%s. The log:\n%s", what, log)
	}
	const folder = `C:\Program Files\Muster\Agent`
	const exe = folder + `\muster-agent.exe`
	there := func(path string) bool { _, err := os.Stat(w.file(path)); return err == nil }
	// state is what the manager says of the service; empty when there is none.
	state := func() string {
		out, err := w.run(nil, "sc", "query", "muster-agent")
		if err != nil {
			return ""
		}
		for line := range strings.Lines(out) {
			if f := strings.Fields(line); len(f) == 4 && f[0] == "STATE" {
				return f[3]
			}
		}
		t.Fatalf("sc query says no state:\n%s", out)
		return ""
	}
	becomes := func(want string) {
		t.Helper()
		eventually(t, 2*time.Minute, func() error {
			if s := state(); s != want {
				return fmt.Errorf("the service is %q, not %q", s, want)
			}
			return nil
		})
	}
	// What Windows shows under installed apps.
	shown := func() (versions []string) {
		for line := range strings.Lines(w.must("reg", "query", `HKLM\Software\Microsoft\Windows\CurrentVersion\Uninstall`, "/s")) {
			if f := strings.Fields(line); len(f) == 3 && f[0] == "DisplayVersion" {
				versions = append(versions, f[2])
			}
		}
		return versions
	}

	before := w.files()
	// A string that is none is refused before anything is done.
	if install("agent.msi", "MUSTER_ENROLL=nonsense") || there(exe) || state() != "" {
		failed("a wrong enrolment string was taken")
	}

	begin := time.Now()
	if !install("agent.msi", "MUSTER_ENROLL="+text) || !there(exe) {
		failed("not installed")
	}
	device := func() string { return (&endpoint{data: w.file(winesData)}).device() }
	eventually(t, 2*time.Minute, func() error {
		if device() == "" {
			return errors.New("the agent has not enrolled")
		}
		if s := o.show(device()); len(s.Sections["os"]) == 0 || len(s.Sections["software"]) == 0 {
			return errors.New("the first report is not there yet")
		}
		return nil
	})
	t.Logf("from msiexec to the first report on the collector: %s", time.Since(begin).Round(100*time.Millisecond))
	becomes("RUNNING")
	id := device()
	// The package has no words for it; the service itself tells the manager at its
	// first start that it is to be started again, and when a day is in order.
	eventually(t, time.Minute, func() error {
		if said := w.managed(); !strings.Contains(said, "SERVICE_CONFIG_FAILURE_ACTIONS not implemented: period 86400 ") {
			return fmt.Errorf("nobody told the manager to start the service again after a failure: %s", said)
		}
		return nil
	})
	kept, err := os.ReadFile(w.file(winesData + `\invitation`))
	if err != nil || strings.TrimSpace(string(kept)) != text {
		t.Errorf("the string is kept as %q (%v)", kept, err)
	}
	first := shown()
	if len(first) != 1 {
		t.Errorf("Windows shows the versions %q", first)
	}
	identity, err := os.ReadFile(w.file(winesData + `\identity.json`))
	if err != nil {
		t.Fatal(err)
	}

	settings, err := os.OpenFile(w.file(winesData+`\agent.yaml`), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := settings.WriteString("# our own line\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := settings.Close(); err != nil {
		t.Fatal(err)
	}
	unchanged := func(when string) {
		t.Helper()
		if b, err := os.ReadFile(w.file(winesData + `\agent.yaml`)); err != nil || !strings.Contains(string(b), "# our own line") {
			t.Errorf("%s took the settings (%v)", when, err)
		}
		if b, err := os.ReadFile(w.file(winesData + `\identity.json`)); err != nil || len(b) < len(identity)/2 || device() != id {
			t.Errorf("%s took the identity (%v)", when, err)
		}
	}
	// reports waits until the PC reports as the device that it was.
	reports := func(when string) {
		t.Helper()
		since := time.Now()
		eventually(t, 2*time.Minute, func() error {
			if s := o.show(id); s.Device.LastSeen.Before(since) {
				return fmt.Errorf("%s it was seen last at %s", when, s.Device.LastSeen)
			}
			return nil
		})
		if out := o.must("device", "list", "-o", "csv"); strings.Count(out, "\n") != 2 {
			t.Errorf("%s the collector knows other PCs: %s", when, out)
		}
	}
	// Windows' installer waits until a service has stopped, as the table says
	// (ServiceControl.Wait); Wine's goes on, and finds its program in use.
	stop := func() {
		t.Helper()
		w.must("sc", "stop", "muster-agent")
		becomes("STOPPED")
	}
	stop()
	if !install("newer.msi") {
		failed("the upgrade went wrong")
	}
	unchanged("the upgrade")
	becomes("RUNNING")
	reports("after the upgrade")
	if v := shown(); !slices.Equal(v, []string{"99.0.0"}) || !there(exe) {
		failed("after the upgrade Windows shows " + strings.Join(v, " "))
	}

	if install("agent.msi") {
		failed("an older one went in")
	}
	if v := shown(); !slices.Equal(v, []string{"99.0.0"}) || state() != "RUNNING" {
		failed("the refusal left a mess: " + strings.Join(v, " "))
	}

	stop()
	if err := os.Remove(w.file(exe)); err != nil {
		t.Fatal(err)
	}
	// What msiexec /fa is short for; Wine's does not know it.
	if !install("newer.msi", "REINSTALL=ALL", "REINSTALLMODE=amus") || !there(exe) {
		failed("the repair went wrong")
	}
	unchanged("the repair")
	becomes("RUNNING")
	reports("after the repair")

	stop()
	if out, err := w.run(nil, "msiexec", "/x", `C:\in\newer.msi`, "/qn", "/l*v", `C:\in\log.txt`); err != nil {
		failed("the removal went wrong: " + out)
	}
	if s, left, v := state(), there(folder), shown(); s != "" || left || len(v) != 0 {
		failed(fmt.Sprintf("the removal left the service %q, the folder %v, the versions %q", s, left, v))
	}
	unchanged("the removal")
	// docs/deploy.md, "What is left afterwards".
	for name := range w.files() {
		if !before[name] && !strings.HasPrefix(name, "ProgramData/Muster/") {
			t.Errorf("the removal left %s", name)
		}
	}

	// Once more, by a file beside the package, as Group Policy does it.
	if err := os.RemoveAll(w.file(`C:\ProgramData\Muster`)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.file(`C:\in\muster-enroll.txt`), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if !install("agent.msi") {
		failed("not installed anew")
	}
	eventually(t, 2*time.Minute, func() error {
		if !there(winesData + `\identity.json`) {
			return errors.New("the agent has not enrolled by the file")
		}
		return nil
	})
}

package simulate

import (
	"fmt"
	"math"
	"time"

	"muster/internal/inventory"
)

// chapters are the sections of a machine.
func chapters() []chapter[*machine] {
	return []chapter[*machine]{
		{"system", (*machine).readSystem},
		{"os", (*machine).readOS},
		{"cpu", (*machine).readCPU},
		{"memory", (*machine).readMemory},
		{"memory_module", (*machine).readModules},
		{"disk", (*machine).readDisks},
		{"disk_health", (*machine).readHealth},
		{"volume", (*machine).readVolumes},
		{"interface", (*machine).readInterfaces},
		{"address", (*machine).readAddresses},
		{"wifi", (*machine).readWifi},
		{"battery", (*machine).readBattery},
		{"sensor", (*machine).readSensors},
		{"boot", (*machine).readBoot},
		{"clock", (*machine).readClock},
		{"software", (*machine).readSoftware},
		{"driver", (*machine).readDrivers},
		{"service", (*machine).readServices},
		{"process", (*machine).readProcesses},
		{"antivirus", (*machine).readAntivirus},
		{"patch", (*machine).readPatches},
		{"patch_status", (*machine).readPatchStatus},
		{"pending_restart", (*machine).readPendingRestart},
		{"platform_security", (*machine).readPlatform},
		{"certificate", (*machine).readCertificates},
		{"user", (*machine).readUsers},
		{"logon", (*machine).readLogon},
		{"agent", (*machine).readAgent},
	}
}

func chapterNames() []string {
	var out []string
	for _, c := range chapters() {
		out = append(out, c.name)
	}
	return out
}

func (m *machine) readSystem(time.Time) (inventory.Table, error) {
	x := m.model
	return encode(inventory.System{Vendor: x.vendor, Model: x.name, Serial: m.serial(), ChassisType: x.chassis, FirmwareVendor: x.vendor,
		FirmwareVersion: fmt.Sprintf("1.%d.0", 10+m.n%5), Virtual: new(false)})
}

func (m *machine) readOS(time.Time) (inventory.Table, error) {
	// Releases whose makers still mend them: a healthy fleet is kept up.
	build := []string{"26200.6584", "26300.9457", "26100.2161"}[m.n%3]
	return encode(inventory.OS{Family: "windows", Name: []string{"Windows 11 Pro", "Windows 11 Pro", "Windows 11 Enterprise"}[m.n%3], Distribution: "windows",
		Edition: []string{"Professional", "Professional", "Enterprise"}[m.n%3], Release: []string{"25H2", "26H2", "24H2"}[m.n%3],
		Version: "10.0." + build, Build: build, Arch: "amd64", HostName: m.host, FQDN: m.host + ".agency.example", TimeZone: "America/New_York", Server: new(false)})
}

func (m *machine) readCPU(time.Time) (inventory.Table, error) {
	// Of one model some were bought years before others.
	return encode(inventory.CPU{Socket: 0, Vendor: "Intel", Model: fmt.Sprintf("Simulated Processor %d", 4*m.model.cores), Generation: fmt.Sprintf("intel-core-%d", 6+int(m.model.cores)/2+m.n%5), CoreCount: m.model.cores, ThreadCount: 2 * m.model.cores})
}

func (m *machine) readMemory(time.Time) (inventory.Table, error) {
	return encode(inventory.Memory{TotalBytes: m.memory() - 300<<20, InstalledBytes: m.memory(), SlotCount: new(int64(m.model.modules)),
		UsedSlotCount: new(m.memory() * int64(m.model.modules) / m.model.memory), ErrorCorrection: "none"})
}

func (m *machine) readModules(time.Time) (inventory.Table, error) {
	var rows []inventory.MemoryModule
	for i := range m.model.modules {
		x := inventory.MemoryModule{SlotNumber: int64(i), Slot: fmt.Sprintf("DIMM_A%d", i+1), Populated: new(true)}
		if m.halved && i >= m.model.modules/2 {
			x.Populated = new(false)
		} else {
			x.SizeBytes, x.Technology, x.Serial = m.model.memory/int64(m.model.modules), "DDR4", fmt.Sprintf("M%s%d", m.serial(), i)
		}
		rows = append(rows, x)
	}
	return inventory.Encode(rows)
}

func (m *machine) readVolumes(now time.Time) (inventory.Table, error) {
	var rows []inventory.Volume
	for i, d := range m.drives {
		if !d.lost {
			rows = append(rows, inventory.Volume{Mount: mount(i), Filesystem: "ntfs", SizeBytes: d.size, FreeBytes: new(int64(m.room(i, now))), System: new(i == 0), Kind: "fixed",
				ReadOnly: new(false), Dirty: new(false), Disks: []string{diskName(i)}})
		}
	}
	return inventory.Encode(rows)
}

func (m *machine) readInterfaces(now time.Time) (inventory.Table, error) {
	wired := inventory.Interface{Name: "Ethernet", Kind: "ethernet", Physical: new(true), Mac: m.mac(), PermanentMac: m.mac(), Bus: "pci", LinkUp: new(m.card() == "Ethernet"),
		AdminUp: new(true), MaxSpeedBits: 1_000_000_000}
	if *wired.LinkUp {
		wired.SpeedBits, wired.Duplex, wired.AutoNegotiate = 1_000_000_000, "full", new(true)
		if f, _ := m.fates.of(doLinkSlow, now); f != nil {
			wired.SpeedBits, wired.Duplex = 100_000_000, "half"
		}
	}
	rows := []inventory.Interface{wired}
	if m.laptop() {
		mac := "02" + m.mac()[2:]
		rows = append(rows, inventory.Interface{Name: "Wi-Fi", Kind: "wifi", Physical: new(true), Mac: mac, PermanentMac: mac, Bus: "pci", LinkUp: new(m.card() == "Wi-Fi"), AdminUp: new(true)})
	}
	return inventory.Encode(rows)
}

func (m *machine) readAddresses(time.Time) (inventory.Table, error) {
	return encode(inventory.Address{Interface: m.card(), Address: m.address(), PrefixLength: new(int64(16)), Family: "ipv4", Scope: "private", Origin: "dhcp"})
}

func (m *machine) readWifi(time.Time) (inventory.Table, error) {
	var rows []inventory.Wifi
	if m.laptop() {
		rows = append(rows, inventory.Wifi{Interface: "Wi-Fi", Security: "wpa2_enterprise", Standards: []string{"802.11ac", "802.11ax"}, Connected: new(m.card() == "Wi-Fi")})
	}
	return inventory.Encode(rows)
}

func (m *machine) readBattery(now time.Time) (inventory.Table, error) {
	var rows []inventory.Battery
	if m.laptop() {
		full := m.holds(now)
		rows = append(rows, inventory.Battery{Name: "BAT0", Kind: "internal", Vendor: "Simcell", Model: fmt.Sprintf("SC%.0f", m.model.battery), Serial: "B" + m.serial(), Chemistry: "LiP",
			DesignWh: m.model.battery, FullWh: new(round(full)), HealthShare: new(round(100 * full / m.model.battery)), Cycles: new(int64(100 + m.n%300)), Charge: new(math.Floor(m.charge)), State: "charging"})
	}
	return inventory.Encode(rows)
}

func (m *machine) readSensors(now time.Time) (inventory.Table, error) {
	x := &moment{machine: m, now: now, busy: m.busy(now), jitter: 0.5}
	rows := []inventory.Sensor{
		{Kind: "temperature", Name: "zone_tz00", Component: "cpu", Source: "thermal zone", Unit: "celsius", HighCritical: new(103.0), Value: new(round(x.heat()))},
		{Kind: "temperature", Name: "zone_tz01", Component: "board", Source: "thermal zone", Unit: "celsius", HighCritical: new(95.0), Value: new(34.0)},
	}
	return inventory.Encode(rows)
}

func (m *machine) readBoot(time.Time) (inventory.Table, error) {
	kind := "restart"
	if m.woke.After(m.started) {
		kind = "fast_startup"
	}
	return encode(inventory.Boot{StartedAt: m.started, RestartedAt: m.started, PoweredOnAt: m.woke, Kind: kind, CoreSeconds: new(round(m.core)), CleanStop: new(true), DumpKind: "automatic",
		BootDisk: diskName(0)})
}

func (m *machine) readClock(now time.Time) (inventory.Table, error) {
	f, _ := m.fates.of(doClockDrift, now)
	good := f == nil && m.offset == 0
	at := now.Add(-time.Duration(m.n%50) * time.Minute)
	if f != nil {
		at = f.from
	}
	return encode(inventory.Clock{Service: "w32time", Sources: []string{"time.agency.example"}, Enabled: new(true), Synchronized: new(good), SyncedAt: at})
}

func (m *machine) readSoftware(time.Time) (inventory.Table, error) {
	return inventory.Encode(m.software())
}

func (m *machine) readDrivers(time.Time) (inventory.Table, error) {
	rows := []inventory.Driver{
		{Name: "oem3.inf", Original: "dispnw.inf", Provider: "Norrland", Version: m.driver, Class: "Display", Devices: []string{"Norrland Graphics"}, Signed: new(true)},
		{Name: "oem5.inf", Original: "netsim.inf", Provider: "Simnet", Version: "12.19.2", Class: "Net", Devices: []string{"Simnet Gigabit"}, Signed: new(true)},
	}
	return inventory.Encode(rows)
}

func (m *machine) readServices(now time.Time) (inventory.Table, error) {
	var rows []inventory.Service
	loop, _ := m.fates.of(doServiceLoop, now)
	for i := range 40 {
		x := inventory.Service{Name: fmt.Sprintf("svc%02d", i), Manager: "scm", StartMode: "automatic", State: "running", Failed: new(false)}
		if loop != nil && loop.named("svc07") == x.Name {
			x.State, x.Failed, x.ExitCode, x.SinceAt = "stopped", new(true), new(int64(1067)), loop.from
		}
		rows = append(rows, x)
	}
	return inventory.Encode(rows)
}

func (m *machine) readProcesses(now time.Time) (inventory.Table, error) {
	var rows []inventory.Process
	x := &moment{machine: m, now: now}
	share := x.leak()
	f, _ := m.fates.of(doLeakMemory, now)
	for i, name := range []string{"Office Mail", "Blue Browser", "Clear Sync", "Paper Writer", "Shield"} {
		private := int64(float64(m.memory()) * 0.08 / float64(i+1))
		if i == 0 && f != nil {
			name, private = f.named("Ledger Sync"), private+int64(share*0.5*float64(m.memory()))
		}
		rows = append(rows, inventory.Process{Ranking: "memory", Place: int64(i + 1), Name: name, UserName: m.user(), Private: new(private), Memory: new(private + 50<<20)})
	}
	return inventory.Encode(rows)
}

func (m *machine) readAntivirus(now time.Time) (inventory.Table, error) {
	f, _ := m.fates.of(doAntivirus, now)
	on := f == nil
	signature := now.Truncate(4 * time.Hour)
	if f != nil {
		signature = f.from.Truncate(4 * time.Hour)
	}
	return encode(inventory.Antivirus{Name: "Umbra Shield", Vendor: "Umbra Labs", Kind: "antivirus", Version: "7.1", Enabled: new(on), RealTime: new(on), Running: new(on), UpToDate: new(on),
		Tamper: new(true), Passive: new(false), SignatureAt: signature})
}

func (m *machine) readPatches(now time.Time) (inventory.Table, error) {
	state := "installed"
	if !m.pending.IsZero() {
		state = "pending_restart"
	}
	rows := []inventory.Patch{{Source: "windows_update", Name: m.patch, Title: "Cumulative update " + m.patch, State: state, Class: "security", ReleasedAt: m.patched.Truncate(24 * time.Hour), InstalledAt: m.patched}}
	if f, _ := m.fates.of(doUpdateFails, now); f != nil {
		name := f.named("KB5099999")
		tries := int64(now.Sub(f.from).Hours()/24) + 1
		rows = append(rows, inventory.Patch{Source: "windows_update", Name: name, Title: "Update " + name, State: "failed", Class: "security", OfferedAt: f.from, Error: "0x800f0922", Attempts: &tries, TriedAt: now})
	}
	return inventory.Encode(rows)
}

func (m *machine) readPatchStatus(now time.Time) (inventory.Table, error) {
	missing := int64(0)
	if f, _ := m.fates.of(doUpdateFails, now); f != nil {
		missing = 1
	}
	return encode(inventory.PatchStatus{Manager: "windows_update", Automatic: "managed", Paused: new(false), Missing: &missing, MissingSecurity: &missing,
		LastUpdateAt: m.patched, LastQualityAt: m.patched, CheckedAt: now.Truncate(time.Hour)})
}

func (m *machine) readPendingRestart(time.Time) (inventory.Table, error) {
	x := inventory.PendingRestart{Pending: new(!m.pending.IsZero()), SinceAt: m.pending}
	if *x.Pending {
		x.Reasons = []string{"windows_update"}
	}
	return encode(x)
}

func (m *machine) readPlatform(time.Time) (inventory.Table, error) {
	return encode(inventory.PlatformSecurity{SecureBoot: new(true), TPM: new(true), TPMVersion: "2.0", TPMReady: new(true), MemoryIntegrity: new(m.n%4 != 0), UAC: new(true), RemoteLogin: new(false), AutoLogin: new(false)})
}

func (m *machine) readCertificates(now time.Time) (inventory.Table, error) {
	// Renewed two months before its end, as auto-enrolment does it.
	year := 365 * 24 * time.Hour
	from := now.Add(-time.Duration(m.n%250) * 24 * time.Hour).Truncate(year / 5)
	return encode(inventory.Certificate{Store: "LocalMachine/My", Fingerprint: fmt.Sprintf("%064x", uint64(m.n)<<32|uint64(from.Unix())), Subject: "CN=" + m.host, CommonName: m.host,
		Issuer: "CN=Agency CA", NotBefore: from, NotAfter: from.Add(2 * year), PrivateKey: new(true), KeyKind: "rsa", Usages: []string{"client_auth"}})
}

func (m *machine) readUsers(time.Time) (inventory.Table, error) {
	return encode(inventory.User{Name: m.user(), Kind: "domain"}, inventory.User{Name: "Administrator", Kind: "local", Administrator: new(true)})
}

func (m *machine) readLogon(time.Time) (inventory.Table, error) {
	return encode(inventory.Logon{CurrentUser: m.user(), LastUser: m.user(), PrimaryUser: m.user(), PrimarySource: "sessions"})
}

func (m *machine) readAgent(time.Time) (inventory.Table, error) {
	return encode(inventory.Agent{Version: "simulated", Platform: "windows/amd64", RunsAs: "system", SampleSeconds: 60})
}

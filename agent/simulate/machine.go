package simulate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"muster/internal/inventory"
	"muster/internal/report"
)

// machine is one made-up computer. What it is follows from seed and number;
// what happens to it is kept beside.
type machine struct {
	n    int
	seed uint64
	rng  *rand.Rand

	name     string
	model    int
	programs int
	extra    []program       // installed by a step
	gone     map[int]bool    // removed by a step
	upgraded map[int]int     // by a step, how often
	started  time.Time       // simulated
	filling  float64         // bytes a second
	filled   float64         // bytes by now
	offset   time.Duration   // of its clock
	counters map[int]float64 // running sums of counters
	last     time.Time
	boots    int
}

type program struct{ name, version, publisher string }

// models are plausible office machines: invented names, real proportions.
func models() []struct {
	vendor, model, chassis string
	memory, disk           int64
	cores                  int64
} {
	type m = struct {
		vendor, model, chassis string
		memory, disk           int64
		cores                  int64
	}
	const gib = int64(1) << 30
	return []m{
		{"Norrland", "Desk 3020", "desktop", 8 * gib, 256 * gib, 4},
		{"Norrland", "Desk 5040", "desktop", 16 * gib, 512 * gib, 6},
		{"Norrland", "Book 14 G2", "laptop", 16 * gib, 512 * gib, 8},
		{"Norrland", "Book 14 G4", "laptop", 32 * gib, 1024 * gib, 10},
		{"Caldera", "Slim 240", "mini_pc", 8 * gib, 256 * gib, 4},
		{"Caldera", "Station Z", "tower", 64 * gib, 2048 * gib, 16},
		{"Ostrava", "Travel 13", "laptop", 8 * gib, 256 * gib, 4},
	}
}

func newMachine(n int, seed uint64, programs int, now time.Time) *machine {
	m := &machine{n: n, seed: seed, rng: rand.New(rand.NewPCG(seed, uint64(n))), gone: map[int]bool{}, upgraded: map[int]int{}, counters: map[int]float64{}}
	m.model = m.rng.IntN(len(models()))
	dept := []string{"acc", "clerk", "tax", "road", "school", "health", "it", "court"}[m.rng.IntN(8)]
	m.name = fmt.Sprintf("%s-%05d", dept, n)
	// Most machines have about the office's standard set, some far more.
	m.programs = max(5, int(float64(programs)*(0.7+0.6*m.rng.Float64())))
	m.started = now.Add(-time.Duration(m.rng.IntN(20*24)) * time.Hour)
	return m
}

// catalogueSize is how many different programs the fleet knows. As in real
// fleets a few are everywhere and most are rare (Zipf).
const catalogueSize = 12_000

// pick chooses the i-th program of a machine: the first hundred are the
// office's standard set, the rest follows a Zipf distribution.
func (m *machine) pick(i int) int {
	if i < 100 {
		return i
	}
	r := rand.New(rand.NewPCG(m.seed^uint64(m.n)<<20, uint64(i)))
	u := r.Float64()
	return 100 + int(math.Pow(float64(catalogueSize-100), u)) - 1
}

func (m *machine) software() []inventory.Software {
	var rows []inventory.Software
	seen := map[int]bool{}
	for i := 0; len(rows) < m.programs && i < 3*m.programs; i++ {
		id := m.pick(i)
		if seen[id] || m.gone[i] {
			continue
		}
		seen[id] = true
		r := rand.New(rand.NewPCG(uint64(id), 99))
		major, minor := 1+r.IntN(30), r.IntN(20)
		// A few versions of each are about, the newest the most.
		back := rand.New(rand.NewPCG(uint64(id), uint64(m.n))).IntN(4)
		rows = append(rows, inventory.Software{Source: "registry", Scope: "machine", Name: programName(id), Arch: "x64",
			Version: fmt.Sprintf("%d.%d.%d", major, max(minor-back, 0), m.upgraded[i]), Publisher: publisher(id)})
	}
	for _, p := range m.extra {
		rows = append(rows, inventory.Software{Source: "registry", Scope: "machine", Name: p.name, Arch: "x64", Version: p.version, Publisher: p.publisher})
	}
	return rows
}

func programName(id int) string {
	first := []string{"Blue", "Clear", "Fast", "Open", "Office", "Paper", "Cloud", "Deep", "Swift", "Plain", "North", "Signal", "Sample", "Grid", "Map"}
	second := []string{"Reader", "Writer", "Sync", "Viewer", "Drive", "Browser", "Mail", "Meeting", "Ledger", "Scanner", "Print", "Backup", "Runtime", "Driver", "Tools", "Shield"}
	k := id
	name := first[k%len(first)] + " " + second[(k/len(first))%len(second)]
	if v := id / (len(first) * len(second)); v > 0 {
		name += fmt.Sprintf(" %d", 2000+v)
	}
	return name
}

func publisher(id int) string {
	return []string{"Northwind Software", "Fabrikam Tools", "Contoso Systems", "Initech", "Globex", "Umbra Labs", "Vandelay", "Hooli Works"}[id%8] +
		[]string{"", " Inc.", " GmbH", " Ltd"}[id%4]
}

func (m *machine) serial() string { return fmt.Sprintf("SIM%03X%07X", m.seed&0xFFF, m.n) }
func (m *machine) mac() string {
	return fmt.Sprintf("06:%02x:%02x:%02x:%02x:%02x", byte(m.seed), byte(m.n>>24), byte(m.n>>16), byte(m.n>>8), byte(m.n))
}

// inventory is every section of the machine, as rows of the catalogue.
func (m *machine) inventory(now time.Time) (map[string]inventory.Table, error) {
	x := models()[m.model]
	out := map[string]inventory.Table{}
	var err error
	put := func(name string, t inventory.Table, e error) {
		out[name] = t
		if err == nil {
			err = e
		}
	}
	t, e := inventory.Encode([]inventory.System{{Vendor: x.vendor, Model: x.model, Serial: m.serial(), ChassisType: x.chassis, FirmwareVendor: x.vendor,
		FirmwareVersion: fmt.Sprintf("1.%d.0", 10+m.n%5), Virtual: new(false)}})
	put("system", t, e)
	build := []string{"19045.5011", "22631.4391", "26100.2161"}[m.n%3]
	t, e = inventory.Encode([]inventory.OS{{Family: "windows", Name: []string{"Windows 10 Pro", "Windows 11 Pro", "Windows 11 Enterprise"}[m.n%3], Distribution: "windows",
		Version: "10.0." + build, Build: build, Arch: "amd64", HostName: m.name, FQDN: m.name + ".agency.example", TimeZone: "America/New_York"}})
	put("os", t, e)
	t, e = inventory.Encode([]inventory.CPU{{Socket: 0, Vendor: "Intel", Model: fmt.Sprintf("Simulated Processor %d", 4*x.cores), CoreCount: x.cores, ThreadCount: 2 * x.cores}})
	put("cpu", t, e)
	t, e = inventory.Encode([]inventory.Memory{{TotalBytes: x.memory}})
	put("memory", t, e)
	t, e = inventory.Encode([]inventory.Disk{{Name: "PhysicalDrive0", Vendor: "Simdrive", Model: fmt.Sprintf("Simdrive %d", x.disk>>30), Serial: "D" + m.serial(),
		SizeBytes: x.disk, Bus: "nvme", Rotational: new(false)}})
	put("disk", t, e)
	free := m.free(now)
	t, e = inventory.Encode([]inventory.Volume{{Mount: "C:", Filesystem: "ntfs", SizeBytes: x.disk, FreeBytes: new(int64(free)), System: new(true), Disks: []string{"PhysicalDrive0"}}})
	put("volume", t, e)
	t, e = inventory.Encode([]inventory.Interface{{Name: "Ethernet", Kind: "ethernet", Mac: m.mac(), PermanentMac: m.mac(), Bus: "pci", LinkUp: new(true), SpeedBits: 1_000_000_000, Duplex: "full"}})
	put("interface", t, e)
	t, e = inventory.Encode([]inventory.Address{{Interface: "Ethernet", Address: fmt.Sprintf("10.%d.%d.%d", m.n>>16&0xFF, m.n>>8&0xFF, m.n&0xFF), PrefixLength: new(int64(16)), Family: "ipv4", Scope: "private", Origin: "dhcp"}})
	put("address", t, e)
	t, e = inventory.Encode(m.software())
	put("software", t, e)
	var services []inventory.Service
	for i := range 40 {
		services = append(services, inventory.Service{Name: fmt.Sprintf("svc%02d", i), Manager: "scm", StartMode: "automatic", State: "running"})
	}
	t, e = inventory.Encode(services)
	put("service", t, e)
	t, e = inventory.Encode([]inventory.User{{Name: "user" + fmt.Sprint(m.n), Kind: "domain"}, {Name: "Administrator", Kind: "local", Administrator: new(true)}})
	put("user", t, e)
	return out, err
}

func (m *machine) free(now time.Time) float64 {
	x := models()[m.model]
	base := float64(x.disk) * (0.15 + 0.6*rand.New(rand.NewPCG(m.seed, uint64(m.n)+7)).Float64())
	if m.filling > 0 && !m.last.IsZero() {
		m.filled += m.filling * max(now.Sub(m.last).Seconds(), 0)
	}
	return max(base-m.filled, 0)
}

// layout names the 40 numbers of a machine, the same for all, as a fleet of
// like machines has it.
func layout() report.Layout {
	s := func(m, f string, kv ...string) report.Series {
		out := report.Series{Measurement: m, Field: f, Labels: []report.Label{}}
		for i := 0; i+1 < len(kv); i += 2 {
			out.Labels = append(out.Labels, report.Label{Key: kv[i], Value: kv[i+1]})
		}
		return out
	}
	var l report.Layout
	for _, f := range []string{"usage_user", "usage_system", "usage_idle", "usage_iowait"} {
		l = append(l, s("cpu", f, "cpu", "cpu-total"))
	}
	for _, f := range []string{"available_percent", "used_percent", "commit_percent"} {
		l = append(l, s("mem", f))
	}
	l = append(l, s("swap", "used_percent"), s("swap", "out"), s("paging", "major_faults"))
	for _, f := range []string{"used_percent", "free"} {
		l = append(l, s("disk", f, "device", "C:", "fstype", "ntfs", "mode", "rw", "path", "C:"))
	}
	for _, f := range []string{"reads", "writes", "read_bytes", "write_bytes", "read_time", "write_time", "io_time"} {
		l = append(l, s("diskio", f, "name", "PhysicalDrive0"))
	}
	for _, nic := range []string{"Ethernet", "Wi-Fi"} {
		for _, f := range []string{"bytes_recv", "bytes_sent", "packets_recv", "packets_sent", "err_in", "drop_in"} {
			l = append(l, s("net", f, "interface", nic))
		}
	}
	l = append(l, s("system", "uptime"), s("processes", "total"))
	for _, sensor := range []string{"nvme_composite", "zone_tz00", "zone_tz01"} {
		l = append(l, s("temp", "temp", "sensor", sensor))
	}
	l = append(l, s("agent", "cpu_seconds"), s("agent", "rss_bytes"), s("throttle", "active_seconds"), s("system", "load1"))
	return l
}

// sample reads the machine's numbers at a time: a daily rhythm with noise,
// counters that only rise.
func (m *machine) sample(now time.Time, awake float64) report.Values {
	l := layout()
	v := make(report.Values, 0, len(l))
	dt := 60.0
	if !m.last.IsZero() {
		dt = max(now.Sub(m.last).Seconds(), 0)
	}
	free := m.free(now)
	m.last = now
	count := func(i int, perSecond float64) float64 {
		m.counters[i] = math.Floor(m.counters[i] + perSecond*dt*(0.5+m.rng.Float64()))
		return m.counters[i]
	}
	round := func(x float64) float64 { return math.Round(x*100) / 100 }
	busy := awake * (5 + 25*m.rng.Float64())
	x := models()[m.model]
	for i, s := range l {
		switch s.Measurement + "_" + s.Field {
		case "cpu_usage_user":
			v = append(v, round(busy*0.7))
		case "cpu_usage_system":
			v = append(v, round(busy*0.3))
		case "cpu_usage_idle":
			v = append(v, round(100-busy))
		case "mem_used_percent":
			v = append(v, round(35+20*awake+3*m.rng.Float64()))
		case "mem_available_percent":
			v = append(v, round(62-20*awake))
		case "mem_commit_percent":
			v = append(v, round(40+10*awake))
		case "disk_free":
			v = append(v, math.Floor(free))
		case "disk_used_percent":
			v = append(v, round(100-free/float64(x.disk)*100))
		case "diskio_read_bytes", "diskio_write_bytes", "net_bytes_recv", "net_bytes_sent":
			v = append(v, count(i, 2e5*(0.05+awake)))
		case "diskio_reads", "diskio_writes", "net_packets_recv", "net_packets_sent", "paging_major_faults":
			v = append(v, count(i, 200*(0.05+awake)))
		case "diskio_read_time", "diskio_write_time", "diskio_io_time":
			v = append(v, count(i, 20*(0.05+awake)))
		case "system_uptime":
			v = append(v, math.Floor(now.Sub(m.started).Seconds()))
		case "processes_total":
			v = append(v, float64(150+m.rng.IntN(60)))
		case "temp_temp":
			v = append(v, round(32+15*awake+m.rng.Float64()))
		case "agent_cpu_seconds":
			m.counters[i] += 0.004
			v = append(v, round(m.counters[i]))
		case "agent_rss_bytes":
			v = append(v, float64(11_000_000+m.rng.IntN(500_000)))
		case "system_load1":
			v = append(v, round(busy/20))
		default:
			v = append(v, 0)
		}
	}
	return v
}

// awake is how likely a machine is in use at an hour: offices work from eight
// to five, a few machines run always.
func (m *machine) awake(now time.Time, rhythm string) float64 {
	if rhythm != "office" || m.n%20 == 0 {
		return 0.5
	}
	h := float64(now.Hour()) + float64(now.Minute())/60 + float64(m.n%120)/60 - 1 // not all at once
	if day := now.Weekday(); day == time.Saturday || day == time.Sunday || h < 8 || h > 17.5 {
		return 0
	}
	return 0.4 + 0.6*math.Sin((h-8)/9.5*math.Pi)
}

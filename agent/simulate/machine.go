package simulate

import (
	"fmt"
	"math/rand/v2"
	"time"

	"muster/internal/enroll"
	"muster/internal/inventory"
)

// machine is one made-up computer. What it is follows from seed and number;
// what happens to it is kept beside.
type machine struct {
	n    int
	seed uint64
	rng  *rand.Rand

	host     string
	model    model
	at       *place
	port     string // of the switch it hangs on; empty: wireless, or no switch
	on       *gear  // that switch
	wireless bool
	habits   habits

	// What it has by now.
	programs int
	extra    []program // installed by a step
	gone     map[int]bool
	upgraded map[int]int // by a step, how often
	weeks    int         // versions of the program that updates itself
	drives   []drive
	driver   string // version of the display driver
	halved   bool   // half of the memory is gone
	patched  time.Time
	patch    string    // the newest update
	pending  time.Time // a restart waits since

	// How it is going.
	now     time.Time
	up      bool
	spell   spell
	day     int64 // whose spells are known
	spells  []spell
	dark    bool      // it lost power
	seen    time.Time // last sign of life
	started time.Time // kernel, since the last real restart
	woke    time.Time
	begun   time.Time // the last start, real or fast
	boots   int
	core    float64 // seconds the last start took
	ran     float64 // hours it ran since it was made
	offset  time.Duration
	last    time.Time // of the newest sample
	sums    [sums]float64
	free    [2]float64 // of each volume, before what fills it
	wh      float64    // battery holds when full
	charge  float64
	events  []happening
	fates   fates
	touched map[string]bool // sections to be read again now
	acted   int64           // day whose small events are decided
	todo    []small

	boards  *boards[shape, *moment]
	starts  *board[*machine]
	board   *board[*moment] // of the shape boarded
	boarded shape
	asked   time.Time // its drives were, last
	timed   time.Time // the start that was told last
}

// model is a plausible office machine: an invented name, real proportions.
type model struct {
	vendor, name, chassis string
	memory                int64
	modules               int
	cores                 int64
	battery               float64 // watt hours when new
	drives                []driveModel
}

// driveModel is a kind of drive.
type driveModel struct {
	name, kind, bus string
	size            int64
}

// drive is one of a machine.
type drive struct {
	driveModel
	serial      string
	age         float64 // hours it ran before we met
	reallocated float64
	used, spare float64
	unsafe      int64 // shutdowns
	entries     int64 // of its error log: most healthy drives have some
	lost        bool
}

const gib = int64(1) << 30

func models() []model {
	nvme := func(n int64) driveModel {
		return driveModel{fmt.Sprintf("Simdrive NX %d", n), "ssd", "nvme", n * gib}
	}
	sata := func(n int64) driveModel {
		return driveModel{fmt.Sprintf("Simdrive SX %d", n), "ssd", "sata", n * gib}
	}
	disk := func(n int64) driveModel {
		return driveModel{fmt.Sprintf("Simdrive HX %d", n), "hdd", "sata", n * gib}
	}
	return []model{
		{"Norrland", "Desk 3020", "desktop", 8 * gib, 2, 4, 0, []driveModel{disk(500)}},
		{"Norrland", "Desk 5040", "desktop", 16 * gib, 2, 6, 0, []driveModel{nvme(512)}},
		{"Norrland", "Book 14 G2", "laptop", 16 * gib, 1, 8, 56, []driveModel{sata(512)}},
		{"Norrland", "Book 14 G4", "laptop", 32 * gib, 2, 10, 68, []driveModel{nvme(1024)}},
		{"Caldera", "Slim 240", "mini_pc", 8 * gib, 1, 4, 0, []driveModel{sata(256)}},
		{"Caldera", "Station Z", "tower", 64 * gib, 4, 16, 0, []driveModel{nvme(1024), disk(4000)}},
		{"Ostrava", "Travel 13", "laptop", 8 * gib, 1, 4, 45, []driveModel{nvme(256)}},
	}
}

func modelNames() []string {
	var out []string
	for _, m := range models() {
		out = append(out, m.name)
	}
	return out
}

func newMachine(n int, seed uint64, programs int, rhythm string, now time.Time) *machine {
	m := &machine{n: n, seed: seed, rng: rand.New(rand.NewPCG(seed, uint64(n))), driver: "31.0.15", touched: map[string]bool{}}
	r := m.rng
	m.model = models()[r.IntN(len(models()))]
	dept := []string{"acc", "clerk", "tax", "road", "school", "health", "it", "court"}[r.IntN(8)]
	m.host = fmt.Sprintf("%s-%05d", dept, n)
	// Most machines have about the office's standard set, some far more.
	m.programs = max(5, int(float64(programs)*(0.7+0.6*r.Float64())))
	m.started = now.Add(-time.Duration(1+r.IntN(20*24)) * time.Hour)
	m.wireless = m.laptop() && r.IntN(2) == 0
	m.habits = newHabits(r, n, rhythm, m.laptop())
	m.ran = 500 + 5000*r.Float64()
	m.core = 11 + 8*r.Float64()
	if m.model.drives[0].kind == "hdd" {
		m.core *= 3
	}
	for i, d := range m.model.drives {
		x := drive{driveModel: d, serial: fmt.Sprintf("SD%03X%06X%d", seed&0xFFF, n, i), age: m.ran, spare: 100, unsafe: int64(r.IntN(60)), entries: int64(r.IntN(40)) * int64(r.IntN(2))}
		switch {
		case d.kind == "hdd" && m.ran > 4000 && r.IntN(2) == 0:
			x.reallocated = 3 // of old: they stand still
		case d.kind == "ssd":
			x.used = 2 + 18*r.Float64()
		}
		m.drives = append(m.drives, x)
		m.free[i] = float64(d.size) * (0.25 + 0.5*r.Float64())
	}
	m.wh = m.model.battery * (0.86 + 0.12*r.Float64())
	m.charge = 80
	m.patched, m.patch = m.patchOf(now.AddDate(0, -1, 0))
	if p, kb := m.patchOf(now); !p.After(now) {
		m.patched, m.patch = p, kb
	}
	m.seen = now
	return m
}

func (m *machine) laptop() bool { return m.model.battery > 0 }

// touch says that sections are to be read again now.
func (m *machine) touch(names ...string) {
	for _, n := range names {
		m.touched[n] = true
	}
}

// memory is what it has by now.
func (m *machine) memory() int64 {
	if m.halved {
		return m.model.memory / 2
	}
	return m.model.memory
}

func (m *machine) serial() string { return fmt.Sprintf("SIM%03X%07X", m.seed&0xFFF, m.n) }

func (m *machine) mac() string {
	return fmt.Sprintf("06:%02x:%02x:%02x:%02x:%02x", byte(m.seed), byte(m.n>>24), byte(m.n>>16), byte(m.n>>8), byte(m.n))
}

// card is the name of the network card in use.
func (m *machine) card() string {
	if m.wireless || m.spell.home {
		return "Wi-Fi"
	}
	return "Ethernet"
}

func (m *machine) address() string {
	if m.spell.home {
		return fmt.Sprintf("192.168.1.%d", 20+m.n%200)
	}
	site := 0
	if m.at != nil {
		site = m.at.n
	}
	return fmt.Sprintf("10.%d.%d.%d", site+m.n>>16&0xFF, m.n>>8&0xFF, m.n&0xFF)
}

func (m *machine) name() string { return m.host }

func (m *machine) evidence() enroll.Evidence {
	return enroll.NewEvidence(enroll.Item{Kind: enroll.SystemSerial, Value: enroll.ModelSerial(m.model.name, m.serial())},
		enroll.Item{Kind: enroll.PCIMAC, Value: m.mac()})
}

func (m *machine) kind() string { return "pc" }

func (m *machine) where() *place { return m.at }

func (m *machine) destiny() *fates { return &m.fates }

// clock is the machine's own, and the time since it started.
func (m *machine) clock(now time.Time) (wall time.Time, mono time.Duration, boot [8]byte) {
	off := m.offset
	if f, share := m.fates.of(doClockDrift, now); f != nil {
		off += time.Duration(share * float64(6*time.Minute))
	}
	return now.Add(off), max(now.Sub(m.started), 0), [8]byte{byte(m.boots), byte(m.n), byte(m.n >> 8), 1}
}

func (m *machine) disks() []string {
	var out []string
	for i, d := range m.drives {
		if !d.lost {
			out = append(out, diskName(i))
		}
	}
	return out
}

func diskName(i int) string { return fmt.Sprintf("PhysicalDrive%d", i) }

// mount is the letter of the volume on the i-th drive.
func mount(i int) string { return string(rune('C'+i)) + ":" }

// room is the free room on the i-th volume.
func (m *machine) room(i int, now time.Time) float64 {
	free := m.free[i] - m.sums[sumGrowth]*float64(1-i)
	if f, share := m.fates.of(doFillDisk, now); f != nil && i == 0 {
		free *= 1 - share
	}
	return max(free, 0)
}

func encode[T inventory.Sectioner](rows ...T) (inventory.Table, error) { return inventory.Encode(rows) }

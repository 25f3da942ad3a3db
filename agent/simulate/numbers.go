package simulate

import (
	"math"
	"time"

	"muster/internal/report"
)

// Running sums of a machine, since its last restart but for the growth of its
// disk.
type sum int

const (
	sumReads     sum = iota // and of the second drive
	sumReads2               //
	sumWrites               //
	sumWrites2              //
	sumReadTime             // milliseconds
	sumReadTime2            //
	sumWriteTime            //
	sumWriteTime2
	sumBusy
	sumBusy2
	sumFaults
	sumSwapped
	sumReceived // and, cardSums later, of the wireless card
	sumSent
	sumPacketsIn
	sumPacketsOut
	sumErrors
	sumDrops
	_
	_
	_
	_
	_
	_
	sumThrottled
	sumGrowth
	sumAgent
	sums
)

// cardSums is how many sums a network card has.
const cardSums sum = 6

// shape is what decides which numbers a machine has. It has at most 60 that it
// sends by itself.
type shape struct {
	drives  int
	card    string
	battery bool
	hot     bool // a third thermometer
}

// moment is one reading of a machine.
type moment struct {
	*machine
	now     time.Time
	seconds float64 // since the last reading, while it was on
	busy    float64 // 0 to 1
	jitter  float64 // 0 to 1, of this reading
}

func (m *machine) shape() shape {
	return shape{drives: len(m.disks()), card: m.card(), battery: m.laptop(), hot: len(m.model.drives) == 1}
}

// moment lets the time since the last reading count.
func (m *machine) moment(now time.Time) *moment {
	x := &moment{machine: m, now: now, seconds: 60, busy: m.busy(now), jitter: m.rng.Float64()}
	if !m.last.IsZero() {
		x.seconds = max(now.Sub(m.last).Seconds(), 0)
	}
	m.last = now
	m.ran += x.seconds / 3600
	noise := func() float64 { return 0.6 + 0.8*m.rng.Float64() }
	count := func(s sum, perSecond float64) float64 {
		by := math.Floor(perSecond * x.seconds)
		m.sums[s] += by
		return by
	}
	for i := range m.drives {
		lag := 0.35 // milliseconds
		if m.drives[i].kind == "hdd" {
			lag = 7
		}
		share := 1 - 0.8*float64(i)
		k := sum(i)
		reads, writes := count(sumReads+k, share*(2+60*x.busy)*noise()), count(sumWrites+k, share*(3+30*x.busy)*noise())
		rt, wt := reads*lag*noise(), writes*lag*0.7*noise()
		m.sums[sumReadTime+k] += math.Floor(rt)
		m.sums[sumWriteTime+k] += math.Floor(wt)
		m.sums[sumBusy+k] += math.Floor(min((rt+wt)*0.8, x.seconds*1000))
	}
	count(sumFaults, (1+15*x.busy)*noise())
	count(sumSwapped, 400*x.busy*noise())
	card := cardOf(m.card())
	in, out := count(sumPacketsIn+card, (15+170*x.busy)*noise()), count(sumPacketsOut+card, (10+120*x.busy)*noise())
	m.sums[sumReceived+card] += 900 * in
	m.sums[sumSent+card] += 350 * out
	if card > 0 {
		m.sums[sumDrops+card] += math.Floor(in * 0.002 * noise())
	}
	m.sums[sumGrowth] += math.Floor(150 * x.seconds * x.busy * noise()) // some megabytes a day
	m.sums[sumAgent] += 0.004 * x.seconds / 60
	if f, _ := m.fates.of(doThrottle, now); f != nil {
		m.sums[sumThrottled] += x.seconds / 3
	}
	if card == 0 && m.on != nil && m.on.damages(m.port, now) {
		m.sums[sumErrors] += math.Floor(0.02 * in)
	}
	if m.laptop() {
		m.charge = min(100, m.charge+x.seconds/60)
	}
	return x
}

// cardOf is where the sums of a card begin, after those of the wired one.
func cardOf(name string) sum {
	if name == "Wi-Fi" {
		return cardSums
	}
	return 0
}

func round(x float64) float64 { return math.Round(x*100) / 100 }

// of is a running sum.
func of(s sum) func(x *moment) float64 { return func(x *moment) float64 { return x.sums[s] } }

// machineNumbers lists what a machine of a shape measures.
func machineNumbers(s shape) []number[*moment] {
	var l list[*moment]
	load := func(x *moment) float64 { return 4 + 26*x.busy*(0.5+x.jitter) }
	l.add("cpu", "usage_user", func(x *moment) float64 { return round(0.7 * load(x)) }, "cpu", "cpu-total")
	l.add("cpu", "usage_system", func(x *moment) float64 { return round(0.3 * load(x)) }, "cpu", "cpu-total")
	l.add("cpu", "usage_idle", func(x *moment) float64 { return round(100 - load(x)) }, "cpu", "cpu-total")
	l.add("mem", "available_percent", func(x *moment) float64 { return round(100 - x.used()) })
	l.add("mem", "used_percent", func(x *moment) float64 { return round(x.used()) })
	l.add("mem", "commit_percent", func(x *moment) float64 { return round(x.committed()) })
	l.add("swap", "used_percent", func(x *moment) float64 { return round(3 + 4*x.busy + x.leak()*40) })
	l.add("swap", "out", of(sumSwapped))
	l.add("paging", "major_faults", of(sumFaults))
	for i := range s.drives {
		pairs := []string{"path", mount(i), "device", mount(i), "fstype", "ntfs", "mode", "rw"}
		l.add("disk", "used_percent", func(x *moment) float64 { return round(100 - 100*x.room(i, x.now)/float64(x.drives[i].size)) }, pairs...)
		l.add("disk", "free", func(x *moment) float64 { return math.Floor(x.room(i, x.now)) }, pairs...)
		k := sum(i)
		for field, read := range map[string]func(x *moment) float64{
			"reads": of(sumReads + k), "writes": of(sumWrites + k), "read_time": of(sumReadTime + k), "write_time": of(sumWriteTime + k), "io_time": of(sumBusy + k),
			"read_bytes":  func(x *moment) float64 { return 24_000 * x.sums[sumReads+k] },
			"write_bytes": func(x *moment) float64 { return 16_000 * x.sums[sumWrites+k] },
		} {
			l.add("diskio", field, read, "name", diskName(i))
		}
	}
	card := cardOf(s.card)
	l.add("net", "bytes_recv", of(sumReceived+card), "interface", s.card)
	l.add("net", "bytes_sent", of(sumSent+card), "interface", s.card)
	l.add("net", "packets_recv", of(sumPacketsIn+card), "interface", s.card)
	l.add("net", "packets_sent", of(sumPacketsOut+card), "interface", s.card)
	l.add("net", "err_in", of(sumErrors+card), "interface", s.card)
	l.add("net", "drop_in", of(sumDrops+card), "interface", s.card)
	l.add("system", "uptime", func(x *moment) float64 { return math.Floor(x.now.Sub(x.started).Seconds()) })
	l.add("processes", "total", func(x *moment) float64 { return math.Floor(150 + 50*x.jitter) })
	l.add("temp", "temp", func(x *moment) float64 { return round(x.heat()) }, "sensor", "zone_tz00")
	l.add("temp", "temp", func(x *moment) float64 { return round(30 + 8*x.busy + 2*x.jitter) }, "sensor", "zone_tz01")
	if s.hot {
		l.add("temp", "temp", func(x *moment) float64 { return round(x.driveHeat(0)) }, "sensor", "drive_composite")
	}
	l.add("agent", "cpu_seconds", func(x *moment) float64 { return round(x.sums[sumAgent]) })
	l.add("agent", "rss_bytes", func(x *moment) float64 { return math.Floor(11e6 + 5e5*x.jitter) })
	l.add("throttle", "active_seconds", of(sumThrottled))
	l.add("ping", "percent_packet_loss", func(*moment) float64 { return 0 }, "url", "gateway")
	l.add("ping", "average_response_ms", func(x *moment) float64 { return round(x.way()) }, "url", "gateway")
	l.add("dns_query", "query_time_ms", func(x *moment) float64 { return round(2 + 9*x.jitter*x.jitter + x.way()) }, "server", "10.0.0.53", "domain", "collector.agency.example", "record_type", "A")
	l.add("dns_query", "result_code", func(*moment) float64 { return 0 }, "server", "10.0.0.53", "domain", "collector.agency.example", "record_type", "A")
	l.add("clock", "offset_seconds", func(x *moment) float64 {
		wall, _, _ := x.clock(x.now)
		return round(wall.Sub(x.now).Seconds() + 0.04*(x.jitter-0.5))
	})
	if s.card == "Wi-Fi" {
		l.add("wifi", "rssi_dbm", func(x *moment) float64 { return math.Floor(-42 - float64(x.n%18) - 5*x.jitter) }, "interface", s.card)
	}
	if s.battery {
		l.add("battery", "charge_percent", func(x *moment) float64 { return math.Floor(x.charge) }, "battery", "BAT0")
		l.add("battery", "full_watt_hours", func(x *moment) float64 { return round(x.holds(x.now) + 0.2*(x.jitter-0.5)) }, "battery", "BAT0")
	}
	return ordered(l)
}

// leak is how far a leak has come, 0 to 1: it begins anew with each restart.
func (x *moment) leak() float64 {
	f, _ := x.fates.of(doLeakMemory, x.now)
	if f == nil {
		return 0
	}
	from := f.from
	if x.started.After(from) {
		from = x.started
	}
	return min(1, x.now.Sub(from).Seconds()/f.to.Sub(f.from).Seconds())
}

// used and committed are percent of memory; half of it holds the same programs.
func (x *moment) used() float64 {
	u := 30 + 14*x.busy + 3*x.jitter + float64(x.n%10)
	if x.halved {
		u *= 1.5
	}
	return u + x.leak()*(97-u)
}

func (x *moment) committed() float64 {
	c := 34 + 12*x.busy + 2*x.jitter + float64(x.n%8)
	if x.halved {
		c *= 1.3
	}
	return c + x.leak()*(98-c)
}

// heat is the processor's temperature.
func (x *moment) heat() float64 {
	h := 38 + 18*x.busy + 4*x.jitter
	if f, _ := x.fates.of(doThrottle, x.now); f != nil {
		h += 24
	}
	if f, _ := x.fates.of(doOverheat, x.now); f != nil {
		h = 98 + x.jitter
	}
	return h
}

func (x *moment) driveHeat(i int) float64 {
	h := 33 + 8*x.busy + 3*x.jitter
	if x.drives[i].kind == "ssd" {
		h += 4
	}
	return h
}

// way is the round trip to the gateway, in milliseconds.
func (x *moment) way() float64 {
	if x.card() == "Wi-Fi" {
		return 2 + 4*x.jitter
	}
	return 0.4 + 0.5*x.jitter
}

// holds is what the battery holds when full.
func (m *machine) holds(now time.Time) float64 {
	if _, share := m.fates.of(doFailBattery, now); share > 0 {
		return m.wh + share*(0.2*m.model.battery-m.wh)
	}
	return m.wh
}

// ordered puts numbers in the order of their names, so that the same shape has
// the same layout each time.
func ordered[T any](l list[T]) []number[T] {
	less := func(a, b report.Series) bool {
		if a.Measurement != b.Measurement {
			return a.Measurement < b.Measurement
		}
		for i := range min(len(a.Labels), len(b.Labels)) {
			if a.Labels[i] != b.Labels[i] {
				return a.Labels[i].Value < b.Labels[i].Value
			}
		}
		return a.Field < b.Field
	}
	for i := 1; i < len(l); i++ {
		for k := i; k > 0 && less(l[k].series, l[k-1].series); k-- {
			l[k], l[k-1] = l[k-1], l[k]
		}
	}
	return l
}

// startNumbers are told once a start.
func startNumbers() *board[*machine] {
	var l list[*machine]
	l.add("boot", "core_seconds", func(m *machine) float64 { return round(m.core) })
	l.add("boot", "signin_seconds", func(m *machine) float64 { return round(6 + 0.4*m.core) })
	return newBoard(l)
}

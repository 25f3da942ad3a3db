package simulate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"muster/internal/enroll"
	"muster/internal/event"
	"muster/internal/inventory"
)

// gear is a switch, a UPS or a printer, as the poller reports it.
type gear struct {
	what string // switch, ups, printer
	host string
	n    int
	at   *place
	rng  *rand.Rand

	now     time.Time
	up      bool
	started time.Time
	boots   int
	last    time.Time
	events  []happening
	fates   fates
	touched map[string]bool

	// Of a switch.
	desks []*machine // by port, from the first
	ports [ports]port
	seen  map[string]time.Time // addresses, when last

	// Of a UPS: charge in percent; of a printer: toner left, pages printed.
	charge float64
	source string
	level  float64
	pages  float64
	board  *board[*reading]
}

// port is the running sums of a port.
type port struct {
	in, out, errors float64
	up              bool // has a link
}

// gearName is what a piece of gear is called.
func gearName(what, site string, i int) string {
	short := map[string]string{"switch": "sw", "ups": "ups", "printer": "prt"}[what]
	return fmt.Sprintf("%s-%s-%d", short, site, i+1)
}

func newGear(what string, p *place, i int, seed uint64, now time.Time) *gear {
	g := &gear{what: what, host: gearName(what, p.name, i), n: i, at: p, rng: rand.New(rand.NewPCG(seed^0x6EA2, uint64(p.n)<<16|uint64(i)<<8|uint64(len(what)))), up: true,
		touched: map[string]bool{}, seen: map[string]time.Time{}, charge: 100, source: "mains"}
	g.started = now.Add(-time.Duration(30+g.rng.IntN(200)) * 24 * time.Hour)
	g.level, g.pages = 55+30*g.rng.Float64(), 20_000+50_000*g.rng.Float64()
	g.last = now
	return g
}

func (g *gear) name() string          { return g.host }
func (g *gear) kind() string          { return g.what }
func (g *gear) where() *place         { return g.at }
func (g *gear) destiny() *fates       { return &g.fates }
func (g *gear) forget()               { g.events = nil }
func (g *gear) address() string       { return fmt.Sprintf("10.%d.255.%d", g.at.n, 10*len(g.what)+g.n) }
func (g *gear) serial() string        { return fmt.Sprintf("G%02X%02X%s", g.at.n, g.n, g.host) }
func (g *gear) portName(i int) string { return fmt.Sprintf("Gi1/0/%d", i+1) }

func (g *gear) mac() string {
	return fmt.Sprintf("0a:%02x:%02x:%02x:00:00", len(g.what), g.at.n, g.n)
}

// model is an invented one.
func (g *gear) model() (vendor, name, version string) {
	switch g.what {
	case "switch":
		return "Norrland", "Access 24G", "8.4.2"
	case "ups":
		return "Voltara", "Rack 3000", "2.17"
	}
	return "Papyra", "Office 4100 MFP", "41.9"
}

func (g *gear) evidence() enroll.Evidence {
	_, name, _ := g.model()
	return enroll.NewEvidence(enroll.Item{Kind: enroll.SystemSerial, Value: enroll.ModelSerial(name, g.serial())}, enroll.Item{Kind: enroll.PCIMAC, Value: g.mac()})
}

func (g *gear) clock(now time.Time) (time.Time, time.Duration, [8]byte) {
	return now, now.Sub(g.started), [8]byte{byte(g.boots), byte(g.n), byte(g.at.n), 2}
}

func (g *gear) tell(at time.Time, kind string, attributes map[string]string) {
	g.events = append(g.events, happening{at, kind, attributes})
}

// live lets time pass. What cannot be polled says nothing, then or later.
func (g *gear) live(now time.Time) voice {
	g.now = now
	out, _ := g.fates.of(doOutage, now)
	switch {
	case out != nil && g.up:
		g.up = false
	case out == nil && !g.up:
		g.up = true
		g.last = now
		if g.lostPower() {
			g.started, g.boots = now, g.boots+1
			for i := range g.ports {
				g.ports[i] = port{up: g.ports[i].up}
			}
			g.tell(now, event.Boot, map[string]string{"type": "cold"})
			g.touched["snmp_agent"] = true
		}
		if g.what == "ups" {
			g.charge = 45
		}
	}
	if !g.up {
		g.last = now
		return voice{dead: true}
	}
	if g.what == "ups" {
		g.power(now)
	}
	return voice{speaks: true, reaches: true}
}

// lostPower says whether the outage that just ended was one of power.
func (g *gear) lostPower() bool {
	if g.what == "ups" {
		return false
	}
	newest := &fate{}
	for _, f := range g.fates {
		if f.Do == doOutage && f.to.After(newest.to) && !f.to.After(g.now) {
			newest = f
		}
	}
	return newest.Step != nil && newest.Name != "line"
}

// power lets a UPS change over.
func (g *gear) power(now time.Time) {
	hours := max(now.Sub(g.last).Hours(), 0)
	source := "mains"
	if f, _ := g.fates.of(doUPS, now); f != nil {
		source = "battery"
		g.charge = max(4, g.charge-70*hours) // a good hour at this load
	} else {
		g.charge = min(100, g.charge+15*hours)
	}
	if source != g.source {
		g.source = source
		g.tell(now, event.PowerSourceChanged, map[string]string{"source": source, "battery_percent": fmt.Sprint(int(g.charge))})
		if source == "battery" {
			g.tell(now, event.UPSAlarm, map[string]string{"alarm": "input_bad", "active": "true"})
		} else {
			g.tell(now, event.UPSAlarm, map[string]string{"alarm": "input_bad", "active": "false"})
		}
		g.touched["ups"] = true
	}
}

// flapped notes that the link of a port went down and up.
func (g *gear) flapped(name string, now time.Time) {
	if !g.up {
		return
	}
	g.tell(now, event.LinkFlap, map[string]string{"interface": name, "state": "down"})
	g.tell(now, event.LinkFlap, map[string]string{"interface": name, "state": "up"})
}

// damages says whether frames on a port get damaged.
func (g *gear) damages(name string, now time.Time) bool {
	f, _ := g.fates.of(doSwitch, now)
	if f == nil {
		return false
	}
	share := f.Agents
	if share == (Share{}) {
		share.Percent = 100
	}
	for k, m := range g.desks {
		if m.port == name {
			return share.holds(k, len(g.desks))
		}
	}
	return false
}

// count lets the sums of ports and pages grow, and learns addresses.
func (g *gear) count(now time.Time) {
	seconds := max(now.Sub(g.last).Seconds(), 0)
	g.last = now
	for i, m := range g.desks {
		if on := g.linked(i); on != g.ports[i].up {
			g.ports[i].up = on
			g.tell(now, event.LinkFlap, map[string]string{"interface": m.port, "state": map[bool]string{true: "up", false: "down"}[on]})
			g.touched["port"] = true
			if _, known := g.seen[m.mac()]; on && !known {
				g.touched["fdb"] = true
			}
		}
		if !g.ports[i].up {
			continue
		}
		g.seen[m.mac()] = now
		busy := m.busy(now)
		by := math.Floor((10 + 120*busy) * seconds * (0.6 + 0.8*g.rng.Float64()))
		g.ports[i].in += by
		g.ports[i].out += math.Floor(1.4 * by)
		if g.damages(m.port, now) {
			g.ports[i].errors += math.Floor(0.02 * by)
		}
	}
	office := now.Hour() >= 8 && now.Hour() < 18 && now.Weekday() != time.Saturday && now.Weekday() != time.Sunday
	if g.what == "printer" && office {
		pages := math.Floor(seconds / 60 * g.rng.Float64())
		g.pages += pages
		g.level = max(12, g.level-pages/2000) // somebody changes it before it is empty
	}
}

// toner is what is left, in percent.
func (g *gear) toner(now time.Time) float64 {
	if f, share := g.fates.of(doToner, now); f != nil {
		return math.Floor(g.level + share*(2-g.level))
	}
	return math.Floor(g.level)
}

// numbers implements body.
func (g *gear) numbers(now time.Time) []told {
	g.count(now)
	if g.board == nil {
		g.board = newBoard(gearNumbers(g))
	}
	return []told{g.board.read(&reading{g, now, g.rng.Float64()})}
}

// sections implements body.
func (g *gear) sections() []string {
	var out []string
	for _, c := range gearChapters(g.what) {
		out = append(out, c.name)
	}
	return out
}

// read implements body.
func (g *gear) read(section string, now time.Time) (inventory.Table, error) {
	for _, c := range gearChapters(g.what) {
		if c.name == section {
			return c.read(g, now)
		}
	}
	return inventory.Table{}, fmt.Errorf("a %s has no section %s", g.what, section)
}

// said implements body.
func (g *gear) said() ([]happening, map[string]bool) {
	e, t := g.events, g.touched
	g.events, g.touched = nil, map[string]bool{}
	return e, t
}

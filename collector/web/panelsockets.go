package web

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/collector/api"
	"muster/collector/store"
	"muster/collector/web/texts"
)

// socket is one port of the panel.
type socket struct {
	api.PortLine
	Short   string // what is printed beside the socket
	Number  int
	State   string // up, slow, err, down, off
	Level   int    // 0 to 4, of what colors it
	Value   string // of what colors it
	Gives   bool   // power
	Watts   float64
	MaxBits int64
	Changed time.Time
	Tagged  string
	Optical bool
	Finding *store.Finding
	Who     string
	WhoLink string
	WhoMore int
	Mac     string
	Link    string
	Chosen  bool
	Words   texts.T
	group   string // unit and module
	metal   bool
	flowBps float64
}

// Severity is how urgent a port is.
func (x *socket) Severity() string {
	switch {
	case x.Finding != nil:
		return x.Finding.Severity
	case x.State == "err":
		return "info" // no rule has spoken of it yet
	}
	return ""
}

// Damaged is frames in 24 hours, of both ways; negative when not known.
func (x *socket) Damaged() int64 {
	if x.End.In == nil && x.End.Out == nil {
		return -1
	}
	var n int64
	for _, p := range []*int64{x.End.In, x.End.Out} {
		if p != nil {
			n += *p
		}
	}
	return n
}

// muchDamage is from how many damaged frames a day a port is marked even when
// no rule has spoken yet: some come with every plug that is pulled.
const muchDamage = 100

// sockets joins what is known of each port, in the order of the metal.
func sockets(lines []api.PortLine, sections map[string]any) []*socket {
	ports, poe := rowsBy(sections["port"], "name"), rowsBy(sections["poe_port"], "port")
	out := make([]*socket, len(lines))
	for i := range lines {
		x := &socket{PortLine: lines[i]}
		r := ports[x.Name]
		kind, _ := r["kind"].(string)
		connector, told := r["connector_present"].(bool)
		x.metal = x.Role != "internal" && (kind == "" || kind == "ethernet" || kind == "fibre_channel") && (!told || connector)
		x.MaxBits = number(r["max_speed_bits_per_second"])
		x.Tagged, _ = r["tagged_vlans"].(string)
		if text, ok := r["changed_at"].(string); ok {
			x.Changed, _ = time.Parse(time.RFC3339, text)
		}
		if f, ok := poe[x.Name]; ok {
			status, _ := f["status"].(string)
			x.Gives = status == "delivering"
			if n, ok := f["power_watts"].(json.Number); ok {
				x.Watts, _ = n.Float64()
			}
		}
		x.group, x.Short, x.Number, x.Optical = place(x.Name, x.MaxBits)
		x.who()
		out[i] = x
	}
	slices.SortStableFunc(out, func(a, b *socket) int {
		return cmp.Or(cmp.Compare(len(a.group), len(b.group)), strings.Compare(a.group, b.group), boolOrder(b.Optical, a.Optical), cmp.Compare(a.Number, b.Number))
	})
	return out
}

// rowsBy is the rows of a section by one of their columns.
func rowsBy(data any, column string) map[string]map[string]any {
	out := map[string]map[string]any{}
	list, _ := data.([]any)
	for _, x := range list {
		if r, ok := x.(map[string]any); ok {
			if name, ok := r[column].(string); ok {
				out[name] = r
			}
		}
	}
	return out
}

func number(x any) int64 {
	switch x := x.(type) {
	case json.Number:
		n, _ := x.Int64()
		return n
	case int64:
		return x
	case float64:
		return int64(x)
	}
	return 0
}

// place reads a port's name: Gi2/0/14 is socket 14 of member 2. Fast sockets
// that count anew are the optical ones beside the others.
func place(name string, maxBits int64) (group, short string, n int, optical bool) {
	end := len(name)
	for end > 0 && name[end-1] >= '0' && name[end-1] <= '9' {
		end--
	}
	n, err := strconv.Atoi(name[end:])
	if err != nil {
		return "~", name, 0, false
	}
	before := name[:end]
	digit := strings.IndexAny(before, "0123456789")
	letters := before
	if digit >= 0 {
		letters = before[:digit]
	}
	letters = strings.ToLower(strings.Trim(letters, " /:.-"))
	unit := ""
	if digit >= 0 {
		unit, _, _ = strings.Cut(before[digit:], "/")
		unit = strings.Trim(unit, "/:.-")
	}
	switch letters {
	case "te", "xe", "twe", "tw", "fo", "hu", "tengigabitethernet", "twentyfivegige", "fortygigabitethernet", "hundredgige", "sfp", "sfp-sfpplus", "qsfp", "et":
		optical = true
	}
	short = name[end:]
	if optical {
		short = "T" + short
	}
	return unit, short, n, optical || maxBits >= 25e9
}

// who tells who is on the port, in a few words.
func (x *socket) who() {
	switch {
	case x.Gear != nil:
		x.Who, x.WhoLink = x.Gear.Name, refOf(x.Gear.ID)
	case len(x.Hosts) > 0:
		h := x.Hosts[0]
		x.Who, x.Mac, x.WhoMore = h.Mac, h.Mac, len(x.Hosts)-1
		if h.Device != nil {
			x.Who, x.WhoLink = h.Device.Name, refOf(h.Device.ID)
		}
	case len(x.Neighbors) > 0:
		x.Who = cmp.Or(x.Neighbors[0].Name, x.Neighbors[0].Chassis)
	}
}

// judge finds the state that the picture shows.
func (x *socket) judge() {
	switch {
	case x.Admin == "down":
		x.State = "off"
	case x.End.State != "up":
		x.State = "down"
	case x.Finding != nil && x.Finding.Severity != "info" || x.Damaged() >= muchDamage:
		x.State = "err"
	case x.End.SpeedBits > 0 && x.End.SpeedBits < 1e9 && x.MaxBits >= 1e9 && x.MaxBits > x.End.SpeedBits:
		x.State = "slow"
	default:
		x.State = "up"
	}
	say := []texts.T{stateWord(x.State)}
	if x.End.State == "up" && x.End.SpeedBits > 0 {
		say = append(say, texts.As(amount(float64(x.End.SpeedBits), "bit_per_second")))
	}
	if n := x.Damaged(); n >= muchDamage {
		say = append(say, texts.F("{1} damaged frames in 24 hours", n))
	}
	if x.Gives {
		say = append(say, "gives power")
	}
	for _, t := range []string{x.Alias, x.Who} {
		if t != "" {
			say = append(say, texts.As(t))
		}
	}
	x.Words = texts.F("Port {1}: {2}", x.Name, texts.List(", ", say...))
}

func stateWord(state string) texts.T {
	switch state {
	case "up":
		return "Up"
	case "slow":
		return "Up, slower than it can"
	case "err":
		return "Up, with trouble"
	case "off":
		return "Switched off"
	}
	return "Nothing connected"
}

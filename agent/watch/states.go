package watch

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/internal/event"
	"muster/internal/event/linux"
)

// linkMark is how often each card lost and got its link in this start.
type linkMark struct {
	Boot string          `json:"boot,omitempty"`
	At   map[string]link `json:"at,omitempty"`
}

type link struct {
	Up   int64 `json:"up"`
	Down int64 `json:"down"`
}

const maxLinks = 16

// links looks at the counters of the kernel (Documentation/ABI/testing/
// sysfs-class-net): no flap is too short to be seen. Wi-Fi roams and is left
// out, as is what has no hardware.
func (w *Watch) links(ctx context.Context) {
	list, err := w.Host.ReadDir("/sys/class/net")
	if err != nil {
		return
	}
	now := map[string]link{}
	for _, e := range list {
		dir := "/sys/class/net/" + e.Name()
		if len(now) == maxLinks || !w.Host.Exists(dir+"/device") || w.Host.Exists(dir+"/phy80211") || w.Host.Exists(dir+"/wireless") {
			continue
		}
		if l, ok := readLink(w.Host.Line, dir); ok {
			now[e.Name()] = l
		}
	}
	before := w.mark.Links
	w.mark.Links = linkMark{Boot: w.boot, At: now}
	if before.Boot != w.boot || w.clocks.woke(w.now()) {
		return // a card that sleeps or starts loses its link; that is no flap
	}
	for _, name := range sorted(now) {
		was, ok := before.At[name]
		n := now[name]
		if !ok || n.Up < was.Up || n.Down < was.Down {
			continue // it is new, or was taken out and put in
		}
		w.flaps(ctx, name, "down", n.Down-was.Down)
		w.flaps(ctx, name, "up", n.Up-was.Up)
	}
}

func readLink(line func(string) string, dir string) (link, bool) {
	up, err := strconv.ParseInt(line(dir+"/carrier_up_count"), 10, 64)
	down, err2 := strconv.ParseInt(line(dir+"/carrier_down_count"), 10, 64)
	if err == nil && err2 == nil {
		return link{up, down}, true
	}
	// Before Linux 4.16 there is the sum.
	all, err := strconv.ParseInt(line(dir+"/carrier_changes"), 10, 64)
	return link{(all + 1) / 2, all / 2}, err == nil
}

// maxFlaps bounds what one look can tell: counters can jump.
const maxFlaps = 10_000

func (w *Watch) flaps(ctx context.Context, name, state string, n int64) {
	if n > 0 {
		w.tell(ctx, linux.Event{Kind: event.LinkFlap, At: w.now(), Count: min(n, maxFlaps), Attributes: map[string]string{"interface": name, "state": state}})
	}
}

// heldMark is how long the processor was held back on a day.
type heldMark struct {
	Known bool   `json:"known,omitempty"` // the kernel counts it here
	Boot  string `json:"boot,omitempty"`
	Day   string `json:"day,omitempty"`
	From  int64  `json:"from,omitempty"` // ms at the day's begin, or of the boot
	Last  int64  `json:"last,omitempty"`
	Sum   int64  `json:"sum,omitempty"` // ms of starts of this day that ended
}

// held tells once a day for how long heat held the processor back.
func (w *Watch) held(ctx context.Context) {
	ms, known := int64(0), false
	for _, f := range w.Host.Glob("/sys/devices/system/cpu/cpu[0-9]*/thermal_throttle/*_throttle_total_time_ms") {
		if n, err := strconv.ParseInt(w.Host.Line(f), 10, 64); err == nil && n >= 0 {
			ms, known = max(ms, n), true
		}
	}
	if !known {
		return
	}
	m := &w.mark.Held
	now := w.now().UTC()
	day := now.Format(time.DateOnly)
	if m.Boot != w.boot || ms < m.Last {
		if m.Boot != "" {
			m.Sum += m.Last - m.From
		}
		m.Boot, m.From, m.Last = w.boot, 0, 0
		if m.Day == "" {
			m.From = ms // met first: how much of it is of today is not known
		}
	}
	if m.Day != "" && m.Day != day {
		if seconds := (m.Sum + m.Last - m.From) / 1000; seconds > 0 {
			at, err := time.Parse(time.DateOnly, m.Day)
			if err == nil {
				w.tell(ctx, linux.Event{Kind: event.Throttled, At: at.Add(24*time.Hour - time.Second),
					Attributes: map[string]string{"seconds": strconv.FormatInt(seconds, 10), "reason": "heat"}})
			}
		}
		m.From, m.Sum = m.Last, 0
	}
	m.Known, m.Day, m.Last = true, day, ms
}

// clocks are three clocks at the last look. What runs apart tells of a clock
// that was set, and of sleep.
type clocks struct {
	wall   time.Time
	up     time.Duration // sleep included
	awake  time.Duration
	wokeAt time.Time
}

// woke says whether the machine slept a moment ago.
func (c clocks) woke(now time.Time) bool {
	return !c.wokeAt.IsZero() && now.Sub(c.wokeAt).Abs() < time.Minute
}

const (
	leastStep  = time.Second     // as Windows' rule has it
	leastSleep = 5 * time.Second // less is no sleep but a slow look
)

func (w *Watch) lookAtClocks(ctx context.Context) {
	if w.Host.Mono == nil {
		return
	}
	up, err := w.Host.Mono()
	awake, err2 := w.Awake()
	if err != nil || err2 != nil {
		return
	}
	c, before := &w.clocks, w.clocks
	// Without the monotonic reading, or Sub would not see that it was set.
	c.wall, c.up, c.awake = w.now().Round(0), up, awake
	if before.wall.IsZero() {
		return
	}
	step := c.wall.Sub(before.wall) - (up - before.up)
	if step.Abs() >= leastStep {
		w.tell(ctx, linux.Event{Kind: event.TimeChanged, At: c.wall,
			Attributes: map[string]string{"step_seconds": strconv.FormatFloat(step.Seconds(), 'f', 3, 64)}})
	}
	if slept := (up - before.up) - (awake - before.awake); slept >= leastSleep {
		c.wokeAt = c.wall
		if w.journal == nil {
			w.tell(ctx, linux.Event{Kind: event.Sleep, At: before.wall, Burst: "sleep", Span: 5 * time.Second})
		}
		w.tell(ctx, linux.Event{Kind: event.Resume, At: c.wall,
			Attributes: map[string]string{"slept_seconds": strconv.FormatInt(int64(slept.Seconds()), 10)}})
	}
}

// supply is what the machine runs on.
type supply struct {
	source  string // mains, battery; empty when it has no battery
	percent int    // of the batteries, -1 when not told
}

// readSupply looks at /sys/class/power_supply (Documentation/ABI/testing/
// sysfs-class-power). A mouse's battery has the scope Device.
func (w *Watch) readSupply() supply {
	list, err := w.Host.ReadDir("/sys/class/power_supply")
	if err != nil {
		return supply{percent: -1}
	}
	online, batteries, sum, known := false, 0, 0, 0
	adapters := 0
	for _, e := range list[:min(len(list), 16)] {
		dir := "/sys/class/power_supply/" + e.Name()
		switch w.Host.Line(dir + "/type") {
		case "Mains", "USB":
			adapters++
			online = online || w.Host.Line(dir+"/online") == "1"
		case "Battery":
			if w.Host.Line(dir+"/scope") == "Device" || w.Host.Line(dir+"/present") == "0" {
				continue
			}
			batteries++
			if n, err := strconv.Atoi(w.Host.Line(dir + "/capacity")); err == nil && n >= 0 && n <= 100 {
				sum += n
				known++
			}
		}
	}
	s := supply{percent: -1}
	if batteries == 0 || adapters == 0 {
		return s
	}
	if s.source = "battery"; online {
		s.source = "mains"
	}
	if known > 0 {
		s.percent = sum / known
	}
	return s
}

func (w *Watch) power(ctx context.Context) {
	s := w.readSupply()
	before := w.mark.Power
	w.mark.Power = s.source
	w.life.OnBattery, w.life.Percent = s.source == "battery", s.percent
	if before == "" || s.source == "" || before == s.source {
		return
	}
	a := map[string]string{"source": s.source}
	if s.percent >= 0 {
		a["battery_percent"] = strconv.Itoa(s.percent)
	}
	w.tell(ctx, linux.Event{Kind: event.PowerSourceChanged, At: w.now(), Attributes: a})
}

func sorted(m map[string]link) []string {
	var list []string
	for k := range m {
		list = append(list, k)
	}
	slices.SortFunc(list, strings.Compare)
	return list
}

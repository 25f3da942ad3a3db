// Package wifi reads section wifi and the numbers of measurement wifi: the
// machine's wireless cards and the link of each.
//
// It owns what nl80211's messages and the radio's own elements mean. It must
// not scan, connect, or read the name of a network: that tells where a person
// is, and stays on the machine.
package wifi

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Radios reads the machine's wireless cards. What does not change with the
// link is kept between readings: what a card can do, and how the access point
// it last saw is secured. It is safe for several goroutines.
type Radios struct {
	mu      sync.Mutex
	cards   map[uint32]ability // by number of the card
	secured map[string]string  // security by address of the access point
	last    map[string]string  // access point by interface, for roams
	roams   map[string]float64

	mac   []link // what a Mac said last
	macAt time.Time
}

// New makes it.
func New() *Radios {
	return &Radios{cards: map[uint32]ability{}, secured: map[string]string{}, last: map[string]string{}, roams: map[string]float64{}}
}

const (
	maxRadios = 16
	// maxKnown bounds how many access points are remembered.
	maxKnown = 64
)

// Read reads the section.
func (s *Radios) Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list, asked, err := s.look(ctx, h, true)
	if err != nil {
		return gather.Reading{}, err
	}
	rows := []inventory.Wifi{}
	for _, l := range list {
		rows = append(rows, l.row(h.Now()))
	}
	return gather.Rows(rows, asked...)
}

// Name of the sampler in logs.
func (s *Radios) Name() string { return "wifi" }

// Sample puts the numbers of every card that is connected.
func (s *Radios) Sample(ctx context.Context, h *host.Host, to gather.Sink) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	list, _, err := s.look(ctx, h, false)
	if err != nil {
		if errors.Is(err, errors.ErrUnsupported) {
			return nil
		}
		return err
	}
	for _, l := range list[:min(len(list), 4)] {
		if !l.connected {
			continue
		}
		if before, ok := s.last[l.name]; ok && l.bssid != "" && before != l.bssid {
			s.roams[l.name]++
		}
		if l.bssid != "" {
			s.last[l.name] = l.bssid
		}
		r := l.row(h.Now())
		put := func(field string, v *float64) {
			if v != nil {
				to.Put("wifi", field, *v, "interface", l.name)
			}
		}
		put("rssi_dbm", r.Signal)
		put("noise_dbm", r.Noise)
		if r.Signal != nil && r.Noise != nil {
			put("snr_decibels", new(*r.Signal-*r.Noise))
		}
		put("quality_percent", r.Quality)
		if r.TxBits > 0 {
			put("tx_bits_per_second", new(float64(r.TxBits)))
		}
		if r.RxBits > 0 {
			put("rx_bits_per_second", new(float64(r.RxBits)))
		}
		put("roams", new(s.roams[l.name]))
	}
	return nil
}

// link is one interface and what it is connected to.
type link struct {
	name      string
	index     uint32
	card      uint32
	can       ability
	country   string
	connected bool
	bssid     string
	security  string
	mhz       uint32 // of the first 20 MHz
	centre    uint32
	width     uint32 // MHz
	signal    int64  // dBm; 0 when not told
	noise     int64
	quality   *float64
	tx, rx    rate
	since     time.Duration // since it connected
}

func (l link) row(now time.Time) inventory.Wifi {
	r := inventory.Wifi{Interface: l.name, Country: l.country, Standards: l.can.standards(), Bands: l.can.bands(), Connected: &l.connected}
	if !l.connected {
		return r
	}
	r.BSSID, r.Security, r.Standard = l.bssid, l.security, l.tx.standard(l.mhz)
	if c := channel(l.mhz); c > 0 {
		r.Channel = &c
	}
	r.Frequency = int64(l.mhz) * 1e6
	if l.centre != 0 {
		r.Frequency = int64(l.centre) * 1e6
	}
	r.Width = int64(l.width) * 1e6
	if l.signal < 0 {
		r.Signal = new(float64(l.signal))
	}
	if l.noise < 0 && l.noise > -128 {
		r.Noise = new(float64(l.noise))
	}
	if r.Quality = l.quality; r.Quality == nil && l.signal < 0 {
		r.Quality = new(quality(l.signal))
	}
	r.TxBits, r.RxBits = l.tx.bits, l.rx.bits
	if l.since > 0 {
		r.ConnectedAt = now.Add(-l.since).Truncate(time.Second)
	}
	return r
}

// quality is how the kernel turns a signal into its quality of 70 steps, from
// -110 dBm to -40 dBm (net/wireless/wext-compat.c), in percent.
func quality(dbm int64) float64 {
	return math.Round(float64(min(max(dbm, -110), -40)+110) / 70 * 100)
}

// channel is the number of a channel by its first 20 MHz (IEEE 802.11-2020,
// annex E, and 802.11ax for 6 GHz); 0 for none.
func channel(mhz uint32) int64 {
	switch f := int64(mhz); {
	case f == 2484:
		return 14
	case f >= 2412 && f <= 2472 && (f-2407)%5 == 0:
		return (f - 2407) / 5
	case f == 5935:
		return 2
	case f >= 5955 && f <= 7115 && (f-5950)%5 == 0:
		return (f - 5950) / 5
	case f >= 5160 && f <= 5885 && f%5 == 0:
		return (f - 5000) / 5
	}
	return 0
}

// status is a line of /proc/net/wireless.
type status struct {
	name    string
	quality *float64
	signal  int64
	noise   int64
}

// parseWireless reads /proc/net/wireless, which kernels without nl80211 to ask
// still have: "wlan0: 0000   58.  -52.  -256  …" below two lines of head.
// Quality is of 70.
func parseWireless(r io.Reader) []status {
	var list []status
	b := bufio.NewScanner(io.LimitReader(r, 64<<10))
	for b.Scan() && len(list) < maxRadios {
		name, rest, ok := strings.Cut(b.Text(), ":")
		f := strings.Fields(rest)
		if !ok || len(f) < 4 || strings.Contains(name, "|") {
			continue
		}
		number := func(s string) (int64, bool) {
			n, err := strconv.ParseInt(strings.TrimSuffix(s, "."), 10, 32)
			return n, err == nil
		}
		s := status{name: strings.TrimSpace(name)}
		if n, ok := number(f[1]); ok && n >= 0 && n <= 70 {
			s.quality = new(math.Round(float64(n) / 70 * 100))
		}
		if n, ok := number(f[2]); ok && n > -128 && n < 0 {
			s.signal = n
		}
		if n, ok := number(f[3]); ok && n > -128 && n < 0 {
			s.noise = n
		}
		list = append(list, s)
	}
	return list
}

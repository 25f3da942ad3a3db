package wifi

import (
	"context"
	"net"
	"strconv"
	"strings"
	"time"

	"muster/agent/host"
)

// macKeeps is how long an answer of wdutil holds: section and numbers are read
// in the same minute, and asking costs a process.
const macKeeps = 30 * time.Second

// fromMac reads the card of a Mac, by wdutil(8), which root may ask.
func (s *Radios) fromMac(ctx context.Context, h *host.Host) ([]link, []string, error) {
	asked := []string{"wdutil"}
	if now := h.Now(); !s.macAt.IsZero() && now.Sub(s.macAt).Abs() < macKeeps {
		return s.mac, asked, nil
	}
	out, err := h.Run(ctx, "wdutil")
	if err != nil {
		return nil, nil, err
	}
	s.mac, s.macAt = parseWdutil(string(out)), h.Now()
	return s.mac, asked, nil
}

// parseWdutil reads the part WIFI of wdutil info: "Name : value" a line. The
// name of the network is passed over.
func parseWdutil(text string) []link {
	values := map[string]string{}
	inside := false
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch {
		case !ok && name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "": // a heading
			inside = name == "WIFI"
		case inside && ok && name != "" && values[name] == "":
			values[name] = value
		}
	}
	name := values["Interface Name"]
	if name == "" || name == "None" {
		return nil
	}
	l := link{name: name}
	if c := values["Country Code"]; len(c) == 2 && strings.ToUpper(c) == c {
		l.country = c
	}
	l.signal, l.noise = decibels(values["RSSI"]), decibels(values["Noise"])
	band, channel, width := macChannel(values["Channel"])
	// A card that is on and has joined nothing has no name of a network, and no
	// signal.
	l.connected = channel != 0 && l.signal < 0 && values["SSID"] != "None" && !strings.HasPrefix(values["Power"], "Off")
	if !l.connected {
		l.signal, l.noise = 0, 0
		return []link{l}
	}
	l.mhz, l.width = megahertz(band, channel), width
	if a, err := net.ParseMAC(values["BSSID"]); err == nil && len(a) == 6 { // hidden without the right to know the place
		l.bssid = a.String()
	}
	if f, err := strconv.ParseFloat(strings.TrimSuffix(values["Tx Rate"], " Mbps"), 64); err == nil && f > 0 && f < 1e6 {
		l.tx.bits = int64(f * 1e6)
	}
	switch values["PHY Mode"] {
	case "11n":
		l.tx.ht = true
	case "11ac":
		l.tx.vht = true
	case "11ax":
		l.tx.he = true
	case "11be":
		l.tx.eht = true
	}
	l.security = macSecurity(values["Security"])
	return []link{l}
}

// decibels reads "-54 dBm"; what is none is 0.
func decibels(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimSuffix(s, " dBm"), 10, 16)
	if err != nil || n >= 0 || n <= -128 {
		return 0
	}
	return n
}

// macChannel reads 5g149/80: band, channel, width in MHz.
func macChannel(s string) (band, channel, width uint32) {
	b, rest, ok := strings.Cut(s, "g")
	number, wide, _ := strings.Cut(rest, "/")
	n, err := strconv.ParseUint(b, 10, 8)
	c, err2 := strconv.ParseUint(number, 10, 8)
	if !ok || err != nil || err2 != nil {
		return 0, 0, 0
	}
	w, err := strconv.ParseUint(wide, 10, 16)
	if err != nil || w > 320 {
		w = 0
	}
	return uint32(n), uint32(c), uint32(w)
}

// megahertz is where a channel of a band lies; see channel.
func megahertz(band, channel uint32) uint32 {
	switch {
	case band == 2 && channel == 14:
		return 2484
	case band == 2 && channel >= 1 && channel <= 13:
		return 2407 + 5*channel
	case band == 5 && channel >= 32 && channel <= 177:
		return 5000 + 5*channel
	case band == 6 && channel >= 1 && channel <= 233:
		return 5950 + 5*channel
	}
	return 0
}

// macSecurity names how a network is secured, by CoreWLAN's words.
func macSecurity(s string) string {
	enterprise := strings.Contains(s, "Enterprise")
	switch {
	case s == "":
		return ""
	case s == "None" || s == "Open":
		return "open"
	case strings.Contains(s, "OWE") || strings.Contains(s, "Enhanced Open"):
		return "owe"
	case strings.Contains(s, "WEP"):
		return "wep"
	// Where several are, the weakest counts: that is what the network lets in.
	case strings.HasPrefix(s, "WPA/") || strings.HasPrefix(s, "WPA "):
		return "wpa"
	case strings.Contains(s, "WPA2") && enterprise:
		return "wpa2_enterprise"
	case strings.Contains(s, "WPA2"):
		return "wpa2"
	case strings.Contains(s, "WPA3") && enterprise:
		return "wpa3_enterprise"
	case strings.Contains(s, "WPA3"):
		return "wpa3"
	}
	return "other"
}

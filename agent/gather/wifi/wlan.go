package wifi

import (
	"encoding/binary"
	"fmt"
	"math"
	"net"

	"muster/agent/host"
)

// What Windows' WLAN service answers to host.NativeWLAN: for each card an item
// of its name, then one for each question it answered. Structures are those of
// wlanapi.h.
const sizeConnection = 604 // WLAN_CONNECTION_ATTRIBUTES

// fromNative reads the cards of Windows.
func fromNative(h *host.Host) ([]link, []string, error) {
	b, err := h.AskNative(host.NativeWLAN)
	if err != nil {
		return nil, nil, err
	}
	list, err := parseWLAN(b)
	return list, []string{"wlan"}, err
}

// parseWLAN reads the answer: kind and length, four bytes each, and so many
// bytes.
func parseWLAN(b []byte) ([]link, error) {
	var list []link
	for len(b) > 0 {
		if len(b) < 8 {
			return nil, fmt.Errorf("wireless cards: %d bytes are left over", len(b))
		}
		kind, n := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
		if b = b[8:]; uint64(n) > uint64(len(b)) {
			return nil, fmt.Errorf("wireless cards: an item of %d bytes, of which %d are there", n, len(b))
		}
		data := b[:n]
		b = b[n:]
		if kind == host.WLANCard {
			if len(list) == maxRadios {
				break
			}
			list = append(list, link{name: string(data)})
			continue
		}
		if len(list) == 0 {
			return nil, fmt.Errorf("wireless cards: an item before the first card")
		}
		list[len(list)-1].take(kind, data)
	}
	return list, nil
}

// take takes one answer.
func (l *link) take(kind uint32, b []byte) {
	le := binary.LittleEndian
	switch kind {
	case host.WLANConnection:
		l.connection(b)
	case host.WLANSignal:
		if len(b) >= 4 {
			if dbm := int32(le.Uint32(b)); dbm < 0 && dbm > -128 {
				l.signal = int64(dbm)
			}
		}
	case host.WLANChannel:
		// Bands number their channels alike; a card of Wi-Fi 6 or 7 may be in
		// the band at 6 GHz, so that the number alone says nothing.
		if len(b) >= 4 && l.mhz == 0 && !l.tx.he && !l.tx.eht {
			switch n := le.Uint32(b); {
			case n >= 1 && n <= 13:
				l.mhz = 2407 + 5*n
			case n == 14:
				l.mhz = 2484
			case n >= 32 && n <= 177:
				l.mhz = 5000 + 5*n
			}
		}
	case host.WLANFrequency: // of the access point, in kHz
		if len(b) >= 4 {
			if khz := le.Uint32(b); khz > 2_400_000 && khz < 7_200_000 {
				l.mhz = khz / 1000
			}
		}
	}
}

// connection reads WLAN_CONNECTION_ATTRIBUTES: state, mode, name of the
// profile (256 signs), association and security. The name of the network is
// passed over.
func (l *link) connection(b []byte) {
	const (
		connected   = 1
		association = 4 + 4 + 512
		bssid       = association + 36 + 4 // behind DOT11_SSID and the kind of network
		phy         = bssid + 8            // six bytes and two to align
		quality     = phy + 8
		receive     = quality + 4
		transmit    = receive + 4
		security    = transmit + 4
	)
	if len(b) < sizeConnection {
		return
	}
	le := binary.LittleEndian
	if l.connected = le.Uint32(b) == connected; !l.connected {
		return
	}
	mac := net.HardwareAddr(b[bssid : bssid+6])
	if mac.String() != "00:00:00:00:00:00" { // hidden from programs without the right to know the place
		l.bssid = mac.String()
	}
	if q := le.Uint32(b[quality:]); q <= 100 {
		l.quality = new(float64(q))
		if l.signal == 0 {
			// Windows makes quality of the signal: 0 is -100 dBm, 100 is -50 dBm.
			l.signal = int64(math.Round(float64(q)/2 - 100))
		}
	}
	l.rx.bits, l.tx.bits = int64(le.Uint32(b[receive:]))*1000, int64(le.Uint32(b[transmit:]))*1000
	switch le.Uint32(b[phy:]) { // DOT11_PHY_TYPE
	case 7:
		l.tx.ht = true
	case 8:
		l.tx.vht = true
	case 10:
		l.tx.he = true
	case 11:
		l.tx.eht = true
	}
	l.security = protection(le.Uint32(b[security:]), le.Uint32(b[security+8:]))
}

// protection names how a network is secured, by DOT11_AUTH_ALGORITHM behind
// whether security is on.
func protection(on, auth uint32) string {
	switch {
	case on == 0:
		return "open"
	case auth == 1 || auth == 2:
		return "wep"
	case auth == 3 || auth == 4:
		return "wpa"
	case auth == 6:
		return "wpa2_enterprise"
	case auth == 7:
		return "wpa2"
	case auth == 8 || auth == 11:
		return "wpa3_enterprise"
	case auth == 9:
		return "wpa3"
	case auth == 10:
		return "owe"
	}
	return "other"
}

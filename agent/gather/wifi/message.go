package wifi

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"time"
)

// Numbers of linux/include/uapi/linux/nl80211.h that are used: commands,
// attributes, and what is nested in them.
const (
	cmdGetWiphy     = 1
	cmdGetInterface = 5
	cmdGetStation   = 17
	cmdGetReg       = 31
	cmdGetScan      = 32
	cmdGetSurvey    = 50

	attrWiphy        = 1
	attrIndex        = 3
	attrName         = 4
	attrType         = 5
	attrMAC          = 6
	attrStation      = 21
	attrBands        = 22
	attrAlpha2       = 33
	attrFrequency    = 38
	attrBSS          = 47
	attrSurvey       = 84
	attrWidth        = 159
	attrCentre       = 160
	attrSplit        = 174
	typeStation      = 2
	typePeerToPeer   = 8
	bssStatusRunning = 1 // associated
)

// each walks over attributes: a header of four bytes (length, type) and the
// value, aligned to four.
func each(b []byte, f func(kind uint16, value []byte)) {
	for len(b) >= 4 {
		n := int(binary.NativeEndian.Uint16(b))
		if n < 4 || n > len(b) {
			return
		}
		const flags = 1<<15 | 1<<14 // nested, big-endian
		f(binary.NativeEndian.Uint16(b[2:])&^flags, b[4:n])
		b = b[min((n+3)&^3, len(b)):]
	}
}

// messages walks over the messages of generic netlink in what the kernel
// sent: a header of 16 bytes (length, type, flags, sequence, port), then one
// of four, then attributes.
func messages(b []byte, f func(kind uint16, body []byte)) {
	for len(b) >= 16 {
		n := int(binary.NativeEndian.Uint32(b))
		if n < 16 || n > len(b) {
			return
		}
		f(binary.NativeEndian.Uint16(b[4:]), b[16:n])
		b = b[min((n+3)&^3, len(b)):]
	}
}

// answers calls f with the attributes of each message that is an answer.
func answers(b []byte, f func(attributes []byte)) {
	const lowest = 16 // kinds below are netlink's own
	messages(b, func(kind uint16, body []byte) {
		if kind >= lowest && len(body) >= 4 {
			f(body[4:])
		}
	})
}

func u32(b []byte) uint32 {
	switch {
	case len(b) >= 4:
		return binary.NativeEndian.Uint32(b)
	case len(b) >= 2:
		return uint32(binary.NativeEndian.Uint16(b))
	case len(b) == 1:
		return uint32(b[0])
	}
	return 0
}

func address(b []byte) string {
	if len(b) != 6 {
		return ""
	}
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5])
}

// interfaces reads the answers of GET_INTERFACE: those that can join a
// network.
func interfaces(b []byte) []link {
	var list []link
	answers(b, func(a []byte) {
		var l link
		var kind uint32
		each(a, func(k uint16, v []byte) {
			switch k {
			case attrWiphy:
				l.card = u32(v)
			case attrIndex:
				l.index = u32(v)
			case attrName:
				l.name = text(v)
			case attrType:
				kind = u32(v)
			case attrFrequency:
				l.mhz = u32(v)
			case attrWidth:
				l.width = width(u32(v))
			case attrCentre:
				l.centre = u32(v)
			}
		})
		if l.name != "" && l.index != 0 && (kind == typeStation || kind == typePeerToPeer) && len(list) < maxRadios {
			list = append(list, l)
		}
	})
	return list
}

func text(b []byte) string {
	if i := slices.Index(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// width is enum nl80211_chan_width in MHz.
func width(n uint32) uint32 {
	list := []uint32{20, 20, 40, 80, 160, 160, 5, 10, 1, 2, 4, 8, 16, 320}
	if int(n) < len(list) {
		return list[n]
	}
	return 0
}

// rate is how fast a station sends, struct of enum nl80211_rate_info.
type rate struct {
	bits                 int64 // a second
	ht, vht, he, eht, s1 bool
}

func readRate(b []byte) rate {
	var r rate
	each(b, func(k uint16, v []byte) {
		switch k {
		case 1: // in 100 kbit/s, 16 bits
			if r.bits == 0 && len(v) >= 2 {
				r.bits = int64(binary.NativeEndian.Uint16(v)) * 100_000
			}
		case 5: // the same in 32 bits
			if n := u32(v); n > 0 && len(v) >= 4 {
				r.bits = int64(n) * 100_000
			}
		case 2:
			r.ht = true
		case 6, 7:
			r.vht = true
		case 13, 14:
			r.he = true
		case 19, 20:
			r.eht = true
		case 23, 24:
			r.s1 = true
		}
	})
	return r
}

// standard is the one in use, by how the access point is sent to.
func (r rate) standard(mhz uint32) string {
	switch {
	case r.eht:
		return "802.11be"
	case r.he:
		return "802.11ax"
	case r.s1:
		return "802.11ah"
	case r.vht:
		return "802.11ac"
	case r.ht:
		return "802.11n"
	case r.bits == 0:
		return ""
	case mhz > 4000:
		return "802.11a"
	case r.bits <= 11_000_000:
		return "802.11b"
	}
	return "802.11g"
}

// station reads the answer of GET_STATION, of which an interface that has
// joined a network has one: its access point.
func (l *link) station(b []byte) {
	answers(b, func(a []byte) {
		each(a, func(k uint16, v []byte) {
			switch k {
			case attrMAC:
				l.bssid, l.connected = address(v), len(v) == 6
			case attrStation:
				l.told(v)
			}
		})
	})
}

func (l *link) told(b []byte) {
	each(b, func(k uint16, v []byte) {
		switch k {
		case 7: // signal of the last frame, dBm
			if len(v) >= 1 && l.signal == 0 {
				l.signal = int64(int8(v[0]))
			}
		case 13: // its average, which is steadier
			if len(v) >= 1 && int8(v[0]) < 0 {
				l.signal = int64(int8(v[0]))
			}
		case 8:
			l.tx = readRate(v)
		case 14:
			l.rx = readRate(v)
		case 16: // seconds since it joined
			l.since = time.Duration(u32(v)) * time.Second
		}
	})
}

// survey reads the noise on the channel in use off the answers of GET_SURVEY.
func (l *link) survey(b []byte) {
	answers(b, func(a []byte) {
		each(a, func(k uint16, v []byte) {
			if k != attrSurvey {
				return
			}
			var noise int64
			used := false
			each(v, func(k uint16, v []byte) {
				switch {
				case k == 2 && len(v) >= 1:
					noise = int64(int8(v[0]))
				case k == 3:
					used = true
				}
			})
			if used && noise < 0 {
				l.noise = noise
			}
		})
	})
}

// country reads the two letters of the radio rules off the answer of GET_REG.
// 00 is the rules that hold everywhere, 98 and 99 are mixtures.
func country(b []byte) string {
	var c string
	answers(b, func(a []byte) {
		each(a, func(k uint16, v []byte) {
			if k != attrAlpha2 {
				return
			}
			if s := text(v); c == "" && len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z' {
				c = s
			}
		})
	})
	return c
}

// ability is what a card can do, in bits.
type ability struct {
	band     uint8 // by enum nl80211_band: 0 2.4 GHz, 1 5 GHz, 3 6 GHz
	standard uint8 // n, ac, ax, be
}

// ability reads what a card can do off the answers of GET_WIPHY; the kernel
// spreads it over many messages.
func readAbility(b []byte) ability {
	var c ability
	answers(b, func(a []byte) {
		each(a, func(k uint16, v []byte) {
			if k != attrBands {
				return
			}
			each(v, func(band uint16, v []byte) {
				if band > 7 {
					return
				}
				each(v, func(k uint16, v []byte) {
					switch k {
					case 1: // frequencies
						c.band |= 1 << band
					case 4: // HT capabilities
						c.standard |= 1 << 0
					case 8: // VHT capabilities; some drivers have them for 2.4 GHz
						if band == 1 {
							c.standard |= 1 << 1
						}
					case 9: // by kind of interface
						each(v, func(_ uint16, v []byte) {
							each(v, func(k uint16, _ []byte) {
								switch k {
								case 3: // HE
									c.standard |= 1 << 2
								case 9: // EHT
									c.standard |= 1 << 3
								}
							})
						})
					}
				})
			})
		})
	})
	return c
}

func (c ability) bands() []string {
	var list []string
	for i, name := range []string{"2.4", "5", "", "6"} {
		if c.band&(1<<i) != 0 && name != "" {
			list = append(list, name)
		}
	}
	return list
}

func (c ability) standards() []string {
	var list []string
	if c.band&1 != 0 {
		list = append(list, "802.11b", "802.11g")
	}
	if c.band&2 != 0 {
		list = append(list, "802.11a")
	}
	for i, name := range []string{"802.11n", "802.11ac", "802.11ax", "802.11be"} {
		if c.standard&(1<<i) != 0 {
			list = append(list, name)
		}
	}
	if bits.OnesCount8(c.band) == 0 {
		return nil
	}
	slices.Sort(list)
	return list
}

// security finds the access point an interface has joined among those of the
// last scan, and says how it is secured. No scan is started for it.
func security(b []byte) (bssid, how string) {
	answers(b, func(a []byte) {
		each(a, func(k uint16, v []byte) {
			if k != attrBSS {
				return
			}
			var at, elements, beacon []byte
			var capable uint32
			joined := false
			each(v, func(k uint16, v []byte) {
				switch k {
				case 1:
					at = v
				case 5:
					capable = u32(v)
				case 6:
					elements = v
				case 9:
					joined = u32(v) == bssStatusRunning
				case 11:
					beacon = v
				}
			})
			if joined {
				if len(elements) == 0 {
					elements = beacon
				}
				bssid, how = address(at), secured(elements, capable)
			}
		})
	})
	return bssid, how
}

// secured reads the elements of an access point: RSN (48), and WPA's in the
// vendor's place (221, 00:50:f2 type 1). Without either, the capability bit
// for privacy means WEP (IEEE 802.11-2020, 9.4.2.24 and 9.4.1.4).
func secured(elements []byte, capable uint32) string {
	const privacy = 1 << 4
	var rsn []byte
	wpa := false
	for b := elements; len(b) >= 2; {
		n := 2 + int(b[1])
		if n > len(b) {
			break
		}
		switch body := b[2:n]; {
		case b[0] == 48:
			rsn = body
		case b[0] == 221 && len(body) >= 4 && string(body[:4]) == "\x00\x50\xf2\x01":
			wpa = true
		}
		b = b[n:]
	}
	switch {
	case rsn != nil:
		return suites(rsn)
	case wpa:
		return "wpa"
	case capable&privacy != 0:
		return "wep"
	}
	return "open"
}

// suites reads the ways of authentication that an RSN element offers. Where
// several are, the weakest counts: that is what the network lets in.
func suites(b []byte) string {
	list := func(at int) (int, [][]byte) {
		if at+2 > len(b) {
			return at, nil
		}
		n := int(binary.LittleEndian.Uint16(b[at:]))
		at += 2
		var l [][]byte
		for range n {
			if at+4 > len(b) {
				return at, l
			}
			l = append(l, b[at:at+4])
			at += 4
		}
		return at, l
	}
	at, _ := list(6) // version and group cipher before, pairwise ciphers
	at, ways := list(at)
	mustProtect := at+2 <= len(b) && b[at]>>6&1 == 1 // management frames: what WPA3 asks for
	var psk, sae, radius, strong, owe bool
	for _, w := range ways {
		if string(w[:3]) != "\x00\x0f\xac" {
			continue
		}
		switch w[3] {
		case 1, 3:
			radius = true
		case 5, 13, 22, 23:
			radius = radius || !mustProtect
			strong = strong || mustProtect
		case 11, 12:
			strong = true
		case 2, 4, 6, 19, 20:
			psk = true
		case 8, 9, 24, 25:
			sae = true
		case 18:
			owe = true
		}
	}
	switch {
	case psk:
		return "wpa2"
	case radius:
		return "wpa2_enterprise"
	case sae:
		return "wpa3"
	case strong:
		return "wpa3_enterprise"
	case owe:
		return "owe"
	}
	return "other"
}

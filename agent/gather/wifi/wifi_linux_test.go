package wifi

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/host"
	"muster/internal/inventory"
	"muster/internal/metric"
)

// TestNumbers holds our numbers against those of the system's headers.
func TestNumbers(t *testing.T) {
	for _, c := range [][2]int{
		{cmdGetWiphy, unix.NL80211_CMD_GET_WIPHY}, {cmdGetInterface, unix.NL80211_CMD_GET_INTERFACE}, {cmdGetStation, unix.NL80211_CMD_GET_STATION},
		{cmdGetReg, unix.NL80211_CMD_GET_REG}, {cmdGetScan, unix.NL80211_CMD_GET_SCAN}, {cmdGetSurvey, unix.NL80211_CMD_GET_SURVEY},
		{attrWiphy, unix.NL80211_ATTR_WIPHY}, {attrIndex, unix.NL80211_ATTR_IFINDEX}, {attrName, unix.NL80211_ATTR_IFNAME}, {attrType, unix.NL80211_ATTR_IFTYPE},
		{attrMAC, unix.NL80211_ATTR_MAC}, {attrStation, unix.NL80211_ATTR_STA_INFO}, {attrBands, unix.NL80211_ATTR_WIPHY_BANDS}, {attrAlpha2, unix.NL80211_ATTR_REG_ALPHA2},
		{attrFrequency, unix.NL80211_ATTR_WIPHY_FREQ}, {attrBSS, unix.NL80211_ATTR_BSS}, {attrSurvey, unix.NL80211_ATTR_SURVEY_INFO}, {attrWidth, unix.NL80211_ATTR_CHANNEL_WIDTH},
		{attrCentre, unix.NL80211_ATTR_CENTER_FREQ1}, {attrSplit, unix.NL80211_ATTR_SPLIT_WIPHY_DUMP}, {typeStation, unix.NL80211_IFTYPE_STATION},
		{typePeerToPeer, unix.NL80211_IFTYPE_P2P_CLIENT}, {bssStatusRunning, unix.NL80211_BSS_STATUS_ASSOCIATED},
		{5, unix.NL80211_RATE_INFO_BITRATE32}, {6, unix.NL80211_RATE_INFO_VHT_MCS}, {13, unix.NL80211_RATE_INFO_HE_MCS}, {7, unix.NL80211_STA_INFO_SIGNAL},
		{8, unix.NL80211_STA_INFO_TX_BITRATE}, {13, unix.NL80211_STA_INFO_SIGNAL_AVG}, {14, unix.NL80211_STA_INFO_RX_BITRATE}, {16, unix.NL80211_STA_INFO_CONNECTED_TIME},
		{6, unix.NL80211_BSS_INFORMATION_ELEMENTS}, {9, unix.NL80211_BSS_STATUS}, {11, unix.NL80211_BSS_BEACON_IES}, {5, unix.NL80211_BSS_CAPABILITY},
		{2, unix.NL80211_SURVEY_INFO_NOISE}, {3, unix.NL80211_SURVEY_INFO_IN_USE}, {8, unix.NL80211_BAND_ATTR_VHT_CAPA}, {9, unix.NL80211_BAND_ATTR_IFTYPE_DATA},
	} {
		if c[0] != c[1] {
			t.Errorf("%d should be %d", c[0], c[1])
		}
	}
	for i, mhz := range map[int]uint32{unix.NL80211_CHAN_WIDTH_20: 20, unix.NL80211_CHAN_WIDTH_80: 80, unix.NL80211_CHAN_WIDTH_160: 160, unix.NL80211_CHAN_WIDTH_320: 320} {
		if width(uint32(i)) != mhz {
			t.Errorf("width %d is %d", i, width(uint32(i)))
		}
	}
}

// at makes an attribute of bytes.
func at(kind uint16, parts ...[]byte) []byte {
	b := attribute(kind)
	for _, p := range parts {
		b = append(b, p...)
	}
	binary.NativeEndian.PutUint16(b, uint16(len(b)))
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// say makes a message of nl80211.
func say(parts ...[]byte) []byte {
	b := make([]byte, 20)
	b = append(b, slices.Concat(parts...)...)
	binary.NativeEndian.PutUint32(b, uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], 28)
	return b
}

// point is an access point's address.
var point = []byte{2, 0, 0, 0, 0xaa, 1}

// rsn makes the element with ways of authentication and capabilities.
func rsn(capable byte, ways ...byte) []byte {
	b := []byte{1, 0, 0, 0x0f, 0xac, 4, 1, 0, 0, 0x0f, 0xac, 4, byte(len(ways)), 0}
	for _, w := range ways {
		b = append(b, 0, 0x0f, 0xac, w)
	}
	b = append(b, capable, 0)
	return append([]byte{48, byte(len(b))}, b...)
}

// kernel answers as one with a card that has joined a network, and one that
// has not.
func kernel(asked map[uint8]int) asker {
	return func(command uint8, _ bool, attributes ...[]byte) ([]byte, error) {
		asked[command]++
		first := len(attributes) > 0 && u32(attributes[0][4:]) == 3
		switch command {
		case cmdGetInterface:
			return slices.Concat(
				say(attribute(attrWiphy, 0), attribute(attrIndex, 3), at(attrName, []byte("wlp1s0\x00")), attribute(attrType, 2), attribute(attrFrequency, 5180), attribute(attrWidth, 3), attribute(attrCentre, 5210)),
				say(attribute(attrWiphy, 0), attribute(attrIndex, 4), at(attrName, []byte("ap0\x00")), attribute(attrType, 3)),
				say(attribute(attrWiphy, 1), attribute(attrIndex, 5), at(attrName, []byte("wlan1\x00")), attribute(attrType, 2))), nil
		case cmdGetStation:
			if !first {
				return nil, nil
			}
			return say(at(attrMAC, point), at(attrStation, at(7, []byte{0xc0}), at(13, []byte{0xc6}), attribute(16, 3600),
				at(8, at(1, []byte{0xff, 0xff}), attribute(5, 10208), at(13, []byte{9})), at(14, attribute(5, 7206))),
			), nil
		case cmdGetSurvey:
			return slices.Concat(say(at(attrSurvey, attribute(1, 2412), at(2, []byte{0xb0}))), say(at(attrSurvey, attribute(1, 5180), at(2, []byte{0xa1}), at(3)))), nil
		case cmdGetReg:
			return say(at(attrAlpha2, []byte("DE\x00"))), nil
		case cmdGetWiphy:
			if u32(attributes[0][4:]) == 1 {
				return nil, errors.New("gone")
			}
			return slices.Concat(say(at(attrBands, at(0, at(1), at(4, []byte{0, 0}), at(8)))), say(at(attrBands, at(1, at(1), at(8), at(9, at(1, at(3))))))), nil
		case cmdGetScan:
			return slices.Concat(say(at(attrBSS, at(1, []byte{2, 0, 0, 0, 0, 9}), at(6, rsn(0, 8)))),
				say(at(attrBSS, at(1, point), at(5, []byte{0x11, 0}), attribute(9, 1), at(6, []byte{0, 2, 'x', 'y'}, rsn(0x80, 2, 8))))), nil
		}
		return nil, errors.New("not asked for")
	}
}

func TestAsk(t *testing.T) {
	asked := map[uint8]int{}
	s := New()
	var list []link
	for range 2 {
		var err error
		if list, err = s.ask(t.Context(), kernel(asked), true); err != nil {
			t.Fatal(err)
		}
	}
	if len(list) != 2 || asked[cmdGetScan] != 1 || asked[cmdGetWiphy] != 3 {
		t.Fatalf("%+v; asked %v", list, asked)
	}
	now := recorded.Unpack(t).Now()
	r, err := gather.Rows([]inventory.Wifi{list[0].row(now), list[1].row(now)}, "nl80211")
	recorded.Golden(t, &host.Host{Root: "/nowhere"}, "wifi", "wifi.linked", r, err)
	if got := fmt.Sprintf("%+v", list); strings.Contains(got, "xy") {
		t.Errorf("the name of the network was read: %s", got)
	}
	if _, err := s.ask(t.Context(), func(uint8, bool, ...[]byte) ([]byte, error) { return nil, errors.New("no") }, false); err == nil {
		t.Error("a kernel that fails is taken for one without cards")
	}
}

func TestProc(t *testing.T) {
	const text = `-- /proc/net/wireless --
Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
wlp0s20f3: 0000   58.  -52.  -256        0      0      0      0     28        0
wlan1: 0000    0     0     0        0      0      0      0      0        0
`
	h := recorded.Unpack(t, []byte(text))
	s := New()
	r, err := s.Read(context.Background(), h)
	recorded.Golden(t, h, "wifi", "wifi.proc", r, err)
	got := map[string]float64{}
	if err := s.Sample(t.Context(), h, sink(got)); err != nil || fmt.Sprint(got) != "map[quality_percent:83 roams:0 rssi_dbm:-52]" {
		t.Errorf("%v %v", got, err)
	}
	r, err = s.Read(context.Background(), recorded.Unpack(t))
	recorded.Golden(t, h, "wifi", "wifi.none", r, err)
	r, err = s.Read(context.Background(), recorded.Unpack(t, []byte("-- /sys/class/net/ --\n")))
	recorded.Golden(t, h, "wifi", "wifi.wired", r, err)
}

type sink map[string]float64

func (s sink) Put(m, f string, v float64, _ ...string) {
	if _, _, ok := metric.Lookup(m, f); !ok {
		panic(m + "." + f + " is not in the catalogue")
	}
	s[f] = v
}

func TestSecured(t *testing.T) {
	wpa := []byte{221, 6, 0, 0x50, 0xf2, 1, 1, 0}
	for _, c := range []struct {
		elements []byte
		capable  uint32
		want     string
	}{
		{nil, 1, "open"}, {nil, 0x11, "wep"}, {wpa, 0x11, "wpa"}, {rsn(0, 2), 0x11, "wpa2"}, {rsn(0x80, 2, 8), 0x11, "wpa2"}, {rsn(0xc0, 8), 0x11, "wpa3"},
		{rsn(0, 1), 0x11, "wpa2_enterprise"}, {rsn(0xc0, 5), 0x11, "wpa3_enterprise"}, {rsn(0, 5), 0x11, "wpa2_enterprise"}, {rsn(0xc0, 12), 0x11, "wpa3_enterprise"},
		{rsn(0xc0, 18), 0x11, "owe"}, {rsn(0), 0x11, "other"}, {append(slices.Clone(wpa), rsn(0, 2)...), 0x11, "wpa2"}, {[]byte{48, 200, 1}, 0x11, "wep"},
	} {
		if got := secured(c.elements, c.capable); got != c.want {
			t.Errorf("%x: %s, want %s", c.elements, got, c.want)
		}
	}
	for mhz, want := range map[uint32]int64{2412: 1, 2472: 13, 2484: 14, 5180: 36, 5825: 165, 5955: 1, 6435: 97, 5935: 2, 0: 0, 900: 0, 2413: 0, 1 << 31: 0} {
		if got := channel(mhz); got != want {
			t.Errorf("%d MHz is channel %d, want %d", mhz, got, want)
		}
	}
	for want, r := range map[string]rate{"802.11be": {bits: 1, eht: true, he: true}, "802.11n": {bits: 1, ht: true}, "802.11g": {bits: 54e6}, "802.11b": {bits: 11e6}, "": {}} {
		if got := r.standard(2412); got != want {
			t.Errorf("%+v: %s", r, got)
		}
	}
}

func FuzzMessages(f *testing.F) {
	ask := kernel(map[uint8]int{})
	for _, c := range []uint8{cmdGetInterface, cmdGetStation, cmdGetSurvey, cmdGetReg, cmdGetWiphy, cmdGetScan} {
		b, _ := ask(c, true, attribute(1, 3))
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		list := interfaces(b)
		if len(list) > maxRadios {
			t.Error(len(list))
		}
		l := link{name: "w", card: 1}
		l.station(b)
		l.survey(b)
		l.can, l.country = readAbility(b), country(b)
		_, l.security = security(b)
		secured(b, 0)
		r, err := gather.Rows([]inventory.Wifi{l.row(time.Unix(1717400000, 0))}, "nl80211")
		if err != nil {
			t.Fatal(err)
		}
		recorded.Check(t, "wifi", r)
		parseWireless(strings.NewReader(string(b)))
	})
}

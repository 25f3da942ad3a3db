package neighbor

import (
	"encoding/binary"
	"encoding/hex"
	"os"
	"slices"
	"strings"
	"testing"

	"muster/agent/gather/recorded"
)

// tlv writes one element of an LLDP frame.
func tlv(kind uint16, v ...byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, kind<<9|uint16(len(v))), v...)
}

func frame(tlvs ...[]byte) []byte {
	head := []byte{0x01, 0x80, 0xc2, 0, 0, 0x0e, 0x02, 0, 0x5e, 0, 0, 7, 0x88, 0xcc}
	return slices.Concat(head, slices.Concat(tlvs...), []byte{0, 0})
}

func kept(frames ...[]byte) []byte {
	var b []byte
	for _, f := range frames {
		b = append(binary.LittleEndian.AppendUint64(b, uint64(len(f))), f...)
	}
	return b
}

// ofSwitch and ofPhone are what a switch and a telephone on its way announce.
func ofSwitch() []byte {
	return frame(
		tlv(1, 4, 0x02, 0, 0x5e, 0, 0, 1), tlv(2, append([]byte{5}, "Gi1/0/7"...)...), tlv(3, 0, 120),
		tlv(4, []byte("desk 7\x00")...), tlv(5, []byte("sw-floor2")...), tlv(6, []byte("Switch OS\r\nVersion 15.2")...), tlv(7, 0, 0x14, 0, 0x04),
		tlv(8, 5, 1, 10, 0, 0, 2, 2, 0, 0, 0, 9, 0), tlv(8, 17, 2, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 0, 0, 0, 9, 0),
		tlv(127, 0, 0x80, 0xc2, 1, 0, 30), tlv(127, 0, 0x12, 0x0f, 1, 3, 0x6c, 0, 0, 30))
}

func ofPhone() []byte {
	return frame(tlv(1, 5, 1, 10, 0, 9, 9), tlv(2, 3, 0x02, 0, 0x5e, 0, 0, 9), tlv(3, 0, 180), tlv(5, []byte("SEP02005E000009")...), tlv(7, 0, 0x24, 0, 0x24),
		tlv(127, append([]byte{0, 0x12, 0xbb, 7}, "sip88xx.14-1"...)...), tlv(127, append([]byte{0, 0x12, 0xbb, 8}, "RT0000004"...)...),
		tlv(127, append([]byte{0, 0x12, 0xbb, 10}, "CP-8851"...)...), tlv(127, 0, 0x12, 0x0f, 1, 3, 0, 0, 0, 29))
}

func TestSection(t *testing.T) {
	real, err := os.ReadFile("testdata/lldpcli-real.json")
	if err != nil {
		t.Fatal(err)
	}
	const there = "-- /usr/sbin/lldpcli --\n-- /run/lldpd.socket --\n-- run lldpcli --\n"
	networkd := "-- values /sys/class/net/eno1 --\nifindex 2\n-- hex /run/systemd/netif/lldp/2 --\n" +
		hex.EncodeToString(kept(ofSwitch(), ofPhone(), frame(tlv(5, []byte("nobody")...)))) + "\n-- hex /run/systemd/netif/lldp/9 --\n" + hex.EncodeToString(kept(ofSwitch())) + "\n"
	for name, text := range map[string]string{
		"none":     "-- /etc/hostname --\nx\n",
		"lldpd":    there + string(real), // lldpd 1.0.16 at a cable to another one
		"alone":    there + "{\n  \"lldp\": [\n    {}\n  ]\n}\n",
		"nonsense": there + "cannot connect\n",
		"refused":  "-- /usr/sbin/lldpcli --\n-- /run/lldpd.socket --\n-- run lldpcli --\n!exit status 1: unable to connect to socket /run/lldpd.socket: Permission denied\n",
		"stopped":  "-- /usr/sbin/lldpcli --\n-- run lldpcli --\n!exit status 1: unable to connect\n",
		"networkd": networkd,
	} {
		t.Run(name, func(t *testing.T) {
			h := recorded.Unpack(t, []byte(text))
			r, err := Read(t.Context(), h)
			recorded.Golden(t, h, "neighbor", "neighbor."+name, r, err)
		})
	}
}

// TestWords holds the kinds that lldpcli alone names.
func TestWords(t *testing.T) {
	rows, err := parseCli([]byte(`{"lldp":[{"interface":[
		{"name":"eno1","via":"CDPv2","chassis":[{"id":[{"type":"local","value":"sw1.example"}],"name":[{"value":"sw1.example"}],"descr":[{"value":"OS\n15"}],
			"mgmt-ip":[{"value":"10.0.0.2"},{"value":"10.0.0.2"},{"value":"no"}],"capability":[{"type":"Tel","enabled":true},{"type":"Bridge","enabled":true},{"type":"Wlan","enabled":false}]}],
		 "port":[{"id":[{"type":"ifname","value":"Gi0/1"}],"auto-negotiation":[{"current":[{"value":"100BaseTXHD - 2 pair category 5 UTP, half duplex mode"}]}]}],
		 "vlan":[{"vlan-id":"1","value":"x"},{"vlan-id":"30","pvid":true}],
		 "lldp-med":[{"inventory":[{"serial":[{"value":"RT5"}],"model":[{"value":"M5"}],"software":[{"value":"5"}]}]}]},
		{"name":"","via":"LLDP","chassis":[{"id":[{"type":"mac","value":"02:00:5E:00:00:01"}]}]},
		{"name":"eno1","via":"LLDP"}]}]}`))
	if err != nil || len(rows) != 1 {
		t.Fatalf("%+v %v", rows, err)
	}
	n := rows[0]
	if n.Protocol != "cdp" || n.ChassisKind != "local" || n.PortKind != "name" || n.Duplex != "half" || n.NativeVlan == nil || *n.NativeVlan != 30 ||
		!slices.Equal(n.Capabilities, []string{"telephone", "bridge"}) || len(n.Addresses) != 1 || n.Serial != "RT5" || n.Platform != "M5" || n.Description != "OS 15" {
		t.Errorf("%+v", n)
	}
}

func FuzzFrame(f *testing.F) {
	f.Add(kept(ofSwitch(), ofPhone()))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, frame := range parseFrames(b) {
			if n, ok := parseFrame(frame); ok && (n.Chassis == "" || len(n.Addresses) > 16 || strings.ContainsAny(n.Name, "\n\x00")) {
				t.Errorf("%+v", n)
			}
		}
	})
}

func FuzzCli(f *testing.F) {
	f.Add([]byte(`{"lldp":[{"interface":[{"name":"eno1","via":"LLDP","chassis":[{"id":[{"type":"mac","value":"02"}]}]}]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, _ := parseCli(b)
		for _, n := range rows {
			if n.LocalPort == "" || n.Chassis == "" || n.Protocol == "" {
				t.Errorf("%+v", n)
			}
		}
	})
}

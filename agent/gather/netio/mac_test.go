package netio

import (
	"testing"

	"muster/agent/gather/recorded"
)

func TestMac(t *testing.T) {
	list, err := fromNetstat(t.Context(), recorded.Mac(t, "macbook"))
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v %v", list, err)
	}
	if c := list[0]; c.Name != "en0" || c.BytesRecv != 5127709057 || c.BytesSent != 167013316 || c.PacketsRecv != 633072 || c.PacketsSent != 415950 || c.Errin != 3 || c.Errout != 1 || c.Dropout != 7 {
		t.Errorf("%+v", c)
	}
	// A tunnel of Ethernet has no hardware address: its columns are one fewer.
	l := parseNetstat("Name Mtu Network Address Ipkts Ierrs Ibytes Opkts Oerrs Obytes Coll\nen5 1500 <Link#8> 1 2 3 4 5 6 7\n")
	if len(l) != 1 || l[0].BytesRecv != 3 || l[0].BytesSent != 6 {
		t.Errorf("%+v", l)
	}
}

func FuzzNetstat(f *testing.F) {
	f.Add("Name Mtu Network Address Ipkts Ierrs Ibytes Opkts Oerrs Obytes Coll\nen5 1500 <Link#8> 1 2 3 4 5 6 7\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, c := range parseNetstat(text) {
			if c.Name == "" {
				t.Error("a card without a name")
			}
		}
	})
}

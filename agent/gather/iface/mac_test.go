package iface

import (
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/internal/inventory"
)

func TestMac(t *testing.T) {
	h := recorded.Mac(t, "macbook")
	t.Run("interface", func(t *testing.T) {
		rows, asked, faults, err := macInterfaces(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		r, err := gather.Rows(rows, asked...)
		r.Faults = faults
		recorded.Golden(t, h, "interface", "macbook-interface", r, err)
	})
	t.Run("address", func(t *testing.T) {
		rows, asked, err := macAddresses(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		r, err := gather.Rows(rows, asked...)
		recorded.Golden(t, h, "address", "macbook-address", r, err)
	})
	t.Run("route", func(t *testing.T) {
		rows, asked, faults, err := macRoutes(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		r, err := gather.Rows(rows, asked...)
		r.Faults = faults
		recorded.Golden(t, h, "route", "macbook-route", r, err)
	})
}

func TestMacNetwork(t *testing.T) {
	h := recorded.Mac(t, "macbook")
	row, asked, err := macNetwork(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	r, err := gather.Rows([]inventory.Network{row}, asked...)
	recorded.Golden(t, h, "network", "macbook-network", r, err)
}

// What the programs print is read whatever it is.
func FuzzMac(f *testing.F) {
	for _, text := range []string{
		"en0: flags=8863<UP,RUNNING> mtu 1500 index 12\n\tether f0:2f:4b:01:02:03\n\tinet 10.0.0.1 netmask 0xffffff00\n\tvlan: 5 parent interface: en7\n\tmedia: autoselect (2.5Gbase-T <full-duplex>)\n",
		"Internet:\nDestination Gateway Flags Netif Expire\n10.20.2/23 link#19 UCS en7 !\nInternet6:\nfe80::%lo0/64 fe80::1%lo0 UcI lo0\n",
		"Hardware Port: Wi-Fi\nDevice: en0\n", "DNS configuration\n  nameserver[0] : 10.20.2.53\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, x := range parseIfconfig(b) {
			x.own("")
			x.kind("")
			macSpeed(x.Media)
			for _, a := range x.Addresses {
				if a.Bits < 0 || a.Bits > 1<<31 || !a.Address.IsValid() {
					t.Errorf("address %+v", a)
				}
			}
		}
		for _, r := range parseNetstat(b) {
			if !r.To.IsValid() {
				t.Errorf("route %+v", r)
			}
		}
		ports(b)
		macNames(b)
	})
}

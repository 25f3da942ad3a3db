package store

import (
	"net/netip"
	"strings"
	"testing"
)

func TestOrderOfCredentials(t *testing.T) {
	all := []Credential{{Name: "a2", Version: SNMPv2c}, {Name: "b3", Version: SNMPv3}, {Name: "c1", Version: SNMPv1}, {Name: "d3", Version: SNMPv3}}
	for _, c := range []struct {
		x    Subnet
		want string
	}{
		{Subnet{}, "b3 d3"},
		{Subnet{V2c: true}, "b3 d3 a2 c1"},
		{Subnet{V2c: true, Credentials: []string{"C1", "d3", "gone"}}, "c1 d3"},
		{Subnet{Credentials: []string{"a2", "d3"}}, "d3"},
	} {
		var got []string
		for _, k := range c.x.Order(all) {
			got = append(got, k.Name)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v: %q, want %q", c.x, got, c.want)
		}
	}
}

func TestSubnetOf(t *testing.T) {
	var list []Subnet
	for _, n := range []string{"10.0.0.0/8", "10.20.0.0/16", "10.20.30.0/24", "fd00::/8"} {
		list = append(list, Subnet{Network: netip.MustParsePrefix(n)})
	}
	for n, want := range map[string]string{
		"10.20.30.7/32": "10.20.30.0/24", "10.20.31.0/24": "10.20.0.0/16", "10.20.30.0/23": "10.20.0.0/16", "10.21.0.0/16": "10.0.0.0/8", "fd00::1/128": "fd00::/8",
		"11.0.0.1/32": "", "0.0.0.0/0": "", "::/0": "",
	} {
		got, found := SubnetOf(list, netip.MustParsePrefix(n))
		if found != (want != "") || found && got.Network.String() != want {
			t.Errorf("%s: %v %t, want %s", n, got.Network, found, want)
		}
	}
}

func TestAddresses(t *testing.T) {
	for n, want := range map[string]int{"10.0.0.0/32": 1, "10.0.0.0/26": 64, "10.0.0.0/12": MostScanned, "10.0.0.0/11": MostScanned + 1, "::/0": MostScanned + 1, "fd00::/108": MostScanned} {
		if got := Addresses(netip.MustParsePrefix(n)); got != want {
			t.Errorf("%s has %d, want %d", n, got, want)
		}
	}
	x := Subnet{Network: netip.MustParsePrefix("10.0.0.0/24"), Exclude: []netip.Prefix{netip.MustParsePrefix("10.0.0.8/29")}}
	for a, want := range map[string]bool{"10.0.0.7": true, "10.0.0.8": false, "10.0.0.15": false, "10.0.1.1": false} {
		if x.Allows(netip.MustParseAddr(a)) != want {
			t.Errorf("%s may be asked: %t", a, !want)
		}
	}
}

func TestSecretsOfCredentials(t *testing.T) {
	for want, c := range map[string]Credential{
		"community": {Version: SNMPv1},
		"":          {Version: SNMPv3},
		"auth":      {Version: SNMPv3, Auth: "sha"},
		"auth priv": {Version: SNMPv3, Auth: "sha", Priv: "aes"},
	} {
		if got := strings.Join(c.SecretNames(), " "); got != want || c.Clear() != (c.Version != SNMPv3) {
			t.Errorf("%+v: %q, clear %t", c, got, c.Clear())
		}
	}
}

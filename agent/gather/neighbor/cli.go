package neighbor

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"muster/internal/inventory"
)

// said is what lldpcli prints as json0, in which everything is a list.
type said struct {
	LLDP []struct {
		Interface []struct {
			Name    string `json:"name"`
			Via     string `json:"via"`
			Chassis []struct {
				ID         []named `json:"id"`
				Name       []named `json:"name"`
				Descr      []named `json:"descr"`
				Management []named `json:"mgmt-ip"`
				Capability []struct {
					Type    string `json:"type"`
					Enabled bool   `json:"enabled"`
				} `json:"capability"`
			} `json:"chassis"`
			Port []struct {
				ID          []named `json:"id"`
				Descr       []named `json:"descr"`
				Negotiation []struct {
					Current []named `json:"current"`
				} `json:"auto-negotiation"`
			} `json:"port"`
			VLAN []struct {
				ID   string `json:"vlan-id"`
				PVID bool   `json:"pvid"`
			} `json:"vlan"`
			MED []struct {
				Inventory []struct {
					Software []named `json:"software"`
					Serial   []named `json:"serial"`
					Model    []named `json:"model"`
				} `json:"inventory"`
			} `json:"lldp-med"`
		} `json:"interface"`
	} `json:"lldp"`
}

type named struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

func first(list []named) named {
	if len(list) == 0 {
		return named{}
	}
	return list[0]
}

func one[T any](list []T) (v T) {
	if len(list) > 0 {
		v = list[0]
	}
	return v
}

// parseCli reads lldpcli -f json0 show neighbors details (lldpcli(8)).
func parseCli(b []byte) ([]inventory.Neighbor, error) {
	var s said
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("lldpcli answers what is not its JSON: %w", err)
	}
	var rows []inventory.Neighbor
	for _, l := range s.LLDP {
		for _, i := range l.Interface {
			chassis, port := one(i.Chassis), one(i.Port)
			n := inventory.Neighbor{Protocol: protocol(i.Via), LocalPort: i.Name, Name: text([]byte(first(chassis.Name).Value)),
				Description: text([]byte(first(chassis.Descr).Value)), PortText: text([]byte(first(port.Descr).Value))}
			n.ChassisKind, n.Chassis = cliIdentifier(first(chassis.ID))
			n.PortKind, n.RemotePort = cliIdentifier(first(port.ID))
			if n.Chassis == "" || n.LocalPort == "" || len(rows) >= maxNeighbors {
				continue
			}
			for _, a := range chassis.Management {
				if ip, err := netip.ParseAddr(a.Value); err == nil && len(n.Addresses) < 16 && !slices.Contains(n.Addresses, ip.String()) {
					n.Addresses = append(n.Addresses, ip.String())
				}
			}
			for _, c := range chassis.Capability {
				if word := cliCapability(c.Type); c.Enabled && word != "" {
					n.Capabilities = append(n.Capabilities, word)
				}
			}
			for _, v := range i.VLAN {
				if id, err := strconv.ParseInt(v.ID, 10, 64); err == nil && v.PVID && id > 0 && id <= 4094 {
					n.NativeVlan = &id
				}
			}
			switch now := strings.ToLower(first(one(port.Negotiation).Current).Value); {
			case strings.Contains(now, "half duplex"):
				n.Duplex = "half"
			case strings.Contains(now, "full duplex"):
				n.Duplex = "full"
			}
			parts := one(one(i.MED).Inventory)
			n.Version, n.Serial, n.Platform = first(parts.Software).Value, first(parts.Serial).Value, first(parts.Model).Value
			rows = append(rows, n)
		}
	}
	return rows, nil
}

func protocol(via string) string {
	switch via = strings.ToLower(via); {
	case via == "lldp", via == "fdp", via == "edp":
		return via
	case strings.HasPrefix(via, "cdp"):
		return "cdp"
	}
	return "other"
}

// cliIdentifier is lldpcli's word for the kind of an identifier.
func cliIdentifier(id named) (kind, value string) {
	value = text([]byte(id.Value))
	switch id.Type {
	case "mac":
		return "mac", strings.ToLower(value)
	case "ip":
		return "address", value
	case "ifname":
		return "name", value
	case "ifalias":
		return "alias", value
	case "local":
		return "local", value
	}
	return "other", value
}

func cliCapability(word string) string {
	switch word {
	case "Bridge":
		return "bridge"
	case "Router":
		return "router"
	case "Wlan":
		return "wlan_access_point"
	case "Tel":
		return "telephone"
	case "Station":
		return "station"
	case "Repeater":
		return "repeater"
	case "Docsis":
		return "docsis"
	case "Other":
		return "other"
	}
	return ""
}

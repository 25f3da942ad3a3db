package trap

import (
	"net/netip"
	"strings"
	"time"

	"muster/internal/event"
)

// Names that traps are told apart by.
const (
	snmpTrapOID   = "1.3.6.1.6.3.1.1.4.1.0"
	standardTraps = "1.3.6.1.6.3.1.1.5" // snmpTraps (RFC 3418 §2)
)

// Notice is a trap or inform that passed.
type Notice struct {
	At        time.Time
	From      netip.Addr // where the packet came from
	Agent     netip.Addr // whom a trap of version 1 is about, by its own word; else invalid
	Version   string     // 1, 2c, 3
	OID       string     // snmpTrapOID
	Authentic bool       // version 3, with a right digest, in time, from the engine's own address
	Inform    bool
	Variables []Variable // texts of the device: hostile
}

// Event is what to keep of it, as the catalogue of events has it. False: it is
// a hint alone, because the poll that follows tells what happened.
func (n Notice) Event() (kind string, attributes map[string]string, ok bool) {
	if n.OID == standardTraps+".5" {
		a := map[string]string{}
		for _, v := range n.Variables {
			for _, o := range askers() {
				if v.OID == o || strings.HasPrefix(v.OID, o+".") {
					if _, err := netip.ParseAddr(v.Text); err == nil {
						a["address"] = v.Text
					}
				}
			}
		}
		return event.AuthenticationFailed, a, true
	}
	for _, h := range hints() {
		if n.OID == h || strings.HasPrefix(n.OID, h+".") {
			return "", nil, false
		}
	}
	auth := "false"
	if n.Authentic {
		auth = "true"
	}
	return event.Trap, map[string]string{"oid": n.OID, "address": n.From.String(), "authentic": auth}, true
}

// hints lists the traps, and the trees of traps, whose matter is read by polling.
func hints() []string {
	return []string{
		standardTraps + ".1",    // coldStart (RFC 3418)
		standardTraps + ".2",    // warmStart
		standardTraps + ".3",    // linkDown (RFC 2863)
		standardTraps + ".4",    // linkUp
		"1.3.6.1.2.1.17.0",      // newRoot, topologyChange (RFC 4188)
		"1.3.6.1.2.1.33.2",      // UPS-MIB (RFC 1628)
		"1.3.6.1.2.1.43.18.2",   // printerV2Alert (RFC 3805)
		"1.3.6.1.2.1.47.2",      // entConfigChange (RFC 6933)
		"1.3.6.1.2.1.99.0",      // entSensorThresholdNotification as some agents number it
		"1.3.6.1.2.1.105.0",     // POWER-ETHERNET-MIB (RFC 3621)
		"1.0.8802.1.1.2.0.0.1",  // lldpRemTablesChange (IEEE 802.1AB)
		"1.3.6.1.4.1.9.9.13.3",  // CISCO-ENVMON-MIB
		"1.3.6.1.4.1.9.9.91.2",  // CISCO-ENTITY-SENSOR-MIB
		"1.3.6.1.4.1.9.9.117.2", // CISCO-ENTITY-FRU-CONTROL-MIB
		"1.3.6.1.4.1.9.9.43.2",  // CISCO-CONFIG-MAN-MIB
		"1.3.6.1.4.1.8072.4.0",  // NET-SNMP-AGENT-MIB: start, stop, restart
		"1.3.6.1.4.1.318.0",     // PowerNet-MIB
	}
}

// askers lists the objects in which a device says who asked it with a wrong
// community.
func askers() []string {
	return []string{
		"1.3.6.1.4.1.9.2.1.5",                 // authAddr of OLD-CISCO-SYSTEM-MIB
		"1.3.6.1.4.1.9.9.412.1.1.2",           // cExtSnmpTargetAuthInetAddr of CISCO-SNMP-TARGET-EXT-MIB
		"1.3.6.1.4.1.11.2.14.11.5.1.7.1.29.1", // hpicfAuthentication of HP's switches
	}
}

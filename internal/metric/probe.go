package metric

import "time"

// probe lists what is asked of the network from a device.
func probe() []Measurement {
	const (
		icmpAgent = "ICMP echo without privileges (pro-bing); to the default gateway"
		icmpGear  = "ICMP echo from the collector; to the target's address"
	)
	return []Measurement{
		{
			Name:     "ping",
			Doc:      "Round trip and loss. An agent pings its gateway; the collector pings targets. At most one packet a second.",
			Telegraf: "ping",
			Every:    time.Minute,
			Windows:  "IcmpSendEcho2; to the default gateway",
			Darwin:   icmpAgent,
			Linux:    icmpAgent,
			SNMP:     icmpGear,
			Labels: []Label{
				{Name: "url", Doc: "What was pinged: gateway, collector, or an address.", Typical: 1, Max: 4},
			},
			Fields: []Field{
				gauge("percent_packet_loss", Float, "percent", "Lost, of those sent.").sent(),
				gauge("average_response_ms", Float, "millisecond", "Mean round trip; absent when all were lost.").sent(),
				gauge("minimum_response_ms", Float, "millisecond", "Shortest round trip."),
				gauge("maximum_response_ms", Float, "millisecond", "Longest round trip."),
				gauge("standard_deviation_ms", Float, "millisecond", "Spread of the round trips."),
				gauge("packets_transmitted", Int, "packet", "Sent in this round."),
				gauge("packets_received", Int, "packet", "Answered in this round."),
				gauge("ttl", Int, "count", "Time to live of the first answer.").on("darwin linux snmp"),
				gauge("result_code", Int, "code", "0 answered, 1 name unknown or no answer, 2 could not ask."),
			},
		},
		{
			Name:     "dns_query",
			Doc:      "Looking up a name through the machine's own name servers. The name asked is the collector's.",
			Telegraf: "dns_query",
			Every:    time.Minute,
			Windows:  "own query over UDP to the servers of GetAdaptersAddresses",
			Darwin:   "own query over UDP to the servers of scutil --dns",
			Linux:    "own query over UDP to the servers of resolv.conf or systemd-resolved",
			Labels: []Label{
				{Name: "server", Doc: "Name server asked.", Typical: 1, Max: 4},
				{Name: "domain", Doc: "Name asked for.", Typical: 1, Max: 1},
				{Name: "record_type", Doc: "A or AAAA.", Typical: 1, Max: 1},
			},
			Fields: []Field{
				gauge("query_time_ms", Float, "millisecond", "Time to the answer; absent without one.").sent(),
				gauge("result_code", Int, "code", "0 answered, 1 timed out, 2 error.").sent(),
				gauge("rcode_value", Int, "code", "RCODE of the answer (RFC 1035, 4.1.1)."),
			},
		},
	}
}

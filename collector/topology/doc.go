// Package topology answers which port of which switch a device hangs on, what
// hangs on a port, and how network gear is connected. It joins what gear says
// (ports, forwarding tables, neighbours, aggregates, spanning tree, ARP, Wi-Fi
// clients) with what agents say of their cards, all handed in as plain values
// (Facts). Join reads them once; a Network then answers without changing.
//
// A place is a judgement with a confidence, and says what it rests on: tables
// tell where an address was seen, never where a cable goes.
//
// It must not know SQL, SNMP, who is asking, or the clock.
package topology

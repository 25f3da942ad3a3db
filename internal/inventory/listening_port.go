package inventory

import "time"

// ListeningPort is one TCP port that accepts connections or UDP port that is
// bound on purpose. UDP ports of the ephemeral range are left out: browsers
// open and close them all day.
type ListeningPort struct {
	Protocol string `inv:"protocol,key" enum:"tcp|udp" doc:"Transport protocol."`
	Address  string `inv:"address,key" doc:"Local address; 0.0.0.0 and :: mean all."`
	Port     int64  `inv:"port,key" doc:"Port number."`
	Process  string `inv:"process_name,dict" doc:"Program that listens, without path and arguments."`
	Account  string `inv:"account,personal" doc:"Account it runs under."`
	Service  string `inv:"service" doc:"Service it belongs to (service.name)."`
	Exposed  *bool  `inv:"exposed" doc:"True when bound to more than loopback addresses."`
	PID      *int64 `inv:"pid,latest" doc:"Process number."`
}

// Section says how the section is named, kept and read.
func (ListeningPort) Section() Meta {
	return Meta{Name: "listening_port", Doc: "Ports that programs listen on.", Linger: 24 * time.Hour, Cadence: time.Hour,
		Windows: "GetExtendedTcpTable, GetExtendedUdpTable", Darwin: "lsof", Linux: "/proc/net/tcp, tcp6, udp, udp6, /proc/*/fd, cgroup and status"}
}

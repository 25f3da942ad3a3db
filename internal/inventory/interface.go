package inventory

import "time"

// Interface is one network interface of a host; ports of network gear are
// section port, IP addresses are section address. Only permanent_mac of a
// card on an inner bus is evidence of identity: docks, VPNs and random Wi-Fi
// addresses are not. The host's ends of container links are left out.
type Interface struct {
	Name           string    `inv:"name,key" doc:"Name as the system shows it, such as eth0, en0 or Ethernet 2."`
	Description    string    `inv:"description,dict" doc:"Description by the driver, such as Intel(R) Ethernet Connection I219-LM."`
	Index          int64     `inv:"if_index,latest" doc:"Interface index of the running system."`
	Kind           string    `inv:"kind" enum:"ethernet|wifi|loopback|bridge|bond|vlan|tunnel|vpn|cellular|bluetooth|infiniband|virtual|other" doc:"What kind of interface it is."`
	Physical       *bool     `inv:"physical" doc:"True when hardware stands behind it."`
	Mac            string    `inv:"mac" doc:"Hardware address in use, as aa:bb:cc:dd:ee:ff."`
	PermanentMac   string    `inv:"permanent_mac" doc:"Hardware address burnt into the card."`
	MacRandom      *bool     `inv:"mac_random" doc:"True when the address in use is locally administered."`
	Bus            string    `inv:"bus" enum:"pci|usb|thunderbolt|sdio|platform|virtio|xen|hyperv|vmware|none|other" doc:"Bus of the hardware; usb and thunderbolt mean an adapter or dock."`
	BusAddress     string    `inv:"bus_address" doc:"Address on that bus, such as 0000:00:1f.6 or 2-1.4."`
	VendorID       string    `inv:"vendor_id" doc:"Vendor number on the bus, four hexadecimal digits."`
	ProductID      string    `inv:"product_id" doc:"Product number on the bus, four hexadecimal digits."`
	Vendor         string    `inv:"vendor,dict" doc:"Maker of the card."`
	Model          string    `inv:"model,dict" doc:"Model of the card."`
	Driver         string    `inv:"driver,dict" doc:"Driver in use."`
	DriverVersion  string    `inv:"driver_version,dict,version" doc:"Version of the driver."`
	Firmware       string    `inv:"firmware_version,dict" doc:"Firmware of the card."`
	AdminUp        *bool     `inv:"admin_up" doc:"True when the interface is switched on."`
	LinkUp         *bool     `inv:"link_up" doc:"True when it has a link."`
	SpeedBits      int64     `inv:"speed_bits_per_second" unit:"bit_per_second" doc:"Negotiated speed of a wired link; that of Wi-Fi changes by the second and stands in section wifi."`
	MaxSpeedBits   int64     `inv:"max_speed_bits_per_second" unit:"bit_per_second" doc:"Highest speed the card offers."`
	Duplex         string    `inv:"duplex" enum:"full|half" doc:"Negotiated duplex."`
	AutoNegotiate  *bool     `inv:"auto_negotiation" doc:"True when speed and duplex are negotiated."`
	MTU            int64     `inv:"mtu_bytes" unit:"byte" doc:"Largest packet."`
	Parent         string    `inv:"parent" doc:"Bond, bridge or team the interface belongs to, or the interface a VLAN or tunnel rides on."`
	VlanID         *int64    `inv:"vlan_id" doc:"VLAN number of a VLAN interface."`
	DHCP           *bool     `inv:"dhcp" doc:"True when IPv4 addresses come by DHCP."`
	DHCPServer     string    `inv:"dhcp_server" doc:"Address of the DHCP server."`
	LeaseAt        time.Time `inv:"lease_obtained_at,latest" doc:"When the DHCP lease was obtained."`
	LeaseEndsAt    time.Time `inv:"lease_expires_at,latest" doc:"When the DHCP lease ends."`
	Gateways       []string  `inv:"gateways" doc:"Default gateways reached through it."`
	DNSServers     []string  `inv:"dns_servers" doc:"Name servers set on it, in order."`
	DNSSuffix      string    `inv:"dns_suffix" doc:"DNS suffix of the connection."`
	NetworkProfile string    `inv:"network_profile" enum:"domain|private|public|other" doc:"Trust profile the system gives the network."`
	WakeOnLAN      *bool     `inv:"wake_on_lan" doc:"True when a magic packet wakes the machine through it."`
	Metered        *bool     `inv:"metered" doc:"True when the connection counts as metered."`
}

// Section says how the section is named, kept and read.
func (Interface) Section() Meta {
	return Meta{Name: "interface", Doc: "Network interfaces of a host: hardware addresses, link, driver, DHCP, gateways and name servers.", Cadence: time.Minute,
		Windows: "GetAdaptersAddresses, GetIfEntry2, keys of the class of network adapters, Network and NetworkList", Darwin: "ifconfig -a -v, networksetup -listallhardwareports", Linux: "netlink RTM_GETLINK, /sys/class/net/*, ETHTOOL_GPERMADDR, ETHTOOL_GLINKSETTINGS, ETHTOOL_GDRVINFO"}
}

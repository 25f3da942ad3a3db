package inventory

// all lists every section, one a line, in the order pages and documents show
// them. A new section is one file and one line here.
func all() []Sectioner {
	return []Sectioner{
		// The machine and its system.
		System{},
		OS{},
		Boot{},
		PendingRestart{},
		Clock{},
		Agent{},
		SNMPAgent{},

		// Parts of the machine.
		CPU{},
		Memory{},
		MemoryModule{},
		GPU{},
		Monitor{},
		Battery{},
		Power{},
		Sensor{},
		USBDevice{},
		PCIDevice{},
		Driver{},

		// Storage.
		Disk{},
		DiskHealth{},
		SmartAttribute{},
		DiskSelfTest{},
		RaidArray{},
		RaidMember{},
		Volume{},
		Encryption{},

		// Network of a host.
		Interface{},
		Address{},
		Network{},
		Route{},
		Wifi{},
		NetworkProbe{},
		ListeningPort{},

		// Programs.
		Software{},
		SoftwareUsage{},
		BrowserExtension{},
		Service{},
		StartupItem{},
		ScheduledTask{},
		Process{},
		Container{},
		VirtualMachine{},
		DatabaseInstance{},
		RemoteControl{},
		License{},
		PrintQueue{},

		// Updates and changes.
		PatchStatus{},
		Patch{},
		ChangeLog{},

		// Security.
		PlatformSecurity{},
		Antivirus{},
		Firewall{},
		Certificate{},
		DomainJoin{},

		// People.
		Logon{},
		User{},
		UserGroup{},
		GroupMember{},
		Session{},

		// Network gear.
		Port{},
		Lag{},
		Vlan{},
		Bridge{},
		Fdb{},
		Neighbor{},
		Arp{},
		RoutingPeer{},
		VpnTunnel{},
		Entity{},
		StackMember{},
		PoePort{},
		PoeSupply{},
		Processor{},
		MemoryPool{},
		Storage{},

		// Wi-Fi of the office.
		AccessPoint{},
		Radio{},
		WirelessNetwork{},
		WirelessClient{},

		// Printers and power.
		Printer{},
		PrinterSupply{},
		PrinterTray{},
		PrinterAlert{},
		Ups{},
		PowerLine{},
	}
}

package profile

// Builtins are the readers that are written in Go, because their rules are more
// than a table can say. Each asks for standard MIBs; what a device does not have
// costs one question an hour.
func Builtins() []string {
	return []string{
		"ports",
		"ethernet",
		"addresses",
		"arp",
		"bridge",
		"fdb",
		"vlans",
		"lag",
		"neighbors",
		"entity",
		"entity_sensors",
		"cisco_entity_sensors",
		"host_processors",
		"host_storage",
		"ucd",
		"ucd_disks",
		"lm_sensors",
		"printer",
		"printer_supplies",
		"printer_trays",
		"printer_alerts",
		"ups",
		"poe",
		"routes",
		"routing_peers",
		"cisco_vlans",
	}
}

// builtin makes the tasks of a builtin.
func builtin(d *Device, name string) []*task {
	switch name {
	case "ports":
		return portTasks(d)
	case "ethernet":
		return ethernetTasks()
	case "addresses":
		return addressTasks()
	case "arp":
		return arpTasks()
	case "bridge":
		return bridgeTasks()
	case "fdb":
		return fdbTasks()
	case "vlans":
		return vlanTasks()
	case "lag":
		return lagTasks()
	case "neighbors":
		return neighborTasks()
	case "entity":
		return entityTasks()
	case "entity_sensors":
		return entitySensorTasks()
	case "cisco_entity_sensors":
		return ciscoEntitySensorTasks()
	case "host_processors":
		return hostProcessorTasks()
	case "host_storage":
		return hostStorageTasks()
	case "ucd":
		return ucdTasks()
	case "ucd_disks":
		return ucdDiskTasks()
	case "lm_sensors":
		return lmSensorTasks()
	case "printer":
		return printerTasks()
	case "printer_supplies":
		return printerSupplyTasks()
	case "printer_trays":
		return printerTrayTasks()
	case "printer_alerts":
		return printerAlertTasks()
	case "ups":
		return upsTasks()
	case "poe":
		return poeTasks()
	case "routes":
		return routeTasks()
	case "routing_peers":
		return routingPeerTasks()
	case "cisco_vlans":
		return ciscoVLANTasks()
	}
	return nil
}

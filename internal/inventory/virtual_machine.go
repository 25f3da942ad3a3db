package inventory

import "time"

// VirtualMachine is one guest on a host that runs virtual machines. A guest
// that reports by itself is joined by its UUID (system.uuid).
type VirtualMachine struct {
	Hypervisor  string   `inv:"hypervisor,key" enum:"hyperv|libvirt|proxmox|esxi|virtualbox|vmware|parallels|utm|wsl|xen|bhyve|other" doc:"What runs it."`
	Name        string   `inv:"name,key" doc:"Name of the guest."`
	UserName    string   `inv:"user_name,key,personal" doc:"Person it belongs to; empty text when it belongs to the host."`
	UUID        string   `inv:"uuid" doc:"UUID of the guest."`
	State       string   `inv:"state" enum:"running|stopped|paused|suspended|saved|starting|stopping|failed|unknown" doc:"State of the guest."`
	GuestOS     string   `inv:"guest_os,dict" doc:"Operating system as the host knows it."`
	VCPUs       *int64   `inv:"vcpu_count" unit:"count" doc:"Virtual processors."`
	MemoryBytes int64    `inv:"memory_bytes" unit:"byte" doc:"Memory given to it."`
	DiskBytes   int64    `inv:"disk_bytes" unit:"byte" doc:"Size of its virtual drives."`
	Version     string   `inv:"hardware_version,dict" doc:"Version of its virtual hardware or generation."`
	Macs        []string `inv:"macs" doc:"Hardware addresses of its interfaces."`
	Snapshots   *int64   `inv:"snapshot_count" unit:"count" doc:"Snapshots it has."`
	AutoStart   *bool    `inv:"auto_start" doc:"True when it starts with the host."`
	Addresses   []string `inv:"addresses,latest" doc:"IP addresses the host knows of it."`
	GuestHost   string   `inv:"guest_name,latest" doc:"Host name the guest tells."`
}

// Section says how the section is named, kept and read.
func (VirtualMachine) Section() Meta {
	return Meta{Name: "virtual_machine", Doc: "Virtual machines and WSL distributions on a host.", Cadence: time.Hour,
		Windows: "Msvm_ComputerSystem (child), WSL list in HKU Lxss, VirtualBox and VMware files", Darwin: "Parallels, UTM and VMware bundles", Linux: "definitions of libvirt with its status files, /etc/pve/qemu-server, libvirt sessions and VirtualBox of people", SNMP: "VMWARE-VMINFO-MIB"}
}

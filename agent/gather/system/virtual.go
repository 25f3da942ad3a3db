package system

import "strings"

// hints are what tells a virtual machine from inside. None of it is secret to
// the guest; most of it is what systemd-detect-virt(1) goes by too, apart from
// the CPUID leaf, which needs assembly and says no more than these together.
type hints struct {
	Vendor, Product, Version string // SMBIOS type 1
	BoardVendor              string
	FirmwareVendor           string
	FirmwareVirtual          bool   // SMBIOS type 0, characteristics extension 2, bit 4
	Hypervisor               string // /sys/hypervisor/type
	XenControl               bool   // Xen's own domain 0, which is no guest
	KernelRelease            string
	ClockSources             string // the kernel offers a hypervisor's clock only to its guests
	TreeHypervisor           string // /proc/device-tree/hypervisor/compatible
	TreeQemu                 bool   // a fw-cfg node, which only QEMU has
	Container                string // kind of container, as systemd or the runtime wrote it
	X86                      bool   // flags of an x86 processor were seen
	Flag                     bool   // and the hypervisor bit (CPUID.1:ECX.31) is among them
}

// judge says whether the machine is a virtual one, and on what it runs. known
// is false when nothing tells either way.
func judge(x hints) (virtual, known bool, hypervisor string) {
	hypervisor = named(x)
	switch {
	case x.XenControl:
		return false, true, ""
	case hypervisor == "cloud" && x.X86 && !x.Flag:
		// The same vendor stands on its bare machines.
		return false, true, ""
	case hypervisor == "container":
		// Inside a container the machine below is seen, when anything is.
		return x.Flag, x.X86, hypervisor
	case hypervisor != "":
		return true, true, hypervisor
	case x.Flag || x.FirmwareVirtual:
		return true, true, "other"
	case x.X86 || x.Vendor != "":
		return false, true, ""
	}
	return false, false, ""
}

// named finds the hypervisor by the most telling hint first.
func named(x hints) string {
	kernel := strings.ToLower(x.KernelRelease)
	if strings.Contains(kernel, "microsoft") || strings.HasSuffix(kernel, "-wsl2") {
		return "wsl"
	}
	if s := byFirmware(x); s != "" {
		return s
	}
	if x.Hypervisor == "xen" || strings.Contains(x.TreeHypervisor, "xen") {
		return "xen"
	}
	switch {
	case strings.Contains(x.TreeHypervisor, "vmware"):
		return "vmware"
	case strings.Contains(x.TreeHypervisor, "kvm"):
		return "kvm"
	case x.TreeQemu:
		return "qemu"
	}
	if s := byClock(x.ClockSources); s != "" {
		return s
	}
	if x.Container != "" {
		return "container"
	}
	return ""
}

func byFirmware(x hints) string {
	vendor := x.Vendor + "\n" + x.BoardVendor + "\n" + x.FirmwareVendor
	in := func(s string) bool { return strings.Contains(vendor, s) }
	switch {
	case in("VMware"):
		return "vmware"
	case in("innotek GmbH") || x.Product == "VirtualBox":
		return "virtualbox"
	case in("Parallels"):
		return "parallels"
	case in("BHYVE") || x.Product == "BHYVE":
		return "bhyve"
	case x.Vendor == "Xen" || strings.HasPrefix(x.Product, "HVM domU"):
		return "xen"
	case x.Vendor == "Microsoft Corporation" && x.Product == "Virtual Machine":
		return "hyperv"
	case in("Apple Inc.") && strings.Contains(x.Product, "Apple Virtualization"):
		return "apple"
	case x.Vendor == "Amazon EC2", x.Vendor == "Google" && strings.HasPrefix(x.Product, "Google Compute Engine"),
		strings.HasPrefix(x.Vendor, "Alibaba Cloud"):
		return "cloud"
	case strings.Contains(x.Product, "KVM"), x.Vendor == "Red Hat" && strings.Contains(x.Product, "RHEV"),
		x.Vendor == "OpenStack Foundation", x.Vendor == "DigitalOcean", x.Vendor == "Hetzner":
		return "kvm"
	case in("QEMU"):
		// QEMU names itself whether or not KVM does the work below.
		if byClock(x.ClockSources) == "kvm" {
			return "kvm"
		}
		return "qemu"
	case in("Bochs"):
		return "other"
	}
	return ""
}

func byClock(sources string) string {
	switch {
	case strings.Contains(sources, "kvm-clock"):
		return "kvm"
	case strings.Contains(sources, "hyperv_clocksource"):
		return "hyperv"
	case strings.Contains(sources, "xen"):
		return "xen"
	}
	return ""
}

// container names the kind of container from its traces, or nothing: what
// systemd or the runtime wrote for those inside, never another process's
// environment.
func container(systemd string, dockerenv, containerenv bool) string {
	switch {
	case systemd != "":
		return systemd
	case dockerenv:
		return "docker"
	case containerenv:
		return "podman"
	}
	return ""
}

package system

import "testing"

func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		hints
		virtual, known bool
		hypervisor     string
	}{
		"bare PC":             {hints{Vendor: "Dell Inc.", Product: "OptiPlex", X86: true}, false, true, ""},
		"nothing known":       {hints{}, false, false, ""},
		"bare without tables": {hints{X86: true}, false, true, ""},
		"kvm by product":      {hints{Vendor: "QEMU", Product: "KVM Virtual Machine", X86: true, Flag: true}, true, true, "kvm"},
		"qemu with kvm clock": {hints{Vendor: "QEMU", Product: "Standard PC", ClockSources: "kvm-clock tsc", X86: true, Flag: true}, true, true, "kvm"},
		"qemu alone":          {hints{Vendor: "QEMU", Product: "Standard PC"}, true, true, "qemu"},
		"vmware":              {hints{Vendor: "VMware, Inc.", Product: "VMware7,1", X86: true, Flag: true}, true, true, "vmware"},
		"virtualbox":          {hints{Vendor: "innotek GmbH", Product: "VirtualBox"}, true, true, "virtualbox"},
		"hyper-v":             {hints{Vendor: "Microsoft Corporation", Product: "Virtual Machine"}, true, true, "hyperv"},
		"surface":             {hints{Vendor: "Microsoft Corporation", Product: "Surface Pro 9", X86: true}, false, true, ""},
		"ec2 guest":           {hints{Vendor: "Amazon EC2", Product: "t3.micro", X86: true, Flag: true}, true, true, "cloud"},
		"ec2 metal":           {hints{Vendor: "Amazon EC2", Product: "m5.metal", X86: true}, false, true, ""},
		"xen guest":           {hints{Hypervisor: "xen", X86: true, Flag: true}, true, true, "xen"},
		"xen domain 0":        {hints{Hypervisor: "xen", XenControl: true, Vendor: "HP", X86: true}, false, true, ""},
		"wsl":                 {hints{KernelRelease: "5.15.153.1-microsoft-standard-WSL2", X86: true, Flag: true}, true, true, "wsl"},
		"apple":               {hints{Vendor: "Apple Inc.", Product: "Apple Virtualization Generic Platform"}, true, true, "apple"},
		"mac with Linux":      {hints{Vendor: "Apple Inc.", Product: "MacBookPro14,1", X86: true}, false, true, ""},
		"arm guest":           {hints{TreeHypervisor: "linux,kvm"}, true, true, "kvm"},
		"arm qemu":            {hints{TreeQemu: true}, true, true, "qemu"},
		"unknown hypervisor":  {hints{Vendor: "Acme", X86: true, Flag: true}, true, true, "other"},
		"firmware says so":    {hints{Vendor: "Acme", FirmwareVirtual: true}, true, true, "other"},
		"container on a PC":   {hints{Container: "docker", Vendor: "Dell Inc.", X86: true}, false, true, "container"},
		"container in a VM":   {hints{Container: "lxc", X86: true, Flag: true}, true, true, "container"},
	} {
		t.Run(name, func(t *testing.T) {
			v, known, h := judge(c.hints)
			if v != c.virtual || known != c.known || h != c.hypervisor {
				t.Errorf("got %v %v %q, want %v %v %q", v, known, h, c.virtual, c.known, c.hypervisor)
			}
		})
	}
}

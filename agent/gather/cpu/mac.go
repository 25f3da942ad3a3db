package cpu

import (
	"context"
	"strconv"
	"strings"

	"muster/agent/gather/apple"
	"muster/agent/host"
	"muster/internal/inventory"
)

// readMac reads the section on macOS, by what sysctl(3) calls hw and
// machdep.cpu. A Mac has one package, but for the Mac Pros of Intel's time.
func readMac(ctx context.Context, h *host.Host) ([]inventory.CPU, []string, []string, error) {
	v, err := apple.Kernel(ctx, h)
	if err != nil {
		return nil, nil, nil, err
	}
	packages := max(apple.Number(v, "hw.packages"), 1)
	if packages > maxSockets {
		packages = maxSockets
	}
	each := func(name string) int64 { return apple.Number(v, name) / packages }
	whole := func(name string) *int64 {
		if v[name] == "" {
			return nil
		}
		return new(apple.Number(v, name))
	}
	r := inventory.CPU{Model: strings.Join(strings.Fields(v["machdep.cpu.brand_string"]), " "), CoreCount: each("hw.physicalcpu"), ThreadCount: each("hw.logicalcpu"),
		BaseHertz: apple.Number(v, "hw.cpufrequency"), MaxHertz: apple.Number(v, "hw.cpufrequency_max"), Virtualization: "none"}
	switch {
	case v["hw.optional.arm64"] == "1":
		r.Vendor, r.Arch = "Apple", "arm64"
		// Level 0 is that of the fast cores (sysctl(3), hw.perflevelN).
		cores := func(level, name string) int64 { return apple.Number(v, "hw.perflevel"+level+"."+name) }
		if fast, slow := cores("0", "physicalcpu"), cores("1", "physicalcpu"); fast > 0 && slow > 0 {
			r.PerfCoreCount, r.EffCoreCount = new(fast), new(slow)
		}
		for _, level := range []string{"0", "1"} {
			n := cores(level, "physicalcpu")
			r.L1Bytes += n * (cores(level, "l1icachesize") + cores(level, "l1dcachesize"))
			if per := cores(level, "cpusperl2"); per > 0 {
				r.L2Bytes += n / per * cores(level, "l2cachesize")
			}
		}
		if v["kern.hv_support"] == "1" {
			r.Virtualization = "arm"
		}
	default:
		r.Arch = "amd64"
		switch v["machdep.cpu.vendor"] {
		case "GenuineIntel":
			r.Vendor = "Intel"
		default:
			r.Vendor = v["machdep.cpu.vendor"]
		}
		r.Family, r.ModelNumber, r.Stepping = whole("machdep.cpu.family"), whole("machdep.cpu.model"), whole("machdep.cpu.stepping")
		if v["machdep.cpu.microcode_version"] != "" {
			r.Microcode = strconv.FormatInt(apple.Number(v, "machdep.cpu.microcode_version"), 16)
		}
		r.L1Bytes = r.CoreCount * (apple.Number(v, "hw.l1icachesize") + apple.Number(v, "hw.l1dcachesize"))
		r.L2Bytes = r.CoreCount * apple.Number(v, "hw.l2cachesize")
		r.L3Bytes = apple.Number(v, "hw.l3cachesize")
		if strings.Contains(" "+v["machdep.cpu.features"]+" ", " VMX ") {
			r.Virtualization = "vmx"
		}
	}
	r.Generation = generation(r.Model)
	rows := make([]inventory.CPU, 0, packages)
	for n := range packages {
		r.Socket = n
		rows = append(rows, r)
	}
	return rows, []string{"sysctl"}, nil, nil
}

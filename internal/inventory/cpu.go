package inventory

import "time"

// CPU is one processor package. Cores and threads are those it has, not those
// the scheduler is allowed to use.
type CPU struct {
	Socket          int64    `inv:"socket,key" doc:"Number of the package, from 0."`
	Designation     string   `inv:"designation,dict" doc:"Name of the socket on the board, such as CPU0 or U3E1."`
	Vendor          string   `inv:"vendor,dict" doc:"Maker, such as Intel, AMD, Apple or Qualcomm."`
	Model           string   `inv:"model,dict" doc:"Full model name with surplus spaces removed."`
	Generation      string   `inv:"generation,dict" doc:"Generation as far as it follows from the model, such as intel-core-12 or ryzen-5000; judges readiness for newer systems."`
	Family          *int64   `inv:"family_number" doc:"Family by CPUID."`
	ModelNumber     *int64   `inv:"model_number" doc:"Model by CPUID."`
	Stepping        *int64   `inv:"stepping" doc:"Stepping by CPUID."`
	Microcode       string   `inv:"microcode,dict" doc:"Revision of the microcode in use, in hexadecimal."`
	Arch            string   `inv:"arch,dict" enum:"amd64|arm64|386|arm|riscv64|ppc64le|s390x|mips|other" doc:"Instruction set."`
	Level           string   `inv:"isa_level,dict" enum:"x86-64-v1|x86-64-v2|x86-64-v3|x86-64-v4" doc:"Level of the x86-64 psABI that the flags fulfil; newer systems ask for v2 or v3."`
	CoreCount       int64    `inv:"core_count" unit:"count" doc:"Physical cores."`
	ThreadCount     int64    `inv:"thread_count" unit:"count" doc:"Hardware threads."`
	PerfCoreCount   *int64   `inv:"performance_core_count" unit:"count" doc:"Performance cores of a mixed processor."`
	EffCoreCount    *int64   `inv:"efficiency_core_count" unit:"count" doc:"Efficiency cores of a mixed processor."`
	BaseHertz       int64    `inv:"base_hertz" unit:"hertz" doc:"Nominal clock."`
	MaxHertz        int64    `inv:"max_hertz" unit:"hertz" doc:"Highest clock it may reach."`
	L1Bytes         int64    `inv:"l1_cache_bytes" unit:"byte" doc:"Level 1 data and instruction cache of the whole package."`
	L2Bytes         int64    `inv:"l2_cache_bytes" unit:"byte" doc:"Level 2 cache of the whole package."`
	L3Bytes         int64    `inv:"l3_cache_bytes" unit:"byte" doc:"Level 3 cache of the whole package."`
	Virtualization  string   `inv:"virtualization" enum:"vmx|svm|arm|none" doc:"Hardware virtualisation the processor offers to the system."`
	Vulnerabilities []string `inv:"vulnerabilities" doc:"Known flaws the kernel says are neither absent nor mitigated, such as mds or retbleed."`
}

// Section says how the section is named, kept and read.
func (CPU) Section() Meta {
	return Meta{Name: "cpu", Doc: "Processor packages with cores, clocks, caches and microcode.", Cadence: 24 * time.Hour,
		Windows: `SMBIOS type 4, HKLM\HARDWARE\DESCRIPTION\System\CentralProcessor, GetLogicalProcessorInformationEx`, Darwin: "sysctl machdep.cpu, hw", Linux: "/proc/cpuinfo, /sys/devices/system/cpu, SMBIOS type 4"}
}

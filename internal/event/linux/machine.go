package linux

import (
	"strconv"
	"strings"

	"muster/internal/event"
)

// machineLines are of memory, processor, buses, heat and graphics.
func machineLines() []teller {
	return []teller{
		{"EDAC ", edac},
		{"[Hardware Error]", hardwareError},
		{"Memory failure: 0x", memoryFailure},
		{"PCIe Bus Error: severity=", pcieError},
		{"temperature above threshold", throttled},
		{"critical temperature reached", overheated},
		{"Kernel panic - not syncing", panicked},
		{"lockup", lockup},
		{"LOCKUP", lockup},
		{"detected", stall},
		{"BUG:", bug},
		{"kernel BUG at ", bug},
		{"Oops", oops},
		{"general protection fault", protection},
		{"RIP: ", faultPlace},
		{"pc : ", faultPlace},
		{" Comm: ", faultProgram},
		{"GPU HANG: ecode", gpuIntel},
		{"amdgpu", gpuAMD},
		{"NVRM: Xid (", gpuNvidia},
		{"nouveau ", gpuNouveau},
		{"usb ", usb},
		{"hub ", usb},
		{"xhci_hcd ", xhci},
	}
}

// edac: "EDAC MC0: 1 CE memory read error on CPU_SrcID#0_Chan#1_DIMM#0 (channel:1
// slot:0 page:0x…)". A count above one is so many errors.
func edac(text string) (Event, bool) {
	_, rest, _ := strings.Cut(text, "EDAC ")
	controller, rest, ok := strings.Cut(rest, ": ")
	n := digits(rest)
	if !ok || n == "" || strings.ContainsRune(controller, ' ') {
		return Event{}, false
	}
	rest = rest[len(n):]
	kind := event.MemoryErrorCorrected
	switch {
	case strings.HasPrefix(rest, " UE "):
		kind = event.MemoryErrorUncorrected
	case !strings.HasPrefix(rest, " CE "):
		return Event{}, false
	}
	place := ""
	if _, on, ok := strings.Cut(rest, " on "); ok {
		place, _, _ = strings.Cut(on, " (")
	}
	if place = clean(place); place == "" || place == "unknown memory" || place == "any memory" {
		place = controller
	}
	count, _ := strconv.ParseInt(n, 10, 32)
	return Event{Kind: kind, Attributes: attributes("location", place, "component", "memory"), Count: count}, true
}

// hardwareError: firmware's reports come as blocks, "{1}[Hardware Error]: event
// severity: corrected" and details with the same number; machine checks as
// "mce: [Hardware Error]: …" (kernel, drivers/firmware/efi/cper.c and
// arch/x86/kernel/cpu/mce).
func hardwareError(text string) (Event, bool) {
	block := ""
	if i := strings.Index(text, "[Hardware Error]"); i > 0 {
		block = "firmware " + between(text[:i], "{", "}")
	}
	_, rest, ok := strings.Cut(text, "[Hardware Error]:")
	if !ok {
		return Event{}, false
	}
	rest = strings.TrimSpace(rest)
	if s, ok := strings.CutPrefix(rest, "event severity: "); ok {
		switch s {
		case "corrected", "recoverable", "fatal":
			return Event{Kind: event.HardwareError, Attributes: attributes("severity", s, "component", "other"), Burst: block, Span: moment}, true
		}
		return Event{}, false
	}
	part := func(pairs ...string) (Event, bool) {
		return Event{Part: true, Rank: 1, Attributes: attributes(pairs...), Burst: block, Span: moment}, true
	}
	switch {
	case strings.Contains(rest, "Corrected error"):
		return Event{Kind: event.MemoryErrorCorrected, Attributes: attributes("component", "processor", "location", machineCheck(rest)), Burst: "mce", Span: moment}, true
	case strings.Contains(rest, "Uncorrected") && strings.Contains(text, "mce"):
		return Event{Kind: event.MemoryErrorUncorrected, Attributes: attributes("component", "processor", "location", machineCheck(rest)), Burst: "mce", Span: moment}, true
	case block == "":
	case strings.Contains(rest, "section_type: memory error"):
		return part("component", "memory")
	case strings.Contains(rest, "section_type: PCIe error"):
		return part("component", "bus")
	case strings.Contains(rest, "section_type: ") && strings.Contains(rest, "processor error"):
		return part("component", "processor")
	case strings.HasPrefix(rest, "DIMM location: "):
		return part("location", strings.TrimPrefix(rest, "DIMM location: "))
	case strings.HasPrefix(rest, "device_id: "):
		return part("location", strings.TrimPrefix(rest, "device_id: "))
	}
	return Event{}, false
}

// machineCheck is "processor 2 bank 5" of "CPU 2: Machine Check: 0 Bank 5: …".
func machineCheck(text string) string {
	cpu, bank := digits(after(text, "CPU ")), digits(after(text, "Bank "))
	switch {
	case cpu == "":
		return ""
	case bank == "":
		return "processor " + cpu
	}
	return "processor " + cpu + " bank " + bank
}

// Refined says what a report of firmware is once its block is complete: the
// catalogue has kinds of their own for memory and for corrected errors of a
// bus.
func Refined(kind string, a map[string]string) string {
	if kind != event.HardwareError {
		return kind
	}
	switch a["component"] {
	case "memory":
		if a["severity"] == "corrected" {
			return event.MemoryErrorCorrected
		}
		return event.MemoryErrorUncorrected
	case "bus":
		if a["severity"] == "corrected" {
			return event.PCIeErrorCorrected
		}
	}
	return kind
}

func memoryFailure(text string) (Event, bool) {
	page := strings.TrimRight(word(between(text+" ", "Memory failure: ", " ")), ":")
	return Event{Kind: event.MemoryErrorUncorrected, Attributes: attributes("component", "memory"), Burst: "page " + page, Span: moment}, true
}

// pcieError: "pcieport 0000:00:1c.5: PCIe Bus Error: severity=Corrected,
// type=Physical Layer"; newer kernels write Correctable.
func pcieError(text string) (Event, bool) {
	at := pciAddress(text)
	severity := between(text+",", "severity=", ",")
	switch {
	case strings.HasPrefix(severity, "Correct"):
		return Event{Kind: event.PCIeErrorCorrected, Attributes: attributes("device", at), Burst: "pcie " + at, Span: moment / 5}, true
	case strings.HasPrefix(severity, "Uncorrect"):
		how := "recoverable"
		if strings.Contains(severity, "(Fatal)") {
			how = "fatal"
		}
		return Event{Kind: event.HardwareError, Attributes: attributes("component", "bus", "location", at, "severity", how), Burst: "pcie " + at, Span: moment}, true
	}
	return Event{}, false
}

// pciAddress finds the first word that is an address of PCI: 0000:00:1c.5.
func pciAddress(text string) string {
	for w := range strings.FieldsSeq(text) {
		w = strings.Trim(w, "()[],:;")
		if len(w) < 12 || len(w) > 16 || strings.Count(w, ":") != 2 || w[len(w)-2] != '.' {
			continue
		}
		if strings.Trim(w, "0123456789abcdefABCDEF:.") == "" {
			return w
		}
	}
	return ""
}

// throttled is told for every processor: they are one.
func throttled(text string) (Event, bool) {
	if !strings.Contains(text, "cpu clock throttled") {
		return Event{}, false
	}
	return Event{Kind: event.Throttled, Attributes: attributes("reason", "heat"), Burst: "throttled", Span: moment}, true
}

// overheated: "thermal thermal_zone0: acpitz: critical temperature reached,
// shutting down".
func overheated(text string) (Event, bool) {
	before, _, _ := strings.Cut(text, "critical temperature reached")
	sensor := strings.Trim(before, ": ")
	sensor = strings.TrimSpace(sensor[strings.LastIndexByte(sensor, ':')+1:])
	sensor = strings.TrimPrefix(sensor, "thermal ")
	action := "alarm"
	if strings.Contains(text, "shutting down") || strings.Contains(text, "shutdown") {
		action = "shut_down"
	}
	return Event{Kind: event.Overheated, Attributes: attributes("sensor", sensor, "action", action), Burst: "heat " + sensor, Span: moment}, true
}

// panicked: the class is the text up to what is particular.
func panicked(text string) (Event, bool) {
	_, why, _ := strings.Cut(text, "Kernel panic - not syncing")
	return Event{Kind: event.Bugcheck, Attributes: attributes("stop_code", panicClass(why)), Burst: "panic", Span: moment}, true
}

// panicClass shortens what a panic says to what is the same next time:
// numbers, addresses and names behind a colon go.
func panicClass(s string) string {
	s = strings.Trim(clean(s), ": ")
	s, _, _ = strings.Cut(s, " exitcode=")
	if head, _, ok := strings.Cut(s, ": "); ok && head != "" {
		s = head
	}
	words := strings.Fields(s)
	for i, w := range words {
		if strings.ContainsAny(w, "0123456789") {
			words = words[:i]
			break
		}
	}
	s = strings.Trim(strings.Join(words, " "), "!,.:; ")
	if len(s) > 48 {
		s = s[:48]
	}
	return s
}

func kernelFault(fault string, rank int, pairs ...string) (Event, bool) {
	a := attributes(append(pairs, "fault", fault)...)
	return Event{Kind: event.KernelFault, Attributes: a, Burst: "oops", Span: moment, Rank: rank}, true
}

// lockup: "watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [firefox:1234]".
func lockup(text string) (Event, bool) {
	switch {
	case strings.Contains(text, "BUG: soft lockup - CPU#"):
		task := between(text, "[", "]")
		if i := strings.LastIndexByte(task, ':'); i > 0 {
			task = task[:i]
		}
		return kernelFault("lockup", 2, "program", worker(task))
	case strings.Contains(text, "Watchdog detected hard LOCKUP on cpu"):
		return kernelFault("lockup", 2)
	}
	return Event{}, false
}

func stall(text string) (Event, bool) {
	if !strings.Contains(text, "rcu: INFO: rcu_") || !strings.Contains(text, "stall") {
		return Event{}, false
	}
	return kernelFault("stall", 1)
}

func bug(text string) (Event, bool) {
	switch {
	case strings.Contains(text, "kernel BUG at "):
		return kernelFault("bug", 2)
	case strings.Contains(text, "BUG: unable to handle"), strings.Contains(text, "BUG: kernel NULL pointer dereference"):
		return kernelFault("oops", 1)
	}
	return Event{}, false
}

func oops(text string) (Event, bool) {
	i := strings.Index(text, "Oops")
	rest := text[i+len("Oops"):]
	if i > 0 && !strings.HasSuffix(text[:i], ": ") || !strings.HasPrefix(rest, ": ") && !strings.HasPrefix(rest, " - ") {
		return Event{}, false
	}
	return kernelFault("oops", 1)
}

func protection(text string) (Event, bool) {
	if !strings.HasPrefix(text, "general protection fault") {
		return Event{}, false
	}
	return kernelFault("protection_fault", 2)
}

// faultPlace: "RIP: 0010:i915_gem_object+0x12/0x340 [i915]" says in which
// driver; what is built in has no brackets.
func faultPlace(text string) (Event, bool) {
	module := between(text, " [", "]")
	if !strings.Contains(text, "+0x") || !name(module) {
		return Event{}, false
	}
	e, ok := kernelFault("", 0, "module", module)
	e.Part, e.Kind = true, ""
	return e, ok
}

// faultProgram: "CPU: 2 PID: 1234 Comm: Xorg Tainted: G".
func faultProgram(text string) (Event, bool) {
	if !strings.HasPrefix(text, "CPU: ") {
		return Event{}, false
	}
	_, task, _ := strings.Cut(text, " Comm: ")
	for _, end := range []string{" Tainted:", " Not tainted", " Kdump:"} {
		task, _, _ = strings.Cut(task, end)
	}
	e, ok := kernelFault("", 0, "program", worker(task))
	e.Part, e.Kind = true, ""
	return e, ok
}

// worker takes the number away that tells one thread of the kernel from
// another: kworker/u8:2 is a kworker.
func worker(task string) string {
	for _, kind := range []string{"kworker", "ksoftirqd", "migration", "irq", "jbd2", "cpuhp"} {
		if strings.HasPrefix(task, kind+"/") {
			return kind
		}
	}
	return task
}

func gpu(driver, device, code string) (Event, bool) {
	return Event{Kind: event.GPUHang, Attributes: attributes("driver", driver, "device", device, "code", code), Burst: "gpu " + driver + device, Span: moment}, true
}

func gpuIntel(text string) (Event, bool) {
	driver := "i915"
	if strings.HasPrefix(text, "xe ") {
		driver = "xe"
	}
	return gpu(driver, pciAddress(text), "")
}

func gpuAMD(text string) (Event, bool) {
	if !strings.Contains(text, "GPU reset begin") && !(strings.Contains(text, " ring ") && strings.Contains(text, " timeout")) {
		return Event{}, false
	}
	return gpu("amdgpu", pciAddress(text), "")
}

// gpuNvidia: "NVRM: Xid (PCI:0000:01:00): 79, pid=…" (NVIDIA, "XID Errors").
// 31 and 43 are a program's own faults, 13 too.
func gpuNvidia(text string) (Event, bool) {
	_, rest, _ := strings.Cut(text, "NVRM: Xid (")
	at, rest, ok := strings.Cut(rest, "): ")
	code := digits(strings.TrimSpace(rest))
	if !ok || code == "" {
		return Event{}, false
	}
	return gpu("nvidia", strings.TrimPrefix(at, "PCI:"), code)
}

func gpuNouveau(text string) (Event, bool) {
	if !strings.Contains(text, "fault") && !strings.Contains(text, "SCHED_ERROR") && !(strings.Contains(text, "channel") && strings.Contains(text, "killed")) {
		return Event{}, false
	}
	return gpu("nouveau", pciAddress(text), "")
}

func usb(text string) (Event, bool) {
	port := strings.TrimSuffix(word(strings.TrimPrefix(strings.TrimPrefix(text, "usb "), "hub ")), ":")
	if !strings.HasPrefix(text, "usb ") && !strings.HasPrefix(text, "hub ") || !name(port) {
		return Event{}, false
	}
	cause := ""
	switch {
	case strings.Contains(text, "over-current c"):
		cause = "over_current"
	case strings.Contains(text, "disabled by hub (EMI?)"):
		cause = "reset"
	case strings.Contains(text, ": device descriptor read/"), strings.Contains(text, ": device not accepting address"):
		cause = "no_answer"
	case strings.Contains(text, ": reset ") && strings.Contains(text, " USB device"):
		cause = "reset"
	default:
		return Event{}, false
	}
	return Event{Kind: event.USBError, Attributes: attributes("port", port, "cause", cause), Burst: "usb " + port + cause, Span: 6 * moment}, true
}

func xhci(text string) (Event, bool) {
	if !strings.Contains(text, "not responding") && !strings.Contains(text, "HC died") {
		return Event{}, false
	}
	at := pciAddress(text)
	return Event{Kind: event.USBError, Attributes: attributes("port", at, "cause", "controller"), Burst: "usb " + at, Span: moment}, true
}

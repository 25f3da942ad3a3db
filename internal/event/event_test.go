package event_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"muster/internal/event"
	"muster/internal/metric"
)

func TestEveryKindIsWhole(t *testing.T) {
	snake := regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	message := regexp.MustCompile(`^[0-9a-f]{32}$`)
	places := []string{event.Windows, event.Darwin, event.Linux, event.SNMP, event.Collector}
	units := metric.Units()
	kinds := map[string]bool{}
	for _, k := range event.Catalogue() {
		if !snake.MatchString(k.Name) || kinds[k.Name] {
			t.Errorf("kind %q is badly named or there twice", k.Name)
		}
		kinds[k.Name] = true
		if !sentence(k.Doc) {
			t.Errorf("%s: doc %q is no sentence", k.Name, k.Doc)
		}
		if got, ok := event.Lookup(k.Name); !ok || got.Name != k.Name {
			t.Errorf("Lookup(%q) = %q, %v", k.Name, got.Name, ok)
		}
		names := map[string]bool{}
		for _, a := range k.Attributes {
			if !snake.MatchString(a.Name) || names[a.Name] {
				t.Errorf("%s: attribute %q is badly named or there twice", k.Name, a.Name)
			}
			names[a.Name] = true
			if !sentence(a.Doc) {
				t.Errorf("%s.%s: doc %q is no sentence", k.Name, a.Name, a.Doc)
			}
			if a.Unit != "" && !slices.Contains(units, a.Unit) {
				t.Errorf("%s.%s: unit %q is not listed", k.Name, a.Name, a.Unit)
			}
			for _, v := range a.Values {
				if !snake.MatchString(v) {
					t.Errorf("%s.%s: value %q is not in snake_case", k.Name, a.Name, v)
				}
			}
			if len(a.Values) > 0 && a.Type != event.Text {
				t.Errorf("%s.%s: a list of values for a %s", k.Name, a.Name, a.Type)
			}
			for end, unit := range map[string]string{"_bytes": "byte", "_seconds": "second", "_percent": "percent", "_celsius": "celsius", "_hours": "hour"} {
				if strings.HasSuffix(a.Name, end) && a.Unit != unit {
					t.Errorf("%s.%s is in %q", k.Name, a.Name, a.Unit)
				}
			}
			if got, ok := k.Attribute(a.Name); !ok || got.Name != a.Name {
				t.Errorf("%s.Attribute(%q) = %v", k.Name, a.Name, ok)
			}
		}
		for _, key := range k.Key {
			if !names[key] {
				t.Errorf("%s: key %q is no attribute", k.Name, key)
			}
		}
		if len(k.Sources) == 0 {
			t.Errorf("%s comes from nowhere", k.Name)
		}
		for _, s := range k.Sources {
			if !slices.Contains(places, s.OS) || s.Where == "" {
				t.Errorf("%s: source %+v", k.Name, s)
			}
			if log := s.Channel != ""; log != (len(s.IDs) > 0) || log != (s.Provider != "") || log && s.OS != event.Windows {
				t.Errorf("%s: a record of Windows' log has channel, provider and ids: %+v", k.Name, s)
			}
			if s.Message != "" && (!message.MatchString(s.Message) || s.OS != event.Linux) {
				t.Errorf("%s: message id %q", k.Name, s.Message)
			}
			if (s.Pattern == "") != (s.Literal == "") {
				t.Errorf("%s: pattern %q without a literal, or the other way round", k.Name, s.Pattern)
			}
			if _, err := regexp.Compile(s.Pattern); err != nil {
				t.Errorf("%s: %v", k.Name, err)
			}
		}
	}
	if _, ok := event.Lookup("nothing"); ok {
		t.Error("Lookup found nothing")
	}
}

func sentence(s string) bool {
	return len(s) > 3 && strings.HasSuffix(s, ".") && s == strings.TrimSpace(s)
}

// Arguments, environments and texts of messages never leave a machine, and
// what names a person is marked.
func TestPrivacy(t *testing.T) {
	never := []string{"message", "text", "line", "arguments", "argv", "args", "command", "command_line", "environment", "content", "key", "password"}
	for _, k := range event.Catalogue() {
		for _, a := range k.Attributes {
			if slices.Contains(never, a.Name) {
				t.Errorf("%s.%s is a thing that is never taken", k.Name, a.Name)
			}
			if person := a.Name == "user" || a.Name == "by"; person && !a.Personal {
				t.Errorf("%s.%s names a person and is not marked", k.Name, a.Name)
			}
		}
	}
}

// Every identifier of Windows' log that reference/health.md and the rules
// name belongs to the kind that its rule counts, and to no other.
func TestWindowsIdentifiers(t *testing.T) {
	want := map[string]string{
		"System/disk/7":                           "disk_error",
		"System/disk/11":                          "disk_error",
		"System/disk/51":                          "disk_error",
		"System/disk/52":                          "disk_failure_predicted",
		"System/disk/153":                         "disk_error",
		"System/disk/154":                         "disk_error",
		"System/disk/157":                         "disk_removed",
		"System/storahci/129":                     "disk_error",
		"System/stornvme/129":                     "disk_error",
		"System/Ntfs/55":                          "fs_error",
		"System/Ntfs/98":                          "fs_error",
		"System/Ntfs/130":                         "fs_error",
		"System/Ntfs/137":                         "fs_error",
		"System/Microsoft-Windows-WHEA-Logger/17": "pcie_error_corrected",
		"System/Microsoft-Windows-WHEA-Logger/18": "memory_error_uncorrected",
		"System/Microsoft-Windows-WHEA-Logger/19": "memory_error_corrected",
		"System/Microsoft-Windows-WHEA-Logger/20": "memory_error_uncorrected",
		"System/Microsoft-Windows-WHEA-Logger/46": "memory_error_uncorrected",
		"System/Microsoft-Windows-WHEA-Logger/47": "memory_error_corrected",
		"System/Microsoft-Windows-Resource-Exhaustion-Detector/2004": "oom_kill",
		"System/Microsoft-Windows-Kernel-Power/41":                   "unclean_stop",
		"System/EventLog/6008":                                       "unclean_stop",
		"System/Microsoft-Windows-WER-SystemErrorReporting/1001":     "bugcheck",
		"System/Microsoft-Windows-Kernel-Processor-Power/37":         "throttled",
		"Application/Application Error/1000":                         "app_crash",
		"Application/Application Hang/1002":                          "app_hang",
		"System/Service Control Manager/7031":                        "service_failed",
		"System/Service Control Manager/7034":                        "service_failed",
		"System/volmgr/45":                                           "dump_lost",
		"System/volmgr/46":                                           "dump_lost",
		"System/volmgr/161":                                          "dump_lost",
		"System/Microsoft-Windows-WindowsUpdateClient/20":            "update_failed",
		"Application/ESENT/454":                                      "db_damaged",
		"Application/ESENT/467":                                      "db_damaged",
		"Application/ESENT/474":                                      "db_damaged",
		"Application/ESENT/481":                                      "db_damaged",
		"Application/Microsoft-Windows-User Profiles Service/1511":   "profile_damaged",
		"Application/Microsoft-Windows-User Profiles Service/1515":   "profile_damaged",
	}
	got := map[string]string{}
	for _, k := range event.Catalogue() {
		for _, s := range k.Sources {
			for _, id := range s.IDs {
				name := fmt.Sprintf("%s/%s/%d", s.Channel, s.Provider, id)
				if other, twice := got[name]; twice {
					t.Errorf("%s is both %s and %s", name, other, k.Name)
				}
				got[name] = k.Name
			}
		}
	}
	for name, kind := range want {
		if got[name] != kind {
			t.Errorf("%s is %q, want %s", name, got[name], kind)
		}
	}
}

// Lines as the systems write them, and the kind that each must become.
func TestPatterns(t *testing.T) {
	tests := []struct{ os, line, kind string }{
		{event.Linux, "Buffer I/O error on dev sda1, logical block 1234, async page read", "disk_error"},
		{event.Linux, "Buffer I/O error on device sdb, logical block 0", "disk_error"},
		{event.Linux, "blk_update_request: I/O error, dev sdb, sector 2048 op 0x0:(READ) flags 0x0", "disk_error"},
		{event.Linux, "I/O error, dev nvme0n1, sector 8 op 0x1:(WRITE) flags 0x800 phys_seg 1", "disk_error"},
		{event.Linux, "ata3.00: exception Emask 0x0 SAct 0x0 SErr 0x0 action 0x0", "disk_error"},
		{event.Linux, "ata3.00: failed command: READ DMA EXT", "disk_error"},
		{event.Linux, "nvme nvme0: I/O 24 QID 3 timeout, aborting", "disk_error"},
		{event.Linux, "nvme nvme0: controller is down; will reset: CSTS=0xffffffff, PCI_STATUS=0x10", "disk_error"},
		{event.Linux, "nvme nvme0: Removing after probe failure status: -19", "disk_removed"},
		{event.Linux, "ata2.00: disable device", "disk_removed"},
		{event.Linux, "ata2.00: disabled", "disk_removed"},
		{event.Linux, "md/raid1:md0: Disk failure on sdb1, disabling device.", "raid_degraded"},
		{event.Linux, "EXT4-fs error (device sda1): ext4_lookup:1855: inode #131: comm ls: deleted inode referenced: 9", "fs_error"},
		{event.Linux, "EXT4-fs (sda1): Remounting filesystem read-only", "fs_error"},
		{event.Linux, "XFS (dm-0): Corruption of in-memory data detected.  Shutting down filesystem", "fs_error"},
		{event.Linux, "BTRFS error (device sda3): bdev /dev/sda3 errs: wr 0, rd 1, flush 0, corrupt 0, gen 0", "fs_error"},
		{event.Linux, "EDAC MC0: 1 CE memory read error on CPU_SrcID#0_Ha#0_Chan#1_DIMM#0", "memory_error_corrected"},
		{event.Linux, "mce: [Hardware Error]: CPU 2: Corrected error, no action required.", "memory_error_corrected"},
		{event.Linux, "EDAC MC0: 1 UE memory read error on CPU_SrcID#0_Ha#0_Chan#1_DIMM#0", "memory_error_uncorrected"},
		{event.Linux, "Memory failure: 0x12345: recovery action for dirty LRU page: Recovered", "memory_error_uncorrected"},
		{event.Linux, "pcieport 0000:00:1c.5: PCIe Bus Error: severity=Corrected, type=Physical Layer", "pcie_error_corrected"},
		{event.Linux, "pcieport 0000:00:1c.5: PCIe Bus Error: severity=Correctable, type=Data Link Layer", "pcie_error_corrected"},
		{event.Linux, "pcieport 0000:00:1c.5: PCIe Bus Error: severity=Uncorrected (Fatal), type=Transaction Layer", "hardware_error"},
		{event.Linux, "{1}[Hardware Error]: event severity: recoverable", "hardware_error"},
		{event.Linux, "Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b", "bugcheck"},
		{event.Linux, "mce: CPU1: Package temperature above threshold, cpu clock throttled (total events = 3)", "throttled"},
		{event.Linux, "CPU0: Core temperature above threshold, cpu clock throttled (total events = 1)", "throttled"},
		{event.Linux, "thermal thermal_zone0: acpitz: critical temperature reached, shutting down", "overheated"},
		{event.Linux, "Out of memory: Killed process 1234 (java) total-vm:8000000kB, anon-rss:4000000kB", "oom_kill"},
		{event.Linux, "Memory cgroup out of memory: Killed process 99 (node) total-vm:1kB", "oom_kill"},
		{event.Linux, "soffice.bin[2211]: segfault at 10 ip 00007f sp 00007f error 4 in libvcl.so", "app_crash"},
		{event.Linux, "INFO: task kworker/u8:2:123 blocked for more than 120 seconds.", "app_hang"},
		{event.Darwin, "disk2s1: I/O error.", "disk_error"},
		{event.Darwin, "Previous shutdown cause: -3", "overheated"},
		{event.Darwin, "Previous shutdown cause: -60", "unclean_stop"},
		{event.Darwin, "Previous shutdown cause: 0", "unclean_stop"},
		{event.Darwin, "Service only ran for 3 seconds. Pushing respawn out by 7 seconds.", "service_failed"},
		{event.Darwin, "apfs: obj_checksum_verify:1: checksum mismatch for oid 0x1", "fs_error"},
		{event.Darwin, "fsck_apfs: The volume /dev/rdisk1s1 was found corrupt", "fs_error"},

		{event.Linux, "ata3: hard resetting link", "disk_error"},
		{event.Linux, "critical medium error, dev sdb, sector 52 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 0", "disk_error"},
		{event.Linux, "Aborting journal on device sda1-8.", "fs_error"},
		{event.Linux, "EXT4-fs (sda2): warning: mounting fs with errors, running e2fsck is recommended", "fs_error"},
		{event.Linux, "FAT-fs (sdc1): error, fat_get_cluster: invalid cluster chain (i_pos 0)", "fs_error"},
		{event.Linux, "traps: python3[812] general protection fault ip:7f12 sp:7ffc error:0 in libc.so.6[7f00+1]", "app_crash"},
		{event.Linux, "traps: calc[813] trap divide error ip:4005 sp:7ffc error:0 in calc[400000+1000]", "app_crash"},
		{event.Linux, "BUG: kernel NULL pointer dereference, address: 0000000000000008", "kernel_fault"},
		{event.Linux, "BUG: unable to handle page fault for address: ffffffffc0de0000", "kernel_fault"},
		{event.Linux, "kernel BUG at fs/ext4/inode.c:2721!", "kernel_fault"},
		{event.Linux, "Oops: 0002 [#1] PREEMPT SMP NOPTI", "kernel_fault"},
		{event.Linux, "Internal error: Oops: 96000004 [#1] SMP", "kernel_fault"},
		{event.Linux, "general protection fault, probably for non-canonical address 0xdead000000000108: 0000 [#1] SMP", "kernel_fault"},
		{event.Linux, "watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [firefox:1234]", "kernel_fault"},
		{event.Linux, "watchdog: Watchdog detected hard LOCKUP on cpu 3", "kernel_fault"},
		{event.Linux, "rcu: INFO: rcu_preempt self-detected stall on CPU", "kernel_fault"},
		{event.Linux, "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:", "kernel_fault"},
		{event.Linux, "i915 0000:00:02.0: [drm] GPU HANG: ecode 9:1:85dffffb, in Xorg [900]", "gpu_hang"},
		{event.Linux, "[drm:amdgpu_job_timedout [amdgpu]] *ERROR* ring gfx timeout, signaled seq=10, emitted seq=12", "gpu_hang"},
		{event.Linux, "amdgpu 0000:0b:00.0: amdgpu: GPU reset begin!", "gpu_hang"},
		{event.Linux, "NVRM: Xid (PCI:0000:01:00): 79, pid=1, GPU has fallen off the bus.", "gpu_hang"},
		{event.Linux, "nouveau 0000:01:00.0: fifo: fault 00 [READ] at 0000000000a00000 engine 00 [GR]", "gpu_hang"},
		{event.Linux, "usb 1-4: device descriptor read/64, error -71", "usb_error"},
		{event.Linux, "usb 1-4.2: device not accepting address 9, error -71", "usb_error"},
		{event.Linux, "usb usb1-port4: over-current condition", "usb_error"},
		{event.Linux, "hub 1-0:1.0: port 3 disabled by hub (EMI?), re-enabling...", "usb_error"},
		{event.Linux, "usb 2-3: reset SuperSpeed USB device number 4 using xhci_hcd", "usb_error"},
		{event.Linux, "usb 1-2: reset high-speed USB device number 3 using xhci_hcd", "usb_error"},
		{event.Linux, "xhci_hcd 0000:00:14.0: xHCI host controller not responding, assume dead", "usb_error"},

		// Healthy noise.
		{event.Linux, "usb 1-4: new high-speed USB device number 5 using xhci_hcd", ""},
		{event.Linux, "usb 1-4: USB disconnect, device number 5", ""},
		{event.Linux, "ata3: SATA link down (SStatus 0 SControl 300)", ""},
		{event.Linux, "amdgpu 0000:0b:00.0: amdgpu: SMU is initialized successfully!", ""},
		{event.Linux, "nouveau 0000:01:00.0: bios: version 86.04.50.00.64", ""},
		{event.Linux, "rcu: Hierarchical RCU implementation.", ""},
		{event.Linux, "ata1.00: configured for UDMA/133", ""},
		{event.Linux, "ata1: SATA link up 6.0 Gbps (SStatus 133 SControl 300)", ""},
		{event.Linux, "nvme nvme0: 8/0/0 default/read/poll queues", ""},
		{event.Linux, "EXT4-fs (sda1): mounted filesystem with ordered data mode. Quota mode: none.", ""},
		{event.Linux, "XFS (dm-0): Ending clean mount", ""},
		{event.Linux, "EDAC MC0: Giving out device to module sb_edac", ""},
		{event.Linux, "CPU0: Core temperature/speed normal", ""},
		{event.Linux, "BTRFS info (device sda3): using free space tree", ""},
		{event.Darwin, "Previous shutdown cause: 5", ""},
		{event.Darwin, "apfs_vfsop_mount: mounted volume: Macintosh HD", ""},
	}
	type pattern struct {
		kind string
		src  event.Source
		re   *regexp.Regexp
		hit  bool
	}
	var patterns []*pattern
	for _, k := range event.Catalogue() {
		for _, s := range k.Sources {
			if s.Pattern != "" {
				patterns = append(patterns, &pattern{kind: k.Name, src: s, re: regexp.MustCompile(s.Pattern)})
			}
		}
	}
	for _, x := range tests {
		var kinds []string
		for _, p := range patterns {
			if p.src.OS != x.os || !p.re.MatchString(x.line) {
				continue
			}
			p.hit = true
			kinds = append(kinds, p.kind)
			// Gatherers look for the literal first.
			if !strings.Contains(x.line, p.src.Literal) {
				t.Errorf("%q matches %q and does not hold %q", x.line, p.src.Pattern, p.src.Literal)
			}
		}
		if x.kind == "" && len(kinds) > 0 || x.kind != "" && !slices.Contains(kinds, x.kind) {
			t.Errorf("%q becomes %v, want %q", x.line, kinds, x.kind)
		}
	}
	for _, p := range patterns {
		if !p.hit {
			t.Errorf("no line tries %s: %q", p.kind, p.src.Pattern)
		}
	}
}

// The kinds that other packages, pages and the issues name.
func TestKindsThatOthersName(t *testing.T) {
	for _, name := range []string{
		"disk_error", "fs_error", "unclean_stop", "bugcheck", "app_crash", "app_hang", "link_flap", "service_failed",
		"update_failed", "memory_error_corrected", "memory_error_uncorrected", "pcie_error_corrected", "throttled",
		"overheated", "oom_kill", "dump_lost", "disk_removed", "disk_failure_predicted", "self_test_failed", "db_damaged",
		"profile_damaged", "power_source_changed", "boot", "clean_stop", "sleep", "resume", "time_changed", "user_logon",
		"driver_changed", "firmware_changed", "update_installed", "software_changed", "clone_detected",
		"sequence_conflict", "gap", "clock_wrong", "section_failed", "enrolled", "renewed", "revoked", "merged",
	} {
		if _, ok := event.Lookup(name); !ok {
			t.Errorf("%s is missing", name)
		}
	}
	for _, name := range []string{"disk_error", "fs_error", "unclean_stop", "bugcheck", "memory_error_uncorrected", "overheated", "clean_stop", "sleep"} {
		if k, _ := event.Lookup(name); !k.Urgent {
			t.Errorf("%s is not sent at once", name)
		}
	}
	// What each of the three systems can tell.
	for _, name := range []string{"disk_error", "disk_failure_predicted", "self_test_failed", "fs_error", "unclean_stop", "bugcheck", "throttled",
		"overheated", "power_source_changed", "link_flap", "app_crash", "app_hang", "service_failed", "oom_kill", "update_failed",
		"update_installed", "boot", "clean_stop", "sleep", "resume", "user_logon", "user_logoff", "time_changed", "agent_started"} {
		k, _ := event.Lookup(name)
		for _, os := range []string{event.Windows, event.Darwin, event.Linux} {
			if len(k.From(os)) == 0 {
				t.Errorf("%s has no source on %s", name, os)
			}
		}
	}
}

func TestStrings(t *testing.T) {
	for got, want := range map[string]string{
		event.Fault.String(): "fault", event.Presence.String(): "presence", event.Change.String(): "change",
		event.Operation.String(): "operation", event.Group(9).String(): "group(9)",
		event.Text.String(): "text", event.Int.String(): "int", event.Float.String(): "float", event.Bool.String(): "bool",
		event.Type(9).String(): "type(9)",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

package linux_test

import (
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"

	"muster/internal/event"
	"muster/internal/event/linux"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func pairs(list ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i+1 < len(list); i += 2 {
		m[list[i]] = list[i+1]
	}
	return m
}

type line struct {
	text, kind, disk string
	told             map[string]string
}

func lines() []line {
	return []line{
		{"Buffer I/O error on dev sda1, logical block 1234, async page read", "disk_error", "sda1", pairs("cause", "io_error", "operation", "read")},
		{"Buffer I/O error on device sdb, logical block 0", "disk_error", "sdb", pairs("cause", "io_error")},
		{"Buffer I/O error on dev dm-0, logical block 7, lost async page write", "disk_error", "dm-0", pairs("cause", "io_error", "operation", "write")},
		{"blk_update_request: I/O error, dev sdb, sector 2048 op 0x0:(READ) flags 0x0", "disk_error", "sdb", pairs("cause", "io_error", "operation", "read")},
		{"I/O error, dev nvme0n1, sector 8 op 0x1:(WRITE) flags 0x800 phys_seg 1", "disk_error", "nvme0n1", pairs("cause", "io_error", "operation", "write")},
		{"I/O error, dev mmcblk0, sector 8 op 0x3:(DISCARD) flags 0x800", "disk_error", "mmcblk0", pairs("cause", "io_error", "operation", "discard")},
		{"critical medium error, dev sda, sector 52 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 0", "disk_error", "sda", pairs("cause", "bad_block", "operation", "read")},
		{"critical target error, dev sda, sector 52 op 0x1:(WRITE) flags 0x0", "disk_error", "sda", pairs("cause", "io_error", "operation", "write")},
		{"ata3.00: exception Emask 0x0 SAct 0x0 SErr 0x0 action 0x0", "disk_error", "ata3.00", pairs("cause", "hardware")},
		{"ata3.00: exception Emask 0x10 SAct 0x40 SErr 0x4010000 action 0xe frozen", "disk_error", "ata3.00", pairs("cause", "timeout")},
		{"ata3.00: failed command: READ DMA EXT", "disk_error", "ata3.00", pairs("cause", "io_error", "operation", "read")},
		{"ata3: hard resetting link", "disk_error", "ata3", pairs("cause", "reset")},
		{"nvme nvme0: I/O 24 QID 3 timeout, aborting", "disk_error", "nvme0", pairs("cause", "timeout")},
		{"nvme nvme1: I/O tag 24 (1018) opcode 0x2 (I/O Cmd) QID 3 timeout, aborting req_op:READ(0) size:4096", "disk_error", "nvme1", pairs("cause", "timeout", "operation", "read")},
		{"nvme nvme0: controller is down; will reset: CSTS=0xffffffff, PCI_STATUS=0x10", "disk_error", "nvme0", pairs("cause", "reset")},
		{"nvme nvme0: Removing after probe failure status: -19", "disk_removed", "nvme0", nil},
		{"ata2.00: disable device", "disk_removed", "ata2.00", nil},
		{"ata2.00: disabled", "disk_removed", "ata2.00", nil},
		{"md/raid1:md0: Disk failure on sdb1, disabling device.", "raid_degraded", "sdb1", pairs("array", "md0", "state", "degraded", "member", "sdb1")},
		{"EXT4-fs error (device sda1): ext4_lookup:1855: inode #131: comm ls: deleted inode referenced: 9", "fs_error", "sda1", pairs("volume", "sda1", "cause", "corrupt")},
		{"EXT4-fs (sda1): Remounting filesystem read-only", "fs_error", "sda1", pairs("volume", "sda1", "cause", "read_only")},
		{"EXT4-fs (sda2): warning: mounting fs with errors, running e2fsck is recommended", "fs_error", "sda2", pairs("volume", "sda2", "cause", "needs_check")},
		{"Aborting journal on device sda1-8.", "fs_error", "sda1", pairs("volume", "sda1", "cause", "transaction")},
		{"Aborting journal on device dm-0-8.", "fs_error", "dm-0", pairs("volume", "dm-0", "cause", "transaction")},
		{"Aborting journal on device dm-0.", "fs_error", "dm-0", pairs("volume", "dm-0", "cause", "transaction")},
		{"XFS (dm-0): Corruption of in-memory data detected.  Shutting down filesystem", "fs_error", "dm-0", pairs("volume", "dm-0", "cause", "shut_down")},
		{"XFS (sdb1): Metadata Corruption detected at xfs_agf_read_verify", "fs_error", "sdb1", pairs("volume", "sdb1", "cause", "corrupt")},
		{"BTRFS error (device sda3): bdev /dev/sda3 errs: wr 0, rd 1, flush 0, corrupt 0, gen 0", "fs_error", "sda3", pairs("volume", "sda3", "cause", "corrupt")},
		{"BTRFS critical (device sda3 state EA): corrupt leaf", "fs_error", "sda3", pairs("volume", "sda3", "cause", "corrupt")},
		{"FAT-fs (sdc1): Filesystem has been set read-only", "fs_error", "sdc1", pairs("volume", "sdc1", "cause", "read_only")},
		{"FAT-fs (sdc1): error, fat_get_cluster: invalid cluster chain (i_pos 0)", "fs_error", "sdc1", pairs("volume", "sdc1", "cause", "corrupt")},

		{"EDAC MC0: 1 CE memory read error on CPU_SrcID#0_Ha#0_Chan#1_DIMM#0 (channel:1 slot:0 page:0x1)", "memory_error_corrected", "", pairs("location", "CPU_SrcID#0_Ha#0_Chan#1_DIMM#0", "component", "memory")},
		{"EDAC MC0: 1 UE memory read error on DIMM_B2 (channel:0 slot:1)", "memory_error_uncorrected", "", pairs("location", "DIMM_B2", "component", "memory")},
		{"EDAC MC1: 3 CE unknown error on unknown memory (page:0x0)", "memory_error_corrected", "", pairs("location", "MC1", "component", "memory")},
		{"mce: [Hardware Error]: CPU 2: Corrected error, no action required.", "memory_error_corrected", "", pairs("location", "processor 2", "component", "processor")},
		{"Memory failure: 0x12345: recovery action for dirty LRU page: Recovered", "memory_error_uncorrected", "", pairs("component", "memory")},
		{"pcieport 0000:00:1c.5: PCIe Bus Error: severity=Corrected, type=Physical Layer", "pcie_error_corrected", "", pairs("device", "0000:00:1c.5")},
		{"nvme 0000:01:00.0: PCIe Bus Error: severity=Correctable, type=Data Link Layer, (Transmitter ID)", "pcie_error_corrected", "", pairs("device", "0000:01:00.0")},
		{"pcieport 0000:00:1c.5: PCIe Bus Error: severity=Uncorrected (Fatal), type=Transaction Layer", "hardware_error", "", pairs("component", "bus", "location", "0000:00:1c.5", "severity", "fatal")},
		{"{1}[Hardware Error]: event severity: recoverable", "hardware_error", "", pairs("component", "other", "severity", "recoverable")},
		{"Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b", "bugcheck", "", pairs("stop_code", "Attempted to kill init")},
		{"Kernel panic - not syncing: Fatal exception in interrupt", "bugcheck", "", pairs("stop_code", "Fatal exception in interrupt")},
		{"mce: CPU1: Package temperature above threshold, cpu clock throttled (total events = 3)", "throttled", "", pairs("reason", "heat")},
		{"CPU0: Core temperature above threshold, cpu clock throttled (total events = 1)", "throttled", "", pairs("reason", "heat")},
		{"thermal thermal_zone0: acpitz: critical temperature reached, shutting down", "overheated", "", pairs("sensor", "acpitz", "action", "shut_down")},
		{"thermal thermal_zone0: critical temperature reached", "overheated", "", pairs("sensor", "thermal_zone0", "action", "alarm")},
		{"BUG: kernel NULL pointer dereference, address: 0000000000000008", "kernel_fault", "", pairs("fault", "oops")},
		{"BUG: unable to handle page fault for address: ffffffffc0de0000", "kernel_fault", "", pairs("fault", "oops")},
		{"kernel BUG at fs/ext4/inode.c:2721!", "kernel_fault", "", pairs("fault", "bug")},
		{"Oops: 0002 [#1] PREEMPT SMP NOPTI", "kernel_fault", "", pairs("fault", "oops")},
		{"Internal error: Oops: 96000004 [#1] SMP", "kernel_fault", "", pairs("fault", "oops")},
		{"general protection fault, probably for non-canonical address 0xdead000000000108: 0000 [#1] SMP", "kernel_fault", "", pairs("fault", "protection_fault")},
		{"watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [firefox:1234]", "kernel_fault", "", pairs("fault", "lockup", "program", "firefox")},
		{"watchdog: Watchdog detected hard LOCKUP on cpu 3", "kernel_fault", "", pairs("fault", "lockup")},
		{"rcu: INFO: rcu_preempt self-detected stall on CPU", "kernel_fault", "", pairs("fault", "stall")},
		{"i915 0000:00:02.0: [drm] GPU HANG: ecode 9:1:85dffffb, in Xorg [900]", "gpu_hang", "", pairs("driver", "i915", "device", "0000:00:02.0")},
		{"[drm:amdgpu_job_timedout [amdgpu]] *ERROR* ring gfx timeout, signaled seq=10, emitted seq=12", "gpu_hang", "", pairs("driver", "amdgpu")},
		{"amdgpu 0000:0b:00.0: amdgpu: GPU reset begin!", "gpu_hang", "", pairs("driver", "amdgpu", "device", "0000:0b:00.0")},
		{"NVRM: Xid (PCI:0000:01:00): 79, pid=1, GPU has fallen off the bus.", "gpu_hang", "", pairs("driver", "nvidia", "device", "0000:01:00", "code", "79")},
		{"nouveau 0000:01:00.0: fifo: fault 00 [READ] at 0000000000a00000 engine 00 [GR]", "gpu_hang", "", pairs("driver", "nouveau", "device", "0000:01:00.0")},
		{"usb 1-4: device descriptor read/64, error -71", "usb_error", "", pairs("port", "1-4", "cause", "no_answer")},
		{"usb 1-4.2: device not accepting address 9, error -71", "usb_error", "", pairs("port", "1-4.2", "cause", "no_answer")},
		{"usb usb1-port4: over-current condition", "usb_error", "", pairs("port", "usb1-port4", "cause", "over_current")},
		{"hub 1-0:1.0: port 3 disabled by hub (EMI?), re-enabling...", "usb_error", "", pairs("port", "1-0:1.0", "cause", "reset")},
		{"usb 2-3: reset SuperSpeed USB device number 4 using xhci_hcd", "usb_error", "", pairs("port", "2-3", "cause", "reset")},
		{"xhci_hcd 0000:00:14.0: xHCI host controller not responding, assume dead", "usb_error", "", pairs("port", "0000:00:14.0", "cause", "controller")},

		{"Out of memory: Killed process 1234 (java) total-vm:8000000kB, anon-rss:4000000kB, file-rss:8kB, shmem-rss:0kB, UID:1000", "oom_kill", "", pairs("program", "java", "memory_bytes", "4096008192", "scope", "system")},
		{"Memory cgroup out of memory: Killed process 99 (Web (Content)) total-vm:1kB", "oom_kill", "", pairs("program", "Web (Content)", "scope", "group")},
		{"Killed process 99, UID 0, (perl) total-vm:1kB, anon-rss:2kB, file-rss:0kB", "oom_kill", "", pairs("program", "perl", "memory_bytes", "2048", "scope", "system")},
		{"soffice.bin[2211]: segfault at 10 ip 00007f sp 00007f error 4 in libvcl.so[7f0+10]", "app_crash", "", pairs("program", "soffice.bin", "module", "libvcl.so", "code", "SIGSEGV")},
		{"Web Content[2211]: segfault at 0 ip 00007f sp 00007f error 4", "app_crash", "", pairs("program", "Web Content", "code", "SIGSEGV")},
		{"traps: calc[813] trap divide error ip:4005 sp:7ffc error:0 in calc[400000+1000]", "app_crash", "", pairs("program", "calc", "module", "calc", "code", "SIGFPE")},
		{"traps: python3[812] general protection fault ip:7f12 sp:7ffc error:0 in libc.so.6[7f00+1]", "app_crash", "", pairs("program", "python3", "module", "libc.so.6", "code", "SIGSEGV")},
		{"INFO: task kworker/u8:2:123 blocked for more than 120 seconds.", "app_hang", "", pairs("program", "kworker")},
		{"INFO: task mysqld:900 blocked for more than 120 seconds.", "app_hang", "", pairs("program", "mysqld")},

		// What only adds to another line.
		{"ata3.00: error: { UNC }", "disk_error", "ata3.00", pairs("cause", "bad_block")},
		{"ata3.00: error: { ICRC ABRT }", "disk_error", "ata3.00", pairs("cause", "controller")},
		{"{1}[Hardware Error]:   section_type: memory error", "", "", pairs("component", "memory")},
		{"{1}[Hardware Error]:   DIMM location: CPU0_DIMM_A1", "", "", pairs("location", "CPU0_DIMM_A1")},
		{"RIP: 0010:i915_gem_object_pin+0x12/0x340 [i915]", "", "", pairs("module", "i915")},
		{"CPU: 2 PID: 1234 Comm: Xorg Tainted: G        W", "", "", pairs("program", "Xorg")},

		// Healthy noise, and what is too easily mistaken.
		{"ata1.00: configured for UDMA/133", "none", "", nil},
		{"ata1: SATA link up 6.0 Gbps (SStatus 133 SControl 300)", "none", "", nil},
		{"I/O error, dev sr0, sector 8 op 0x0:(READ) flags 0x0", "none", "", nil},
		{"Buffer I/O error on dev fd0, logical block 0, async page read", "none", "", nil},
		{"nvme nvme0: 8/0/0 default/read/poll queues", "none", "", nil},
		{"EXT4-fs (sda1): mounted filesystem with ordered data mode. Quota mode: none.", "none", "", nil},
		{"EDAC MC0: Giving out device to module sb_edac", "none", "", nil},
		{"CPU0: Core temperature/speed normal", "none", "", nil},
		{"audit: type=1400 comm=\"x\" name=\"segfault at \"", "none", "", nil},
		{"usb 1-4: new high-speed USB device number 5 using xhci_hcd", "none", "", nil},
		{"amdgpu 0000:0b:00.0: amdgpu: SMU is initialized successfully!", "none", "", nil},
		{"", "none", "", nil},
	}
}

func TestKernelLines(t *testing.T) {
	for _, l := range lines() {
		e, ok := linux.Of(linux.Record{At: noon, Kernel: true, Text: l.text})
		if l.kind == "none" {
			if ok {
				t.Errorf("%q becomes %+v", l.text, e)
			}
			continue
		}
		if !ok {
			t.Errorf("%q is nothing, want %s", l.text, l.kind)
			continue
		}
		if e.Kind != l.kind || e.Disk != l.disk || !maps.Equal(e.Attributes, orNone(l.told)) || !e.At.Equal(noon) {
			t.Errorf("%q becomes %s on %q with %v, want %s on %q with %v", l.text, e.Kind, e.Disk, e.Attributes, l.kind, l.disk, l.told)
		}
		conform(t, l.text, e)
	}
}

func orNone(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// conform holds an event to the catalogue.
func conform(t *testing.T, text string, e linux.Event) {
	t.Helper()
	if e.Kind == "" {
		if !e.Part {
			t.Errorf("%q: no kind", text)
		}
		return
	}
	k, ok := event.Lookup(e.Kind)
	if !ok {
		t.Fatalf("%q: there is no kind %s", text, e.Kind)
	}
	for name, value := range e.Attributes {
		a, ok := k.Attribute(name)
		if !ok {
			t.Errorf("%q: %s has no attribute %s", text, e.Kind, name)
			continue
		}
		found := len(a.Values) == 0
		for _, v := range a.Values {
			found = found || v == value
		}
		if !found || len(value) > 128 {
			t.Errorf("%q: %s.%s is %q", text, e.Kind, name, value)
		}
	}
}

// TestCatalogue holds the lines to the patterns of the catalogue: what a
// pattern finds is told, and as that kind.
func TestCatalogue(t *testing.T) {
	for _, k := range event.Catalogue() {
		for _, s := range k.From(event.Linux) {
			if s.Pattern == "" {
				continue
			}
			re, tried := regexp.MustCompile(s.Pattern), false
			for _, l := range lines() {
				if l.kind == "none" || !re.MatchString(l.text) {
					continue
				}
				tried = true
				if !strings.Contains(l.text, s.Literal) {
					t.Errorf("%q matches %q and does not hold %q", l.text, s.Pattern, s.Literal)
				}
				if e, ok := linux.Of(linux.Record{Kernel: true, Text: l.text}); !ok || e.Kind != k.Name {
					t.Errorf("%q is a %s by the catalogue and becomes %q", l.text, k.Name, e.Kind)
				}
			}
			if !tried {
				t.Errorf("no line tries %s: %q", k.Name, s.Pattern)
			}
		}
	}
}

func TestRefined(t *testing.T) {
	for _, x := range []struct{ component, severity, kind string }{
		{"memory", "corrected", "memory_error_corrected"},
		{"memory", "fatal", "memory_error_uncorrected"},
		{"bus", "corrected", "pcie_error_corrected"},
		{"bus", "fatal", "hardware_error"},
		{"other", "corrected", "hardware_error"},
	} {
		if got := linux.Refined("hardware_error", pairs("component", x.component, "severity", x.severity)); got != x.kind {
			t.Errorf("%v becomes %s", x, got)
		}
	}
	if linux.Refined("disk_error", nil) != "disk_error" {
		t.Error("another kind was changed")
	}
}

func TestMessages(t *testing.T) {
	tests := []struct {
		r    linux.Record
		f    map[string]string
		kind string
		told map[string]string
	}{
		{linux.Record{MessageID: "d9b373ed55a64feb8242e02dbe79a49c", Program: "systemd"}, pairs("UNIT", "cups.service", "UNIT_RESULT", "exit-code"), "service_failed", pairs("service", "cups.service", "result", "exit-code")},
		{linux.Record{MessageID: "d9b373ed55a64feb8242e02dbe79a49c", Program: "systemd"}, pairs("UNIT", "run-x.scope", "UNIT_RESULT", "oom-kill"), "", nil},
		{linux.Record{MessageID: "d9b373ed55a64feb8242e02dbe79a49c", Program: "systemd"}, pairs("USER_UNIT", "app.service"), "", nil},
		{linux.Record{MessageID: "fc2e22bc6ee647b6b90729ab34a250b1", Text: "Process 77 (calc) of user 1000 dumped core.\n\nStack trace of thread 77:\n#0  0x00007f n/a (libcalc.so + 0x12)\n#1  0x0 main (calc + 0x1)"},
			pairs("COREDUMP_COMM", "calc", "COREDUMP_PID", "77", "COREDUMP_SIGNAL", "6"), "app_crash", pairs("program", "calc", "code", "SIGABRT", "module", "libcalc.so")},
		{linux.Record{MessageID: "d989611b15e44c9dbf31e3c81256e4ed"}, pairs("UNIT", "user@1000.service"), "oom_kill", pairs("program", "user@1000.service", "scope", "group")},
		{linux.Record{MessageID: "98268866d1d54a499c4e98921d93bc40", Text: "System is rebooting."}, nil, "clean_stop", pairs("action", "restart")},
		{linux.Record{MessageID: "98268866d1d54a499c4e98921d93bc40", Text: "System is powering down."}, nil, "clean_stop", pairs("action", "off")},
		{linux.Record{MessageID: "6bbd95ee977941e497c48be27c254128"}, nil, "sleep", nil},
		{linux.Record{MessageID: "8811e6df2a8e40f58a94cea26f8ebf14"}, nil, "resume", nil},
		{linux.Record{MessageID: "8d45620c1a4348dbb17410da57c60c66", Text: "New session 5 of user ada."}, pairs("USER_ID", "ada", "SESSION_ID", "5"), "user_logon", pairs("user", "ada")},
		{linux.Record{MessageID: "8d45620c1a4348dbb17410da57c60c66"}, pairs("USER_ID", "gdm", "SESSION_ID", "c1"), "", nil},
		{linux.Record{MessageID: "3354939424b4456d9802ca8333ed424a"}, pairs("USER_ID", "ada", "SESSION_ID", "../x"), "user_logoff", pairs("user", "ada")},
		{linux.Record{MessageID: "c7a787079b354eaaa9e77b371893cd27"}, nil, "time_changed", pairs("program", "systemd-timedated")},
		{linux.Record{MessageID: "00000000000000000000000000000000"}, nil, "", nil},
		{linux.Record{Program: "sshd", Text: "Failed password for invalid user hunter2 from 192.0.2.7 port 4711 ssh2"}, nil, "logon_failed", pairs("program", "sshd", "session", "remote")},
		{linux.Record{Program: "sshd", Text: "Failed none for ada from 192.0.2.7 port 4711 ssh2"}, nil, "", nil},
		{linux.Record{Program: "login", Text: "FAILED LOGIN (1) on '/dev/tty1' FOR 'hunter2', Authentication failure"}, nil, "logon_failed", pairs("program", "login", "session", "console")},
		{linux.Record{Program: "sudo", Text: "     ada : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/x"}, nil, "logon_failed", pairs("program", "sudo", "session", "shell")},
		{linux.Record{Program: "su", Text: "FAILED SU (to root) ada on pts/0"}, nil, "logon_failed", pairs("program", "su", "session", "shell")},
		{linux.Record{Program: "gdm-password]", Text: "pam_unix(gdm-password:auth): authentication failure; logname= uid=0 user=ada"}, nil, "logon_failed", pairs("program", "gdm-password", "session", "console")},
		{linux.Record{Program: "sshd", Text: "Accepted publickey for ada from 192.0.2.7 port 1 ssh2"}, nil, "", nil},
		{linux.Record{Program: "bash", Text: "segfault at 0"}, nil, "", nil},
	}
	for _, x := range tests {
		x.r.Field = func(name string) string { return x.f[name] }
		e, ok := linux.Of(x.r)
		if ok != (x.kind != "") || e.Kind != x.kind || ok && !maps.Equal(e.Attributes, orNone(x.told)) {
			t.Errorf("%+v %v becomes %q %v", x.r, x.f, e.Kind, e.Attributes)
		}
		if ok {
			conform(t, x.r.Text, e)
		}
		if strings.Contains(e.Session, "/") {
			t.Errorf("session %q", e.Session)
		}
		for _, v := range e.Attributes {
			if strings.Contains(v, "hunter2") {
				t.Errorf("what somebody typed as a name is told: %v", e.Attributes)
			}
		}
	}
}

func FuzzOf(f *testing.F) {
	for _, l := range lines() {
		f.Add(l.text, "", true)
	}
	f.Add("Failed password for x", "sshd", false)
	f.Fuzz(func(t *testing.T, text, program string, kernel bool) {
		for _, id := range []string{"", "fc2e22bc6ee647b6b90729ab34a250b1", "d9b373ed55a64feb8242e02dbe79a49c", "8d45620c1a4348dbb17410da57c60c66"} {
			e, ok := linux.Of(linux.Record{At: noon, Kernel: kernel, Program: program, MessageID: id, Text: text, Field: func(string) string { return text }})
			if ok {
				conform(t, text, e)
			}
		}
	})
}

func BenchmarkOf(b *testing.B) {
	r := linux.Record{Kernel: true, Text: "wlp3s0: authenticate with 02:00:5e:00:53:01 (local address=02:00:5e:00:53:02), try 1/3"}
	for b.Loop() {
		if _, ok := linux.Of(r); ok {
			b.Fatal("a healthy line")
		}
	}
}

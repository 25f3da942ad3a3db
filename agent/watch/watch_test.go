package watch

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"muster/agent/host"
	"muster/agent/watch/journal/journaltest"
	"muster/agent/watch/kmsg"
	"muster/internal/event"
)

const (
	bootA     = "0a000000-0000-4000-8000-00000000000a"
	bootB     = "0b000000-0000-4000-8000-00000000000b"
	machineID = "00112233445566778899aabbccddeeff"
)

// pc is a machine of a test: a folder of files, a kernel that says what the
// test wants, clocks.
type pc struct {
	t     *testing.T
	root  string
	data  string
	boot  time.Time // when it started
	slept atomic.Int64
	skew  atomic.Int64 // of the wall clock
	lines chan kmsg.Line
	kicks atomic.Int64
	next  uint64 // number of the spool
	w     *Watch
}

func newPC(t *testing.T) *pc {
	p := &pc{t: t, root: t.TempDir(), data: t.TempDir(), boot: time.Now(), next: 1}
	p.file("/etc/machine-id", machineID)
	p.start(bootA)
	return p
}

func (p *pc) file(name, text string) {
	p.t.Helper()
	at := filepath.Join(p.root, name)
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pc) link(name, target string) {
	p.t.Helper()
	at := filepath.Join(p.root, name)
	os.MkdirAll(filepath.Dir(at), 0o755)
	if err := os.Symlink(target, at); err != nil {
		p.t.Fatal(err)
	}
}

// start starts the machine.
func (p *pc) start(boot string) {
	p.file("/proc/sys/kernel/random/boot_id", boot+"\n")
	p.boot = time.Now()
	p.slept.Store(0)
	p.lines = make(chan kmsg.Line, 5000)
}

func (p *pc) up() time.Duration    { return time.Since(p.boot) }
func (p *pc) awake() time.Duration { return p.up() - time.Duration(p.slept.Load()) }
func (p *pc) now() time.Time       { return time.Now().Add(time.Duration(p.skew.Load())) }

// open starts the agent's watcher.
func (p *pc) open() *Watch {
	p.t.Helper()
	h := &host.Host{Root: p.root, Now: p.now, Mono: func() (time.Duration, error) { return p.up(), nil }}
	p.w = &Watch{Host: h, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Path: filepath.Join(p.data, "watched"),
		Serial: func(_ context.Context, disk string) string { return "S-" + disk }, Kick: func() { p.kicks.Add(1) },
		OpenKernel: func(*host.Host) (kernelLog, error) {
			return &kernelOf{p: p, lines: p.lines, closed: make(chan struct{})}, nil
		},
		Awake: func() (time.Duration, error) { return p.awake(), nil }}
	if err := p.w.Open(1, p.next); err != nil {
		p.t.Fatal(err)
	}
	return p.w
}

type kernelOf struct {
	p      *pc
	lines  chan kmsg.Line
	closed chan struct{}
	once   sync.Once
}

func (k *kernelOf) Next(wait time.Duration) (kmsg.Line, error) {
	select { // what is there comes before any waiting
	case l := <-k.lines:
		return l, nil
	default:
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case l := <-k.lines:
		return l, nil
	case <-k.closed:
		return kmsg.Line{}, os.ErrClosed
	case <-t.C:
		return kmsg.Line{}, kmsg.ErrNone
	}
}

func (k *kernelOf) Close() error {
	k.once.Do(func() { close(k.closed) })
	return nil
}

func (p *pc) says(number uint64, text string) {
	p.lines <- kmsg.Line{Number: number, Since: p.awake(), Level: 3, Text: text}
}

// told takes what there is to tell, as a report that is kept.
func (p *pc) told() []Event {
	p.t.Helper()
	list := p.w.Take()
	if len(list) > 0 {
		if err := p.w.Keep(1, p.next); err != nil {
			p.t.Fatal(err)
		}
		p.next++
	}
	p.w.Told()
	return list
}

// want compares events by kind, count and attributes: "disk_error x3 disk=sda".
func (p *pc) want(list []Event, want ...string) {
	p.t.Helper()
	var got []string
	for _, e := range list {
		s := e.Kind
		if e.Count > 1 {
			s += fmt.Sprintf(" x%d", e.Count)
		}
		for _, k := range slices.Sorted(maps.Keys(e.Attributes)) {
			s += " " + k + "=" + e.Attributes[k]
		}
		got = append(got, s)
		if _, ok := event.Lookup(e.Kind); !ok {
			p.t.Errorf("there is no kind %s", e.Kind)
		}
	}
	if !slices.Equal(got, want) {
		p.t.Errorf("told\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// drives lays out a disk at a port, one of NVMe, and an encrypted volume.
func (p *pc) drives() {
	p.link("/sys/block/sda", "../devices/pci0000:00/0000:00:17.0/ata3/host2/target2:0:0/2:0:0:0/block/sda")
	p.link("/sys/block/sr0", "../devices/pci0000:00/0000:00:17.0/ata4/host3/target3:0:0/3:0:0:0/block/sr0")
	d := "/sys/devices/pci0000:00/0000:00:17.0/ata3/host2/target2:0:0/2:0:0:0/block/sda"
	p.file(d+"/removable", "0\n")
	p.file(d+"/sda1/partition", "1\n")
	p.file(d+"/sda1/dev", "8:1\n")
	p.link("/sys/class/block/sda1", "../../devices/pci0000:00/0000:00:17.0/ata3/host2/target2:0:0/2:0:0:0/block/sda/sda1")
	p.link("/sys/class/block/sda", "../../devices/pci0000:00/0000:00:17.0/ata3/host2/target2:0:0/2:0:0:0/block/sda")
	p.file("/sys/class/block/dm-0/slaves/sda1/x", "")
	p.file("/sys/class/block/dm-0/dev", "254:0\n")
	p.file("/sys/class/nvme/nvme0/nvme0n1/x", "")
	p.file("/proc/self/mountinfo", "24 1 254:0 / / rw - ext4 /dev/mapper/root rw\n25 24 8:1 / /boot rw - ext4 /dev/sda1 rw\n")
}

// One failed read makes many lines: it is one event, of the right drive, with
// the cause that says most; and a storm is one with a count.
func TestLinesOfOneFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPC(t)
		p.drives()
		p.open()
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		go p.w.Run(ctx)
		time.Sleep(time.Minute)
		p.want(p.told())
		n := uint64(1)
		fail := func() {
			for _, l := range []string{
				"ata3.00: exception Emask 0x0 SAct 0x40 SErr 0x0 action 0x0",
				"ata3.00: failed command: READ FPDMA QUEUED",
				"ata3.00: error: { UNC }",
				"I/O error, dev sda, sector 52 op 0x0:(READ) flags 0x0",
				"Buffer I/O error on dev sda1, logical block 1, async page read",
				"Buffer I/O error on dev dm-0, logical block 1, async page read",
			} {
				p.says(n, l)
				n++
			}
		}
		fail()
		time.Sleep(3 * time.Second)
		if n := p.kicks.Load(); n != 1 {
			t.Errorf("%d reports were asked for at once, want 1", n)
		}
		one := "disk_error%s cause=bad_block disk=sda operation=read removable=false serial=S-sda"
		p.want(p.told(), fmt.Sprintf(one, ""))
		for range 6 {
			time.Sleep(10 * time.Second)
			fail()
		}
		time.Sleep(5 * time.Second)
		p.want(p.told(), fmt.Sprintf(one, " x6"))
		if n := p.kicks.Load(); n != 1 {
			t.Errorf("%d reports were asked for at once though it is the same fault", n)
		}
		p.says(n, "ata4.00: exception Emask 0x0 SAct 0x0 SErr 0x0 action 0x0") // a scratched disc
		p.says(n+1, "EXT4-fs error (device dm-0): ext4_lookup:1855: inode #131: comm ls: deleted inode referenced: 9")
		p.says(n+2, "{1}[Hardware Error]: event severity: corrected")
		p.says(n+3, "{1}[Hardware Error]:  Error 0, type: corrected")
		p.says(n+4, "{1}[Hardware Error]:   section_type: memory error")
		p.says(n+5, "{1}[Hardware Error]:   DIMM location: CPU0_DIMM_A1")
		p.says(n+6, "nvme nvme0: I/O 24 QID 3 timeout, aborting")
		p.says(n+7, "BUG: kernel NULL pointer dereference, address: 0000000000000008")
		p.says(n+8, "CPU: 2 PID: 1234 Comm: Xorg Tainted: G        W")
		p.says(n+9, "RIP: 0010:i915_gem_object_pin+0x12/0x340 [i915]")
		time.Sleep(3 * time.Second)
		p.want(p.told(),
			"fs_error cause=corrupt disk=sda serial=S-sda system=true volume=/",
			"memory_error_corrected component=memory location=CPU0_DIMM_A1 severity=corrected",
			"disk_error cause=timeout disk=nvme0n1 serial=S-nvme0n1",
			"kernel_fault fault=oops module=i915 program=Xorg")
		stop()
		synctest.Wait()
	})
}

// A line is told once, over a restart of the agent, over a crash before or
// behind the moment at which its report was written, and over a start of the
// machine.
func TestOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		p := newPC(t)
		p.open()
		ring := func() { // the kernel keeps its lines: each agent reads them all
			for i := range 3 {
				p.says(uint64(10+i), fmt.Sprintf("NVRM: Xid (PCI:0000:01:00): %d, pid=1", 60+i))
			}
		}
		xid := func(n int) string { return fmt.Sprintf("gpu_hang code=%d device=0000:01:00 driver=nvidia", n) }
		ring()
		p.w.CatchUp(ctx)
		list := p.w.Take()
		p.want(list, xid(60)+"") // folded by device: codes follow
		if err := p.w.Keep(1, p.next); err != nil {
			t.Fatal(err)
		}
		// It dies before the report is in the spool: told again.
		p.lines = make(chan kmsg.Line, 5000)
		p.open()
		ring()
		p.w.CatchUp(ctx)
		list = p.w.Take()
		p.want(list, xid(60))
		if err := p.w.Keep(1, p.next); err != nil {
			t.Fatal(err)
		}
		p.next++ // it is in the spool, and then it dies
		p.lines = make(chan kmsg.Line, 5000)
		p.open()
		ring()
		p.says(13, "NVRM: Xid (PCI:0000:02:00): 79, pid=1")
		p.w.CatchUp(ctx)
		p.want(p.told(), "gpu_hang code=79 device=0000:02:00 driver=nvidia")
		if err := p.w.Save(); err != nil {
			t.Fatal(err)
		}
		p.lines = make(chan kmsg.Line, 5000)
		p.open()
		p.w.CatchUp(ctx)
		p.want(p.told())
		// Numbers that are missing are said, where no journal has them.
		p.says(20, "usb 1-4: new device")
		p.w.CatchUp(ctx)
		p.want(p.told(), "log_gap lines=6 log=kernel reason=overwritten")
	})
}

// entries of a journal.
func kernelEntry(since time.Duration, text string) []string {
	return []string{"_TRANSPORT=kernel", "SYSLOG_IDENTIFIER=kernel", fmt.Sprintf("_SOURCE_MONOTONIC_TIMESTAMP=%d", since.Microseconds()), "MESSAGE=" + text}
}

func systemEntry(id, program, text string, fields ...string) []string {
	return append([]string{"_TRANSPORT=journal", "_UID=0", "SYSLOG_IDENTIFIER=" + program, "MESSAGE_ID=" + id, "MESSAGE=" + text}, fields...)
}

func bootID(text string) (id [16]byte) {
	fmt.Sscanf(strings.ReplaceAll(text, "-", ""), "%32x", new([]byte))
	for i, h := 0, strings.ReplaceAll(text, "-", ""); i < 16; i++ {
		fmt.Sscanf(h[2*i:2*i+2], "%02x", &id[i])
	}
	return id
}

// The journal tells what services and people did, and what the kernel said
// while the agent was away; not what its own log told already.
func TestJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		p := newPC(t)
		dir := filepath.Join(p.root, "var/log/journal", machineID)
		os.MkdirAll(dir, 0o755)
		j := journaltest.New(1, true, true)
		j.Boot = bootID(bootA)
		n := uint64(0)
		add := func(fields []string) {
			n++
			j.Add(n, time.Now(), fields...)
		}
		add(kernelEntry(p.up(), "I/O error, dev sdb, sector 52 op 0x0:(READ) flags 0x0"))
		j.Save(t, dir, "system.journal")
		p.open()
		p.says(1, "I/O error, dev sdb, sector 52 op 0x0:(READ) flags 0x0")
		p.w.CatchUp(ctx)
		p.want(p.told(), "disk_error cause=io_error disk=sdb operation=read serial=S-sdb")

		time.Sleep(time.Minute)
		p.file("/run/systemd/sessions/5", "UID=1000\nUSER=ada\nREMOTE=0\nTYPE=x11\nCLASS=user\nSEAT=seat0\n")
		p.file("/run/systemd/sessions/c1", "UID=120\nTYPE=wayland\nCLASS=greeter\n")
		add(systemEntry("d9b373ed55a64feb8242e02dbe79a49c", "systemd", "cups.service: Failed with result 'exit-code'.", "UNIT=cups.service", "UNIT_RESULT=exit-code"))
		add(systemEntry("8d45620c1a4348dbb17410da57c60c66", "systemd-logind", "New session 5 of user ada.", "SESSION_ID=5", "USER_ID=ada"))
		add(systemEntry("8d45620c1a4348dbb17410da57c60c66", "systemd-logind", "New session c1 of user scr.", "SESSION_ID=c1", "USER_ID=scr"))
		add(systemEntry("3354939424b4456d9802ca8333ed424a", "systemd-logind", "Removed session c1.", "SESSION_ID=c1", "USER_ID=scr"))
		add(systemEntry("3354939424b4456d9802ca8333ed424a", "systemd-logind", "Removed session 5.", "SESSION_ID=5", "USER_ID=ada"))
		add([]string{"_TRANSPORT=syslog", "_UID=0", "SYSLOG_IDENTIFIER=sshd", "MESSAGE=Failed password for hunter2 from 192.0.2.7 port 1 ssh2"})
		// Anybody can write this; root did not.
		add([]string{"_TRANSPORT=journal", "_UID=1000", "SYSLOG_IDENTIFIER=systemd", "MESSAGE_ID=d9b373ed55a64feb8242e02dbe79a49c", "UNIT=sshd.service", "MESSAGE=x"})
		add([]string{"_TRANSPORT=journal", "_UID=1000", "_COMM=systemd-coredum", "SYSLOG_IDENTIFIER=systemd-coredump", "MESSAGE_ID=fc2e22bc6ee647b6b90729ab34a250b1",
			"COREDUMP_COMM=calc", "COREDUMP_PID=77", "COREDUMP_SIGNAL=11", "MESSAGE=Process 77 (calc) dumped core."})
		p.says(2, "calc[77]: segfault at 10 ip 0 sp 0 error 4 in libcalc.so[7f0+10]")
		j.Save(t, dir, "system.journal")
		p.w.CatchUp(ctx)
		p.want(p.told(),
			"app_crash code=SIGSEGV module=libcalc.so program=calc",
			"service_failed result=exit-code service=cups.service",
			"user_logon session=console user=ada",
			"user_logoff session=console user=ada",
			"logon_failed program=sshd session=remote")

		// The agent ends; the kernel goes on, and the machine loses power.
		p.w.Ending(ctx)
		p.told()
		p.w.Save()
		p.w.Close()
		time.Sleep(time.Hour)
		add(kernelEntry(p.up(), "EXT4-fs (sdb1): Remounting filesystem read-only"))
		j.State = journaltest.Online // it was not closed
		j.Save(t, dir, "system@1-2.journal~")
		os.Remove(filepath.Join(dir, "system.journal"))
		ended := time.Now()
		time.Sleep(8 * time.Hour)
		p.start(bootB)
		j = journaltest.New(1, true, true)
		j.Boot = bootID(bootB)
		time.Sleep(time.Minute)
		add(kernelEntry(p.up(), "I/O error, dev sdc, sector 1 op 0x0:(READ) flags 0x0"))
		p.says(1, "I/O error, dev sdc, sector 1 op 0x0:(READ) flags 0x0")
		j.Save(t, dir, "system.journal")
		p.open()
		p.w.CatchUp(ctx)
		list := p.told()
		p.want(list,
			"disk_error cause=io_error disk=sdc operation=read serial=S-sdc",
			"fs_error cause=read_only disk=sdb1 serial=S-sdb1 volume=sdb1",
			"unclean_stop cause=unknown",
			"boot boot_id="+bootB)
		if len(list) == 4 && (list[2].At.Sub(ended).Abs() > time.Second || list[3].At.Sub(p.boot).Abs() > time.Second) {
			t.Errorf("stopped at %v, want %v; started at %v, want %v", list[2].At, ended, list[3].At, p.boot)
		}

		// Shut down as it should be: no word of an unclean stop.
		time.Sleep(time.Hour)
		add(systemEntry("98268866d1d54a499c4e98921d93bc40", "systemd-logind", "System is rebooting."))
		j.Save(t, dir, "system.journal")
		if !p.w.Ending(ctx) {
			t.Error("the agent does not see that the machine goes down")
		}
		p.want(p.told(), "clean_stop action=restart")
		p.w.Save()
		p.w.Close()
		j.State = journaltest.Archived
		j.Save(t, dir, "system@1-9.journal")
		time.Sleep(time.Minute)
		p.start(bootA[:35] + "c")
		p.open()
		p.w.CatchUp(ctx)
		p.want(p.told(), "boot boot_id="+bootA[:35]+"c")
	})
}

// Without any journal the sign of life that the agent leaves decides.
func TestStopsWithoutJournal(t *testing.T) {
	for _, clean := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			ctx := context.Background()
			p := newPC(t)
			p.file("/sys/class/power_supply/AC/type", "Mains\n")
			p.file("/sys/class/power_supply/AC/online", "0\n")
			p.file("/sys/class/power_supply/BAT0/type", "Battery\n")
			p.file("/sys/class/power_supply/BAT0/capacity", "31\n")
			p.open()
			run, stop := context.WithCancel(ctx)
			go p.w.Run(run)
			time.Sleep(93 * time.Second)
			p.told()
			p.w.Save()
			stop()
			synctest.Wait()
			if clean {
				p.w.Ending(ctx)
			}
			died := time.Now()
			time.Sleep(3 * time.Hour)
			p.start(bootB)
			p.open()
			p.w.CatchUp(ctx)
			list := p.told()
			if clean {
				p.want(list, "boot boot_id="+bootB)
				return
			}
			p.want(list, "unclean_stop battery_percent=31 cause=unknown on_battery=true", "boot boot_id="+bootB)
			if len(list) == 2 && died.Sub(list[0].At) > 2*time.Minute {
				t.Errorf("stopped at %v, want about %v", list[0].At, died)
			}
		})
	}
}

func TestStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPC(t)
		nic := func(up, down int) {
			p.file("/sys/class/net/eth0/carrier_up_count", fmt.Sprintln(up))
			p.file("/sys/class/net/eth0/carrier_down_count", fmt.Sprintln(down))
		}
		p.file("/sys/class/net/eth0/device/x", "")
		p.file("/sys/class/net/lo/carrier_up_count", "9")
		nic(1, 0)
		p.file("/sys/class/power_supply/AC/type", "Mains\n")
		p.file("/sys/class/power_supply/AC/online", "1\n")
		p.file("/sys/class/power_supply/BAT0/type", "Battery\n")
		p.file("/sys/class/power_supply/BAT0/capacity", "80\n")
		p.file("/sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_total_time_ms", "5000\n")
		p.open()
		ctx, stop := context.WithCancel(context.Background())
		go p.w.Run(ctx)
		time.Sleep(2*time.Minute + 3*time.Second) // never in the moment of a look
		p.want(p.told())
		nic(3, 2)
		p.file("/sys/class/power_supply/AC/online", "0\n")
		time.Sleep(2 * time.Minute)
		p.want(p.told(),
			"link_flap x2 interface=eth0 state=down",
			"link_flap x2 interface=eth0 state=up",
			"power_source_changed battery_percent=80 source=battery")
		p.skew.Store(int64(-90 * time.Second)) // somebody sets the clock
		time.Sleep(time.Minute)
		p.want(p.told(), "time_changed step_seconds=-90.000")
		p.slept.Add(int64(30 * time.Second)) // it sleeps, and its card loses the link
		nic(4, 3)
		time.Sleep(35 * time.Second)
		list := p.told()
		if len(list) != 2 || list[0].Kind != "sleep" || list[1].Kind != "resume" || list[1].Attributes["slept_seconds"] != "30" {
			t.Errorf("after sleeping: %v", list)
		}
		// The day's throttling is told when the day is over.
		p.file("/sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_total_time_ms", "65000\n")
		p.says(1, "mce: CPU1: Package temperature above threshold, cpu clock throttled (total events = 3)")
		time.Sleep(10 * time.Minute)
		p.want(p.told())
		time.Sleep(24 * time.Hour)
		p.want(p.told(), "throttled reason=heat seconds=60")
		stop()
		synctest.Wait()
	})
}

func TestDumps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPC(t)
		panics := "Panic#1 Part1\n<4>[ 912.1] RIP: 0010:nvidia_isr+0x12/0x340 [nvidia]\n<0>[ 912.3] Kernel panic - not syncing: Fatal exception in interrupt\n"
		put := func(name, text string) {
			p.file(name, text)
			now := time.Now()
			os.Chtimes(filepath.Join(p.root, name), now, now)
		}
		put("/var/lib/systemd/pstore/1772600000/dmesg.txt", panics)
		put("/sys/fs/pstore/dmesg-efi-1", "Oops#1 Part1\n<1>[ 1.1] BUG: kernel NULL pointer dereference, address: 8\n")
		p.file("/var/crash/_usr_bin_calc.1000.crash", "x")
		for range 2 {
			p.open()
			p.w.CatchUp(context.Background())
			if p.next == 1 {
				p.want(p.told(), "bugcheck dumped=true module=nvidia stop_code=Fatal exception in interrupt")
			} else {
				p.want(p.told())
			}
		}
	})
}

// Runs of apt are told when they are over, once; one that is under way waits.
func TestUpdates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPC(t)
		ctx := context.Background()
		when := func() string { return time.Now().In(time.Local).Format("2006-01-02  15:04:05") }
		log := "\nStart-Date: " + when() + "\nCommandline: apt upgrade --secret\nUpgrade: openssl:amd64 (3.0.11-1, 3.0.13-1), libssl3:amd64 (3.0.11-1, 3.0.13-1)\nEnd-Date: " + when() + "\n"
		half := "\nStart-Date: " + when() + "\nCommandline: x\nUpgrade: cups:amd64 (2.4.1-1, 2.4.2-1)\n"
		p.file("/var/log/apt/history.log", log+half)
		p.open()
		p.w.CatchUp(ctx)
		p.want(p.told(), "update_installed manager=apt update=openssl 3.0.13-1", "update_installed manager=apt update=libssl3 3.0.13-1")
		p.w.Save()
		p.file("/var/log/apt/history.log", log+half+"Error: Sub-process /usr/bin/dpkg returned an error code (1)\nEnd-Date: "+when()+"\n")
		p.open()
		p.w.CatchUp(ctx)
		p.want(p.told(), "update_failed code=1 manager=apt update=cups")
		time.Sleep(10 * time.Minute)
		p.w.CatchUp(ctx)
		p.want(p.told())
	})
}

func FuzzUpdates(f *testing.F) {
	f.Add("Start-Date: 2026-03-04  12:00:00\nUpgrade: a:amd64 (1, 2), b:all (1, 2)\nError: x (1)\nEnd-Date: x\n")
	f.Fuzz(func(t *testing.T, text string) {
		var r aptRun
		for line := range strings.Lines(text) {
			for _, e := range r.line(strings.TrimRight(line, "\n"), time.UTC) {
				if e.At.IsZero() || len(e.Attributes["update"]) > 128 || len(e.Attributes["code"]) > 128 {
					t.Errorf("%+v", e)
				}
			}
		}
	})
}

// However many different things happen, so much is told and the rest counted.
func TestStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPC(t)
		p.open()
		ctx, stop := context.WithCancel(context.Background())
		go p.w.Run(ctx)
		for i := range 4000 {
			p.says(uint64(i+1), fmt.Sprintf("prog%d[%d]: segfault at 0 ip 0 sp 0 error 4", i, i+1))
		}
		time.Sleep(30 * time.Second)
		list := p.told()
		over := list[len(list)-1]
		if len(list) != kindBurst+1 || over.Kind != event.Limited || over.Count != 4000-kindBurst || over.Attributes["section"] != "app_crash" {
			t.Errorf("%d events, the last %+v", len(list), over)
		}
		stop()
		synctest.Wait()
	})
}

func FuzzDump(f *testing.F) {
	f.Add("Panic#1 Part1\n<4>[ 912.1] RIP: 0010:x+0x12/0x340 [nvidia]\n<0>[ 912.3] Kernel panic - not syncing: Fatal\n")
	f.Fuzz(func(t *testing.T, text string) {
		e, _ := parseDump(strings.NewReader(text))
		for _, v := range e.Attributes {
			if len(v) > 128 {
				t.Error(len(v))
			}
		}
	})
}

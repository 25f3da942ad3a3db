// Package drivehealth reads what drives say of their own health: sections
// disk_health, smart_attribute and disk_selftest, and the numbers of
// smart_device, all of one asking.
//
// It owns which commands are sent to a drive, in which order, and that a drive
// that sleeps is left asleep: whether it does is asked before all else, and
// older readings stand then. Every command reads; a list says which there are,
// and nothing else leaves this package. What the answers mean is
// internal/smart's; it must not know that.
package drivehealth

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"muster/agent/gather"
	"muster/agent/gather/block"
	"muster/agent/host"
	"muster/internal/inventory"
	"muster/internal/smart"
)

// Drives asks the machine's drives. Its sections and its sampler share what
// was answered, so that each drive is asked once for all of them. It is safe
// for several goroutines.
type Drives struct {
	lock   chan struct{} // held while drives are asked
	open   opener
	from   source
	asked  time.Time
	list   []asked
	faults []string
	denied bool
	older  map[string]asked // last full answer of each drive, by serial number or name
	busy   map[string]chan asked

	mu       sync.Mutex         // guards what the sampler takes
	fresh    []asked            // answers whose numbers were not put yet
	sleepers map[string]sleeper // drives that slept when they were asked, by name
}

// sleeper is a drive that slept, and what it had done until then.
type sleeper struct {
	drive block.Drive
	done  string
}

const (
	// standing is how long an answer serves all sections.
	standing = 10 * time.Minute
	// patience is how long one drive may take to answer everything. A drive
	// that is dying takes its time for each command; one that has died never
	// gives the call back.
	patience = 25 * time.Second
	// standAtMost is how old an answer may become while its drive sleeps before
	// that is said: a disk for weekly backups is awake once in that time.
	standAtMost = 8 * 24 * time.Hour
	// maxDrives bounds how many drives are asked; a storage server has a
	// hundred.
	maxDrives = 256
)

// asked is what came of asking one drive.
type asked struct {
	drive   block.Drive
	at      time.Time
	reading smart.Reading
	asleep  bool
	done    string // what it had done, when it sleeps: its line of I/O counters
	hidden  string // why it cannot be seen, when it cannot
	failing bool   // it cannot be seen, and its driver foretells that it fails
	err     error
}

// way leads to one drive.
type way interface {
	// scsi sends a command that reads at most len(data) bytes and gives how
	// many came, and sense data when there were some.
	scsi(cdb, data []byte) (n int, sense []byte, err error)
	// admin sends an admin command of NVMe that fills data.
	admin(c nvmeCommand, data []byte) error
	close()
}

// opener opens the way to a drive; nil says that there is none on this system.
type opener func(h *host.Host, d block.Drive) (way, error)

// source is where drives are found.
type source struct {
	list func(ctx context.Context, h *host.Host) ([]block.Drive, error)
	// work is what a drive has done, in no form of use but to see that it did
	// more; asking for it wakes none.
	work func(h *host.Host, name string) string
	// again reads a drive by its name anew: another may have it by now.
	again func(h *host.Host, d block.Drive) block.Drive
	// foretold asks the driver of a drive that cannot be seen whether that is
	// going to fail; nil where no driver tells.
	foretold func(h *host.Host, d block.Drive) bool
}

// sysfs is the source of Linux.
func sysfs() source {
	return source{
		list: func(ctx context.Context, h *host.Host) ([]block.Drive, error) {
			names, err := block.Drives(h)
			if errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("sysfs is not mounted here, so drives are not known: %w", errors.ErrUnsupported)
			}
			var list []block.Drive
			for _, name := range names[:min(len(names), maxDrives+1)] {
				list = append(list, block.ReadDrive(h, name))
			}
			return list, err
		},
		work:  func(h *host.Host, name string) string { return h.Line("/sys/block/" + name + "/stat") },
		again: func(h *host.Host, d block.Drive) block.Drive { return block.ReadDrive(h, d.Name) },
	}
}

// New makes it for this system.
func New() *Drives { return with(system()) }

func with(o opener, from source) *Drives {
	return &Drives{lock: make(chan struct{}, 1), open: o, from: from, older: map[string]asked{}, busy: map[string]chan asked{},
		sleepers: map[string]sleeper{}}
}

// Read reads section disk_health.
func (s *Drives) Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	return read(ctx, s, h, func(a asked) []inventory.DiskHealth { return []inventory.DiskHealth{a.row()} })
}

// ReadAttributes reads section smart_attribute.
func (s *Drives) ReadAttributes(ctx context.Context, h *host.Host) (gather.Reading, error) {
	return read(ctx, s, h, func(a asked) []inventory.SmartAttribute { return a.reading.Attributes })
}

// ReadSelfTests reads section disk_selftest.
func (s *Drives) ReadSelfTests(ctx context.Context, h *host.Host) (gather.Reading, error) {
	return read(ctx, s, h, func(a asked) []inventory.DiskSelfTest { return a.reading.SelfTests })
}

func read[T inventory.Sectioner](ctx context.Context, s *Drives, h *host.Host, of func(asked) []T) (gather.Reading, error) {
	list, faults, denied, err := s.current(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	rows := []T{}
	told := false
	for _, a := range list {
		told = true
		rows = append(rows, of(a)...)
	}
	if denied && !told {
		return gather.Reading{}, fmt.Errorf("%s: %w", faults[0], fs.ErrPermission)
	}
	r, err := gather.Rows(rows, "drive")
	r.Faults = faults
	return r, err
}

// current gives what drives answered of late, and asks them when that is too
// long ago.
func (s *Drives) current(ctx context.Context, h *host.Host) ([]asked, []string, bool, error) {
	select {
	case s.lock <- struct{}{}:
		defer func() { <-s.lock }()
	case <-ctx.Done():
		return nil, nil, false, ctx.Err()
	}
	if age := h.Now().Sub(s.asked); !s.asked.IsZero() && age >= 0 && age < standing {
		return s.list, s.faults, s.denied, nil
	}
	if s.open == nil {
		return nil, nil, false, fmt.Errorf("drives are not asked for their health on this system yet: %w", errors.ErrUnsupported)
	}
	drives, err := s.from.list(ctx, h)
	if err != nil {
		return nil, nil, false, err
	}
	s.list, s.faults, s.denied = nil, nil, false
	if len(drives) > maxDrives {
		s.faults = append(s.faults, fmt.Sprintf("only the first %d drives are asked", maxDrives))
		drives = drives[:maxDrives]
	}
	for _, d := range drives {
		if d.Kind == "optical" {
			continue
		}
		a, err := s.patient(ctx, h, d)
		if err != nil {
			return nil, nil, false, err
		}
		s.keep(a)
	}
	s.asked = h.Now()
	return s.list, s.faults, s.denied, nil
}

// key is what a drive is remembered by.
func (a asked) key() string {
	if a.drive.Serial != "" {
		return a.drive.Serial
	}
	return a.drive.Name
}

// slept notes whether a drive slept.
func (s *Drives) slept(a asked) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sleepers, a.drive.Name)
	if a.asleep && a.err == nil && len(s.sleepers) < maxDrives {
		s.sleepers[a.drive.Name] = sleeper{a.drive, a.done}
	}
}

// answered keeps what a drive told.
func (s *Drives) answered(a asked) {
	if len(s.older) < maxDrives || s.older[a.key()].at != (time.Time{}) {
		s.older[a.key()] = a
	}
	s.mu.Lock()
	s.fresh = append(s.fresh, a)
	s.mu.Unlock()
}

// keep sorts an answer in.
func (s *Drives) keep(a asked) {
	s.slept(a)
	switch {
	case a.err == nil && a.asleep:
		old, ok := s.older[a.key()]
		if !ok {
			s.faults = append(s.faults, a.drive.Name+" sleeps and is left asleep: it is asked when it is awake")
			return
		}
		if a.at.Sub(old.at) > standAtMost {
			s.faults = append(s.faults, fmt.Sprintf("%s slept whenever it was its turn: what it told is of %s", a.drive.Name, old.at.UTC().Format(time.DateOnly)))
		}
		old.asleep, old.drive = true, a.drive
		old.reading = renamed(old.reading, a.drive.Name)
		s.list = append(s.list, old)
	case errors.Is(a.err, fs.ErrPermission):
		s.denied = true
		s.faults = append(s.faults, a.err.Error())
	case a.err != nil:
		s.faults = append(s.faults, a.drive.Name+": "+a.err.Error())
	default:
		s.list = append(s.list, a)
		if a.hidden == "" {
			s.answered(a)
		}
	}
}

// renamed gives rows the name the drive has now.
func renamed(r smart.Reading, name string) smart.Reading {
	r.Health.Disk = name
	r.Attributes, r.SelfTests = slices.Clone(r.Attributes), slices.Clone(r.SelfTests)
	for i := range r.Attributes {
		r.Attributes[i].Disk = name
	}
	for i := range r.SelfTests {
		r.SelfTests[i].Disk = name
	}
	return r
}

// patient asks one drive and does not wait for ever. A drive that never came
// back is not asked again: the call is still in the kernel.
func (s *Drives) patient(ctx context.Context, h *host.Host, d block.Drive) (asked, error) {
	done, ok := s.busy[d.Name]
	if ok {
		select {
		case <-done: // late, and by now of another time
			delete(s.busy, d.Name)
		default:
			return asked{drive: d, err: errors.New("it has not answered since it was asked the last time")}, nil
		}
	}
	done = make(chan asked, 1)
	go func() {
		a := asked{drive: d, at: h.Now()}
		defer func() {
			if p := recover(); p != nil {
				a.err = fmt.Errorf("reader crashed: %v", p)
			}
			done <- a
		}()
		s.one(h, &a)
	}()
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case a := <-done:
		return a, nil
	case <-t.C:
		s.busy[d.Name] = done
		return asked{drive: d, err: fmt.Errorf("no answer within %s", patience)}, nil
	case <-ctx.Done():
		s.busy[d.Name] = done
		return asked{}, ctx.Err()
	}
}

// one asks one drive.
func (s *Drives) one(h *host.Host, a *asked) {
	d := a.drive
	id := smart.Drive{Disk: d.Name, Serial: d.Serial, Model: d.Model, LogicalBytes: d.SectorBytes}
	if d.Kind == "emmc" {
		a.reading, a.hidden = card(h, id)
		return
	}
	if a.hidden = behind(d); a.hidden != "" {
		a.failing = s.foretold(h, d)
		return
	}
	// Read before the asking, so that work begun meanwhile counts as such.
	a.done = s.from.work(h, d.Name)
	if d.RuntimePowered == "suspended" && d.Rotational {
		a.asleep = true // opening it would wake it
		return
	}
	w, err := s.open(h, d)
	if err != nil {
		a.err = err
		return
	}
	defer w.close()
	switch {
	case d.Bus == "nvme":
		a.reading, err = askNVMe(w, id)
	case d.Where.ATA != "" || d.Bus == "usb" || d.Bus == "ide" || d.ATA:
		a.reading, err = askATA(w, id, d)
	default:
		a.reading, err = askSCSI(w, id, d)
	}
	var no hiddenError
	switch {
	case errors.Is(err, errAsleep):
		a.asleep = true
	case errors.As(err, &no):
		a.hidden = string(no)
		a.failing = s.foretold(h, d)
	case errors.Is(err, fs.ErrPermission):
		a.err = lacks(h, d)
	default:
		a.err = err
	}
}

// foretold says whether the driver of a drive that cannot be seen foretells its
// failure. That it does not says nothing: most know only what they were told.
// What hangs on USB is not asked, lest it be woken.
func (s *Drives) foretold(h *host.Host, d block.Drive) bool {
	return s.from.foretold != nil && d.Bus != "usb" && d.Kind != "virtual" && s.from.foretold(h, d)
}

// errAsleep says that the drive sleeps.
var errAsleep = errors.New("the drive sleeps")

// hiddenError says why the health of a drive cannot be seen, in words for
// people.
type hiddenError string

func (e hiddenError) Error() string { return string(e) }

// lacks says which rights are missing: one for the commands, and the device
// file belongs to root and the group disk.
func lacks(h *host.Host, d block.Drive) error {
	if h.Privileged {
		return fmt.Errorf("%s cannot be asked though the agent is root: let the container or the unit (DeviceAllow, CapabilityBoundingSet) allow it: %w", d.Name, fs.ErrPermission)
	}
	right := "CAP_SYS_RAWIO"
	if d.Bus == "nvme" {
		right = "CAP_SYS_ADMIN"
	}
	return fmt.Errorf("%s cannot be asked: run the agent as root, or give it %s and the group disk: %w", d.Name, right, fs.ErrPermission)
}

// behind says what stands before a drive so that it is not even asked.
func behind(d block.Drive) string {
	switch {
	case d.Kind == "virtual":
		return "a drive of a virtual machine: its host knows the drives below"
	case d.Bus == "spaces":
		return "a storage space, of which Windows hides the drives"
	case d.Bus == "raid" && d.Driver == "":
		return "cannot see behind the RAID controller: its maker's tool shows the drives"
	case d.Bus == "raid" && !d.ATA: // some let single drives through as they are
		return "cannot see behind the RAID controller (" + d.Driver + "): its maker's tool shows the drives"
	case d.Bus == "iscsi" || d.Bus == "fc":
		return "a volume of a storage unit, which knows its drives"
	case d.Bus == "mmc":
		return "cards of this kind do not tell"
	case d.Bus == "usb" && d.Removable:
		return "sticks and card readers do not tell"
	case d.Bus == "firewire":
		return "bridges of FireWire do not pass on questions"
	}
	return ""
}

// row is the drive's row of disk_health.
func (a asked) row() inventory.DiskHealth {
	if a.hidden != "" {
		r := inventory.DiskHealth{Disk: a.drive.Name, Serial: a.drive.Serial, Model: a.drive.Model, Protocol: a.protocol(),
			Readable: new(false), UnreadableReason: a.hidden, ReadAt: a.at}
		if a.failing {
			r.Passed = new(false)
		}
		return r
	}
	r := a.reading.Health
	r.Standby = new(a.asleep)
	r.ReadAt = a.at.Truncate(time.Second)
	return r
}

func (a asked) protocol() string {
	switch {
	case a.drive.Bus == "nvme":
		return "nvme"
	case a.drive.Kind == "emmc":
		return "emmc"
	case a.drive.Where.ATA != "" || a.drive.Bus == "ide" || a.drive.ATA:
		return "ata"
	case a.drive.Bus == "sas" || a.drive.Bus == "scsi":
		return "scsi"
	}
	return "other"
}

// Name of the sampler in logs.
func (s *Drives) Name() string { return "smart" }

// Sample puts the numbers of drives that were asked since the last time. It
// waits for none: the sections ask, at their own pace, and a drive that hangs
// must not hold up other numbers.
func (s *Drives) Sample(ctx context.Context, h *host.Host, to gather.Sink) error {
	s.wakened(ctx, h)
	s.mu.Lock()
	fresh := s.fresh
	s.fresh = nil
	s.mu.Unlock()
	for _, a := range fresh {
		labels := a.labels()
		for _, n := range a.reading.Numbers {
			to.Put("smart_device", n.Field, n.Value, labels...)
		}
		for _, x := range a.reading.Samples {
			l := append(slices.Clone(labels), "id", strconv.Itoa(int(x.ID)), "name", x.Name, "flags", x.Flags, "fail", x.Fail)
			to.Put("smart_attribute", "raw_value", x.Raw, l...)
			to.Put("smart_attribute", "value", x.Value, l...)
			to.Put("smart_attribute", "worst", x.Worst, l...)
			to.Put("smart_attribute", "threshold", x.Threshold, l...)
		}
	}
	return nil
}

// wakened has drives asked that slept when it was their turn and work now,
// which their counters of I/O tell. A disk for backups may be awake for an hour
// a day, and never when the sections are due.
func (s *Drives) wakened(ctx context.Context, h *host.Host) {
	s.mu.Lock()
	var awake []block.Drive
	for name, x := range s.sleepers {
		if s.from.work(h, name) != x.done {
			awake = append(awake, x.drive)
		}
	}
	s.mu.Unlock()
	if len(awake) == 0 {
		return
	}
	select {
	case s.lock <- struct{}{}:
	default:
		return // drives are being asked right now
	}
	ctx = context.WithoutCancel(ctx) // patience bounds it
	go func() {
		defer func() { <-s.lock }()
		for _, d := range awake {
			a, err := s.patient(ctx, h, s.from.again(h, d))
			if err != nil {
				return
			}
			s.slept(a)
			if a.err == nil && !a.asleep && a.hidden == "" {
				s.answered(a)
				s.asked = time.Time{} // the sections take it in with the next reading
			}
		}
	}()
}

// labels are those of measurement smart_device.
func (a asked) labels() []string {
	serial := a.drive.Serial
	if serial == "" {
		serial = strings.TrimSpace(a.drive.WWN + " " + a.drive.Name)
	}
	l := []string{"serial_no", serial, "device", a.drive.Name}
	for _, p := range [][2]string{
		{"model", a.reading.Health.Model},
		{"capacity", strconv.FormatInt(a.drive.SizeBytes, 10)},
		{"wwn", a.drive.WWN},
		{"enabled", "Enabled"},
	} {
		if p[1] != "" && p[1] != "0" {
			l = append(l, p[0], p[1])
		}
	}
	return l
}

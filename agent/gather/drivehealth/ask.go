package drivehealth

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"muster/agent/gather/block"
	"muster/agent/host"
	"muster/internal/smart"
)

// ata sends a command without data and gives the registers it left; nil when
// none came back, as behind many bridges.
func ata(w way, c ataCommand) (*registers, error) {
	_, raw, err := w.scsi(c.cdb(false), nil)
	if err != nil {
		return nil, err
	}
	s, err := decodeSense(raw)
	if err != nil {
		return nil, nil // an answer without sense has no registers
	}
	const failed = 1
	switch {
	case s.ata != nil && s.ata.status&failed != 0:
		return nil, fmt.Errorf("the drive refused command %02xh (error %02xh)", c.command, s.ata.fault)
	case s.ata == nil && s.key > keyRecovered:
		return nil, fmt.Errorf("command %02xh was refused (sense %x %02x %02x)", c.command, s.key, s.asc, s.ascq)
	}
	return s.ata, nil
}

// sector reads 512 bytes by a command.
func sector(w way, c ataCommand) ([]byte, error) {
	b := make([]byte, 512)
	n, raw, err := w.scsi(c.cdb(true), b)
	if err != nil {
		return nil, err
	}
	if s, err := decodeSense(raw); err == nil && s.key > keyRecovered {
		return nil, fmt.Errorf("command %02xh was refused (sense %x %02x %02x)", c.command, s.key, s.asc, s.ascq)
	}
	if n != len(b) {
		return nil, fmt.Errorf("command %02xh: %d of %d bytes came", c.command, n, len(b))
	}
	return b, nil
}

// awake asks an ATA drive by CHECK POWER MODE, which wakes none, whether it
// stands still. A drive with platters that does not say so is not asked
// further.
func awake(w way, d block.Drive) error {
	r, err := ata(w, ataCommand{command: ataCheckPower})
	var no hiddenError
	switch {
	case errors.Is(err, fs.ErrPermission), errors.As(err, &no):
		return err
	case err != nil || r == nil:
		if d.Rotational {
			return hiddenError("it does not tell whether it sleeps, and is not asked lest it be woken")
		}
		return nil
	}
	const standby, standbyY = 0x00, 0x01 // ACS-3, table "CHECK POWER MODE count"
	if r.count == standby || r.count == standbyY {
		return errAsleep
	}
	return nil
}

// askATA asks an ATA drive, directly or through a bridge that translates (SAT).
// Only what IDENTIFY DEVICE says that the drive knows is asked: a question
// that it has to refuse would stand in its error log.
func askATA(w way, id smart.Drive, d block.Drive) (smart.Reading, error) {
	if err := awake(w, d); err != nil {
		return smart.Reading{}, err
	}
	b, err := sector(w, ataCommand{command: ataIdentify})
	if err != nil {
		if d.Bus == "usb" && !errors.Is(err, fs.ErrPermission) {
			return smart.Reading{}, hiddenError("the USB bridge does not pass on ATA commands")
		}
		return smart.Reading{}, err
	}
	about, err := smart.DecodeIdentify(b)
	switch {
	case err != nil && d.Bus == "usb":
		return smart.Reading{}, hiddenError("the USB bridge does not pass on ATA commands")
	case err != nil:
		return smart.Reading{}, err
	case about.Model == "":
		return smart.Reading{}, hiddenError("what stands before the drive answers in its place")
	case !about.SMART:
		return smart.Reading{}, hiddenError("the drive keeps no record of its health (no SMART)")
	case !about.SMARTEnabled:
		return smart.Reading{}, hiddenError("SMART is switched off in the drive: switch it on with smartctl -s on")
	}
	if id.Serial == "" {
		id.Serial = about.Serial
	}
	id.Model, id.LogicalBytes = about.Model, about.LogicalBytes
	log, err := ataLogs(w, about)
	if err != nil {
		return smart.Reading{}, err
	}
	id.Medium = smart.MediumOf(about.Rotation, log.Attributes)
	return log.Reading(id), nil
}

func ataLogs(w way, about smart.Identity) (smart.ATA, error) {
	ask := func(feature, log uint8) ([]byte, error) {
		return sector(w, ataCommand{command: ataSMART, feature: feature, log: log, smart: true})
	}
	var log smart.ATA
	data, err := ask(smartReadData, 0)
	if err != nil {
		return log, fmt.Errorf("read attributes: %w", err)
	}
	limits, err := ask(smartReadThresholds, 0)
	if err != nil {
		limits = nil // dropped from the standard
	}
	table, err := smart.DecodeTable(data, limits)
	if err != nil {
		return log, err
	}
	log.Attributes, log.SelfTestStatus = table.Attributes, &table.SelfTestStatus
	if r, err := ata(w, ataCommand{command: ataSMART, feature: smartReturnStatus, smart: true}); err == nil && r != nil {
		if passed, err := smart.DecodeStatus(r.mid, r.high); err == nil {
			log.Passed = &passed
		}
	}
	// What follows is more than the least; a drive that fails at one of them
	// is told of all the same.
	if about.ErrorLog {
		if b, err := ask(smartReadLog, 0x01); err == nil {
			if n, err := smart.DecodeErrorCount(b); err == nil {
				log.Errors = &n
			}
		}
	}
	if about.SelfTest {
		if b, err := ask(smartReadLog, 0x06); err == nil {
			log.SelfTests, _ = smart.DecodeSelfTests(b)
		}
	}
	if about.SCT {
		if b, err := ask(smartReadLog, 0xe0); err == nil {
			if limit, now, err := smart.DecodeSCTStatus(b); err == nil {
				if limit != nil {
					log.WarnCelsius = *limit
				}
				log.Statistics.Celsius = now
			}
		}
	}
	if about.GeneralLog {
		statistics(w, &log.Statistics)
	}
	return log, nil
}

// statistics reads those pages of the Device Statistics log that hold
// something of use and that the drive has: the log directory tells of the log,
// its page 0 of the pages (ACS-3, annex A).
func statistics(w way, s *smart.Statistics) {
	const deviceStatistics = 0x04
	page := func(log uint8, n uint16) ([]byte, error) {
		return sector(w, ataCommand{command: ataReadLogExt, log: log, page: n})
	}
	b, err := page(0, 0)
	if err != nil {
		return
	}
	if n, err := smart.DecodeLogPages(b, deviceStatistics); err != nil || n == 0 {
		return
	}
	if b, err = page(deviceStatistics, 0); err != nil {
		return
	}
	list := b[9 : 9+min(int(b[8]), len(b)-9)]
	for _, n := range []uint8{1, 4, 5, 7} {
		if !slices.Contains(list, n) {
			continue
		}
		if b, err := page(deviceStatistics, uint16(n)); err == nil {
			_ = smart.DecodeStatistics(b, s) // a page that is not one adds nothing
		}
	}
}

// askSCSI asks a SAS or other SCSI drive by its log pages.
func askSCSI(w way, id smart.Drive, d block.Drive) (smart.Reading, error) {
	b := make([]byte, 252)
	n, raw, err := w.scsi(requestSense(len(b)), b)
	if err != nil {
		return smart.Reading{}, err
	}
	for _, text := range [][]byte{b[:n], raw} {
		if s, err := decodeSense(text); err == nil && s.asleep() {
			return smart.Reading{}, errAsleep
		}
	}
	page := func(code uint8) ([]byte, error) {
		b := make([]byte, 512)
		n, raw, err := w.scsi(logSense(code, len(b)), b)
		if err != nil {
			return nil, err
		}
		if s, err := decodeSense(raw); err == nil && s.key > keyRecovered {
			return nil, fmt.Errorf("log page %02xh was refused (sense %x %02x %02x)", code, s.key, s.asc, s.ascq)
		}
		return b[:n], nil
	}
	b, err = page(smart.PageSupported)
	if errors.Is(err, fs.ErrPermission) {
		return smart.Reading{}, err
	}
	var list []uint8
	if err == nil {
		list, err = smart.DecodeSupportedPages(b)
	}
	if err != nil || len(list) < 2 {
		return smart.Reading{}, hiddenError("the drive offers no log pages")
	}
	id.Medium = smart.SSD
	if d.Rotational {
		id.Medium = smart.HDD
	}
	var log smart.SCSI
	told := 0
	for _, code := range []uint8{smart.PageExceptions, smart.PageTemperature, smart.PageWrite, smart.PageRead, smart.PageVerify, smart.PageNonMedium,
		smart.PageStartStop, smart.PageSelfTest, smart.PageSolidState, smart.PageBackground} {
		if !slices.Contains(list, code) {
			continue
		}
		if b, err := page(code); err == nil && log.DecodeLogPage(code, b) == nil {
			told++
		}
	}
	if told == 0 {
		return smart.Reading{}, hiddenError("the drive offers no log page about its health")
	}
	head := make([]byte, 4)
	if n, _, err := w.scsi(readDefects(len(head)), head); err == nil && n == len(head) && d.Rotational {
		if n, err := smart.DecodeDefects(head); err == nil {
			log.GrownDefects = &n
		}
	}
	return log.Reading(id), nil
}

// askNVMe asks an NVMe drive.
func askNVMe(w way, id smart.Drive) (smart.Reading, error) {
	const whole = 0xffffffff // the controller, not one namespace
	log := func(page uint8, size int) ([]byte, error) {
		b := make([]byte, size)
		err := w.admin(nvmeCommand{opcode: nvmeGetLog, namespace: whole, dw10: uint32(size/4-1)<<16 | uint32(page)}, b)
		return b, err
	}
	b, err := log(nvmeLogHealth, 512)
	if err != nil {
		return smart.Reading{}, fmt.Errorf("read health log: %w", err)
	}
	health, err := smart.DecodeHealth(b)
	if err != nil {
		return smart.Reading{}, hiddenError("the drive answers with an empty log")
	}
	b = make([]byte, 4096)
	if err := w.admin(nvmeCommand{opcode: nvmeIdentify, dw10: nvmeController}, b); err == nil {
		if c, err := smart.DecodeController(b); err == nil {
			health.WarnCelsius, health.CriticalCelsius = c.WarnCelsius, c.CriticalCelsius
			if id.Serial == "" {
				id.Serial = c.Serial
			}
			if c.Model != "" {
				id.Model = c.Model
			}
			if c.SelfTest {
				if b, err := log(nvmeLogSelfTest, 564); err == nil {
					health.SelfTests, _ = smart.DecodeNVMeSelfTests(b)
				}
			}
		}
	}
	return health.Reading(id), nil
}

// card reads what the kernel keeps of an eMMC device's life time registers
// (Documentation/driver-api/mmc/mmc-dev-attrs.rst): "0x01 0x02" and "0x01".
func card(h *host.Host, id smart.Drive) (smart.Reading, string) {
	at := "/sys/block/" + id.Disk + "/device/"
	life, end := hexes(h.Line(at+"life_time")), hexes(h.Line(at+"pre_eol_info"))
	if len(life) < 2 && len(end) == 0 {
		return smart.Reading{}, "the kernel does not tell of its life time registers"
	}
	var m smart.EMMC
	if len(life) >= 2 {
		m.LifeTimeA, m.LifeTimeB = life[0], life[1]
	}
	if len(end) > 0 {
		m.PreEOL = end[0]
	}
	if m == (smart.EMMC{}) {
		return smart.Reading{}, "it does not tell how much of its life is used"
	}
	return m.Reading(id), ""
}

// hexes reads numbers such as 0x0b, as far as they are.
func hexes(s string) []uint8 {
	var list []uint8
	for _, w := range strings.Fields(s) {
		n, err := strconv.ParseUint(strings.TrimPrefix(w, "0x"), 16, 8)
		if err != nil || len(list) == 8 {
			break
		}
		list = append(list, uint8(n))
	}
	return list
}

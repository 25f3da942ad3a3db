// Package smartctl reads what smartctl --json writes, where that program is
// installed: chiefly on macOS, which lets nobody else at a drive's logs. The
// meaning is that of package smart; of smartctl's own judgement only what its
// list of drives knows better is taken (temperature, hours, power cycles).
//
// It must not know how the program is started (agent/host).
package smartctl

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"muster/internal/smart"
)

// The limits of a document.
const (
	MaxDocument   = 1 << 20
	maxAttributes = 64 // there are 30
	maxTests      = 32 // there are 21
)

// Identity is which drive a document is about. What it does not tell is empty
// or 0.
type Identity struct {
	Vendor, Family, Model       string
	Serial, Firmware            string
	WWN                         string // lower-case hexadecimal: World Wide Name or EUI-64
	SizeBytes                   int64
	LogicalBytes, PhysicalBytes int64
	RPM                         int64  // of platters
	Kind                        string // hdd, ssd, nvme
	Protocol                    string // ata, nvme, scsi
	FormFactor                  string // as "2.5 inches"
}

// Document is what one document says.
type Document struct {
	Identity Identity
	Reading  smart.Reading

	// Disagreements name what smartctl read otherwise than package smart does
	// from the same attributes; smartctl's reading was taken.
	Disagreements []string
}

// ErrNotSmartctl is returned for what smartctl did not write.
var ErrNotSmartctl = errors.New("this is no document of smartctl --json")

// Parse reads a document. The disk is disk.name, the key of the rows. A drive
// that could not be asked gives a reading that says so and why, not an error.
func Parse(b []byte, disk string) (Document, error) {
	d, tests, err := decode(b)
	if err != nil {
		return Document{}, err
	}
	id := d.identity()
	doc := Document{Identity: id}
	drive := smart.Drive{
		Disk: disk, Serial: id.Serial, Model: id.Model,
		Medium: d.medium(), LogicalBytes: id.LogicalBytes,
	}
	switch id.Protocol {
	case "nvme":
		doc.Reading = d.nvme().Reading(drive)
		if d.NVMe.Health == nil {
			doc.Reading = d.unreadable(drive, "nvme")
		}
	case "scsi":
		doc.Reading = d.scsi(tests).Reading(drive)
	case "ata":
		known := d.ata()
		doc.Reading = known.Reading(drive)
		plain := known
		plain.Known = smart.Known{}
		doc.Disagreements = differ(plain.Reading(drive), doc.Reading)
	default:
		doc.Reading = d.unreadable(drive, "other")
	}
	d.exit(&doc.Reading, drive)
	return doc, nil
}

func decode(b []byte) (document, []scsiTest, error) {
	var d document
	if len(b) > MaxDocument {
		return d, nil, fmt.Errorf("smartctl's document is larger than %d bytes", MaxDocument)
	}
	var wrong *json.UnmarshalTypeError
	for _, into := range []any{&d, &d.ATA, &d.NVMe, &d.SCSI} {
		if err := json.Unmarshal(b, into); err != nil && !errors.As(err, &wrong) {
			return d, nil, fmt.Errorf("%w: %w", ErrNotSmartctl, err)
		}
	}
	if d.Smartctl == nil && len(d.Version) == 0 {
		return d, nil, ErrNotSmartctl
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(b, &keys); err != nil {
		return d, nil, fmt.Errorf("%w: %w", ErrNotSmartctl, err)
	}
	var tests []scsiTest
	for i := range maxTests {
		raw, ok := keys["scsi_self_test_"+strconv.Itoa(i)]
		if !ok {
			break
		}
		var t scsiTest
		if err := json.Unmarshal(raw, &t); err != nil && !errors.As(err, &wrong) {
			break
		}
		tests = append(tests, t)
	}
	return d, tests, nil
}

func (d *document) identity() Identity {
	id := Identity{
		Vendor: first(d.SCSIVendor, d.Vendor), Family: string(d.ModelFamily),
		Model:  first(d.ModelName, d.SCSIModelName, d.SCSIProduct, d.Product),
		Serial: string(d.Serial), Firmware: first(d.Firmware, d.SCSIRevision, d.Revision),
		SizeBytes:    d.Capacity.Bytes.or(0, 1<<62),
		LogicalBytes: d.LogicalBlock.or(0, 1<<16), PhysicalBytes: d.PhysicalBlock.or(0, 1<<24),
		FormFactor: string(d.FormFactor.Name),
		Protocol:   d.protocol(),
	}
	switch rate := d.Rotation.or(-1, 100_000); {
	case id.Protocol == "nvme":
		id.Kind = "nvme"
	case rate > 1:
		id.Kind, id.RPM = "hdd", rate
	case rate >= 0:
		id.Kind = "ssd"
	case d.medium() != smart.Unknown:
		id.Kind = d.medium().String()
	}
	if w := d.WWN; w != nil {
		naa, oui, n := w.NAA.or(-1, 15), w.OUI.or(-1, 1<<24-1), w.ID.or(-1, 1<<36-1)
		if naa > 0 && oui >= 0 && n >= 0 {
			id.WWN = fmt.Sprintf("%x%06x%09x", naa, oui, n)
		}
	} else if hex, ok := strings.CutPrefix(strings.ToLower(string(d.LogicalUnit)), "0x"); ok && len(hex) >= 16 && len(hex) <= 32 && strings.Trim(hex, "0123456789abcdef") == "" {
		id.WWN = hex
	}
	for _, n := range d.NVMe.Namespaces {
		if id.SizeBytes == 0 {
			id.SizeBytes = n.Size.Bytes.or(0, 1<<62)
		}
		if e := n.EUI64; e != nil && id.WWN == "" {
			if oui, ext := e.OUI.or(-1, 1<<24-1), e.Ext.or(-1, 1<<40-1); oui >= 0 && ext >= 0 {
				id.WWN = fmt.Sprintf("%06x%010x", oui, ext)
			}
		}
	}
	if id.SizeBytes == 0 {
		id.SizeBytes = d.NVMe.Capacity.or(0, 1<<62)
	}
	return id
}

func first(list ...text) string {
	for _, t := range list {
		if t != "" {
			return string(t)
		}
	}
	return ""
}

// protocol is what smartctl says, or what the document has.
func (d *document) protocol() string {
	switch p := strings.ToLower(string(d.Device.Protocol)); p {
	case "ata", "nvme", "scsi":
		return p
	}
	switch {
	case d.NVMe.Health != nil:
		return "nvme"
	case len(d.ATA.Attributes.Table) > 0:
		return "ata"
	case d.SCSI.Grown.there || len(d.SCSI.Errors) > 0:
		return "scsi"
	}
	return ""
}

// medium is by the rotation rate, or by the attributes.
func (d *document) medium() smart.Medium {
	if d.protocol() == "nvme" {
		return smart.SSD
	}
	return smart.MediumOf(d.Rotation.int(), d.attributes())
}

func (d *document) attributes() []smart.Attribute {
	var list []smart.Attribute
	for _, a := range d.ATA.Attributes.Table[:min(len(d.ATA.Attributes.Table), maxAttributes)] {
		id := a.ID.or(0, 255)
		raw := a.Raw.Value.uint()
		if id == 0 || raw == nil || !a.Value.there {
			continue
		}
		s := smart.Attribute{
			ID: uint8(id), Name: string(a.Name), Flags: uint16(a.Flags.Value.or(0, 1<<16-1)),
			Normalized: uint8(a.Value.or(255, 255)), Worst: uint8(a.Worst.or(255, 255)),
			Raw: *raw & (1<<56 - 1),
		}
		if a.Thresh.there {
			s.Threshold = new(uint8(a.Thresh.or(0, 255)))
		}
		list = append(list, s)
	}
	return list
}

func (d *document) exitStatus() int64 {
	if d.Smartctl == nil {
		return 0
	}
	return d.Smartctl.ExitStatus.or(0, 255)
}

func (d *document) passed() *bool {
	if d.Status == nil {
		return nil
	}
	return d.Status.Passed.told
}

func (d *document) ata() smart.ATA {
	t := smart.ATA{
		Attributes: d.attributes(), Passed: d.passed(), ExitStatus: d.exitStatus(),
		WarnCelsius: d.Temperature.OperatingMax.or(0, 200), CriticalCelsius: d.Temperature.Max.or(0, 200),
		Known: smart.Known{
			Celsius: d.Temperature.Current.signed(), PowerCycles: d.PowerCycles.int(),
		},
	}
	if h := d.PowerOn.Hours.int(); h != nil && *h < 1<<32 {
		t.Known.PowerOnMinutes = new(*h*60 + d.PowerOn.Minutes.or(0, 59))
	}
	switch log := d.ATA.ErrorLog; {
	case log.Extended != nil:
		t.Errors = log.Extended.Count.int()
	case log.Summary != nil:
		t.Errors = log.Summary.Count.int()
	}
	if s := d.ATA.Data.SelfTest.Status.Value.int(); s != nil && *s <= 255 {
		t.SelfTestStatus = new(uint8(*s))
	}
	log := d.ATA.SelfTests.Extended
	if log == nil || len(log.Table) == 0 && d.ATA.SelfTests.Standard != nil {
		log = d.ATA.SelfTests.Standard
	}
	if log != nil {
		t.SelfTests = []smart.SelfTest{}
		for _, e := range log.Table[:min(len(log.Table), maxTests)] {
			kind, status := e.Type.Value.or(-1, 255), e.Status.Value.or(-1, 255)
			if kind < 0 || status < 0 {
				continue
			}
			lba := int64(-1)
			if n := e.LBA.int(); n != nil {
				lba = *n
			}
			t.SelfTests = append(t.SelfTests, smart.ATATest(uint8(kind), uint8(status), uint16(e.Hours.or(0, 1<<16-1)), lba))
		}
	}
	for _, p := range d.ATA.Statistics.Pages {
		for _, e := range p.Table {
			if v := e.Value.signed(); v != nil && e.Flags.Valid.is(true) {
				t.Statistics.Put(uint8(p.Number.or(0, 255)), int(e.Offset.or(0, 511)), *v)
			}
		}
	}
	if t.Statistics.PercentageUsed == nil {
		t.Statistics.PercentageUsed = d.Endurance.Used.int()
	}
	return t
}

func (d *document) nvme() smart.NVMe {
	n := smart.NVMe{
		WarnCelsius:     d.NVMe.Thresholds.Warning.or(d.Temperature.OperatingMax.or(0, 200), 200),
		CriticalCelsius: d.NVMe.Thresholds.Critical.or(d.Temperature.CriticalLimit.or(0, 200), 200),
		ExitStatus:      d.exitStatus(),
	}
	if h := d.NVMe.Health; h != nil {
		n.Warning = uint8(h.Warning.or(0, 255))
		n.Celsius, n.Spare, n.SpareThreshold, n.Used = h.Temperature.signed(), h.Spare.int(), h.SpareThreshold.int(), h.Used.int()
		n.DataRead, n.DataWritten = h.Read.uint(), h.Written.uint()
		n.PowerCycles, n.PowerOnHours, n.Unsafe = h.Cycles.uint(), h.Hours.uint(), h.Unsafe.uint()
		n.MediaErrors, n.LogEntries = h.MediaErrors.uint(), h.LogEntries.uint()
		n.WarningTime, n.CriticalTime = h.WarningTime.uint(), h.CriticalTime.uint()
	}
	if n.Spare == nil {
		n.Spare, n.SpareThreshold = d.Spare.Current.int(), d.Spare.Threshold.int()
	}
	if n.Used == nil {
		n.Used = d.Endurance.Used.int()
	}
	if log := d.NVMe.SelfTests; log != nil {
		n.SelfTests = []smart.SelfTest{}
		for _, e := range log.Table[:min(len(log.Table), maxTests)] {
			code, result := e.Code.Value.or(-1, 15), e.Result.Value.or(-1, 15)
			if code < 0 || result < 0 || result == 15 {
				continue
			}
			hours := uint64(e.Hours.or(0, 1<<40))
			n.SelfTests = append(n.SelfTests, smart.NVMeTest(uint8(code), uint8(result), hours, e.LBA.uint()))
		}
	}
	return n
}

func (d *document) scsi(tests []scsiTest) smart.SCSI {
	s := smart.SCSI{
		Passed: d.passed(), ExitStatus: d.exitStatus(),
		Celsius: d.Temperature.Current.signed(), TripCelsius: d.Temperature.Trip.signed(),
		GrownDefects: d.SCSI.Grown.int(), Used: d.SCSI.Used.int(),
		StartStops: d.SCSI.StartStop.Starts.int(), LoadCycles: d.SCSI.StartStop.Loads.int(),
	}
	if s.Used == nil {
		s.Used = d.Endurance.Used.int()
	}
	if h := d.PowerOn.Hours.int(); h != nil && *h < 1<<32 {
		s.PowerOnMinutes = new(*h*60 + d.PowerOn.Minutes.or(0, 59))
	}
	for _, page := range []string{"write", "read", "verify"} {
		e, ok := d.SCSI.Errors[page]
		if !ok {
			continue
		}
		if n := e.Uncorrected.int(); n != nil {
			s.Uncorrected = append(s.Uncorrected, *n)
		}
		if g := e.Gigabytes; g.there && g.float >= 0 && g.float < 1e9 {
			switch page {
			case "read":
				s.ReadBytes = new(int64(g.float * 1e9))
			case "write":
				s.WrittenBytes = new(int64(g.float * 1e9))
			}
		}
	}
	if tests != nil {
		s.SelfTests = []smart.SelfTest{}
	}
	for _, t := range tests {
		code, result := t.Code.Value.or(-1, 7), t.Result.Value.or(-1, 15)
		if code < 0 || result < 0 {
			continue
		}
		lba := uint64(1<<64 - 1)
		if n := t.LBA.Value.uint(); n != nil {
			lba = *n
		}
		s.SelfTests = append(s.SelfTests, smart.SCSITest(uint8(code), uint8(result), uint64(t.PowerOn.Hours.or(0, 1<<32)), lba))
	}
	return s
}

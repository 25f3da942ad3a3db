package drivehealth

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"muster/agent/gather/block"
	"muster/internal/inventory"
	"muster/internal/smart"
)

// corpus holds what smartctl said of real drives, one document a line.
var corpus = filepath.Join("..", "..", "..", "..", "shared", "healthdata", "dev", "smartctl_json.jsonl.gz")

type document struct {
	Device struct {
		Protocol string `json:"protocol"`
	} `json:"device"`
	Model    string   `json:"model_name"`
	Rotation *float64 `json:"rotation_rate"`
	Status   *struct {
		Passed *bool `json:"passed"`
	} `json:"smart_status"`
	Temperature struct {
		Current *float64 `json:"current"`
		Trip    *float64 `json:"drive_trip"`
	} `json:"temperature"`
	PowerOn struct {
		Hours   *float64 `json:"hours"`
		Minutes float64  `json:"minutes"`
	} `json:"power_on_time"`
	Cycles *float64 `json:"power_cycle_count"`
	ATA    struct {
		Table []struct {
			ID                   uint8
			Value, Worst, Thresh uint8
			Flags                struct{ Value uint16 }
			Raw                  struct{ Value uint64 }
		}
	} `json:"ata_smart_attributes"`
	NVMe *struct {
		Warning     uint8   `json:"critical_warning"`
		Temperature uint8   `json:"temperature"`
		Spare       uint8   `json:"available_spare"`
		Threshold   uint8   `json:"available_spare_threshold"`
		Used        uint8   `json:"percentage_used"`
		Read        float64 `json:"data_units_read"`
		Written     float64 `json:"data_units_written"`
		Cycles      float64 `json:"power_cycles"`
		Hours       float64 `json:"power_on_hours"`
		Unsafe      float64 `json:"unsafe_shutdowns"`
		Media       float64 `json:"media_errors"`
		Entries     float64 `json:"num_err_log_entries"`
		Warm        float64 `json:"warning_temp_time"`
		Hot         float64 `json:"critical_comp_time"`
	} `json:"nvme_smart_health_information_log"`
	Grown  *float64 `json:"scsi_grown_defect_list"`
	Errors map[string]struct {
		Gigabytes   string  `json:"gigabytes_processed"`
		Uncorrected float64 `json:"total_uncorrected_errors"`
	} `json:"scsi_error_counter_log"`
	StartStop struct {
		Starts *float64 `json:"accumulated_start_stop_cycles"`
		Loads  *float64 `json:"accumulated_load_unload_cycles"`
	} `json:"scsi_start_stop_cycle_counter"`
}

// TestRealDrives lays the values of real drives out in pages as drives give
// them, lets a played drive answer with those, and holds what is read of it
// against what smartctl told of the real one.
func TestRealDrives(t *testing.T) {
	f, err := os.Open(corpus)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not there: values of real drives are not compared", corpus)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 4<<20)
	drives, checks := map[string]int{}, map[string]int{}
	for lines.Scan() {
		var line struct{ Doc json.RawMessage }
		var d document
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(line.Doc, &d); err != nil {
			continue // a document made to be wrong
		}
		same := func(what string, got float64, want *float64) {
			if want == nil {
				return
			}
			checks[what]++
			if got != *want && !(math.IsNaN(got) && *want == 0) {
				t.Errorf("%s %s: %s is %v, want %v", d.Device.Protocol, d.Model, what, got, *want)
			}
		}
		var r smart.Reading
		switch {
		case d.NVMe != nil:
			n := d.NVMe
			played := &disk{health: nvmeHealth(n.Warning, n.Temperature, n.Spare, n.Threshold, n.Used, map[int]uint64{
				32: uint64(n.Read), 48: uint64(n.Written), 112: uint64(n.Cycles), 128: uint64(n.Hours), 144: uint64(n.Unsafe),
				160: uint64(n.Media), 176: uint64(n.Entries)}, [2]uint32{uint32(n.Warm), uint32(n.Hot)})}
			r, err = askNVMe(played, smart.Drive{Disk: "nvme0n1", Serial: "S", Model: d.Model})
			same("wear", r.Number("percentage_used"), new(float64(n.Used)))
			same("media errors", r.Number("media_errors"), &n.Media)
			same("unsafe shutdowns", r.Number("unsafe_shutdowns"), &n.Unsafe)
			same("spare", r.Number("available_spare"), new(float64(n.Spare)))
			same("written", r.Number("written_bytes"), new(n.Written*512_000))
		case d.Device.Protocol == "SCSI":
			r, err = askSCSI(d.sas(), smart.Drive{Disk: "sda", Serial: "S", Model: d.Model}, block.Drive{Rotational: d.Rotation == nil || *d.Rotation > 0})
			same("grown defects", r.Number("reallocated_sectors_count"), d.Grown)
			var sum float64
			for _, e := range d.Errors {
				sum += e.Uncorrected
			}
			same("uncorrected", r.Number("uncorrectable_errors"), &sum)
			if h := r.Health.StartStops; h != nil {
				same("starts", float64(*h), d.StartStop.Starts)
			}
		case len(d.ATA.Table) > 0:
			r, err = d.ata(same)
		default:
			continue
		}
		if err != nil {
			t.Errorf("%s %s: %v", d.Device.Protocol, d.Model, err)
			continue
		}
		drives[d.Device.Protocol]++
		if d.contradictory() {
			continue
		}
		if d.Temperature.Current != nil && *d.Temperature.Current > 0 {
			same("temperature", r.Number("temp_c"), d.Temperature.Current)
		}
		if d.PowerOn.Hours != nil {
			same("hours", r.Number("power_on_hours"), d.PowerOn.Hours)
		}
		if d.Status != nil && d.Status.Passed != nil && d.NVMe == nil {
			checks["verdict"]++
			if p := r.Health.Passed; p == nil || *p != *d.Status.Passed {
				t.Errorf("%s: verdict differs", d.Model)
			}
		}
		if d.NVMe != nil || d.Device.Protocol == "ATA" {
			same("power cycles", r.Number("power_cycle_count"), d.Cycles)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	t.Logf("drives %v, comparisons %v", drives, checks)
	if drives["ATA"] < 50 || drives["NVMe"] < 30 || drives["SCSI"] < 4 || checks["reallocated"] < 40 || checks["pending"] < 30 {
		t.Error("too few drives were compared")
	}
}

// contradictory finds documents that somebody changed by hand, so that their
// summary is not of their own attributes.
func (d document) contradictory() bool {
	for _, a := range d.ATA.Table {
		if a.ID == 12 && d.Cycles != nil && float64(a.Raw.Value) != *d.Cycles {
			return true
		}
	}
	return false
}

func (d document) ata(same func(string, float64, *float64)) (smart.Reading, error) {
	var list []attribute
	for _, a := range d.ATA.Table {
		list = append(list, attribute{id: a.ID, normalized: a.Value, worst: a.Worst, threshold: a.Thresh, flags: a.Flags.Value, raw: a.Raw.Value})
	}
	rotation := uint16(0)
	if d.Rotation != nil {
		rotation = uint16(max(*d.Rotation, 1))
	}
	if d.Model == "" {
		d.Model = "left out"
	}
	played := ataDisk(d.Model, "S", rotation, list)
	if d.Status != nil && d.Status.Passed != nil && !*d.Status.Passed {
		played.status = [2]byte{0xf4, 0x2c}
	}
	r, err := askATA(played, smart.Drive{Disk: "sda", Serial: "S"}, block.Drive{Rotational: rotation > 1, Where: block.Attached{ATA: "ata1"}})
	for _, a := range d.ATA.Table {
		i := slices.IndexFunc(r.Attributes, func(x inventory.SmartAttribute) bool { return x.Attribute == int64(a.ID) })
		if i < 0 {
			same("attribute "+strconv.Itoa(int(a.ID)), math.NaN(), new(float64(a.Raw.Value)))
			continue
		}
		x := r.Attributes[i]
		same("normalized", float64(*x.Normalized), new(float64(a.Value)))
		same("worst", float64(*x.Worst), new(float64(a.Worst)))
		if a.Raw.Value < 1<<48 {
			same("raw", float64(*x.Raw), new(float64(a.Raw.Value)))
		}
		if x.Threshold != nil {
			same("threshold", float64(*x.Threshold), new(float64(a.Thresh)))
		}
		if a.Raw.Value < 1<<16 && a.Raw.Value < 65528 {
			switch a.ID {
			case 5:
				same("reallocated", r.Number("reallocated_sectors_count"), new(float64(a.Raw.Value)))
			case 197:
				same("pending", r.Number("pending_sector_count"), new(float64(a.Raw.Value)))
			case 199:
				same("garbled", r.Number("udma_crc_errors"), new(float64(a.Raw.Value)))
			}
		}
	}
	return r, err
}

// sas lays the document of a SAS drive out in log pages.
func (d document) sas() *disk {
	pages := map[byte][]byte{}
	good := []byte{0, 0, 0}
	if d.Status != nil && d.Status.Passed != nil && !*d.Status.Passed {
		good[0] = 0x5d
	}
	pages[smart.PageExceptions] = logPage(smart.PageExceptions, 0, good)
	if c := d.Temperature.Current; c != nil {
		trip := byte(255)
		if d.Temperature.Trip != nil {
			trip = byte(*d.Temperature.Trip)
		}
		pages[smart.PageTemperature] = logPage(smart.PageTemperature, 0, []byte{0, byte(*c)}, 1, []byte{0, trip})
	}
	for name, code := range map[string]byte{"write": smart.PageWrite, "read": smart.PageRead, "verify": smart.PageVerify} {
		if e, ok := d.Errors[name]; ok {
			bytes, _ := strconv.ParseFloat(e.Gigabytes, 64)
			pages[code] = logPage(code, 5, number(uint64(bytes*1e9)), 6, number(uint64(e.Uncorrected)))
		}
	}
	if h := d.PowerOn.Hours; h != nil {
		pages[smart.PageBackground] = logPage(smart.PageBackground, 0, append(number(uint64(*h*60 + d.PowerOn.Minutes))[4:], make([]byte, 8)...))
	}
	if s := d.StartStop.Starts; s != nil {
		pages[smart.PageStartStop] = logPage(smart.PageStartStop, 4, number(uint64(*s))[4:])
	}
	list := []byte{0}
	for code := range pages {
		list = append(list, code)
	}
	pages[0] = append([]byte{0, 0, 0, byte(len(list))}, list...)
	var defects []byte
	if d.Grown != nil {
		n := int(*d.Grown) * 8
		defects = []byte{0, 1<<3 | 4, byte(n >> 8), byte(n)}
	}
	return &disk{pages: pages, defects: defects}
}

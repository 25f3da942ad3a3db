package smartctl

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// document is the part of smartctl's JSON (format 1.0) that is read. Fields
// come and go between versions, and types change: what is of another type
// than here is as good as absent.
type document struct {
	Version  []number `json:"json_format_version"`
	Smartctl *struct {
		Version    []number  `json:"version"`
		ExitStatus number    `json:"exit_status"`
		Messages   []message `json:"messages"`
	} `json:"smartctl"`
	Device struct {
		Name     text `json:"name"`
		Protocol text `json:"protocol"`
	} `json:"device"`

	ModelFamily   text   `json:"model_family"`
	ModelName     text   `json:"model_name"`
	SCSIModelName text   `json:"scsi_model_name"`
	Vendor        text   `json:"vendor"`
	SCSIVendor    text   `json:"scsi_vendor"`
	Product       text   `json:"product"`
	SCSIProduct   text   `json:"scsi_product"`
	Revision      text   `json:"revision"`
	SCSIRevision  text   `json:"scsi_revision"`
	Serial        text   `json:"serial_number"`
	Firmware      text   `json:"firmware_version"`
	LogicalUnit   text   `json:"logical_unit_id"`
	LogicalBlock  number `json:"logical_block_size"`
	PhysicalBlock number `json:"physical_block_size"`
	Rotation      number `json:"rotation_rate"`
	WWN           *struct {
		NAA number `json:"naa"`
		OUI number `json:"oui"`
		ID  number `json:"id"`
	} `json:"wwn"`
	FormFactor struct {
		Name text `json:"name"`
	} `json:"form_factor"`
	Capacity struct {
		Bytes number `json:"bytes"`
	} `json:"user_capacity"`

	Status *struct {
		Passed truth `json:"passed"`
	} `json:"smart_status"`
	Support *struct {
		Available truth `json:"available"`
		Enabled   truth `json:"enabled"`
	} `json:"smart_support"`
	Temperature struct {
		Current       number `json:"current"`
		Trip          number `json:"drive_trip"`
		OperatingMax  number `json:"op_limit_max"`
		Max           number `json:"limit_max"`
		CriticalLimit number `json:"critical_limit_max"`
	} `json:"temperature"`
	PowerOn struct {
		Hours   number `json:"hours"`
		Minutes number `json:"minutes"`
	} `json:"power_on_time"`
	PowerCycles number `json:"power_cycle_count"`
	Endurance   struct {
		Used number `json:"current_percent"`
	} `json:"endurance_used"`
	Spare struct {
		Current   number `json:"current_percent"`
		Threshold number `json:"threshold_percent"`
	} `json:"spare_available"`

	// Read from the same document by themselves, to keep apart what is of one
	// protocol.
	ATA  ata  `json:"-"`
	NVMe nvme `json:"-"`
	SCSI scsi `json:"-"`
}

type message struct {
	Text     text `json:"string"`
	Severity text `json:"severity"`
}

type value struct {
	Value number `json:"value"`
}

type ata struct {
	Attributes struct {
		Table []attribute `json:"table"`
	} `json:"ata_smart_attributes"`
	Data struct {
		SelfTest struct {
			Status value `json:"status"`
		} `json:"self_test"`
	} `json:"ata_smart_data"`
	ErrorLog struct {
		Summary  *count `json:"summary"`
		Extended *count `json:"extended"`
	} `json:"ata_smart_error_log"`
	SelfTests struct {
		Standard *ataTests `json:"standard"`
		Extended *ataTests `json:"extended"`
	} `json:"ata_smart_self_test_log"`
	Statistics struct {
		Pages []struct {
			Number number `json:"number"`
			Table  []struct {
				Offset number `json:"offset"`
				Value  number `json:"value"`
				Flags  struct {
					Valid truth `json:"valid"`
				} `json:"flags"`
			} `json:"table"`
		} `json:"pages"`
	} `json:"ata_device_statistics"`
}

type attribute struct {
	ID     number `json:"id"`
	Name   text   `json:"name"`
	Value  number `json:"value"`
	Worst  number `json:"worst"`
	Thresh number `json:"thresh"`
	Failed text   `json:"when_failed"`
	Flags  value  `json:"flags"`
	Raw    struct {
		Value  number `json:"value"`
		String text   `json:"string"`
	} `json:"raw"`
}

type count struct {
	Count number `json:"count"`
}

type ataTests struct {
	Count number `json:"count"`
	Table []struct {
		Type   value  `json:"type"`
		Status value  `json:"status"`
		Hours  number `json:"lifetime_hours"`
		LBA    number `json:"lba"`
	} `json:"table"`
}

type nvme struct {
	Namespaces []struct {
		ID   number `json:"id"`
		Size struct {
			Bytes number `json:"bytes"`
		} `json:"size"`
		EUI64 *struct {
			OUI number `json:"oui"`
			Ext number `json:"ext_id"`
		} `json:"eui64"`
	} `json:"nvme_namespaces"`
	Capacity   number `json:"nvme_total_capacity"`
	Thresholds struct {
		Warning  number `json:"warning"`
		Critical number `json:"critical"`
	} `json:"nvme_composite_temperature_threshold"`
	Health *struct {
		Warning        number `json:"critical_warning"`
		Temperature    number `json:"temperature"`
		Spare          number `json:"available_spare"`
		SpareThreshold number `json:"available_spare_threshold"`
		Used           number `json:"percentage_used"`
		Read           number `json:"data_units_read"`
		Written        number `json:"data_units_written"`
		Cycles         number `json:"power_cycles"`
		Hours          number `json:"power_on_hours"`
		Unsafe         number `json:"unsafe_shutdowns"`
		MediaErrors    number `json:"media_errors"`
		LogEntries     number `json:"num_err_log_entries"`
		WarningTime    number `json:"warning_temp_time"`
		CriticalTime   number `json:"critical_comp_time"`
	} `json:"nvme_smart_health_information_log"`
	SelfTests *struct {
		Table []struct {
			Code   value  `json:"self_test_code"`
			Result value  `json:"self_test_result"`
			Hours  number `json:"power_on_hours"`
			LBA    number `json:"lba"`
		} `json:"table"`
	} `json:"nvme_self_test_log"`
}

type scsi struct {
	Grown  number `json:"scsi_grown_defect_list"`
	Used   number `json:"scsi_percentage_used_endurance_indicator"`
	Errors map[string]struct {
		Uncorrected number `json:"total_uncorrected_errors"`
		Gigabytes   number `json:"gigabytes_processed"`
	} `json:"scsi_error_counter_log"`
	StartStop struct {
		Starts number `json:"accumulated_start_stop_cycles"`
		Loads  number `json:"accumulated_load_unload_cycles"`
	} `json:"scsi_start_stop_cycle_counter"`
}

// scsiTest is one of scsi_self_test_0 to scsi_self_test_19, newest first.
type scsiTest struct {
	Code    value `json:"code"`
	Result  value `json:"result"`
	PowerOn struct {
		Hours number `json:"hours"`
	} `json:"power_on_time"`
	LBA struct {
		Value number `json:"value"`
	} `json:"lba_first_failure"`
}

// number is a number, or a text that holds one; nothing else is an error.
type number struct {
	there bool
	whole uint64 // of its absolute value
	float float64
	minus bool
}

func (n *number) UnmarshalJSON(b []byte) error {
	*n = number{}
	s := strings.Trim(string(b), `"`)
	if f, err := strconv.ParseFloat(s, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
		*n = number{there: true, float: f, minus: f < 0}
		if u, err := strconv.ParseUint(strings.TrimPrefix(s, "-"), 10, 64); err == nil {
			n.whole = u
		} else if math.Abs(f) < 1<<63 {
			n.whole = uint64(math.Abs(f))
		} else {
			n.whole = math.MaxUint64
		}
	}
	return nil
}

// int is the number where it fits and is not negative, or nil.
func (n number) int() *int64 {
	if !n.there || n.minus || n.whole > math.MaxInt64 {
		return nil
	}
	return new(int64(n.whole))
}

func (n number) uint() *uint64 {
	if !n.there || n.minus {
		return nil
	}
	return new(n.whole)
}

// signed is the number, which may be negative, or nil.
func (n number) signed() *int64 {
	if !n.there || n.whole > math.MaxInt64 {
		return nil
	}
	if n.minus {
		return new(-int64(n.whole))
	}
	return new(int64(n.whole))
}

// or is the number, or another when there is none up to most.
func (n number) or(other, most int64) int64 {
	if v := n.int(); v != nil && *v <= most {
		return *v
	}
	return other
}

// truth is true, false or, for anything else, not told.
type truth struct{ told *bool }

func (t *truth) UnmarshalJSON(b []byte) error {
	t.told = nil
	switch string(b) {
	case "true":
		t.told = new(true)
	case "false":
		t.told = new(false)
	}
	return nil
}

func (t truth) is(value bool) bool { return t.told != nil && *t.told == value }

// text is a text; what is not one is empty.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	*t = ""
	var s string
	if bytes.HasPrefix(b, []byte(`"`)) && json.Unmarshal(b, &s) == nil {
		const longest = 256
		s = strings.Join(strings.Fields(strings.Map(printable, s)), " ")
		*t = text(strings.ToValidUTF8(s[:min(len(s), longest)], ""))
	}
	return nil
}

func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return ' '
	}
	return r
}

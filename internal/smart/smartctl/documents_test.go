package smartctl

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"muster/internal/metric"
	"muster/internal/smart"
)

// corpus is 96 documents of real drives (and a few made of them by hand) of
// the tests of smartctl_exporter and Scrutiny, one a line.
var corpus = filepath.Join("..", "..", "..", "..", "shared", "healthdata", "dev", "smartctl_json.jsonl.gz")

type fact = map[string]any

// at walks down a document as encoding/json makes it, apart from all types of
// this package; nil when a step is not there.
func at(v any, path ...string) any {
	for _, p := range path {
		m, ok := v.(fact)
		if !ok {
			return nil
		}
		v = m[p]
	}
	return v
}

func num(v any, path ...string) (float64, bool) {
	n, ok := at(v, path...).(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}

// judge holds one document's reading against the document's own fields.
type judge struct {
	checks map[string]int // comparisons made, by subject
	wrong  []string
}

func (j *judge) same(subject string, got, want float64) {
	j.checks[subject]++
	if got != want {
		j.wrong = append(j.wrong, fmt.Sprintf("%s: %v, the document says %v", subject, got, want))
	}
}

func (j *judge) text(subject, got, want string) {
	j.checks[subject]++
	if got != want {
		j.wrong = append(j.wrong, fmt.Sprintf("%s: %q, the document says %q", subject, got, want))
	}
}

func (j *judge) holds(subject string, ok bool, says string) {
	j.checks[subject]++
	if !ok {
		j.wrong = append(j.wrong, subject+": "+says)
	}
}

// known are the disagreements that are explained, by document and subject.
func known() map[string]string {
	return map[string]string{
		// Made by Scrutiny from smart-ata-date.json for a test of charts: raw
		// values, hours and temperature were raised by different amounts by
		// hand, and the texts beside them left as they were.
		"smart-ata-date2.json temperature by attributes":  "raw 42, current 62",
		"smart-ata-date2.json hours by attributes":        "raw 1740, power_on_time 3030",
		"smart-ata-date2.json power cycles by attributes": "raw 19, power_cycle_count 9",
		"smart-ata-date2.json raw texts":                  "raw 10, string 0",
	}
}

func TestDocuments(t *testing.T) {
	file, err := os.Open(corpus)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the documents (../shared/healthdata/dev/smartctl_json.jsonl.gz) are not beside this repository: only the ones written in these tests were read")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	zip, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(zip)
	lines.Buffer(nil, 4<<20)
	checks, explained, documents := map[string]int{}, map[string]int{}, map[string]int{}
	unused := known()
	for lines.Scan() {
		var line struct {
			Origin string
			Doc    json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		name := line.Origin[strings.LastIndex(line.Origin, "/")+1:]
		j := judge{checks: checks}
		doc := j.document(line.Doc)
		documents[doc.Identity.Protocol+" "+doc.Identity.Kind]++
		for _, w := range j.wrong {
			subject, _, _ := strings.Cut(w, ":")
			if _, ok := known()[name+" "+subject]; ok {
				explained[subject]++
				delete(unused, name+" "+subject)
				continue
			}
			t.Errorf("%s: %s", name, w)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, kind := range slices.Sorted(maps.Keys(documents)) {
		t.Logf("documents %-10s %3d", kind, documents[kind])
		total += documents[kind]
	}
	for _, subject := range slices.Sorted(maps.Keys(checks)) {
		t.Logf("%-34s %5d comparisons, %d explained", subject, checks[subject], explained[subject])
	}
	if total != 96 {
		t.Errorf("%d documents, 96 were there when this was written", total)
	}
	for name := range unused {
		t.Errorf("%s: explained, and yet it agrees", name)
	}
}

func (j *judge) document(raw []byte) Document {
	doc, err := Parse(raw, "disk2")
	if err != nil {
		j.wrong = append(j.wrong, "parse: "+err.Error())
		return doc
	}
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	var truth fact
	if err := decoder.Decode(&truth); err != nil {
		j.wrong = append(j.wrong, "parse: "+err.Error())
		return doc
	}
	j.identity(doc, truth)
	j.verdict(doc, truth)
	j.common(doc, truth)
	j.catalogued(doc)
	j.attributes(raw, doc, truth)
	j.nvme(doc, truth)
	j.scsi(doc, truth)
	j.selfTests(doc, truth)
	return doc
}

func (j *judge) identity(doc Document, truth fact) {
	id := doc.Identity
	for _, c := range []struct {
		got   string
		paths []string
	}{
		{id.Model, []string{"model_name", "scsi_model_name"}},
		{id.Serial, []string{"serial_number"}},
		{id.FormFactor, []string{"form_factor/name"}},
	} {
		for _, p := range c.paths {
			if want, ok := at(truth, strings.Split(p, "/")...).(string); ok {
				j.text(c.paths[0], c.got, strings.Join(strings.Fields(want), " "))
				break
			}
		}
	}
	if want, ok := at(truth, "device", "protocol").(string); ok {
		j.text("protocol", id.Protocol, strings.ToLower(want))
	}
	for _, path := range [][]string{{"user_capacity", "bytes"}, {"nvme_total_capacity"}} {
		if want, ok := num(truth, path...); ok && want > 0 {
			j.same("size", float64(id.SizeBytes), want)
			break
		}
	}
	if want, ok := num(truth, "rotation_rate"); ok {
		kind := "hdd"
		if want == 0 {
			kind = "ssd"
		}
		j.text("kind", id.Kind, kind)
		j.same("rotation", float64(id.RPM), want)
	}
	if at(truth, "wwn") != nil {
		naa, _ := num(truth, "wwn", "naa")
		oui, _ := num(truth, "wwn", "oui")
		n, _ := num(truth, "wwn", "id")
		j.text("wwn", id.WWN, fmt.Sprintf("%016x", uint64(naa)<<60|uint64(oui)<<36|uint64(n)))
	}
}

// verdict: of an NVMe drive a temperature out of range (bit 1) is no verdict
// here, and one for smartctl.
func (j *judge) verdict(doc Document, truth fact) {
	want, ok := at(truth, "smart_status", "passed").(bool)
	if !ok {
		return
	}
	got := doc.Reading.Health.Passed
	if warning, nvme := num(truth, "nvme_smart_health_information_log", "critical_warning"); nvme && warning == 2 {
		want = true
	}
	j.holds("verdict", got != nil && *got == want, fmt.Sprintf("%v, the document says %v", deref(got), want))
}

func deref[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

func (j *judge) common(doc Document, truth fact) {
	r := doc.Reading
	if want, ok := num(truth, "temperature", "current"); ok && want != 0 {
		j.same("temperature", r.Number("temp_c"), want)
	}
	if want, ok := num(truth, "power_on_time", "hours"); ok {
		j.same("hours", r.Number("power_on_hours"), want)
		minutes, _ := num(truth, "power_on_time", "minutes")
		seconds := int64(-1)
		if p := r.Health.PowerOnSeconds; p != nil {
			seconds = *p
		}
		j.same("seconds", float64(seconds), want*3600+minutes*60)
	}
	if want, ok := num(truth, "power_cycle_count"); ok {
		j.same("power cycles", r.Number("power_cycle_count"), want)
	}
	for _, path := range [][]string{{"endurance_used", "current_percent"}, {"scsi_percentage_used_endurance_indicator"}} {
		if want, ok := num(truth, path...); ok {
			j.same("endurance", r.Number("percentage_used"), want)
		}
	}
	if want, ok := num(truth, "spare_available", "current_percent"); ok && doc.Identity.Protocol == "nvme" {
		j.same("spare", r.Number("available_spare"), want)
	}
	if want, ok := num(truth, "smartctl", "exit_status"); ok {
		j.same("exit status", r.Number("exit_status"), want)
	}
	if used := r.Number("percentage_used"); !math.IsNaN(used) {
		j.holds("wear within reason", used >= 0 && used <= 255, fmt.Sprint(used))
	}
}

// catalogued: each number is one that smart_device has for this medium, once.
func (j *judge) catalogued(doc Document) {
	seen := map[string]bool{}
	for _, n := range doc.Reading.Numbers {
		_, f, ok := metric.Lookup("smart_device", n.Field)
		media := len(f.Media) == 0 || doc.Identity.Kind == "" || slices.Contains(f.Media, doc.Identity.Kind)
		j.holds("catalogue", ok && media && !seen[n.Field] && !math.IsNaN(n.Value), n.Field+" is not for a "+doc.Identity.Kind+", or twice")
		seen[n.Field] = true
	}
	h := doc.Reading.Health
	j.holds("keys", h.Disk == "disk2" && h.Model == doc.Identity.Model && h.Readable != nil && (*h.Readable || h.UnreadableReason != ""), fmt.Sprintf("%+v", h))
}

// leading is the number a raw value's text begins with.
var leading = regexp.MustCompile(`^\d+`)

func (j *judge) attributes(raw []byte, doc Document, truth fact) {
	table, _ := at(truth, "ata_smart_attributes", "table").([]any)
	if len(table) == 0 {
		return
	}
	// The same log without what smartctl made of it.
	d, _, err := decode(raw)
	if err != nil {
		j.wrong = append(j.wrong, "decode: "+err.Error())
		return
	}
	log := d.ata()
	log.Known = smart.Known{}
	plain := log.Reading(smart.Drive{Model: doc.Identity.Model, Medium: d.medium(), LogicalBytes: doc.Identity.LogicalBytes})
	for _, c := range []struct {
		subject, field string
		path           []string
	}{
		{"temperature by attributes", "temp_c", []string{"temperature", "current"}},
		{"hours by attributes", "power_on_hours", []string{"power_on_time", "hours"}},
		{"power cycles by attributes", "power_cycle_count", []string{"power_cycle_count"}},
	} {
		if want, ok := num(truth, c.path...); ok {
			j.same(c.subject, plain.Number(c.field), want)
		}
	}
	minutes, ok := num(truth, "power_on_time", "minutes")
	if ok && plain.Health.PowerOnSeconds != nil {
		j.same("minutes by attributes", float64(*plain.Health.PowerOnSeconds/60%60), minutes)
	}
	ssd := doc.Identity.Kind == "ssd"
	j.same("attributes", float64(len(doc.Reading.Attributes)), float64(len(table)))
	failing := []string{}
	for i, a := range table {
		id, _ := num(a, "id")
		name, _ := at(a, "name").(string)
		text, _ := at(a, "raw", "string").(string)
		value, _ := num(a, "raw", "value")
		bits, _ := strconv.ParseUint(fmt.Sprint(at(a, "raw", "value")), 10, 64) // up to 56, which a float cannot hold
		row := doc.Reading.Attributes[min(i, len(doc.Reading.Attributes)-1)]
		j.same("attribute ids", float64(row.Attribute), id)
		if when, _ := at(a, "when_failed").(string); when != "" {
			j.text("failed", row.Failed, strings.ToLower(strings.TrimPrefix(when, "FAILING_")))
			failing = append(failing, fmt.Sprintf("%v %s", id, name))
		} else {
			j.text("failed", row.Failed, "never")
		}
		pre, _ := at(a, "flags", "prefailure").(bool)
		j.holds("prefailure", *row.Prefailure == pre, name)
		brief, _ := at(a, "flags", "string").(string)
		flags, _ := num(a, "flags", "value")
		j.text("flags", smart.Brief(uint16(flags)), strings.TrimSpace(brief))
		j.holds("raw", uint64(*row.Raw) == bits&(1<<48-1), name)
		j.counter(uint8(id), text, plain, ssd)
		j.units(uint8(id), name, value, doc, truth)
	}
	j.holds("failing attributes", slices.Equal(failing, append([]string{}, doc.Reading.Health.FailingAttributes...)), fmt.Sprint(doc.Reading.Health.FailingAttributes))
}

// counter: what a raw value counts is what its text begins with, smartctl's
// list of drives having undone the packing; unless it is a mark.
func (j *judge) counter(id uint8, text string, plain smart.Reading, ssd bool) {
	fields := map[uint8]string{
		5: "reallocated_sectors_count", 10: "spin_retry_count", 184: "end_to_end_error", 187: "uncorrectable_errors", 188: "command_timeout",
		196: "realloc_event_count", 197: "pending_sector_count", 198: "uncorrectable_sector_count", 199: "udma_crc_errors",
	}
	field, ok := fields[id]
	if !ok || ssd && (id == 197 || id == 198 || id == 10) {
		return
	}
	want, err := strconv.ParseFloat(leading.FindString(text), 64)
	if err != nil || want >= 65528 {
		return
	}
	j.same("raw texts", plain.Number(field), want)
}

// units: smartctl's names of drives in its list tell the unit of what was
// written.
func (j *judge) units(id uint8, name string, value float64, doc Document, truth fact) {
	if listed, _ := at(truth, "in_smartctl_database").(bool); !listed || doc.Identity.Kind != "ssd" {
		return
	}
	var unit float64
	switch {
	case strings.HasSuffix(name, "Writes_32MiB") && !strings.HasPrefix(name, "NAND"):
		unit = 32 << 20
	case strings.HasSuffix(name, "Writes_GiB") && (strings.HasPrefix(name, "Lifetime") || strings.HasPrefix(name, "Host")):
		unit = 1 << 30
	case name == "Total_LBAs_Written" && id != 233 && !strings.HasPrefix(doc.Identity.Family, "Dell"):
		unit = 512
	default:
		return
	}
	got := -1.0
	if p := doc.Reading.Health.WrittenBytes; p != nil {
		got = float64(*p)
	}
	j.same("written by name", got, value*unit)
	j.same("written, sample and row", doc.Reading.Number("written_bytes"), got)
}

func (j *judge) nvme(doc Document, truth fact) {
	log, ok := at(truth, "nvme_smart_health_information_log").(fact)
	if !ok {
		return
	}
	r := doc.Reading
	for field, key := range map[string]string{
		"critical_warning": "critical_warning", "temp_c": "temperature",
		"available_spare": "available_spare", "available_spare_threshold": "available_spare_threshold",
		"percentage_used": "percentage_used", "power_cycle_count": "power_cycles", "power_on_hours": "power_on_hours",
		"unsafe_shutdowns": "unsafe_shutdowns", "media_errors": "media_errors", "error_log_entries": "num_err_log_entries",
		"warning_temperature_time": "warning_temp_time", "critical_temperature_time": "critical_comp_time",
	} {
		want, ok := num(log, key)
		if !ok {
			want = math.NaN()
		}
		got := r.Number(field)
		j.holds("nvme log", got == want || math.IsNaN(got) && math.IsNaN(want), fmt.Sprintf("%s: %v, the document says %v", field, got, want))
	}
	for key, got := range map[string]*int64{"data_units_written": r.Health.WrittenBytes, "data_units_read": r.Health.ReadBytes} {
		if want, ok := num(log, key); ok {
			j.holds("nvme traffic", got != nil && float64(*got) == want*512_000, key)
		}
	}
	warning, _ := num(log, "critical_warning")
	for i, got := range []*bool{r.Health.WarnSpare, r.Health.WarnTemperature, r.Health.WarnReliability, r.Health.WarnReadOnly, r.Health.WarnBackup} {
		j.holds("nvme warnings", got != nil && *got == (int(warning)>>i&1 == 1), fmt.Sprint("bit ", i))
	}
}

func (j *judge) scsi(doc Document, truth fact) {
	if doc.Identity.Protocol != "scsi" {
		return
	}
	h := doc.Reading.Health
	if want, ok := num(truth, "scsi_grown_defect_list"); ok {
		j.holds("grown defects", h.Reallocated != nil && float64(*h.Reallocated) == want, fmt.Sprint(deref(h.Reallocated)))
	}
	if want, ok := num(truth, "temperature", "drive_trip"); ok {
		j.holds("trip temperature", h.CriticalCelsius != nil && *h.CriticalCelsius == want, fmt.Sprint(deref(h.CriticalCelsius)))
	}
	sum, any := 0.0, false
	for _, page := range []string{"read", "write", "verify"} {
		if n, ok := num(truth, "scsi_error_counter_log", page, "total_uncorrected_errors"); ok {
			sum, any = sum+n, true
		}
	}
	if any {
		j.holds("uncorrected errors", h.MediaErrors != nil && float64(*h.MediaErrors) == sum, fmt.Sprint(deref(h.MediaErrors)))
	}
	for page, got := range map[string]*int64{"read": h.ReadBytes, "write": h.WrittenBytes} {
		if s, ok := at(truth, "scsi_error_counter_log", page, "gigabytes_processed").(string); ok {
			gigabytes, _ := strconv.ParseFloat(s, 64)
			j.holds("scsi traffic", got != nil && math.Abs(float64(*got)-gigabytes*1e9) < 1, page)
		}
	}
}

func (j *judge) selfTests(doc Document, truth fact) {
	for _, which := range []string{"extended", "standard"} {
		table, ok := at(truth, "ata_smart_self_test_log", which, "table").([]any)
		if !ok {
			continue
		}
		j.holds("self-tests", len(doc.Reading.SelfTests) > 0 && len(doc.Reading.SelfTests) <= len(table), fmt.Sprint(len(doc.Reading.SelfTests), " of ", len(table)))
		for _, e := range table {
			hours, _ := num(e, "lifetime_hours")
			passed, ok := at(e, "status", "passed").(bool)
			found := false
			for _, row := range doc.Reading.SelfTests {
				if float64(row.PowerOnHours%65536) == hours && (!ok || (row.Result == "passed") == passed) {
					found = true
				}
			}
			j.holds("self-test entries", found, fmt.Sprint(e))
		}
		return
	}
	if n, ok := num(truth, "ata_smart_self_test_log", "extended", "count"); ok && n == 0 {
		j.text("self-tests", doc.Reading.Health.SelfTestResult, "none")
	}
}

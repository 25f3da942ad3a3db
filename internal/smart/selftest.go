package smart

import "muster/internal/inventory"

// SelfTest is one entry of a drive's self-test log.
type SelfTest struct {
	Kind   string // as disk_selftest.kind
	Result string // as disk_selftest.result

	// Hours the drive had been running. ATA keeps 16 bits of them: Wrapped is
	// set when whole rounds of 65,536 hours are missing.
	Hours   int64
	Wrapped bool

	FirstLBA  *int64
	Remaining *int64 // percent not done
}

// found tells the results of tests that were carried out to an end.
func (t SelfTest) found() bool {
	switch t.Result {
	case "", "running", "aborted", "interrupted", "none":
		return false
	}
	return true
}

// bad tells a test that found a defect.
func (t SelfTest) bad() bool { return t.found() && t.Result != "passed" }

// selfTests fills in rows and the last result. A test that was aborted tells
// nothing, so the one before it stands.
func (r *Reading) selfTests(d Drive, list []SelfTest) {
	if list == nil {
		return
	}
	r.Health.SelfTestResult = "none"
	for _, t := range list {
		if t.found() {
			r.Health.SelfTestResult = t.Result
			break
		}
	}
	if r.Health.SelfTestResult == "none" && len(list) > 0 && list[0].Result != "running" {
		r.Health.SelfTestResult = list[0].Result
	}
	type key struct {
		hours int64
		kind  string
	}
	at := map[key]int{}
	for _, t := range list {
		hours := t.Hours
		if t.Wrapped && r.Health.PowerOnSeconds != nil {
			const round = 1 << 16
			if now := *r.Health.PowerOnSeconds / 3600; hours <= now {
				hours += (now - hours) / round * round
			}
		}
		row := inventory.DiskSelfTest{
			Disk: d.Disk, PowerOnHours: hours, Kind: t.Kind, Result: t.Result,
			FirstLBA: t.FirstLBA, Remaining: t.Remaining,
		}
		// Of two tests of a kind within an hour the one that found something
		// counts, else the newer.
		k := key{hours, t.Kind}
		if i, twice := at[k]; twice {
			if t.bad() && !(SelfTest{Result: r.SelfTests[i].Result}).bad() {
				r.SelfTests[i] = row
			}
			continue
		}
		at[k] = len(r.SelfTests)
		r.SelfTests = append(r.SelfTests, row)
	}
}

// ataResult is the high half of a self-test status byte, ACS-3 table
// "Self-test execution status values".
func ataResult(status uint8) string {
	switch status >> 4 {
	case 0:
		return "passed"
	case 1:
		return "aborted"
	case 2:
		return "interrupted"
	case 3:
		return "fatal"
	case 4:
		return "unknown_failure"
	case 5:
		return "electrical"
	case 6:
		return "servo"
	case 7:
		return "read"
	case 8:
		return "handling"
	case 15:
		return "running"
	}
	return "unknown_failure"
}

// ataKind is the subcommand that started a test, ACS-3 SMART EXECUTE OFF-LINE
// IMMEDIATE; bit 7 says that it ran in captive mode.
func ataKind(subcommand uint8) string {
	switch subcommand &^ 0x80 {
	case 0:
		return "offline"
	case 1:
		return "short"
	case 2:
		return "extended"
	case 3:
		return "conveyance"
	case 4:
		return "selective"
	}
	return "vendor"
}

// ATATest makes an entry of the numbers that an ATA drive logs: subcommand,
// status, hours (16 bits), and the first sector that failed, which only counts
// for a test that found one.
func ATATest(subcommand, status uint8, hours uint16, lba int64) SelfTest {
	t := SelfTest{Kind: ataKind(subcommand), Result: ataResult(status), Hours: int64(hours), Wrapped: true}
	if left := int64(status & 15); left <= 10 && t.Result != "passed" {
		t.Remaining = new(left * 10)
	}
	if t.bad() && lba >= 0 {
		t.FirstLBA = new(lba)
	}
	return t
}

// NVMeTest makes an entry of the numbers that an NVMe drive logs: code and
// result as in log page 06h (NVM Express Base Specification 2.0, "Device
// Self-test"), and the first block that failed, nil when the entry does not
// hold one.
func NVMeTest(code, result uint8, hours uint64, lba *uint64) SelfTest {
	t := SelfTest{Kind: "vendor", Hours: clip(hours)}
	switch code {
	case 1:
		t.Kind = "short"
	case 2:
		t.Kind = "extended"
	}
	switch result {
	case 0:
		t.Result = "passed"
	case 1, 3, 4, 8, 9: // by a command, a namespace's end, a format, unknown, a sanitize
		t.Result = "aborted"
	case 2: // by a reset of the controller
		t.Result = "interrupted"
	case 5: // could not be completed
		t.Result = "fatal"
	default: // 6 and 7: a segment failed
		t.Result = "unknown_failure"
	}
	if lba != nil && t.bad() {
		t.FirstLBA = new(clip(*lba))
	}
	return t
}

// SCSITest makes an entry of the numbers of log page 10h (SPC-5, "Self-Test
// Results log page"). A block of all ones is none.
func SCSITest(code, result uint8, hours, lba uint64) SelfTest {
	t := SelfTest{Kind: "vendor", Hours: clip(hours)}
	switch code {
	case 1, 5: // background, foreground
		t.Kind = "short"
	case 2, 6:
		t.Kind = "extended"
	case 0:
		t.Kind = "offline"
	}
	switch result {
	case 0:
		t.Result = "passed"
	case 1, 2:
		t.Result = "aborted"
	case 3:
		t.Result = "fatal"
	case 15:
		t.Result = "running"
	default:
		t.Result = "unknown_failure"
	}
	if t.bad() && lba != 1<<64-1 {
		t.FirstLBA = new(clip(lba))
	}
	return t
}

// clip fits a counter into the catalogue's numbers.
func clip(n uint64) int64 { return int64(min(n, 1<<63-1)) }

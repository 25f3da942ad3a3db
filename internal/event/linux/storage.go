package linux

import (
	"strings"

	"muster/internal/event"
)

// How much a line knows of why a drive failed a request.
const (
	rankAny = iota
	rankReset
	rankTimeout
	rankCause
	rankMedium
)

// storageLines are of block devices, arrays and file systems.
func storageLines() []teller {
	return []teller{
		{"medium error, dev ", mediumError},
		{"I/O error, dev ", requestError},
		{"target error, dev ", requestError},
		{"Buffer I/O error on dev", bufferError},
		{"exception Emask", ataException},
		{"failed command: ", ataCommand},
		{"error: { ", ataReason},
		{"resetting link", ataReset},
		{": disable", ataRemoved},
		{"nvme", nvme},
		{"md/raid", raidFailure},
		{"EXT4-fs", ext4},
		{"EXT3-fs", ext4},
		{"EXT2-fs", ext4},
		{"Aborting journal on device ", abortedJournal},
		{"XFS (", xfs},
		{"BTRFS ", btrfs},
		{"FAT-fs (", fat},
	}
}

// mechanical drives for discs, tapes and what lies in memory fail by what is
// put in, or not at all.
func unfit(disk string) bool {
	for _, p := range []string{"sr", "fd", "st", "loop", "ram", "zram", "nbd"} {
		if rest, ok := strings.CutPrefix(disk, p); ok && digits(rest) != "" {
			return true
		}
	}
	return !name(disk)
}

func diskError(disk, cause, operation string, rank int) (Event, bool) {
	if unfit(disk) {
		return Event{}, false
	}
	return Event{Kind: event.DiskError, Disk: disk, Burst: "disk", Span: moment, Rank: rank,
		Attributes: attributes("cause", cause, "operation", operation)}, true
}

// operation reads "op 0x0:(READ)".
func operation(text string) string {
	switch op := between(text, ":(", ")"); {
	case op == "":
		return ""
	case strings.HasPrefix(op, "READ"):
		return "read"
	case strings.HasPrefix(op, "WRITE"):
		return "write"
	case op == "FLUSH":
		return "flush"
	case op == "DISCARD", op == "SECURE_ERASE":
		return "discard"
	}
	return "other"
}

func mediumError(text string) (Event, bool) {
	return diskError(after(text, "error, dev "), "bad_block", operation(text), rankMedium)
}

func requestError(text string) (Event, bool) {
	return diskError(after(text, "error, dev "), "io_error", operation(text), rankAny)
}

// bufferError: "Buffer I/O error on dev sda1, logical block 12, lost async page
// write"; older kernels write "on device".
func bufferError(text string) (Event, bool) {
	_, rest, _ := strings.Cut(text, "Buffer I/O error on dev")
	rest = strings.TrimPrefix(rest, "ice")
	op := ""
	switch {
	case strings.Contains(rest, "read"):
		op = "read"
	case strings.Contains(rest, "write"):
		op = "write"
	}
	return diskError(strings.TrimRight(word(rest), ","), "io_error", op, rankAny)
}

// ataPort is "ata3.00" of "ata3.00: ...".
func ataPort(text string) string {
	i := strings.Index(text, "ata")
	if i < 0 {
		return ""
	}
	port, _, ok := strings.Cut(text[i:], ":")
	if !ok || len(port) > 10 || digits(port[3:]) == "" {
		return ""
	}
	return port
}

func ataException(text string) (Event, bool) {
	if strings.Contains(text, "frozen") {
		return diskError(ataPort(text), "timeout", "", rankTimeout)
	}
	return diskError(ataPort(text), "hardware", "", rankTimeout)
}

// ataCommand: "ata3.00: failed command: READ FPDMA QUEUED".
func ataCommand(text string) (Event, bool) {
	op, c := "other", between(text+"\x00", "failed command: ", "\x00")
	switch {
	case strings.HasPrefix(c, "READ"):
		op = "read"
	case strings.HasPrefix(c, "WRITE"):
		op = "write"
	case strings.HasPrefix(c, "FLUSH"):
		op = "flush"
	case strings.HasPrefix(c, "DATA SET"):
		op = "discard"
	}
	return diskError(ataPort(text), "io_error", op, rankAny)
}

// ataReason: "ata3.00: error: { UNC }" behind an exception says what it was
// (ATA8-ACS, error register): UNC a sector that cannot be read, ICRC a broken
// transfer, which the cable makes.
func ataReason(text string) (Event, bool) {
	e, ok := Event{}, false
	switch bits := " " + between(text, "error: { ", "}"); {
	case strings.Contains(bits, " UNC "), strings.Contains(bits, " AMNF "), strings.Contains(bits, " IDNF "):
		e, ok = diskError(ataPort(text), "bad_block", "", rankMedium)
	case strings.Contains(bits, " ICRC "):
		e, ok = diskError(ataPort(text), "controller", "", rankCause)
	}
	e.Part = true
	return e, ok
}

func ataReset(text string) (Event, bool) {
	if ataPort(text) == "" || !strings.Contains(text, "hard resetting link") && !strings.Contains(text, "soft resetting link") {
		return Event{}, false
	}
	return diskError(ataPort(text), "reset", "", rankReset)
}

func removed(disk string) (Event, bool) {
	if unfit(disk) {
		return Event{}, false
	}
	return Event{Kind: event.DiskRemoved, Disk: disk, Burst: "removed", Span: moment}, true
}

func ataRemoved(text string) (Event, bool) {
	port := ataPort(text)
	if port == "" || !strings.HasSuffix(text, ": disable device") && !strings.HasSuffix(text, ": disabled") {
		return Event{}, false
	}
	return removed(port)
}

// nvme: "nvme nvme0: I/O 24 QID 3 timeout, aborting", "… controller is down;
// will reset: CSTS=0x3", "… Removing after probe failure status: -19".
func nvme(text string) (Event, bool) {
	_, rest, ok := strings.Cut(text, "nvme nvme")
	if !ok {
		return Event{}, false
	}
	n := digits(rest)
	if n == "" {
		return Event{}, false
	}
	disk := "nvme" + n
	for _, gone := range []string{"Removing after probe failure", "failed to set controller live", "Device not ready; aborting"} {
		if strings.Contains(rest, gone) {
			return removed(disk)
		}
	}
	switch {
	case strings.Contains(rest, "controller is down"):
		return diskError(disk, "reset", "", rankReset)
	case strings.Contains(rest, "timeout"):
		return diskError(disk, "timeout", nvmeOperation(rest), rankTimeout)
	}
	return Event{}, false
}

func nvmeOperation(text string) string {
	switch op := after(text, "req_op:"); {
	case strings.HasPrefix(op, "READ"):
		return "read"
	case strings.HasPrefix(op, "WRITE"):
		return "write"
	case strings.HasPrefix(op, "FLUSH"):
		return "flush"
	}
	return ""
}

// raidFailure: "md/raid1:md0: Disk failure on sdb1, disabling device."
func raidFailure(text string) (Event, bool) {
	member := after(text, "Disk failure on ")
	if !name(member) {
		return Event{}, false
	}
	array := strings.TrimRight(word(text[strings.Index(text, "md/raid"):]), ":")
	array = array[strings.LastIndexByte(array, ':')+1:]
	return Event{Kind: event.RaidDegraded, Disk: member, Burst: "array " + array, Span: moment,
		Attributes: attributes("array", array, "state", "degraded", "member", member)}, true
}

func fsError(volume, cause string) (Event, bool) {
	// XFS and BTRFS may name the volume itself or a whole path.
	volume = strings.TrimPrefix(volume, "/dev/")
	if unfit(volume) {
		return Event{}, false
	}
	return Event{Kind: event.FSError, Disk: volume, Burst: "fs " + volume + " " + cause, Span: moment,
		Attributes: attributes("volume", volume, "cause", cause)}, true
}

func ext4(text string) (Event, bool) {
	switch {
	case strings.Contains(text, "-fs error (device "):
		return fsError(between(text, "-fs error (device ", ")"), "corrupt")
	case strings.Contains(text, "Remounting filesystem read-only"):
		return fsError(between(text, "-fs (", ")"), "read_only")
	case strings.Contains(text, "mounting fs with errors"):
		return fsError(between(text, "-fs (", ")"), "needs_check")
	}
	return Event{}, false
}

// abortedJournal: the device is "sda1-8" (the inode of the journal), or
// "dm-0-8".
func abortedJournal(text string) (Event, bool) {
	volume := after(text, "Aborting journal on device ")
	if i := strings.LastIndexByte(volume, '-'); i > 0 && digits(volume[i+1:]) == volume[i+1:] && !strings.HasSuffix(volume[:i], "dm") {
		volume = volume[:i]
	}
	return fsError(volume, "transaction")
}

func xfs(text string) (Event, bool) {
	volume := between(text, "XFS (", ")")
	switch {
	case strings.Contains(text, "Shutting down"):
		return fsError(volume, "shut_down")
	case strings.Contains(text, "orruption"):
		return fsError(volume, "corrupt")
	}
	return Event{}, false
}

func btrfs(text string) (Event, bool) {
	if !strings.Contains(text, "BTRFS error (device ") && !strings.Contains(text, "BTRFS critical (device ") {
		return Event{}, false
	}
	volume, _, _ := strings.Cut(between(text, "(device ", ")"), " ") // "sda3 state EA"
	if strings.Contains(text, "forced readonly") {
		return fsError(volume, "read_only")
	}
	return fsError(volume, "corrupt")
}

func fat(text string) (Event, bool) {
	volume := between(text, "FAT-fs (", ")")
	switch {
	case strings.Contains(text, "set read-only"):
		return fsError(volume, "read_only")
	case strings.Contains(text, "): error"):
		return fsError(volume, "corrupt")
	}
	return Event{}, false
}

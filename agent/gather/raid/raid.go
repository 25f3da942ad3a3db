// Package raid reads sections raid_array and raid_member: drives that work as
// one by the kernel's doing (md, btrfs, ZFS), and volumes of RAID controllers,
// behind which nothing can be seen.
//
// It owns how the kernel's words become the catalogue's. It must not ask
// drives; what they say of themselves is another gatherer's.
package raid

import (
	"context"
	"strconv"
	"strings"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Read reads section raid_array.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	all, asked, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	rows := []inventory.RaidArray{}
	for _, a := range all {
		rows = append(rows, a.row)
	}
	return gather.Rows(rows, asked...)
}

// ReadMembers reads section raid_member.
func ReadMembers(ctx context.Context, h *host.Host) (gather.Reading, error) {
	all, asked, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	rows := []inventory.RaidMember{}
	for _, a := range all {
		rows = append(rows, a.members...)
	}
	return gather.Rows(rows, asked...)
}

// array is one array with its members.
type array struct {
	row     inventory.RaidArray
	members []inventory.RaidMember
}

const (
	maxArrays  = 256
	maxMembers = 512 // of one array; md has at most 384
)

// stateOf reads how an array of md is: array_state, sync_action and how many
// members are missing (Documentation/admin-guide/md.rst).
func stateOf(arrayState, action string, missing int64) string {
	switch arrayState {
	case "inactive":
		return "inactive"
	case "clear", "broken":
		return "failed"
	case "":
		return "unknown"
	}
	switch {
	case action == "recover" || action == "resync" || action == "reshape":
		return "rebuilding"
	case missing > 0:
		return "degraded"
	case action == "check" || action == "repair":
		return "checking"
	}
	return "ok"
}

// memberState reads the flags of a member of md, such as "in_sync,write_mostly".
// A spare that has a place is being filled.
func memberState(flags string, placed bool) string {
	has := func(f string) bool {
		for w := range strings.SplitSeq(flags, ",") {
			if strings.TrimSpace(w) == f {
				return true
			}
		}
		return false
	}
	switch {
	case has("faulty"):
		return "failed"
	case has("in_sync"), has("journal"):
		return "ok"
	case has("spare") && placed:
		return "rebuilding"
	case has("spare"):
		return "spare"
	}
	return "unknown"
}

// progress reads sync_completed, "123456 / 976640", in percent; nil when
// nothing runs.
func progress(s string) *float64 {
	done, total, ok := strings.Cut(s, "/")
	d, err1 := strconv.ParseUint(strings.TrimSpace(done), 10, 62)
	t, err2 := strconv.ParseUint(strings.TrimSpace(total), 10, 62)
	if !ok || err1 != nil || err2 != nil || t == 0 || d > t {
		return nil
	}
	return new(float64(d*1000/t) / 10)
}

// poolState reads the state of a pool of ZFS, zpoolconcepts(7).
func poolState(s string) string {
	switch s {
	case "ONLINE":
		return "ok"
	case "DEGRADED":
		return "degraded"
	case "FAULTED", "UNAVAIL", "SUSPENDED", "REMOVED":
		return "failed"
	case "OFFLINE":
		return "inactive"
	}
	return "unknown"
}

// volumeState reads what the kernel's class of RAID controllers says of a
// volume (drivers/scsi/raid_class.c).
func volumeState(s string) string {
	switch s {
	case "active":
		return "ok"
	case "degraded":
		return "degraded"
	case "resyncing":
		return "rebuilding"
	case "offline":
		return "failed"
	}
	return "unknown"
}

// corrupted sums the checksum errors in error_stats of a device of btrfs:
// "corruption_errs 3" among other lines.
func corrupted(stats string) int64 {
	var sum int64
	for line := range strings.Lines(stats) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 62); err == nil && n > 0 && name == "corruption_errs" {
			sum += n
		}
	}
	return sum
}

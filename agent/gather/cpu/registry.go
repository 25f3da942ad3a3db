package cpu

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"muster/agent/gather/smbios"
	"muster/agent/host"
	"muster/internal/inventory"
)

// fromWindows joins what the registry says of threads with how Windows counts
// cores, packages and caches, and the firmware's tables.
func fromWindows(h *host.Host) (rows []inventory.CPU, asked, faults []string, err error) {
	const root = `HKLM\HARDWARE\DESCRIPTION\System\CentralProcessor`
	list, err := h.Key(host.View64, root, "no value")
	if err != nil {
		return nil, nil, nil, err
	}
	if len(list.Subkeys) == 0 {
		return nil, nil, nil, errors.New("the registry shows no processor")
	}
	asked = append(asked, "registry")
	k, err := h.Key(host.View64, root+`\0`)
	if err != nil {
		return nil, nil, nil, err
	}
	first := describe(k)
	switch b, err := h.AskNative(host.NativeProcessors); {
	case err == nil:
		asked = append(asked, "processor_information")
		var whole bool
		if rows, whole = parsePackages(b); !whole {
			faults = append(faults, "Windows' list of processors does not follow its own lengths")
		}
	case !errors.Is(err, errors.ErrUnsupported):
		faults = append(faults, err.Error())
	}
	if len(rows) == 0 {
		rows = []inventory.CPU{{ThreadCount: int64(len(list.Subkeys))}}
		faults = append(faults, "Windows does not tell cores and packages, so all threads count as one package")
	}
	for i := range rows {
		r := &rows[i]
		r.Socket = int64(i)
		// All packages of a machine are of one model: no board takes others.
		r.Vendor, r.Model, r.Generation, r.Family, r.ModelNumber = first.Vendor, first.Model, first.Generation, first.Family, first.ModelNumber
		r.Stepping, r.Microcode, r.Arch, r.BaseHertz = first.Stepping, first.Microcode, first.Arch, first.BaseHertz
	}
	t, err := smbios.Load(h)
	switch {
	case err == nil:
		asked = append(asked, "smbios")
		fromTables(rows, t)
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errors.ErrUnsupported):
		faults = append(faults, "socket names: "+err.Error())
	}
	return rows, asked, faults, nil
}

// describe reads one thread's key.
func describe(k host.Key) inventory.CPU {
	r := inventory.CPU{Vendor: vendor(k.Text("VendorIdentifier"), ""), Model: strings.Join(strings.Fields(k.Text("ProcessorNameString")), " ")}
	r.Generation = generation(r.Model)
	words := strings.Fields(k.Text("Identifier")) // Intel64 Family 6 Model 158 Stepping 10
	if len(words) > 0 {
		switch {
		case words[0] == "Intel64", words[0] == "AMD64", words[0] == "EM64T":
			r.Arch = "amd64"
		case strings.HasPrefix(words[0], "ARM"):
			r.Arch = "arm64"
		case words[0] == "x86":
			r.Arch = "386"
		}
	}
	for i := 1; i+1 < len(words); i += 2 {
		n, err := strconv.ParseInt(words[i+1], 10, 32)
		if err != nil {
			continue
		}
		switch words[i] {
		case "Family":
			r.Family = &n
		case "Model":
			r.ModelNumber = &n
		case "Stepping":
			r.Stepping = &n
		}
	}
	// Eight bytes: Intel's revision stands in the upper half, AMD's in the lower.
	if b := k.Bytes("Update Revision"); len(b) == 8 {
		n := binary.LittleEndian.Uint32(b[4:])
		if n == 0 {
			n = binary.LittleEndian.Uint32(b)
		}
		if n != 0 {
			r.Microcode = fmt.Sprintf("%x", n)
		}
	}
	if r.BaseHertz = clock(r.Model); r.BaseHertz == 0 {
		if mhz, ok := k.Number("~MHz"); ok && mhz < 20_000 {
			r.BaseHertz = int64(mhz) * 1e6
		}
	}
	return r
}

// affinity is a set of threads: a bit each, in groups of at most 64.
type affinity struct {
	group uint16
	mask  uint64
}

func (a affinity) meets(list []affinity) bool {
	for _, b := range list {
		if a.group == b.group && a.mask&b.mask != 0 {
			return true
		}
	}
	return false
}

// parsePackages reads what GetLogicalProcessorInformationEx gives
// (SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX, winnt.h): records of a kind, their
// length, and sets of threads. whole is false when a length does not fit; what
// came before it counts.
func parsePackages(b []byte) (rows []inventory.CPU, whole bool) {
	const core, cache, pkg = 0, 2, 3 // LOGICAL_PROCESSOR_RELATIONSHIP
	type part struct {
		at      affinity
		class   byte
		threads int64
		level   byte
		bytes   int64
		isaCore bool
	}
	var packages [][]affinity
	var parts []part
	whole = true
	for len(b) > 0 {
		if len(b) < 8 {
			return rows, false
		}
		kind, n := binary.LittleEndian.Uint32(b), uint64(binary.LittleEndian.Uint32(b[4:]))
		if n < 8 || n > uint64(len(b)) {
			whole = false
			break
		}
		r := b[:n]
		b = b[n:]
		switch {
		case kind == core && len(r) >= 48 && len(parts) < 1<<14:
			sets := affinities(r[30:], r[32:])
			if len(sets) > 0 {
				parts = append(parts, part{at: sets[0], class: r[9], threads: bits(sets), isaCore: true})
			}
		case kind == cache && len(r) >= 56 && len(parts) < 1<<14:
			// Older versions have one set here and no count of them.
			if sets := affinities([]byte{1, 0}, r[40:]); len(sets) > 0 {
				parts = append(parts, part{at: sets[0], level: r[8], bytes: int64(binary.LittleEndian.Uint32(r[12:]))})
			}
		case kind == pkg && len(r) >= 48 && len(packages) < maxSockets:
			packages = append(packages, affinities(r[30:], r[32:]))
		}
	}
	rows = make([]inventory.CPU, len(packages))
	top := byte(0)
	for _, p := range parts {
		top = max(top, p.class)
	}
	for _, p := range parts {
		for i := range rows {
			if !p.at.meets(packages[i]) {
				continue
			}
			r := &rows[i]
			switch {
			case p.isaCore:
				r.CoreCount++
				r.ThreadCount += p.threads
				if top > 0 { // a mixed processor: the higher class is the faster one
					field := &r.EffCoreCount
					if p.class == top {
						field = &r.PerfCoreCount
					}
					if *field == nil {
						*field = new(int64)
					}
					**field++
				}
			case p.level == 1:
				r.L1Bytes += p.bytes
			case p.level == 2:
				r.L2Bytes += p.bytes
			case p.level == 3:
				r.L3Bytes += p.bytes
			}
			break
		}
	}
	return rows, whole
}

// affinities reads as many sets (GROUP_AFFINITY, 16 bytes) as a count says and
// there is room for.
func affinities(count, b []byte) []affinity {
	n := int(binary.LittleEndian.Uint16(count))
	var list []affinity
	for ; n > 0 && len(b) >= 16; n-- {
		list = append(list, affinity{binary.LittleEndian.Uint16(b[8:]), binary.LittleEndian.Uint64(b)})
		b = b[16:]
	}
	return list
}

func bits(sets []affinity) (n int64) {
	for _, s := range sets {
		for m := s.mask; m != 0; m &= m - 1 {
			n++
		}
	}
	return n
}

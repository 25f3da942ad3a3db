package memload

import (
	"encoding/binary"

	"muster/agent/gather"
	"muster/agent/host"
)

// pages is what Windows counts in pages (PERFORMANCE_INFORMATION, psapi.h).
type pages struct {
	promised, limit, size uint64
}

func parseMemory(b []byte) (pages, bool) {
	if len(b) < 104 {
		return pages{}, false
	}
	at := func(off int) uint64 { return binary.LittleEndian.Uint64(b[off:]) }
	p := pages{promised: at(8), limit: at(16), size: at(80)}
	return p, p.size > 0 && p.size <= 1<<20 && p.limit < 1<<44 && p.promised < 1<<44
}

func (p pages) put(to gather.Sink) {
	if p.limit > 0 {
		to.Put("mem", "commit_percent", float64(p.promised)/float64(p.limit)*100)
	}
	to.Put("mem", "committed_as", float64(p.promised*p.size))
	to.Put("mem", "commit_limit", float64(p.limit*p.size))
}

// pageSize is that of all processors that Windows runs on.
const pageSize = 4096

// paging puts what Windows pages. Reads are those of mapped files too, which
// it does not count apart.
func paging(h *host.Host, to gather.Sink) error {
	b, err := h.AskNative(host.NativePaging)
	if err != nil {
		return err
	}
	if p, ok := parsePaging(b); ok {
		to.Put("paging", "major_faults", float64(p.reads))
		to.Put("swap", "in", float64(p.pagesIn)*pageSize)
		to.Put("swap", "out", float64(p.pagesOut)*pageSize)
	}
	if b, err = h.AskNative(host.NativePageFiles); err != nil {
		return err
	}
	total, used := parsePageFiles(b)
	to.Put("swap", "total", float64(total)*pageSize)
	if total > 0 {
		to.Put("swap", "used_percent", float64(used)/float64(total)*100)
	}
	return nil
}

// paged is part of SYSTEM_PERFORMANCE_INFORMATION, which Microsoft does not
// write down in full; PageReadIoCount, PageReadCount and DirtyPagesWriteCount
// are where every Windows since 2000 has them.
type paged struct{ reads, pagesIn, pagesOut uint32 }

func parsePaging(b []byte) (paged, bool) {
	if len(b) < 104 {
		return paged{}, false
	}
	at := func(off int) uint32 { return binary.LittleEndian.Uint32(b[off:]) }
	return paged{pagesIn: at(80), reads: at(84), pagesOut: at(96)}, true
}

// parsePageFiles adds up SYSTEM_PAGEFILE_INFORMATION: how far it is to the
// next, 0 at the last, then pages it has and pages in use.
func parsePageFiles(b []byte) (total, used uint64) {
	for n := 0; len(b) >= 16 && n < 64; n++ {
		at := func(off int) uint32 { return binary.LittleEndian.Uint32(b[off:]) }
		total, used = total+uint64(at(4)), used+uint64(at(8))
		next := at(0)
		if next < 16 || uint64(next) > uint64(len(b)) {
			break
		}
		b = b[next:]
	}
	return total, used
}

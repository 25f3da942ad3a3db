package profile

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
)

// HOST-RESOURCES-MIB (RFC 2790) and UCD-SNMP-MIB of net-snmp.
const (
	oidProcessorLoad = "1.3.6.1.2.1.25.3.3.1.2"
	oidDeviceDescr   = "1.3.6.1.2.1.25.3.2.1.3"
	storageEntry     = "1.3.6.1.2.1.25.2.3.1."
	storageTypes     = "1.3.6.1.2.1.25.2.1."

	ucdMemory    = "1.3.6.1.4.1.2021.4."
	oidUCDIdle   = "1.3.6.1.4.1.2021.11.11.0" // ssCpuIdle
	ucdCPU       = "1.3.6.1.4.1.2021.11."
	ucdDiskEntry = "1.3.6.1.4.1.2021.9.1."
	oidUCDTotal  = ucdMemory + "5.0"
)

func hostProcessorTasks() []*task {
	return []*task{{name: "hrProcessor", pace: paceFast, sections: []string{"processor"}, run: func(ctx context.Context, r *round) {
		c := r.column(ctx, oidProcessorLoad)
		var rows []inventory.Processor
		var index []string
		var names map[string]session.Value
		if len(c.order) > 0 {
			names = r.d.lookedUp(ctx, r.reader, oidDeviceDescr)
		}
		// Their descriptions are names where no two are alike.
		seen := map[string]bool{"": true}
		for _, at := range c.order {
			descr := textOf(names[at])
			if seen[descr] {
				seen = nil
				break
			}
			seen[descr] = true
		}
		for i, at := range c.order {
			f, ok := numberOf(c.cells[at])
			if !ok || f < 0 || f > 100 {
				continue
			}
			descr := textOf(names[at])
			name := "Processor " + strconv.Itoa(i+1)
			if seen != nil {
				name = descr
			}
			rows = append(rows, inventory.Processor{Name: name, Description: descr, Source: "hrProcessorLoad", Window: new(int64(60)), Load: &f})
			index = append(index, at)
		}
		put(r, "hrProcessor", rows, index, c.err)
	}}}
}

func hostStorageTasks() []*task {
	objects := []string{oidUCDTotal}
	return []*task{
		{name: "hrStorage", pace: "5m", every: everyOf(paceARP), sections: []string{"storage", "memory_pool"}, objects: objects, run: readStorage},
	}
}

// readStorage reads hrStorageTable, which holds both memory and stores.
func readStorage(ctx context.Context, r *round) {
	t := r.reader.table(ctx, session.Limits{Rows: 2000}, storageEntry+"2", storageEntry+"3", storageEntry+"4", storageEntry+"5", storageEntry+"6")
	var stores []inventory.Storage
	var pools []inventory.MemoryPool
	var storeAt, poolAt []string
	// net-snmp tells of memory more exactly elsewhere: what is cached is not in
	// use.
	ucd := slices.Contains(r.d.profile.readers, "ucd") && r.object(ctx, oidUCDTotal).Kind != session.Missing
	for _, row := range t.Rows {
		c := row.Cells
		name := textOf(c[1])
		unit, _ := integerOf(c[2])
		size, hasSize := storageCount(c[3])
		used, hasUsed := storageCount(c[4])
		if !hasSize || unit <= 0 || unit > 1<<30 || name == "" || size > 1<<62/unit || used > 1<<62/unit {
			continue
		}
		size, used = size*unit, used*unit
		kind, memory := storageKind(strings.TrimPrefix(c[0].S, storageTypes), name)
		if memory {
			if !ucd && size > 0 {
				p := inventory.MemoryPool{Name: name, Source: "hrStorage", SizeBytes: &size}
				if hasUsed {
					p.UsedBytes = &used
				}
				pools, poolAt = append(pools, p), append(poolAt, row.Index)
			}
			continue
		}
		if size <= 0 {
			continue // an empty drive
		}
		s := inventory.Storage{Name: name, Kind: kind, SizeBytes: size, UnitBytes: unit}
		if n, err := strconv.ParseInt(row.Index, 10, 64); err == nil {
			s.Index = &n
		}
		if hasUsed {
			s.UsedBytes = &used
		}
		stores, storeAt = append(stores, s), append(storeAt, row.Index)
	}
	put(r, "hrStorage", stores, storeAt, t.Fault)
	put(r, "hrStorage", pools, poolAt, t.Fault)
}

// storageCount is a number of units. They are 31 bits by the MIB, and negative
// where the store is larger.
func storageCount(v session.Value) (int64, bool) {
	n, ok := integerOf(v)
	if ok && n < 0 && n >= -1<<31 {
		n += 1 << 32
	}
	return n, ok && n >= 0
}

// unreal are stores that no disk is behind, or that are full by nature: views of
// the kernel, and images that are mounted for reading. Their agents call them
// fixed disks.
var unreal = regexp.MustCompile(`^/dev(/shm|/pts|/mqueue|/hugepages)?(,|$)|^/(proc|sys|run)(/|,|$)|\b(devfs|procfs|fdescfs|linprocfs|linsysfs|sysfs|devtmpfs)\b|^/dev/md\d+(\.uzip)?:|: (dev|proc) file system`)

// storageKind is hrStorageTypes.
func storageKind(number, name string) (kind string, memory bool) {
	low := strings.ToLower(name)
	if unreal.MatchString(low) {
		return "other", false
	}
	switch number {
	case "2", "3":
		return "virtual_memory", true
	case "4":
		return "fixed_disk", false
	case "5", "6":
		return "removable", false
	case "7":
		return "optical", false
	case "8":
		return "ram_disk", false
	case "9":
		return "flash", false
	case "10":
		return "network", false
	}
	if strings.Contains(low, "memory") || strings.HasPrefix(low, "swap") {
		return "virtual_memory", true
	}
	return "other", false
}

func ucdTasks() []*task {
	var objects []string
	for _, n := range []string{"3", "4", "5", "6", "14", "15", "18"} {
		objects = append(objects, ucdMemory+n+".0")
	}
	objects = append(objects, oidUCDIdle)
	return []*task{{name: "UCD-SNMP-MIB", pace: paceFast, sections: []string{"memory_pool", "processor"}, objects: objects, run: func(ctx context.Context, r *round) {
		var err error
		kilobytes := func(n string) *int64 {
			a := r.object(ctx, ucdMemory+n+".0")
			err = fault(err, a.err)
			v, ok := integerOf(a.Value)
			if !ok || v < 0 || v > 1<<52 {
				return nil
			}
			return new(v * 1024)
		}
		var pools []inventory.MemoryPool
		if total, free := kilobytes("5"), kilobytes("6"); total != nil && free != nil && *total > 0 && *free <= *total {
			cached := int64(0)
			for _, n := range []string{"14", "15"} {
				if c := kilobytes(n); c != nil {
					cached += *c
				}
			}
			if *free+cached > *total {
				cached = 0 // an agent that counts what is cached as free
			}
			pools = append(pools, inventory.MemoryPool{Name: "Physical memory", Source: "UCD-SNMP-MIB", SizeBytes: total, FreeBytes: free, CachedBytes: &cached, UsedBytes: new(*total - *free - cached)})
		}
		if total, free := kilobytes("3"), kilobytes("4"); total != nil && free != nil && *total > 0 && *free <= *total {
			pools = append(pools, inventory.MemoryPool{Name: "Swap space", Source: "UCD-SNMP-MIB", SizeBytes: total, FreeBytes: free, UsedBytes: new(*total - *free)})
		}
		put(r, "UCD-SNMP-MIB", pools, nil, err)
		// Where processors are told one by one, the sum says nothing new.
		var list []inventory.Processor
		idle := r.object(ctx, oidUCDIdle)
		if f, ok := numberOf(idle.Value); ok && f >= 0 && f <= 100 && !r.d.has(ctx, r, "host_processors", oidProcessorLoad) {
			list = append(list, inventory.Processor{Name: "Processor", Source: "ssCpuIdle", Window: new(int64(60)), Load: new(100 - f)})
		}
		put(r, "UCD-SNMP-MIB", list, nil, idle.err)
	}}}
}

// has says whether the device has a column that a builtin of its profile reads.
func (d *Device) has(ctx context.Context, r *round, builtin, oid string) bool {
	return slices.Contains(d.profile.readers, builtin) && len(r.column(ctx, oid).order) > 0
}

func ucdDiskTasks() []*task {
	return []*task{{name: "dskTable", pace: "5m", every: everyOf(paceARP), sections: []string{"storage"}, run: func(ctx context.Context, r *round) {
		// hrStorageTable has the same stores, and more.
		if r.d.state.had("hrStorage/storage") > 0 {
			put(r, "dskTable", []inventory.Storage(nil), nil, nil)
			return
		}
		t := r.reader.table(ctx, session.Limits{Rows: 1000}, ucdDiskEntry+"2", ucdDiskEntry+"6", ucdDiskEntry+"8")
		var rows []inventory.Storage
		var index []string
		for _, row := range t.Rows {
			size, ok := integerOf(row.Cells[1])
			used, ok2 := integerOf(row.Cells[2])
			if name := textOf(row.Cells[0]); name != "" && ok && ok2 && size > 0 && size < 1<<52 && used >= 0 && used < 1<<52 {
				rows = append(rows, inventory.Storage{Name: name, Kind: "fixed_disk", SizeBytes: size * 1024, UsedBytes: new(used * 1024)})
				index = append(index, row.Index)
			}
		}
		put(r, "dskTable", rows, index, t.Fault)
	}}}
}

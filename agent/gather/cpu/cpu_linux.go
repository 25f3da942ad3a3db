package cpu

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"muster/agent/gather/smbios"
	"muster/agent/host"
	"muster/internal/inventory"
)

const sysCPU = "/sys/devices/system/cpu"

func read(_ context.Context, h *host.Host) (rows []inventory.CPU, asked, faults []string, err error) {
	f, err := h.Open("/proc/cpuinfo")
	if err != nil {
		return nil, nil, nil, err
	}
	defer f.Close()
	packs, err := parseInfo(f, func(n int64) (int64, int64) { return topology(h, n) })
	if err != nil {
		return nil, nil, nil, err
	}
	asked = append(asked, "cpuinfo")
	flaws := vulnerabilities(h)
	arch := architecture(h)
	for _, p := range packs {
		r := p.row()
		r.Arch, r.Vulnerabilities = arch, flaws
		if arch == "arm64" && h.Exists("/dev/kvm") {
			r.Virtualization = "arm"
		}
		rows = append(rows, r)
	}
	sysfs(h, rows)
	t, err := smbios.Load(h)
	switch {
	case err == nil:
		asked = append(asked, "smbios")
		fromTables(rows, t)
	case errors.Is(err, fs.ErrPermission):
		faults = append(faults, "socket names can be read by root only")
	}
	return rows, asked, faults, nil
}

// topology is where the kernel puts a thread; -1 where it does not tell.
func topology(h *host.Host, n int64) (pkg, core int64) {
	at := fmt.Sprintf("%s/cpu%d/topology/", sysCPU, n)
	number := func(name string) int64 {
		v, err := strconv.ParseInt(h.Line(at+name), 10, 64)
		if err != nil {
			return -1
		}
		return v
	}
	pkg, core = number("physical_package_id"), number("core_id")
	if cluster := number("cluster_id"); core >= 0 && cluster > 0 && runtime.GOARCH != "amd64" {
		// Cores of ARM are numbered anew in each cluster.
		core |= cluster << 16
	}
	return pkg, core
}

func architecture(h *host.Host) string {
	switch machine := h.Line("/proc/sys/kernel/arch"); machine {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	case "riscv64", "ppc64le", "s390x":
		return machine
	}
	return runtime.GOARCH
}

// vulnerabilities are those the kernel calls vulnerable, not those whose
// mitigation has a hole somewhere.
func vulnerabilities(h *host.Host) []string {
	list, err := h.ReadDir(sysCPU + "/vulnerabilities")
	if err != nil {
		return nil
	}
	var found []string
	for _, e := range list {
		line := h.Line(sysCPU + "/vulnerabilities/" + e.Name())
		if strings.HasPrefix(line, "Vulnerable") || strings.HasPrefix(line, "KVM: Vulnerable") {
			found = append(found, e.Name())
		}
	}
	return found
}

// sysfs adds clocks, caches and kinds of cores. Caches that threads share are
// counted once, at the first thread that shares them.
func sysfs(h *host.Host, rows []inventory.CPU) {
	of := func(n int64) *inventory.CPU {
		pkg, _ := topology(h, n)
		pkg = max(pkg, 0)
		for i := range rows {
			if rows[i].Socket == pkg {
				return &rows[i]
			}
		}
		return nil
	}
	var capacity []threadCapacity
	eachNumber(h.Line(sysCPU+"/online"), func(n int64) {
		at := fmt.Sprintf("%s/cpu%d", sysCPU, n)
		row := of(n)
		if row == nil {
			return
		}
		row.MaxHertz = max(row.MaxHertz, kilohertz(h.Line(at+"/cpufreq/cpuinfo_max_freq")))
		if base := kilohertz(h.Line(at + "/cpufreq/base_frequency")); base > 0 {
			// Efficiency cores have a lower one; the package is named by the higher.
			row.BaseHertz = max(row.BaseHertz, base)
		}
		caches(h, at, n, row)
		if c, err := strconv.ParseInt(h.Line(at+"/cpu_capacity"), 10, 64); err == nil {
			capacity = append(capacity, threadCapacity{n, c})
		}
	})
	mixed(h, rows, of, capacity)
}

func kilohertz(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > 1e8 {
		return 0
	}
	return n * 1000
}

func caches(h *host.Host, at string, n int64, row *inventory.CPU) {
	for _, index := range []string{"index0", "index1", "index2", "index3", "index4"} {
		at := path.Join(at, "cache", index)
		shared := h.Line(at + "/shared_cpu_list")
		if shared == "" || digits(shared) != strconv.FormatInt(n, 10) {
			continue
		}
		size := cacheSize(h.Line(at + "/size"))
		switch h.Line(at + "/level") {
		case "1":
			row.L1Bytes += size
		case "2":
			row.L2Bytes += size
		case "3":
			row.L3Bytes += size
		}
	}
}

type threadCapacity struct{ thread, capacity int64 }

// mixed counts performance and efficiency cores: Intel's by the two counting
// units that perf has for them, ARM's by capacity.
func mixed(h *host.Host, rows []inventory.CPU, of func(int64) *inventory.CPU, capacity []threadCapacity) {
	var fast, slow []int64
	if h.Exists("/sys/devices/cpu_core/cpus") && h.Exists("/sys/devices/cpu_atom/cpus") {
		eachNumber(h.Line("/sys/devices/cpu_core/cpus"), func(n int64) { fast = append(fast, n) })
		eachNumber(h.Line("/sys/devices/cpu_atom/cpus"), func(n int64) { slow = append(slow, n) })
	} else {
		most, least := int64(0), int64(1<<62)
		for _, c := range capacity {
			most, least = max(most, c.capacity), min(least, c.capacity)
		}
		if most > least && len(capacity) > 0 {
			for _, c := range capacity {
				if c.capacity == most {
					fast = append(fast, c.thread)
				} else {
					slow = append(slow, c.thread)
				}
			}
		}
	}
	if len(fast) == 0 || len(slow) == 0 {
		return
	}
	count := func(threads []int64, field func(*inventory.CPU) **int64) {
		var seen [][2]int64
		for _, n := range threads {
			row := of(n)
			if row == nil {
				continue
			}
			_, core := topology(h, n)
			if id := [2]int64{row.Socket, core}; !slices.Contains(seen, id) {
				seen = append(seen, id)
				p := field(row)
				if *p == nil {
					*p = new(int64)
				}
				**p++
			}
		}
	}
	count(fast, func(r *inventory.CPU) **int64 { return &r.PerfCoreCount })
	count(slow, func(r *inventory.CPU) **int64 { return &r.EffCoreCount })
}

package sqlstore

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"muster/collector/search"
	"muster/collector/store"
	"muster/internal/inventory"
)

// The benchmarks print one figure each through ReportMetric. The size of the
// fleet is 2,000 devices × 250 programs; MUSTER_BENCH_DEVICES=100000 is the
// large one and takes some minutes and 2 GB of disk.

func fleetSize() int {
	if n, err := strconv.Atoi(os.Getenv("MUSTER_BENCH_DEVICES")); err == nil && n > 0 {
		return n
	}
	return 2000
}

// catalogue is what programs there are: as a Linux fleet has them, some
// thousand packages in a few versions, the first ones on every device.
func program(r *rand.Rand, i int) inventory.Software {
	n := i
	if i >= 120 {
		n = 120 + int(float64(35_000)*r.Float64()*r.Float64()*r.Float64())
	}
	p := inventory.Software{Source: "registry", Scope: "machine", Name: fmt.Sprintf("Vendor%d Program Suite %d", n%400, n), Arch: "x64",
		Version: fmt.Sprintf("%d.%d.%d", n%30, r.IntN(3), n%7), Publisher: fmt.Sprintf("Vendor %d Inc.", n%400), ProductCode: fmt.Sprintf("{%08X-0000-4000-8000-%012X}", n, n),
		InstalledAt: at(r.IntN(500_000)), SizeBytes: int64(r.IntN(1 << 30))}
	if n == 7 {
		p.Name, p.Version = "Adobe Reader", fmt.Sprintf("%d.%d", 15+r.IntN(10), r.IntN(20))
	}
	return p
}

func programsOf(r *rand.Rand, n int) []inventory.Software {
	out := make([]inventory.Software, n)
	for i := range out {
		out[i] = program(r, i)
	}
	return out
}

// fill adds devices, each with a first report of everything lists show.
func fill(b *testing.B, x *Inventory, devices, programs int) {
	b.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	yes := true
	const size = 50
	for from := 1; from <= devices; from += size {
		err := x.d.write(b.Context(), func(t *tx) error {
			for n := from; n < from+size && n <= devices; n++ {
				no, err := t.insert("device_no", "INSERT INTO device_rows (device_id, kind, name, first_seen) VALUES (?, 'pc', ?, ?)", string(deviceID(n)), fmt.Sprintf("pc-%d", n), at(0).UnixMilli())
				if err == nil {
					err = t.do("INSERT INTO seen_rows (device_no) VALUES (?)", no)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		var group []store.Entry
		for n := from; n < from+size && n <= devices; n++ {
			e := entry(n, 1,
				section(at(1), []inventory.OS{{Family: "windows", Name: "Windows 11 Pro", Release: "23H2", Version: "10.0.22631." + fmt.Sprint(n%50), HostName: fmt.Sprintf("HFD-%05d", n*7919%100_003), Server: &yes}}),
				section(at(1), []inventory.System{{Vendor: []string{"HP", "Dell Inc.", "Lenovo"}[n%3], Model: fmt.Sprint("Model ", n%40), Serial: fmt.Sprintf("5CD%07d", n)}}),
				section(at(1), []inventory.Memory{{InstalledBytes: int64(4<<(n%4)) << 30}}),
				section(at(1), []inventory.Logon{{CurrentUser: fmt.Sprintf("user%d", n)}}),
				section(at(1), []inventory.Interface{{Name: "Ethernet", Mac: fmt.Sprintf("00:25:90:%02x:%02x:%02x", n>>16&255, n>>8&255, n&255)}}),
				section(at(1), []inventory.Address{{Interface: "Ethernet", Address: fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)}}))
			if programs > 0 {
				e.Sections = append(e.Sections, section(at(1), programsOf(r, programs)))
			}
			e.Address = fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)
			group = append(group, e)
		}
		take(b, x, group...)
	}
}

// benchFleet makes the fleet, or takes the one that MUSTER_BENCH_FILE holds
// from an earlier run.
func benchFleet(b *testing.B, devices int) *Inventory {
	path := os.Getenv("MUSTER_BENCH_FILE")
	if path == "" {
		path = filepath.Join(b.TempDir(), "inventory.db")
	}
	x := openAt(b, path)
	c, err := x.Counts(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if c.Devices != devices {
		start := time.Now()
		fill(b, x, devices, 250)
		b.Logf("filled %d devices in %s", devices, time.Since(start).Round(time.Millisecond))
	}
	return x
}

// bytesOf sums the pages of tables and indexes whose names match a pattern of
// LIKE; ok is false when this SQLite cannot tell.
func bytesOf(b *testing.B, x *Inventory, like string) (n int64) {
	b.Helper()
	if err := x.d.readers.QueryRow(`SELECT ifnull(sum(pgsize), 0) FROM dbstat WHERE name LIKE ? ESCAPE '\'`, like).Scan(&n); err != nil {
		b.Fatal(err)
	}
	return n
}

func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		open(b)
	}
}

// BenchmarkCommitSamples commits reports that hold samples only.
func BenchmarkCommitSamples(b *testing.B) {
	const devices = 2000
	x := open(b)
	fill(b, x, devices, 0)
	seq := make([]uint64, devices+1)
	for _, size := range []int{1, 10, 200} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			r := rand.New(rand.NewPCG(5, 5))
			group := make([]store.Entry, size)
			for b.Loop() {
				for i := range group {
					n := 1 + r.IntN(devices)
					seq[n]++
					group[i] = store.Entry{Device: deviceID(n), Head: store.Head{Epoch: 1, Seq: 1 + seq[n]}, At: at(2), ReceivedAt: at(2), Address: fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)}
				}
				take(b, x, group...)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*size), "µs/report")
		})
	}
}

// BenchmarkSoftwareFirst commits a first inventory of 250 programs.
func BenchmarkSoftwareFirst(b *testing.B) {
	x := open(b)
	r := rand.New(rand.NewPCG(2, 2))
	n := 0
	for b.Loop() {
		n++
		b.StopTimer()
		addDevice(b, x, n)
		e := entry(n, 1, section(at(1), programsOf(r, 250)))
		b.StartTimer()
		take(b, x, e)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*250), "µs/row")
}

// BenchmarkSoftwareDiff commits a reading of 250 programs of which two differ.
func BenchmarkSoftwareDiff(b *testing.B) {
	x := open(b)
	addDevice(b, x, 1)
	r := rand.New(rand.NewPCG(2, 2))
	list := programsOf(r, 250)
	seq := 0
	for b.Loop() {
		seq++
		list[seq%250].Version, list[(seq+100)%250].Version = fmt.Sprint(seq%50), fmt.Sprint(seq%50)
		take(b, x, entry(1, seq, section(at(seq), list)))
	}
}

// BenchmarkFleet measures lists and searches over the fleet, and its size.
func BenchmarkFleet(b *testing.B) {
	devices := fleetSize()
	x := benchFleet(b, devices)
	if _, err := x.d.conn.ExecContext(b.Context(), "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		b.Fatal(err)
	}
	b.Run("bytes", func(b *testing.B) {
		for b.Loop() {
		}
		c, err := x.Counts(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(c.Bytes)/float64(devices), "B/device")
		b.ReportMetric(float64(bytesOf(b, x, `software\_%`))/float64(devices), "software_B/device")
		b.ReportMetric(float64(bytesOf(b, x, `software\_rows`))/float64(devices), "rows_B/device")
		b.ReportMetric(float64(bytesOf(b, x, `software\_by\_fact`))/float64(devices), "index_B/device")
	})
	for _, q := range []struct {
		name, filter, sort string
		scope              store.Scope
	}{
		{"all", "", "", store.Scope{All: true}},
		{"last_seen", "", "-last_seen", store.Scope{All: true}},
		{"model", "", "model", store.Scope{All: true}},
		{"severity", "", "-severity", store.Scope{All: true}},
		{"software_version", `software:"Adobe Reader"<16`, "", store.Scope{All: true}},
		{"software_version_most", `software:"Adobe Reader"<23`, "", store.Scope{All: true}},
		{"software_rare", `software:"Suite 20123"`, "", store.Scope{All: true}},
		{"words", `os:windows ram<=8GB model:12`, "", store.Scope{All: true}},
		{"free", `5cd0001`, "", store.Scope{All: true}},
		{"ip", `ip:10.0.1.0/24`, "", store.Scope{All: true}},
		{"seen", `seen<7d`, "", store.Scope{All: true}},
	} {
		b.Run("list/"+q.name, func(b *testing.B) {
			e, err := search.Parse(q.filter)
			if err != nil {
				b.Fatal(err)
			}
			var took []time.Duration
			total := 0
			for b.Loop() {
				start := time.Now()
				p, err := x.Devices(b.Context(), store.DeviceQuery{Scope: q.scope, Filter: e, Sort: q.sort, Limit: 100, Now: at(10), Severity: true})
				if err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
				total = p.Total
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95_ms")
			b.ReportMetric(float64(total), "found")
		})
	}
	b.Run("titles", func(b *testing.B) {
		for b.Loop() {
			if _, err := x.Software(b.Context(), store.SoftwareQuery{Scope: store.Scope{All: true}, Limit: 100}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("titles_by_name", func(b *testing.B) {
		for b.Loop() {
			if _, err := x.Software(b.Context(), store.SoftwareQuery{Scope: store.Scope{All: true}, Name: "suite 12", Limit: 100}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("installs", func(b *testing.B) { // of a program that every device has
		rows := 0
		for b.Loop() {
			rows = 0
			if err := x.Installs(b.Context(), store.Scope{All: true}, []string{"Adobe Reader"}, func(*store.Install) error { rows++; return nil }); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(rows), "rows")
	})
	b.Run("builds", func(b *testing.B) {
		for b.Loop() {
			if _, err := x.Breakdown(b.Context(), store.DeviceQuery{Scope: store.Scope{All: true}, Now: at(10), Builds: true}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("journal", func(b *testing.B) {
		for b.Loop() {
			if _, err := x.Journal(b.Context(), store.JournalQuery{Scope: store.Scope{All: true}, Limit: 100}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("show", func(b *testing.B) {
		for b.Loop() {
			if _, err := x.Sections(b.Context(), deviceID(devices/2), time.Time{}, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

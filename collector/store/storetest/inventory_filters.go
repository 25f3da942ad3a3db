package storetest

import (
	"slices"
	"strings"
	"time"

	"muster/collector/search"
	"muster/collector/store"
	"muster/internal/inventory"
)

// small makes a fleet that the filters are tried on: win and lin with much
// said of them, sw a switch they hang on, and bare of which nothing is known.
func (f *fleet) small() {
	f.Helper()
	ctx := f.Context()
	win, lin, sw, bare := f.add(1), f.add(2), f.add(3), f.add(4)
	yes, no := true, false
	gib := func(n int64) *int64 { n <<= 30; return &n }
	e := f.entry(win, hours(-1),
		reading(hours(-1), inventory.OS{Family: "windows", Name: "Windows 11 Pro", Release: "23H2", Version: "10.0.22631.3880", Build: "22631.3880", Arch: "amd64", HostName: "win", Locale: "en-US", Server: &no, SupportEndsAt: time.Date(2025, 11, 11, 23, 59, 59, 0, time.UTC)}),
		reading(hours(-1), inventory.System{Vendor: "HP", Model: "EliteBook 840 G8", Serial: "5CD1234XYZ", UUID: "4c4c4544-0001", ChassisType: "laptop"}),
		reading(hours(-1), inventory.Memory{InstalledBytes: 8 << 30}),
		reading(hours(-1), inventory.Agent{Version: "1.4.0"}),
		reading(hours(-1), inventory.CPU{Socket: 0, Model: "Intel i5-8250U", CoreCount: 4}),
		reading(hours(-1), inventory.Disk{Name: "PhysicalDrive0", Model: "Samsung 970", SizeBytes: 512e9, Kind: "ssd"}),
		reading(hours(-1), inventory.Volume{Mount: "C:", SizeBytes: 500 << 30, FreeBytes: gib(20), Options: []string{"compress", "x,y"}}),
		reading(hours(-1), inventory.Interface{Name: "eth", Mac: "00:25:90:ab:cd:ef", Gateways: []string{"10.1.0.1"}}),
		reading(hours(-1), inventory.Address{Interface: "eth", Address: "10.1.2.3"}, inventory.Address{Interface: "eth", Address: "2001:db8::7"}),
		reading(hours(-1), inventory.Logon{PrimaryUser: `CORP\jdoe`, PrimaryName: "Jane Doe"}),
		reading(hours(-1), inventory.Software{Name: "Adobe Reader", Version: "22.3.1", Source: "msi"}, inventory.Software{Name: "Firefox", Version: "128.0rc1", Source: "msi", Hidden: &yes}),
		reading(hours(-1), inventory.Service{Name: "Spooler", DisplayName: "Print Spooler", State: "stopped"}, inventory.Service{Name: "W32Time", State: "running"}))
	e.Address = "192.0.2.9"
	f.ok(f.s.Commit(ctx, []store.Entry{e}))
	f.report(lin, hours(-24*10),
		reading(hours(-240), inventory.OS{Family: "linux", Name: "Debian GNU/Linux", Version: "12.5", Kernel: "6.1.0-21", Arch: "arm64", HostName: "lin", Server: &yes, SupportEndsAt: time.Date(2028, 6, 30, 23, 59, 59, 0, time.UTC)}),
		reading(hours(-240), inventory.System{Vendor: "Größe & Söhne", Model: "Box", Serial: "A-1"}),
		reading(hours(-240), inventory.Memory{TotalBytes: 4 << 30}),
		reading(hours(-240), inventory.Disk{Name: "sda", Model: "WD Blue", SizeBytes: 250e9}, inventory.Disk{Name: "sdb", SizeBytes: 4e12}),
		reading(hours(-240), inventory.Volume{Mount: "/", SizeBytes: 100 << 30, FreeBytes: gib(80)}),
		reading(hours(-240), inventory.Interface{Name: "eth0", Mac: "02:00:00:00:00:01"}),
		reading(hours(-240), inventory.Address{Interface: "eth0", Address: "10.1.200.9"}, inventory.Address{Interface: "lo", Address: "127.0.0.1"}),
		reading(hours(-240), inventory.Software{Name: "Adobe Reader", Version: "23.0", Source: "dpkg"}, inventory.Software{Name: "adobe-fonts", Version: "1", Source: "dpkg"}),
		reading(hours(-240), inventory.Service{Name: "ssh.service", State: "running"}),
		reading(hours(-240), inventory.Neighbor{Protocol: "lldp", LocalPort: "eth0", Chassis: "c", Name: "sw", RemotePort: "Gi1/0/8"}))
	f.report(sw, hours(-2),
		reading(hours(-2), inventory.OS{Family: "network", HostName: "sw"}), reading(hours(-2), inventory.System{ChassisType: "switch"}),
		reading(hours(-2), inventory.Port{Name: "Gi1/0/7", Mac: "aa:aa:aa:00:00:07"}, inventory.Port{Name: "Up", Uplink: &yes}),
		reading(hours(-2), inventory.Fdb{VlanID: 1, Mac: "00:25:90:ab:cd:ef", Port: "Gi1/0/7"}, inventory.Fdb{VlanID: 1, Mac: "02:00:00:00:00:01", Port: "Up"}))
	agency, err := f.s.PutAgency(ctx, store.Agency{Name: "Parks"})
	f.ok(err)
	site, err := f.s.PutSite(ctx, store.Site{Agency: agency.Name, Name: "Hartford"})
	f.ok(err)
	f.ok(f.s.SetSite(ctx, win, site.ID, true))
	f.ok(f.s.SetLabels(ctx, lin, []string{"loaner", "lab"}))
	f.ok(f.s.SetPeople(ctx, lin, store.People{AssetTag: "CT-00417", Owner: "Jürgen", Department: "Finance", Purchased: "2020-06-15", Warranty: "2026-03-01", Note: "50% off"}))
	f.ok(f.s.SetPresence(ctx, map[inventory.DeviceID]store.Presence{win: store.Online, lin: store.Missing}))
	f.ok(f.s.Retire(ctx, bare, hours(-1)))
}

func testFilters(f *fleet) {
	f.small()
	everyone := []string{"lin", "pc-4", "sw", "win"}
	const (
		win, lin, sw, bare = "win", "lin", "sw", "pc-4"
	)
	for filter, want := range map[string][]string{
		"": everyone,
		// Text, words, patterns.
		"name:wi": {win}, "name=wi": {}, "name=WIN": {win}, "name~w?n": {win}, "name:*": everyone, "host:pc-*": {bare}, `name:"*"`: {},
		"id:0198f001*": {win}, "kind:switch": {sw}, "kind:pc": {win}, "-kind:*": {bare}, "kind:server": {lin},
		"os:windows": {win}, "os:debian": {lin}, `os:"gnu/linux 12"`: {lin}, "os:network": {sw},
		"vendor:hp": {win}, "vendor:GRÖSSE": {}, "vendor:größe": {lin}, "vendor:GRÖßE": {lin}, "model:elitebook": {win}, "serial=5cd1234xyz": {win}, "uuid:4c4c4544*": {win},
		"vendor!=hp": {lin, bare, sw}, "-vendor:*": {bare, sw}, "note:50%": {lin}, "note:%": {lin}, "note:_": {}, `note:"' OR 1=1 --"`: {},
		// Numbers and sizes.
		"ram<8GB": {lin}, "ram<=8GB": {lin, win}, "ram:8GiB": {win}, "ram>1GB": {lin, win}, "-ram:*": {bare, sw}, "cores=4": {win}, "cores<4": {}, "cpu:i5-8*": {}, "cpu~*i5-8*": {win}, "cpu:i5": {win},
		"disk<256GB": {lin}, "disk>1TB": {lin}, "disk:samsung": {win}, "-disk:*": {bare, sw}, "free<10%": {win}, "free<30GB": {win}, "free>50%": {lin}, "free:*": {lin, win},
		"volume.free_bytes>60GB": {lin}, "disk.size_bytes>=512GB": {lin, win}, "memory.installed_bytes=8GB": {win},
		// Versions.
		"version<10.0.22632": {win}, "version:12": {lin}, "version:1": {}, "version:10.0": {win}, "version>12.4": {lin}, "build<22631.4000": {win}, "kernel<6.10": {lin}, "kernel:6.1": {lin}, "kernel:*": {lin},
		"agent<1.10": {win}, "agent:1.4": {win}, "agent>=1.4.0": {win}, "arch:arm64": {lin}, "os.version~12*": {lin},
		`software:"adobe reader"<23`: {win}, `software:adobe`: {lin, win}, `software=adobe`: {}, `software:adobe>=23`: {lin}, `software:adobe<2`: {lin}, "software:firefox<128.0": {win}, "software:firefox=128": {},
		"software:nothing": {}, "-software:adobe": {bare, sw}, "software:*": {lin, win}, "software~adobe-*": {lin}, `software:"adobe reader"!=23.0`: {win},
		"software.version:22": {win}, "software.source:dpkg": {lin}, "software.hidden:yes": {win}, "software.name:ADOBE": {lin, win}, "os.server:no": {win}, "os.server:yes": {lin},
		// Services.
		"service:spool": {win}, "service:spooler=stopped": {win}, "service:spooler=running": {}, "service:spooler!=running": {win}, `service:"print spooler"`: {win}, "service:ssh": {lin}, "service=ssh": {}, "service:*": {lin, win}, "service.state:stopped": {win},
		// Addresses.
		"ip:10.1.2.3": {win}, "ip:10.1.0.0/16": {lin, win}, "ip:10.1.0.0/17": {win}, "ip:10.1.2": {lin, win}, "ip:2001:db8::/32": {win}, "ip:2001:DB8:0::7": {win}, "ip:127.0.0.1": {}, "ip~10.1.2??.*": {lin}, "-ip:*": {bare, sw},
		"mac:00-25-90-AB-CD-EF": {win}, "mac:0025.90ab.cdef": {win}, "mac:00:25:90": {win}, "mac:9": {win}, "mac:aaaa": {sw}, "mac:*": {lin, sw, win},
		"interface.mac:002590ABCDEF": {win}, "interface.gateways:10.1": {win}, "interface.gateways=10.1": {}, "volume.options=x,y": {win}, "volume.options:x": {win}, "volume.options=x": {},
		// People and places.
		"user:jdoe": {win}, `user:"jane doe"`: {win}, "site:hartford": {win}, "site:hart": {win}, "site:parks/hartford": {win}, "site:PARKS/Hartford": {win}, "site=parks/hartford": {win}, "site:parks/hart": {}, "site:arks/hartford": {}, "site:hartford/parks": {}, "site:parks/*": {win}, "site~*/hart*": {win}, "site~parks/hart": {}, "site!=parks/hartford": {lin, bare, sw}, "site:/": {}, "site:par_s/hartford": {}, "agency:parks": {win}, "-site:*": {lin, bare, sw}, "label:loaner": {lin}, "label:loan": {}, "label~lo*": {lin}, "-label:*": {bare, sw, win},
		"asset:ct-004": {lin}, "owner:jürgen": {lin}, "owner:JÜRGEN": {lin}, "dept:finance": {lin}, "state:online": {win}, "presence:retired": {bare}, "-state:*": {sw},
		// Times; now is t0.
		"seen>7d": {lin}, "seen<7d": {sw, win}, "seen<90m": {win}, "seen>=2h": {lin, sw}, "-seen:*": {bare}, "seen:2026-02-19": {lin}, "seen<2026-03": {lin}, "first:2026": everyone, "first<30d": everyone, "enrolled>=2026-03-02": {},
		"purchased<2021": {lin}, "purchased:2020-06": {lin}, "purchased>5y": {lin}, "purchased<=2020-06-15": {lin}, "purchased<2020-06-15": {}, "warranty<2026-03-01": {}, "warranty<=2026-03-01": {lin}, "warranty>1d": {}, "warranty<1d": {lin}, "-purchased:*": {bare, sw, win},
		"eol:past": {win}, "eol!=past": {lin, bare, sw}, "eol:future": {lin}, "eol<2027": {win}, "eol<2028-07": {lin, win}, "eol:2028-06-30": {lin}, "eol>=2028": {lin}, "-eol:*": {bare, sw}, "os.support_ends_at:past": {win},
		// Ports.
		"port:sw/Gi1/0/7": {win}, "port:SW/gi1/0/8": {lin}, "port:sw": {lin, win}, "port:sw/Up": {}, "port:other": {}, "port:*": {lin, win}, "port~sw/Gi*": {lin, win},
		// Free text.
		"win": {win}, "elite": {win}, "5cd12": {win}, "00417": {lin}, "hp": {win}, "10.1.2.3": {win}, "10.1.0.0/16": {lin, win}, "00:25:90:ab:cd:ef": {win}, "0025.90ab.cdef": {win}, "192.0.2": {win}, "w?n": {win}, "10.1.200.*": {lin}, "größe": {lin}, "nothing": {}, `"elitebook 840"`: {win}, `"840 5cd"`: {}, "jürgen": {lin},
		// Joining.
		"os:windows ram<=8GB": {win}, "os:windows ram<8GB": {}, "os:windows or label:lab": {lin, win}, "-(os:windows or label:lab)": {bare, sw}, "(name:win | name:lin) -site:*": {lin}, "not not name:win": {win},
	} {
		filter = strings.TrimSpace(filter)
		got := sorted(f.chosen(filter))
		slices.Sort(want)
		f.want(filter, got, want)
		if filter == "" {
			continue
		}
		// What a filter does not choose, its opposite does.
		rest := f.chosen("-(" + filter + ")")
		f.want("not "+filter, sorted(append(rest, got...)), everyone)
	}
	// Every field with every operator, and every column of the catalogue with
	// one in turn, can be asked for, whatever it finds.
	tried := 0
	try := func(field search.Field, op search.Op) {
		for _, v := range append([]string{"1", "1%", "1GB", "yes", "2026-01-01", "x"}, field.Values...) {
			e, err := search.Parse(field.Name + strings.TrimSuffix(op.String(), "*") + v)
			if op == search.Known {
				e, err = search.Parse(field.Name + ":*")
			}
			if err != nil {
				continue
			}
			tried++
			if _, err := f.s.Devices(f.Context(), store.DeviceQuery{Scope: all(), Filter: e, Personal: true, Now: t0(), Limit: 1}); err != nil {
				f.Errorf("%s: %v", e, err)
			}
			return
		}
		f.Errorf("no value fits %s%s", field.Name, op)
	}
	for _, field := range search.Fields() {
		for _, op := range field.Ops() {
			try(field, op)
		}
	}
	for _, s := range inventory.Schema() {
		for _, c := range s.Columns {
			if e, err := search.Parse(s.Name + "." + c.Name + ":*"); err == nil {
				field := search.Terms(e)[0].Field
				try(field, field.Ops()[tried%len(field.Ops())])
			}
		}
	}
	if tried < 500 {
		f.Errorf("only %d filters were tried", tried)
	}
	// An age needs to know what time it is.
	e, _ := search.Parse("seen>7d")
	if _, err := f.s.Devices(f.Context(), store.DeviceQuery{Scope: all(), Filter: e}); err == nil {
		f.Error("an age counts from no time")
	}
}

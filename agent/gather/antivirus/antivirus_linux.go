package antivirus

import (
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"time"

	"muster/agent/gather/packages"
	"muster/agent/gather/running"
	"muster/agent/gather/unit"
	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) (rows []inventory.Antivirus, asked, faults []string, err error) {
	var there []product
	for _, p := range products() {
		if slices.ContainsFunc(p.Places, h.Exists) {
			there = append(there, p)
		}
	}
	asked = []string{"files", "processes"}
	if len(there) == 0 {
		return nil, asked, nil, nil
	}
	programs := map[string]bool{}
	if err := running.Each(ctx, h, func(_ int64, name string) bool {
		programs[name] = true
		return true
	}); err != nil {
		faults = append(faults, fmt.Sprintf("which products run: %v", err))
	}
	versions := debian(h, there)
	enabled := unit.Enabled(h, unit.System)
	for _, p := range there {
		r := inventory.Antivirus{Name: p.Name, Vendor: p.Vendor, Kind: p.Kind, Version: version(h, p, versions)}
		if len(faults) == 0 {
			runs := slices.ContainsFunc(p.Programs, func(n string) bool { return programs[n[:min(len(n), 15)]] })
			on := runs || slices.ContainsFunc(p.Units, func(u string) bool { return slices.Contains(enabled, u) })
			r.Running, r.Enabled = &runs, &on
		}
		if len(p.Managed) > 0 {
			yes := slices.ContainsFunc(p.Managed, h.Exists)
			r.Managed = &yes
		}
		for _, s := range p.Signatures {
			if fi, err := h.Stat(s); err == nil {
				r.SignatureAt = fi.ModTime().UTC().Truncate(time.Second)
				break
			}
		}
		switch p.Name {
		case "ClamAV":
			clam(h, &r, programs)
		case "Microsoft Defender for Endpoint":
			defender(h, &r)
		}
		rows = append(rows, r)
	}
	return rows, asked, faults, nil
}

// clam adds what ClamAV's databases say. Where only the scanner is installed,
// that people or jobs start, nothing is switched off.
func clam(h *host.Host, r *inventory.Antivirus, programs map[string]bool) {
	if !h.Exists("/usr/sbin/clamd") && !h.Exists("/usr/local/sbin/clamd") {
		r.Enabled, r.Running = nil, nil
	}
	// Without it the daemon is there for a mail or file server that asks it:
	// that it watches no files is no fault.
	if watches := programs["clamonacc"]; watches {
		r.RealTime = &watches
	}
	for _, name := range []string{"/var/lib/clamav/daily.cld", "/var/lib/clamav/daily.cvd"} {
		f, err := h.Open(name)
		if err != nil {
			continue
		}
		b := make([]byte, cvdHead)
		n, _ := io.ReadFull(f, b)
		f.Close()
		if c, ok := parseCVD(b[:n]); ok {
			r.Signature, r.SignatureAt = c.Version, c.Made
			return
		}
	}
}

// defender adds how Defender is told to work; without the file it watches.
func defender(h *host.Host, r *inventory.Antivirus) {
	b, err := h.ReadFile("/etc/opt/microsoft/mdatp/managed/mdatp_managed.json")
	if err != nil {
		return
	}
	level := enforcement(b)
	if level == "" {
		return
	}
	passive, watches := level == "passive", level == "real_time"
	r.Passive, r.RealTime = &passive, &watches
}

func version(h *host.Host, p product, installed map[string]string) string {
	for _, s := range p.Version {
		if s.Name != "" {
			newest := ""
			list, _ := h.ReadDir(s.File)
			for _, e := range list[:min(len(list), 100)] {
				if v := inName(e.Name(), s.Name); v != "" && (newest == "" || inventory.VersionKey(v) > inventory.VersionKey(newest)) {
					newest = v
				}
			}
			if newest != "" {
				return newest
			}
			continue
		}
		if s.Key == "" {
			if v := cleanVersion(h.Line(s.File)); v != "" {
				return v
			}
			continue
		}
		if path.Ext(s.File) == ".json" {
			if b, err := h.ReadFile(s.File); err == nil {
				if v := parseJSON(b, s.Key); v != "" {
					return v
				}
			}
			continue
		}
		if f, err := h.Open(s.File); err == nil {
			v := parseINI(f, s.Key)
			f.Close()
			if v != "" {
				return v
			}
		}
	}
	for _, n := range p.Packages {
		if v := installed[n]; v != "" {
			return v
		}
	}
	return ""
}

// debian finds versions in dpkg's database. That of rpm is not asked: it
// would start a program once more each hour for what section software says.
func debian(h *host.Host, there []product) map[string]string {
	versions := map[string]string{}
	for _, p := range there {
		for _, n := range p.Packages {
			versions[n] = ""
		}
	}
	_ = packages.Debian(h, versions) // what it does not tell is not known
	for name, v := range versions {
		versions[name] = cleanVersion(v)
	}
	return versions
}

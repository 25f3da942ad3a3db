package patch

import (
	"bufio"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"muster/agent/host"
	"muster/internal/inventory"
)

func dnfCaches() []string {
	return []string{"/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum"}
}

func dnfHere(h *host.Host) bool {
	return slices.ContainsFunc(dnfCaches(), h.Exists) && (h.Exists("/usr/lib/sysimage/rpm") || h.Exists("/var/lib/rpm"))
}

func dnfFiles(h *host.Host) []string {
	return append(rpmFiles(h), append(dnfLists(h), "/etc/dnf/automatic.conf")...)
}

// zypper keeps what it downloaded of a repository here; SUSE writes an advisory
// for every update too.
const zypperCache = "/var/cache/zypp/raw"

func zypperHere(h *host.Host) bool {
	return h.Exists(zypperCache) && len(rpmFiles(h)) > 0
}

func zypperFiles(h *host.Host) []string { return append(rpmFiles(h), zypperLists(h)...) }

func zypperLists(h *host.Host) []string {
	list := h.Glob(zypperCache + "/*/repodata/*updateinfo.xml*")
	return list[:min(len(list), maxLists)]
}

func zypper(ctx context.Context, h *host.Host) (found, error) {
	return advised(ctx, h, "zypper", zypperLists(h))
}

// rpmFiles are the files of rpm's database that are there.
func rpmFiles(h *host.Host) []string {
	var list []string
	for _, dir := range []string{"/usr/lib/sysimage/rpm/", "/var/lib/rpm/"} {
		for _, name := range []string{"rpmdb.sqlite", "rpmdb.sqlite-wal", "Packages.db", "Packages"} {
			if h.Exists(dir + name) {
				list = append(list, dir+name)
			}
		}
	}
	return list
}

// dnfLists are the advisories that the last look left. What the repositories
// hold beside them is tens of megabytes more, and every update that matters
// has an advisory in Fedora and its kin.
func dnfLists(h *host.Host) []string {
	var list []string
	for _, dir := range dnfCaches() {
		list = append(list, h.Glob(dir+"/*/repodata/*updateinfo.xml*")...)
	}
	return list[:min(len(list), maxLists)]
}

func dnf(ctx context.Context, h *host.Host) (found, error) {
	out, err := advised(ctx, h, "dnf", dnfLists(h))
	out.automatic = dnfAutomatic(h)
	return out, err
}

// advised compares what is installed with the advisories. rpm has to be asked
// for what is installed: its database has three forms.
func advised(ctx context.Context, h *host.Host, source string, lists []string) (found, error) {
	out := found{classed: true}
	text, err := h.Run(ctx, "rpm")
	if err != nil {
		return out, err
	}
	installed := rpmInstalled(string(text))
	best := map[string]*inventory.Patch{}
	for _, name := range lists {
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		f, err := h.Open(name)
		if err != nil {
			return out, err
		}
		r, done, err := unpacked(f, name)
		if err == nil {
			err = advisories(io.LimitReader(r, maxList), installed, best)
			done()
		}
		f.Close()
		if err != nil && !errors.Is(err, io.EOF) {
			out.faults = append(out.faults, fmt.Sprintf("%s: %v", name[strings.LastIndexByte(name, '/')+1:], err))
		}
		out.checked = later(out.checked, modified(h, name))
	}
	for _, p := range best {
		p.Source = source
		out.patches = append(out.patches, *p)
	}
	for _, p := range installed {
		out.updated = later(out.updated, p.at)
	}
	return out, nil
}

type rpmPackage struct {
	version string
	at      time.Time
}

// rpmInstalled reads what host's rpm command prints, keyed by name.architecture;
// of several versions, as of kernels, the newest counts.
func rpmInstalled(text string) map[string]rpmPackage {
	m := map[string]rpmPackage{}
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) < 7 || len(m) >= maxInstalled {
			continue
		}
		v := evr(f[1], f[2], f[3])
		key := f[0] + "." + f[4]
		if old, ok := m[key]; ok && compareRPM(old.version, v) >= 0 {
			continue
		}
		p := rpmPackage{version: v}
		var n int64
		if _, err := fmt.Sscan(f[6], &n); err == nil && n > 0 && n < 1<<36 {
			p.at = time.Unix(n, 0).UTC()
		}
		m[key] = p
	}
	return m
}

func evr(epoch, version, release string) string {
	v := version
	if release != "" {
		v += "-" + release
	}
	if epoch != "" && epoch != "0" && epoch != "(none)" {
		v = epoch + ":" + v
	}
	return v
}

// advisory is one update of updateinfo.xml, as far as it is used.
type advisory struct {
	Type   string `xml:"type,attr"`
	ID     string `xml:"id"`
	Title  string `xml:"title"`
	Issued struct {
		Date string `xml:"date,attr"`
	} `xml:"issued"`
	Severity   string `xml:"severity"`
	References []struct {
		Type string `xml:"type,attr"`
		ID   string `xml:"id,attr"`
	} `xml:"references>reference"`
	Packages []struct {
		Name    string `xml:"name,attr"`
		Epoch   string `xml:"epoch,attr"`
		Version string `xml:"version,attr"`
		Release string `xml:"release,attr"`
		Arch    string `xml:"arch,attr"`
		Reboot  string `xml:"reboot_suggested"`
	} `xml:"pkglist>collection>package"`
}

const (
	maxCVEs       = 64
	maxAdvisories = 100_000
)

// advisories reads updateinfo.xml one update at a time.
func advisories(r io.Reader, installed map[string]rpmPackage, best map[string]*inventory.Patch) error {
	d := xml.NewDecoder(bufio.NewReaderSize(r, 16<<10))
	d.Strict = true
	for n := 0; n < maxAdvisories; {
		tok, err := d.Token()
		if err != nil {
			return err
		}
		start, ok := tok.(xml.StartElement)
		if !ok || start.Name.Local != "update" {
			continue
		}
		n++
		var a advisory
		if err := d.DecodeElement(&a, &start); err != nil {
			return err
		}
		for _, p := range a.Packages {
			key := p.Name + "." + p.Arch
			have, ok := installed[key]
			v := evr(p.Epoch, p.Version, p.Release)
			if !ok || compareRPM(v, have.version) <= 0 {
				continue
			}
			old := best[key]
			if old == nil {
				old = &inventory.Patch{Name: key, State: "missing", Class: "other", OldVersion: have.version}
				best[key] = old
			}
			a.into(old, v, p.Reboot == "True" || p.Reboot == "1" || p.Reboot == "true")
		}
	}
	return nil
}

// into adds an advisory to what is known of a package: the newest version
// names it, and all that lies between counts.
func (a *advisory) into(p *inventory.Patch, version string, reboot bool) {
	if p.NewVersion == "" || compareRPM(version, p.NewVersion) > 0 {
		p.NewVersion, p.Title = version, short(a.Title)
		for _, layout := range []string{time.DateTime, time.DateOnly, time.RFC3339} {
			if at, err := time.Parse(layout, a.Issued.Date); err == nil {
				p.ReleasedAt = at.UTC()
				break
			}
		}
	}
	if class := class(a.Type); p.Class != "security" && class != "other" {
		p.Class = class
	}
	if s := severity(a.Severity); a.Type == "security" && grade(s) > grade(p.Severity) {
		p.Severity = s
	}
	if reboot {
		p.NeedsRestart = &reboot
	}
	for _, r := range a.References {
		if r.Type == "cve" && strings.HasPrefix(r.ID, "CVE-") && len(r.ID) < 24 && len(p.CVEs) < maxCVEs && !slices.Contains(p.CVEs, r.ID) {
			p.CVEs = append(p.CVEs, r.ID)
		}
	}
	slices.Sort(p.CVEs)
}

func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "")
	}
	return s
}

func class(kind string) string {
	switch kind {
	case "security":
		return "security"
	case "bugfix", "recommended":
		return "quality"
	case "enhancement", "newpackage":
		return "feature"
	case "optional":
		return "optional"
	}
	return "other"
}

func severity(s string) string {
	switch strings.ToLower(s) {
	case "critical":
		return "critical"
	case "important", "high":
		return "important"
	case "moderate", "medium":
		return "moderate"
	case "low":
		return "low"
	}
	return ""
}

func grade(s string) int {
	return slices.Index([]string{"", "none", "low", "moderate", "important", "critical"}, s)
}

// dnfAutomatic reads /etc/dnf/automatic.conf; that nothing starts it means that
// nothing happens.
func dnfAutomatic(h *host.Host) string {
	if len(h.Glob("/etc/systemd/system/timers.target.wants/dnf*automatic*.timer")) == 0 {
		return "off"
	}
	if len(h.Glob("/etc/systemd/system/timers.target.wants/dnf-automatic-install.timer")) > 0 {
		return "install"
	}
	f, err := h.Open("/etc/dnf/automatic.conf")
	if err != nil {
		return ""
	}
	defer f.Close()
	set := map[string]string{}
	s := bufio.NewScanner(io.LimitReader(f, 64<<10))
	for s.Scan() {
		if k, v, ok := strings.Cut(s.Text(), "="); ok {
			set[strings.TrimSpace(k)] = strings.ToLower(strings.TrimSpace(v))
		}
	}
	yes := func(k string) bool { return set[k] == "yes" || set[k] == "true" || set[k] == "1" }
	switch {
	case yes("apply_updates"):
		return "install"
	case yes("download_updates"):
		return "download"
	}
	return "notify"
}

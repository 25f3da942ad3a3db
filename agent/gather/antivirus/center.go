package antivirus

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"muster/agent/gather/wmi"
	"muster/agent/host"
	"muster/internal/inventory"
)

// asker answers a question of WMI; see wmi.Rows.
type asker func(wmi.Question) ([]wmi.Row, error)

const (
	defenderName = "Microsoft Defender Antivirus"
	defenderKey  = `HKLM\SOFTWARE\Microsoft\Windows Defender`
	servicesKey  = `HKLM\SYSTEM\CurrentControlSet\Services\`
)

// sensors are products whose service is there, told by its name; servers have
// no security centre that would list them, and EDR never stands in it.
type sensors struct {
	Service, Name, Vendor, Kind string
}

func knownServices() []sensors {
	return []sensors{
		{"CSFalconService", "CrowdStrike Falcon", "CrowdStrike", "edr"},
		{"SentinelAgent", "SentinelOne", "SentinelOne", "edr"},
		{"CbDefense", "Carbon Black Cloud", "Broadcom", "edr"},
		{"CarbonBlack", "Carbon Black EDR", "Broadcom", "edr"},
		{"CylanceSvc", "Cylance", "BlackBerry", "edr"},
		{"cyserver", "Cortex XDR", "Palo Alto Networks", "edr"},
		{"Sophos Endpoint Defense Service", "Sophos Endpoint", "Sophos", "edr"},
		{"ekrn", "ESET Security", "ESET", "antivirus"},
		{"mfetp", "Trellix Endpoint Security", "Trellix", "antivirus"},
		{"xagt", "Trellix HX", "Trellix", "edr"},
		{"SepMasterService", "Symantec Endpoint Protection", "Broadcom", "antivirus"},
		{"ds_agent", "Trend Micro Deep Security Agent", "Trend Micro", "edr"},
		{"ntrtscan", "Trend Micro Apex One", "Trend Micro", "antivirus"},
		{"Trend Micro Endpoint Basecamp", "Trend Micro Vision One", "Trend Micro", "edr"},
		{"ElasticEndpoint", "Elastic Defend", "Elastic", "edr"},
		{"WazuhSvc", "Wazuh", "Wazuh", "edr"},
		{"HuntressAgent", "Huntress", "Huntress", "edr"},
		{"EPSecurityService", "Bitdefender GravityZone", "Bitdefender", "edr"},
		{"CybereasonActiveProbe", "Cybereason", "Cybereason", "edr"},
		{"fshoster", "WithSecure Elements", "WithSecure", "antivirus"},
		{"WRSVC", "Webroot SecureAnywhere", "OpenText", "antivirus"},
		{"MBAMService", "Malwarebytes", "Malwarebytes", "antivirus"},
		{"avast! Antivirus", "Avast Antivirus", "Gen Digital", "antivirus"},
		{"AVG Antivirus", "AVG Antivirus", "Gen Digital", "antivirus"},
		{"Sense", "Microsoft Defender for Endpoint", "Microsoft", "edr"},
		{"ir_agent", "Rapid7 Insight Agent", "Rapid7", "other"},
	}
}

// fromWindows reads what the security centre lists, how Defender is, and which
// known services are there. running tells whether a service runs; nil when it
// cannot be told.
func fromWindows(ctx context.Context, h *host.Host, ask asker, running func(string) *bool) (rows []inventory.Antivirus, asked, faults []string, err error) {
	if h.Registry == nil {
		return nil, nil, nil, fmt.Errorf("registry: %w", errors.ErrUnsupported)
	}
	rows = []inventory.Antivirus{}
	listed, err := ask(wmi.Protection())
	switch {
	case err == nil:
		asked = append(asked, "security_center")
	case !errors.Is(err, errors.ErrUnsupported): // servers have none
		faults = append(faults, err.Error())
	}
	for _, l := range listed {
		if r, ok := centreRow(l); ok {
			rows = append(rows, r)
		}
	}
	if ctx.Err() != nil {
		return nil, nil, nil, ctx.Err()
	}
	d, source, err := scanner(h, ask)
	switch {
	case err == nil:
		asked = append(asked, source)
		rows = joined(rows, d)
	case !errors.Is(err, errors.ErrUnsupported):
		faults = append(faults, err.Error())
	}
	for _, s := range knownServices() {
		k, err := h.Key(host.View64, servicesKey+s.Service, "Start")
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				faults = append(faults, err.Error())
			}
			continue
		}
		const onDemand = 3 // SERVICE_DEMAND_START: Sense is there on every Windows, and waits to be taken on
		start, _ := k.Number("Start")
		works := running(s.Service)
		if s.Service == "Sense" && (works == nil || !*works) && start >= onDemand {
			continue
		}
		rows = joined(rows, inventory.Antivirus{Name: s.Name, Vendor: s.Vendor, Kind: s.Kind, Enabled: new(start < 4), Running: works, Managed: onboarded(h, s.Service)})
	}
	return rows, append(asked, "services"), faults, nil
}

// centreRow reads a row of the security centre. How productState is built
// Microsoft does not write down: the second byte from the right has 1 in its
// upper half when the product is on, the last byte is 0 when its signatures are
// current.
func centreRow(r wmi.Row) (inventory.Antivirus, bool) {
	name := r.Text("displayName")
	if name == "" {
		return inventory.Antivirus{}, false
	}
	if strings.EqualFold(name, "Windows Defender") {
		name = defenderName
	}
	out := inventory.Antivirus{Name: name, Kind: "antivirus"}
	if name == defenderName {
		out.Vendor = "Microsoft"
	}
	if n, ok := r.Number("productState"); ok {
		out.Enabled = new(n>>12&0xf == 1)
		out.UpToDate = new(n>>4&0xf == 0)
	}
	return out, true
}

// joined adds a row, or what it tells beyond to the row that is there: makers
// name the same product in several ways, and the first word is common.
func joined(rows []inventory.Antivirus, r inventory.Antivirus) []inventory.Antivirus {
	word := func(s string) string { w, _, _ := strings.Cut(strings.ToLower(s), " "); return w }
	for i := range rows {
		have := &rows[i]
		if !strings.EqualFold(have.Name, r.Name) && (r.Vendor == "Microsoft" || word(have.Name) != word(r.Name)) {
			continue
		}
		if r.Vendor != "" {
			have.Vendor = r.Vendor
		}
		if r.Kind == "edr" {
			have.Kind = r.Kind
		}
		fill := func(to **bool, from *bool) {
			if *to == nil {
				*to = from
			}
		}
		fill(&have.Enabled, r.Enabled)
		fill(&have.Running, r.Running)
		fill(&have.UpToDate, r.UpToDate)
		fill(&have.RealTime, r.RealTime)
		fill(&have.Tamper, r.Tamper)
		fill(&have.Passive, r.Passive)
		fill(&have.Managed, r.Managed)
		if r.Version != "" {
			have.Version = r.Version
		}
		if r.EngineVersion != "" {
			have.EngineVersion = r.EngineVersion
		}
		if r.Signature != "" {
			have.Signature = r.Signature
		}
		if !r.SignatureAt.IsZero() {
			have.SignatureAt = r.SignatureAt
		}
		if !r.ScannedAt.IsZero() {
			have.ScannedAt = r.ScannedAt
		}
		return rows
	}
	return append(rows, r)
}

// scanner asks Microsoft's own scanner, or reads what it left in the registry.
func scanner(h *host.Host, ask asker) (inventory.Antivirus, string, error) {
	r := inventory.Antivirus{Name: defenderName, Vendor: "Microsoft", Kind: "antivirus"}
	list, err := ask(wmi.Defender())
	if err == nil && len(list) == 1 {
		d := list[0]
		r.Version, r.EngineVersion = cleanVersion(d.Text("AMProductVersion")), cleanVersion(d.Text("AMEngineVersion"))
		r.Enabled, r.RealTime, r.Running = d.Flag("AntivirusEnabled"), d.Flag("RealTimeProtectionEnabled"), d.Flag("AMServiceEnabled")
		r.Tamper = d.Flag("IsTamperProtected")
		if mode := d.Text("AMRunningMode"); mode != "" {
			r.Passive = new(strings.Contains(mode, "Passive") || strings.Contains(mode, "EDR"))
		}
		if old := d.Flag("DefenderSignaturesOutOfDate"); old != nil {
			r.UpToDate = new(!*old)
		}
		r.Signature, r.SignatureAt = cleanVersion(d.Text("AntivirusSignatureVersion")), d.Time("AntivirusSignatureLastUpdated")
		for _, name := range []string{"QuickScanEndTime", "FullScanEndTime"} {
			if at := d.Time(name); at.After(r.ScannedAt) {
				r.ScannedAt = at
			}
		}
		return r, "defender", nil
	}
	k, err := h.Key(host.View64, defenderKey, "DisableAntiVirus", "DisableAntiSpyware", "ProductAppDataPath")
	if errors.Is(err, fs.ErrNotExist) {
		return r, "", errors.ErrUnsupported
	}
	if err != nil {
		return r, "", err
	}
	off := k.Flag("DisableAntiVirus")
	if off == nil {
		off = k.Flag("DisableAntiSpyware")
	}
	if off != nil {
		r.Enabled = new(!*off)
	}
	told := off != nil
	if k, err = h.Key(host.View64, defenderKey+`\Signature Updates`, "AVSignatureVersion", "EngineVersion", "SignaturesLastUpdated", "AVSignatureApplied"); err == nil {
		r.Signature, r.EngineVersion = cleanVersion(k.Text("AVSignatureVersion")), cleanVersion(k.Text("EngineVersion"))
		for _, name := range []string{"SignaturesLastUpdated", "AVSignatureApplied"} {
			if b := k.Bytes(name); len(b) == 8 && r.SignatureAt.IsZero() {
				r.SignatureAt = host.FileTime(binary.LittleEndian.Uint64(b))
			}
		}
		told = told || r.Signature != ""
	}
	if k, err = h.Key(host.View64, defenderKey+`\Real-Time Protection`, "DisableRealtimeMonitoring"); err == nil {
		if off := k.Flag("DisableRealtimeMonitoring"); off != nil {
			r.RealTime = new(!*off)
		}
	}
	if k, err = h.Key(host.View64, defenderKey+`\Features`, "TamperProtection"); err == nil {
		if n, ok := k.Number("TamperProtection"); ok {
			r.Tamper = new(n&1 == 1) // 1 and 5 are on, 0 and 4 off
		}
	}
	if !told {
		return r, "", errors.ErrUnsupported
	}
	return r, "registry", nil
}

// onboarded says whether a console has taken Defender for Endpoint on.
func onboarded(h *host.Host, service string) *bool {
	if service != "Sense" {
		return nil
	}
	k, err := h.Key(host.View64, `HKLM\SOFTWARE\Microsoft\Windows Advanced Threat Protection\Status`, "OnboardingState")
	if err != nil {
		return nil
	}
	return k.Flag("OnboardingState")
}

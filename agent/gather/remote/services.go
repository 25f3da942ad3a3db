package remote

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"muster/agent/gather/running"
	"muster/agent/host"
	"muster/internal/inventory"
)

// service is how a program is known on Windows: by the service that its
// installer registers.
type service struct {
	Product  string // of the catalogue
	Instance string // tells two of one product apart
	Name     string // of the service, in lower case; ending in *, what follows is the instance
	Runs     []string
}

// services lists what is known, by the names in the makers' own installers.
func services() []service {
	return []service{
		{"teamviewer", "", "teamviewer", []string{"TeamViewer_Service.exe"}},
		{"anydesk", "", "anydesk", []string{"AnyDesk.exe"}},
		{"rustdesk", "", "rustdesk", []string{"rustdesk.exe"}},
		{"splashtop", "", "splashtopremoteservice", []string{"SRService.exe"}},
		{"logmein", "", "logmein", []string{"LogMeIn.exe"}},
		{"connectwise", "", "screenconnect client (*", []string{"ScreenConnect.ClientService.exe"}},
		{"bomgar", "", "bomgar-scc-*", []string{"bomgar-scc.exe"}},
		{"bomgar", "jump", "bomgar-ps-*", []string{"bomgar-jpt.exe", "bomgar-scc.exe"}},
		{"dameware", "", "dwmrcs", []string{"DWRCS.EXE"}},
		{"vnc", "ultravnc", "uvnc_service", []string{"winvnc.exe"}},
		{"vnc", "tightvnc", "tvnserver", []string{"tvnserver.exe"}},
		{"vnc", "realvnc", "vncserver", []string{"vncserver.exe"}},
		{"vnc", "tigervnc", "tigervnc", []string{"winvnc4.exe"}},
		{"ssh", "", "sshd", []string{"sshd.exe"}},
		{"chrome_remote_desktop", "", "chromoting", []string{"remoting_host.exe"}},
		{"meshcentral", "", "mesh agent", []string{"MeshAgent.exe"}},
		{"ninja", "", "ninjarmmagent", []string{"NinjaRMMAgent.exe"}},
		{"atera", "", "ateraagent", []string{"AteraAgent.exe"}},
		{"supremo", "", "supremoservice", []string{"SupremoService.exe", "Supremo.exe"}},
		{"parsec", "", "parsec", []string{"parsecd.exe", "pservice.exe"}},
		{"other", "dwservice", "dwagent", []string{"dwagsvc.exe"}},
		{"other", "radmin", "rserver3", []string{"rserver3.exe"}},
		{"other", "netsupport", "client32", []string{"client32.exe"}},
		{"other", "tacticalrmm", "tacticalrmm", []string{"tacticalrmm.exe"}},
	}
}

const (
	servicesKey = `HKLM\SYSTEM\CurrentControlSet\Services`
	terminalKey = `HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server`
	terminalLaw = `HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services`
	maxServices = 100
)

// fromWindows reads which services are registered, the makers' keys where
// numbers and ports stand, and Windows' own remote desktop.
func fromWindows(ctx context.Context, h *host.Host) (rows []inventory.RemoteControl, asked, faults []string, err error) {
	asked = []string{"registry", "files", "processes"}
	k, err := h.Key(host.View64, servicesKey, "no value")
	if err != nil {
		return nil, nil, nil, err
	}
	up := map[string]bool{}
	seen := false
	if b, err := h.AskNative(host.NativeProcesses); err == nil {
		seen = true
		for _, e := range running.List(b) {
			up[strings.ToLower(e.Name)] = true
		}
	} else if !errors.Is(err, errors.ErrUnsupported) {
		faults = append(faults, fmt.Sprintf("which of them run: %v", err))
	}
	for _, name := range k.Subkeys {
		if ctx.Err() != nil {
			return nil, nil, nil, ctx.Err()
		}
		s, instance, ok := known(name)
		if !ok || len(rows) == maxServices {
			continue
		}
		row := inventory.RemoteControl{Product: s.Product, Instance: instance}
		if seen {
			row.Running = new(slices.ContainsFunc(s.Runs, func(p string) bool { return up[strings.ToLower(p)] }))
		}
		if bad := details(h, &row); bad != nil {
			faults = append(faults, bad.Error())
		}
		// Two services of one program are one way in.
		if !slices.ContainsFunc(rows, func(o inventory.RemoteControl) bool { return o.Product == row.Product && o.Instance == row.Instance }) {
			rows = append(rows, row)
		}
	}
	if row, ok := desktop(h); ok {
		rows = append(rows, row)
	}
	return rows, asked, faults, nil
}

// known finds the program that a service belongs to.
func known(name string) (s service, instance string, ok bool) {
	lower := strings.ToLower(name)
	for _, s := range services() {
		head, many := strings.CutSuffix(s.Name, "*")
		if !many && lower == head {
			return s, s.Instance, true
		}
		if rest, ok := strings.CutPrefix(lower, head); many && ok {
			rest = strings.TrimSuffix(rest, ")")
			if s.Instance != "" {
				rest = s.Instance + " " + rest
			}
			return s, rest[:min(len(rest), 64)], true
		}
	}
	return service{}, "", false
}

// details adds what a maker's own keys and files tell: numbers to be called
// by, versions, ports. Passwords stand beside them and are not asked for.
func details(h *host.Host, r *inventory.RemoteControl) error {
	keys := func(path string, values ...string) host.Key {
		for _, view := range []host.View{host.View64, host.View32} {
			if k, err := h.Key(view, path, values...); err == nil && len(k.Values) > 0 {
				return k
			}
		}
		return host.Key{}
	}
	port := func(k host.Key, name string) {
		if n, ok := k.Number(name); ok && n > 0 && n < 1<<16 {
			r.Port = new(int64(n))
		}
	}
	switch {
	case r.Product == "teamviewer":
		k := keys(`HKLM\SOFTWARE\TeamViewer`, "ClientID", "Version", "OwningManagerAccountName")
		if n, ok := k.Number("ClientID"); ok && n > 0 {
			r.RemoteID = fmt.Sprint(n)
		}
		r.Version, r.Account = k.Text("Version"), k.Text("OwningManagerAccountName")
	case r.Product == "anydesk":
		f, err := h.Open(`C:\ProgramData\AnyDesk\system.conf`)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		defer f.Close()
		r.RemoteID = find(f, "ad.anynet.id")
	case r.Product == "splashtop":
		r.Version = keys(`HKLM\SOFTWARE\Splashtop Inc.\Splashtop Remote Server`, "Version").Text("Version")
	case r.Product == "vnc" && r.Instance == "tightvnc":
		port(keys(`HKLM\SOFTWARE\TightVNC\Server`, "RfbPort"), "RfbPort")
	case r.Product == "vnc" && r.Instance == "realvnc":
		port(keys(`HKLM\SOFTWARE\RealVNC\vncserver`, "RfbPort"), "RfbPort")
	case r.Product == "dameware":
		const usual = 6129
		r.Port = new(int64(usual))
	}
	return nil
}

// desktop reads whether Windows' own remote desktop is open: what a policy
// says goes before what was set here.
func desktop(h *host.Host) (inventory.RemoteControl, bool) {
	row := inventory.RemoteControl{Product: "rdp"}
	denied := func(path string) *bool {
		k, err := h.Key(host.View64, path, "fDenyTSConnections")
		if err != nil {
			return nil
		}
		return k.Flag("fDenyTSConnections")
	}
	shut := denied(terminalLaw)
	if shut == nil {
		shut = denied(terminalKey)
	}
	if shut == nil {
		return row, false
	}
	row.Running = new(!*shut)
	row.Unattended = row.Running
	if k, err := h.Key(host.View64, terminalKey+`\WinStations\RDP-Tcp`, "PortNumber"); err == nil {
		if n, ok := k.Number("PortNumber"); ok && n > 0 && n < 1<<16 {
			row.Port = new(int64(n))
		}
	}
	return row, true
}

package queue

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"muster/agent/gather/hive"
	"muster/agent/gather/pnp"
	"muster/agent/host"
	"muster/internal/inventory"
)

const (
	printKey = `HKLM\SYSTEM\CurrentControlSet\Control\Print\`
	tcpPorts = printKey + `Monitors\Standard TCP/IP Port\Ports\`
	wsdPorts = printKey + `Monitors\WSD Port\Ports\`
)

// Attributes of a printer (winspool.h, PRINTER_ATTRIBUTE_).
const (
	attrShared  = 0x8
	attrOffline = 0x400
	attrFax     = 0x4000
)

// fromRegistry reads the queues of the machine and the connections of people
// to print servers.
func fromRegistry(ctx context.Context, h *host.Host) (rows []inventory.PrintQueue, asked, faults []string, err error) {
	k, err := h.Key(host.View64, printKey+"Printers", "no value")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, nil, fmt.Errorf("this Windows has no spooler: %w", errors.ErrUnsupported)
	case err != nil:
		return nil, nil, nil, err
	}
	asked = []string{"registry"}
	live := map[string]spooled{}
	if b, err := h.AskNative(host.NativePrinters); err == nil {
		live = parseSpooled(string(b))
		asked = append(asked, "spooler")
	} else if !errors.Is(err, errors.ErrUnsupported) {
		faults = append(faults, "the spooler does not answer, so states and jobs are not known: "+err.Error())
	}
	usb := cables(h)
	rows = []inventory.PrintQueue{}
	for _, name := range k.Subkeys {
		if ctx.Err() != nil {
			return nil, nil, nil, ctx.Err()
		}
		if len(rows) >= maxQueues {
			faults = append(faults, fmt.Sprintf("only the first %d queues are read", maxQueues))
			break
		}
		p, err := h.Key(host.View64, printKey+`Printers\`+name)
		if err != nil {
			faults = append(faults, err.Error())
			continue
		}
		rows = append(rows, machineQueue(h, name, p, live, usb))
	}
	more, err := hive.Each(h, hive.Settings, func(p hive.Person, r *hive.Registry) error {
		list, standard, err := connections(p, r)
		if err != nil {
			return err
		}
		for i := range rows {
			if rows[i].UserName == "" && standard != "" && strings.EqualFold(rows[i].Name, standard) {
				rows[i].Default = new(true)
			}
		}
		rows = append(rows, list[:min(len(list), max(0, maxQueues-len(rows)))]...)
		return nil
	})
	if err != nil {
		faults = append(faults, err.Error())
	}
	return rows, asked, append(faults, more...), nil
}

// machineQueue is a queue for everybody.
func machineQueue(h *host.Host, name string, p host.Key, live map[string]spooled, usb map[string]string) inventory.PrintQueue {
	// A backslash in the name of a queue is a comma in that of its key.
	q := inventory.PrintQueue{Name: name, Driver: p.Text("Printer Driver"), Location: p.Text("Location"), Comment: p.Text("Description"), Status: "unknown", Kind: "other"}
	if s := p.Text("Name"); s != "" {
		q.Name = s
	}
	q.Model = q.Driver
	q.DriverVersion = driverVersion(h, q.Driver)
	attributes, _ := p.Number("Attributes")
	q.Shared = new(attributes&attrShared != 0)
	port := p.Text("Port")
	printsTo(h, &q, port, usb)
	if attributes&attrFax != 0 {
		q.Kind = "fax"
	}
	if s, ok := live[strings.ToLower(q.Name)]; ok {
		q.Status, q.Reasons, q.Jobs = stateOfWindows(s.status, attributes), reasons(s.status), &s.jobs
	} else if attributes&attrOffline != 0 {
		q.Status = "offline"
	}
	return q
}

// printsTo fills in what a port leads to.
func printsTo(h *host.Host, q *inventory.PrintQueue, port string, usb map[string]string) {
	upper := strings.ToUpper(port)
	switch {
	case port == "":
		return
	case strings.HasPrefix(upper, "USB") || strings.HasPrefix(upper, "DOT4"):
		q.Kind, q.Uri, q.Serial = "usb", "usb:"+port, usb[upper]
		return
	case upper == "PORTPROMPT:" || upper == "FILE:" || upper == "NUL:" || strings.HasPrefix(upper, "SHRFAX") || strings.HasPrefix(upper, "XPSPORT") || strings.Contains(upper, "ONENOTE") ||
		strings.HasPrefix(upper, "PDF") || strings.HasPrefix(upper, `C:\`):
		q.Kind = "virtual"
		return
	case strings.HasPrefix(upper, "LPT") || strings.HasPrefix(upper, "COM"):
		q.Uri = strings.ToLower(strings.TrimSuffix(port, ":"))
		return
	case strings.HasPrefix(port, `\\`):
		q.Kind = "shared"
		q.Server, _, _ = strings.Cut(strings.TrimPrefix(port, `\\`), `\`)
		q.Uri, q.Address = "smb:"+strings.ReplaceAll(port, `\`, "/"), q.Server
		return
	case strings.HasPrefix(strings.ToLower(port), "http"):
		reach(q, port)
		q.Kind = "network"
		return
	}
	// Names of ports hold no backslash, so they stay below their monitor.
	if strings.Contains(port, `\`) {
		return
	}
	if k, err := h.Key(host.View64, tcpPorts+port, "HostName", "IPAddress", "PortNumber", "Protocol", "Queue"); err == nil {
		q.Kind = "network"
		if q.Address = k.Text("HostName"); q.Address == "" {
			q.Address = k.Text("IPAddress")
		}
		const lpr = 2
		if protocol, _ := k.Number("Protocol"); protocol == lpr {
			q.Uri = "lpd://" + q.Address + "/" + k.Text("Queue")
		} else if n, ok := k.Number("PortNumber"); ok && n < 1<<16 {
			q.Uri = "socket://" + q.Address + ":" + strconv.FormatUint(n, 10)
		}
		return
	}
	if k, err := h.Key(host.View64, wsdPorts+port, "Printer UUID"); err == nil {
		q.Kind, q.Uri = "network", "wsd:"+k.Text("Printer UUID")
	}
}

// driverVersion finds the version of a driver by its name, of the newest kind
// that is installed.
func driverVersion(h *host.Host, name string) string {
	if name == "" || strings.Contains(name, `\`) {
		return ""
	}
	for _, at := range []string{`Windows x64\Drivers\Version-4\`, `Windows x64\Drivers\Version-3\`, `Windows ARM64\Drivers\Version-4\`, `Windows ARM64\Drivers\Version-3\`} {
		k, err := h.Key(host.View64, printKey+`Environments\`+at+name, "DriverVersion")
		if err != nil {
			continue
		}
		if v := k.Text("DriverVersion"); v != "" {
			return v
		}
		if n, ok := k.Number("DriverVersion"); ok && n != 0 {
			return fmt.Sprintf("%d.%d.%d.%d", n>>48, n>>32&0xffff, n>>16&0xffff, n&0xffff)
		}
	}
	return ""
}

// cables finds the serial numbers of printers on USB by their ports: USB001.
func cables(h *host.Host) map[string]string {
	found := map[string]string{}
	list, err := pnp.Present(h, "USBPRINT")
	if err != nil {
		return found
	}
	for _, d := range list {
		port := d.Key.Location
		if k, err := h.Key(host.View64, `HKLM\SYSTEM\CurrentControlSet\Enum\`+d.ID+`\Device Parameters`, "PortName"); err == nil && k.Text("PortName") != "" {
			port = k.Text("PortName")
		}
		// A serial number of its own has no ampersand; see package usb.
		if s := (pnp.Device{ID: d.Parent}).Instance(); port != "" && !strings.Contains(s, "&") {
			found[strings.ToUpper(port)] = s
		}
	}
	return found
}

// connections are the queues of print servers that a person set up, named
// ",,server,queue", and the name of the person's standard printer.
func connections(p hive.Person, r *hive.Registry) (rows []inventory.PrintQueue, standard string, err error) {
	k, err := r.Key(`Software\Microsoft\Windows NT\CurrentVersion\Windows`, "Device")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, "", err
	}
	standard, _, _ = strings.Cut(k.Text("Device"), ",")
	k, err = r.Key(`Printers\Connections`, "no value")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, standard, nil
	}
	if err != nil {
		return nil, "", err
	}
	for _, name := range k.Subkeys {
		words := strings.Split(strings.TrimPrefix(name, ",,"), ",")
		if len(words) != 2 || words[0] == "" || words[1] == "" || len(rows) >= maxQueues {
			continue
		}
		q := inventory.PrintQueue{Name: `\\` + words[0] + `\` + words[1], UserName: p.User, Kind: "shared", Server: words[0], Address: words[0],
			Uri: "smb://" + words[0] + "/" + words[1], Status: "unknown"}
		q.Default = new(strings.EqualFold(q.Name, standard))
		rows = append(rows, q)
	}
	return rows, standard, nil
}

// spooled is what the spooler says of a queue now.
type spooled struct {
	status uint64
	jobs   int64
}

// parseSpooled reads the answer to host.NativePrinters, by names in small
// letters.
func parseSpooled(text string) map[string]spooled {
	all := map[string]spooled{}
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
		if len(f) != 3 || f[0] == "" || len(all) >= maxQueues {
			continue
		}
		status, err1 := strconv.ParseUint(f[1], 10, 32)
		jobs, err2 := strconv.ParseUint(f[2], 10, 32)
		if err1 == nil && err2 == nil {
			all[strings.ToLower(f[0])] = spooled{status, int64(jobs)}
		}
	}
	return all
}

// sign is a bit of a printer's status (winspool.h, PRINTER_STATUS_) with the
// word that IPP has for it (RFC 8011 §5.4.12), and the state it makes.
type sign struct {
	bit           uint64
	reason, state string
}

func signs() []sign {
	return []sign{
		{0x80, "offline", "offline"}, {0x1000, "not-available", "offline"}, {0x800000, "server-unknown", "offline"},
		{0x2, "other-error", "error"}, {0x8, "media-jam", "error"}, {0x10, "media-empty", "error"}, {0x40, "media-problem", "error"}, {0x800, "output-area-full", "error"},
		{0x40000, "toner-empty", "error"}, {0x100000, "user-intervention", "error"}, {0x200000, "out-of-memory", "error"}, {0x400000, "door-open", "error"},
		{0x1, "paused", "stopped"}, {0x4, "deleting", "stopped"}, {0x20, "media-needed", "stopped"},
		{0x100, "", "printing"}, {0x200, "", "printing"}, {0x400, "", "printing"}, {0x4000, "", "printing"},
		{0x20000, "toner-low", ""}, {0x80000, "page-punt", ""},
	}
}

func stateOfWindows(status, attributes uint64) string {
	if attributes&attrOffline != 0 {
		return "offline"
	}
	for _, s := range signs() {
		if status&s.bit != 0 && s.state != "" {
			return s.state
		}
	}
	return "idle"
}

func reasons(status uint64) []string {
	var list []string
	for _, s := range signs() {
		if status&s.bit != 0 && s.reason != "" && len(list) < maxReasons {
			list = append(list, s.reason)
		}
	}
	return list
}

// Package queue reads section print_queue: printers as a PC knows them, by the
// files of CUPS.
//
// It owns printers.conf and the heads of PPD files. It must not look at jobs,
// nor give users and passwords that stand in the address of a printer.
package queue

import (
	"bufio"
	"context"
	"io"
	"net/url"
	"strings"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, faults, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	return r, err
}

// Limits: of queues, and of a file in bytes.
const (
	maxQueues  = 1000
	maxConf    = 4 << 20
	maxHead    = 64 << 10 // of a PPD: what is asked for stands at its beginning
	maxReasons = 20
)

// parsePrinters reads printers.conf: blocks of <Printer NAME> or
// <DefaultPrinter NAME> with "Key value" a line. Classes are left out; they
// are groups of queues.
func parsePrinters(r io.Reader) []inventory.PrintQueue {
	var rows []inventory.PrintQueue
	var q *inventory.PrintQueue
	s := bufio.NewScanner(io.LimitReader(r, maxConf))
	s.Buffer(make([]byte, 0, 1024), 64<<10)
	for s.Scan() {
		line := strings.TrimSpace(s.Text())
		if strings.HasPrefix(line, "<") {
			q = nil
			kind, name, _ := strings.Cut(strings.Trim(line, "<>"), " ")
			if (kind == "Printer" || kind == "DefaultPrinter") && name != "" && len(name) <= 255 && len(rows) < maxQueues {
				standard := kind == "DefaultPrinter"
				rows = append(rows, inventory.PrintQueue{Name: name, Default: &standard, Status: "unknown"})
				q = &rows[len(rows)-1]
			}
			continue
		}
		if q == nil {
			continue
		}
		key, value, _ := strings.Cut(line, " ")
		value = strings.TrimSpace(value)
		switch key {
		case "Info":
			q.Comment = value
		case "Location":
			q.Location = value
		case "MakeModel":
			q.Model = value
		case "DeviceURI":
			reach(q, value)
		case "State":
			q.Status = stateOf(value)
		case "Reason":
			if value != "" && value != "none" && len(q.Reasons) < maxReasons {
				q.Reasons = append(q.Reasons, value)
			}
			if strings.HasPrefix(value, "offline") {
				q.Status = "offline"
			}
		case "Shared":
			yes := strings.EqualFold(value, "yes")
			q.Shared = &yes
		}
	}
	return rows
}

func stateOf(s string) string {
	switch s {
	case "Idle":
		return "idle"
	case "Processing":
		return "printing"
	case "Stopped":
		return "stopped"
	}
	return "unknown"
}

// reach fills in how a printer is reached, by its address in the form of
// CUPS' backends.
func reach(q *inventory.PrintQueue, uri string) {
	q.Kind = "other"
	u, err := url.Parse(anonymous(uri))
	if err != nil || len(uri) > 2048 {
		return // nothing of it is told: a password may stand anywhere
	}
	query := u.Query()
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	q.Uri = u.String()
	if name := u.Hostname(); name != "" {
		// A name of DNS-SD holds the printer's, then its kind and domain.
		q.Address = name
	}
	switch u.Scheme {
	case "usb":
		q.Kind, q.Address = "usb", ""
		q.Serial = query.Get("serial")
	case "hp", "hpfax": // hp:/usb/MODEL?serial=, hp:/net/MODEL?ip=
		q.Address = ""
		switch {
		case u.Scheme == "hpfax":
			q.Kind = "fax"
		case strings.HasPrefix(u.Path, "/usb/"):
			q.Kind, q.Serial = "usb", query.Get("serial")
		case strings.HasPrefix(u.Path, "/net/"):
			q.Kind = "network"
			if q.Address = query.Get("ip"); q.Address == "" {
				q.Address = query.Get("hostname")
			}
		}
	case "socket", "lpd", "dnssd", "implicitclass":
		q.Kind = "network"
		if u.Scheme == "dnssd" || u.Scheme == "implicitclass" {
			q.Address = "" // names of a service, not of a device
		}
	case "ipp", "ipps", "http", "https":
		q.Kind = "network"
		if strings.HasPrefix(u.Path, "/printers/") || strings.HasPrefix(u.Path, "/classes/") { // another CUPS
			q.Kind, q.Server, q.Address = "shared", u.Hostname(), ""
		}
		if strings.Contains(q.Address, "._") {
			q.Address = ""
		}
	case "smb":
		q.Kind, q.Server, q.Address = "shared", u.Hostname(), ""
	case "cups-pdf", "file", "beh":
		q.Kind = "virtual"
	case "fax", "efax", "hylafax":
		q.Kind = "fax"
	}
	if len(q.Serial) > 100 {
		q.Serial = ""
	}
}

// anonymous takes user and password out of an address; users of Windows'
// domains stand there with a backslash, which no address may hold.
func anonymous(uri string) string {
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok {
		return uri
	}
	end := len(rest)
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		end = i
	}
	if at := strings.LastIndexByte(rest[:end], '@'); at >= 0 {
		rest = rest[at+1:]
	}
	return scheme + "://" + rest
}

// parsePPD reads the driver's name and version at the head of a PPD file:
// *NickName: "text".
func parsePPD(r io.Reader) (driver, version string) {
	s := bufio.NewScanner(io.LimitReader(r, maxHead))
	s.Buffer(make([]byte, 0, 1024), 16<<10)
	for s.Scan() && (driver == "" || version == "") {
		key, value, ok := strings.Cut(s.Text(), ":")
		if !ok {
			continue
		}
		value = strings.Trim(strings.TrimSpace(value), `"`)
		switch key {
		case "*NickName":
			driver = value
		case "*FileVersion":
			version = value
		}
	}
	return driver, version
}

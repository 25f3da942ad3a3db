// Package guest reads section virtual_machine: guests that libvirt, Proxmox VE
// and VirtualBox have defined on a host, running or not.
//
// It owns the definitions that those keep on the disk. It must not read
// arguments of processes, nor passwords that a definition holds: a decoder
// that has no field for one passes it over.
package guest

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"io"
	"math"
	"net"
	"strconv"
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

// Limits: of guests, of one definition in bytes, of its parts.
const (
	maxGuests     = 2000
	maxDefinition = 1 << 20
	maxParts      = 64
)

// defined is a guest with the images of its drives.
type defined struct {
	inventory.VirtualMachine
	Images []string
}

// parseDomain reads a domain of libvirt (libvirt's "Domain XML format"), bare
// or within a status document, whose state comes with it.
func parseDomain(r io.Reader) (d defined, state string, ok bool) {
	type domain struct {
		Name   string `xml:"name"`
		UUID   string `xml:"uuid"`
		Memory struct {
			Unit string `xml:"unit,attr"`
			Size string `xml:",chardata"`
		} `xml:"memory"`
		VCPU string `xml:"vcpu"`
		Type struct {
			Machine string `xml:"machine,attr"`
		} `xml:"os>type"`
		System struct {
			ID string `xml:"id,attr"`
		} `xml:"metadata>libosinfo>os"`
		Disks []struct {
			Device string `xml:"device,attr"`
			Source struct {
				File string `xml:"file,attr"`
				Dev  string `xml:"dev,attr"`
			} `xml:"source"`
		} `xml:"devices>disk"`
		Cards []struct {
			MAC struct {
				Address string `xml:"address,attr"`
			} `xml:"mac"`
		} `xml:"devices>interface"`
	}
	var doc struct {
		XMLName xml.Name
		State   string `xml:"state,attr"`
		Inner   domain `xml:"domain"`
		domain
	}
	dec := xml.NewDecoder(io.LimitReader(r, maxDefinition))
	if dec.Decode(&doc) != nil {
		return d, "", false
	}
	x := doc.domain
	switch doc.XMLName.Local {
	case "domain":
	case "domstatus":
		x, state = doc.Inner, doc.State
	default:
		return d, "", false
	}
	if x.Name == "" || strings.ContainsAny(x.Name, "/\x00") {
		return d, "", false
	}
	d.Hypervisor, d.Name, d.UUID = "libvirt", x.Name, strings.ToLower(x.UUID)
	d.MemoryBytes = scaled(x.Memory.Size, x.Memory.Unit)
	if n, err := strconv.ParseInt(strings.TrimSpace(x.VCPU), 10, 64); err == nil && n > 0 && n < 1<<16 {
		d.VCPUs = &n
	}
	d.Version = x.Type.Machine
	d.GuestOS = systemName(x.System.ID)
	for _, k := range x.Disks {
		at := k.Source.File
		if at == "" {
			at = k.Source.Dev
		}
		if (k.Device == "disk" || k.Device == "") && at != "" && len(d.Images) < maxParts {
			d.Images = append(d.Images, at)
		}
	}
	for _, c := range x.Cards {
		d.addMAC(c.MAC.Address)
	}
	return d, state, true
}

func (d *defined) addMAC(s string) {
	if m, err := net.ParseMAC(s); err == nil && len(m) == 6 && len(d.Macs) < maxParts {
		d.Macs = append(d.Macs, m.String())
	}
}

// scaled reads a size with its unit; libvirt's default is KiB.
func scaled(size, unit string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(size), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	shift := map[string]int64{"b": 1, "bytes": 1, "KB": 1e3, "k": 1 << 10, "KiB": 1 << 10, "": 1 << 10, "MB": 1e6, "M": 1 << 20, "MiB": 1 << 20,
		"GB": 1e9, "G": 1 << 30, "GiB": 1 << 30, "TB": 1e12, "T": 1 << 40, "TiB": 1 << 40}[unit]
	if shift == 0 || n > math.MaxInt64/shift {
		return 0
	}
	return n * shift
}

// systemName is a guest's system by libosinfo's identifier:
// http://ubuntu.com/ubuntu/22.04.
func systemName(id string) string {
	w := strings.Split(strings.TrimRight(id, "/"), "/")
	if len(w) < 5 || len(id) > 200 {
		return ""
	}
	return w[len(w)-2] + " " + w[len(w)-1]
}

// stateOf turns a state of libvirt into the catalogue's.
func stateOf(s string) string {
	switch s {
	case "running", "blocked":
		return "running"
	case "paused":
		return "paused"
	case "shutdown":
		return "stopping"
	case "shutoff":
		return "stopped"
	case "crashed":
		return "failed"
	case "pmsuspended":
		return "suspended"
	}
	return "unknown"
}

// lease is an address that libvirt's DHCP gave to a guest.
type lease struct {
	Address string `json:"ip-address"`
	MAC     string `json:"mac-address"`
	Name    string `json:"hostname"`
}

// parseLeases reads a file of leases of libvirt's network; an empty one is no
// fault.
func parseLeases(r io.Reader) []lease {
	var l []lease
	if json.NewDecoder(io.LimitReader(r, maxDefinition)).Decode(&l) != nil {
		return nil
	}
	var out []lease
	for _, one := range l[:min(len(l), maxGuests)] {
		m, err := net.ParseMAC(one.MAC)
		if err != nil || net.ParseIP(one.Address) == nil || len(one.Name) > 253 {
			continue
		}
		one.MAC = m.String()
		out = append(out, one)
	}
	return out
}

// qcowSize is the size of the drive in an image of QEMU, from its head: magic,
// version, two fields of eight and four bytes, four more, then the size
// (QEMU's docs/interop/qcow2). 0 when it is none.
func qcowSize(b []byte) int64 {
	if len(b) < 32 || string(b[:4]) != "QFI\xfb" {
		return 0
	}
	n := binary.BigEndian.Uint64(b[24:])
	if n > 1<<60 {
		return 0
	}
	return int64(n)
}

// parseProxmox reads a guest of Proxmox VE, qm.conf(5): "key: value" a line.
// What stands in brackets begins a snapshot.
func parseProxmox(r io.Reader) (d defined, ok bool) {
	d.Hypervisor = "proxmox"
	cores, sockets, snapshots := int64(1), int64(1), int64(0)
	s := bufio.NewScanner(io.LimitReader(r, maxDefinition))
	s.Buffer(make([]byte, 0, 1024), 64<<10)
	for s.Scan() {
		line := strings.TrimSpace(s.Text())
		if strings.HasPrefix(line, "[") {
			if line != "[PENDING]" && !strings.HasPrefix(line, "[special:") {
				snapshots++
			}
			ok = true
			continue
		}
		key, value, found := strings.Cut(line, ": ")
		if !found || ok { // of a snapshot
			continue
		}
		number := func(most int64) (int64, bool) {
			n, err := strconv.ParseInt(value, 10, 64)
			return n, err == nil && n > 0 && n <= most
		}
		switch {
		case key == "name":
			d.Name = value
		case key == "memory":
			if n, good := number(1 << 30); good {
				d.MemoryBytes = n << 20
			}
		case key == "cores":
			if n, good := number(1 << 16); good {
				cores = n
			}
		case key == "sockets":
			if n, good := number(64); good {
				sockets = n
			}
		case key == "ostype":
			d.GuestOS = value
		case key == "machine":
			d.Version, _, _ = strings.Cut(value, ",")
		case key == "onboot":
			on := value == "1"
			d.AutoStart = &on
		case key == "smbios1":
			if u, found := option(value, "uuid"); found {
				d.UUID = strings.ToLower(u)
			}
		case device(key, "net"):
			for part := range strings.SplitSeq(value, ",") { // model=MAC
				_, mac, _ := strings.Cut(part, "=")
				d.addMAC(mac)
			}
		case device(key, "scsi"), device(key, "virtio"), device(key, "sata"), device(key, "ide"):
			if kind, _ := option(value, "media"); kind == "cdrom" {
				continue
			}
			if text, found := option(value, "size"); found && len(text) > 1 {
				d.DiskBytes += scaled(text[:len(text)-1], text[len(text)-1:])
			}
		}
	}
	count := cores * sockets
	d.VCPUs, d.Snapshots = &count, &snapshots
	if d.DiskBytes < 0 {
		d.DiskBytes = 0
	}
	return d, d.Name != ""
}

// device says whether a key is that of a numbered device: scsi0, but not
// scsihw.
func device(key, kind string) bool {
	rest, ok := strings.CutPrefix(key, kind)
	if !ok || rest == "" {
		return false
	}
	_, err := strconv.Atoi(rest)
	return err == nil
}

func option(list, name string) (string, bool) {
	for part := range strings.SplitSeq(list, ",") {
		if v, ok := strings.CutPrefix(part, name+"="); ok {
			return v, true
		}
	}
	return "", false
}

// parseVBox reads a machine of VirtualBox.
func parseVBox(r io.Reader) (d defined, ok bool) {
	var doc struct {
		XMLName xml.Name `xml:"VirtualBox"`
		Machine struct {
			UUID   string `xml:"uuid,attr"`
			Name   string `xml:"name,attr"`
			System string `xml:"OSType,attr"`
			CPU    struct {
				Count string `xml:"count,attr"`
			} `xml:"Hardware>CPU"`
			Memory struct {
				Size string `xml:"RAMSize,attr"` // MiB
			} `xml:"Hardware>Memory"`
			Cards []struct {
				Enabled string `xml:"enabled,attr"`
				MAC     string `xml:"MACAddress,attr"`
			} `xml:"Hardware>Network>Adapter"`
		} `xml:"Machine"`
	}
	if xml.NewDecoder(io.LimitReader(r, maxDefinition)).Decode(&doc) != nil || doc.Machine.Name == "" {
		return d, false
	}
	m := doc.Machine
	d.Hypervisor, d.Name, d.GuestOS, d.State = "virtualbox", m.Name, m.System, "unknown"
	d.UUID = strings.ToLower(strings.Trim(m.UUID, "{}"))
	d.MemoryBytes = scaled(m.Memory.Size, "MiB")
	count, err := strconv.ParseInt(m.CPU.Count, 10, 64)
	if err != nil || count < 1 || count > 1<<16 {
		count = 1 // what VirtualBox leaves out
	}
	d.VCPUs = &count
	for _, c := range m.Cards {
		if c.Enabled == "true" && len(c.MAC) == 12 {
			d.addMAC(c.MAC[:2] + ":" + c.MAC[2:4] + ":" + c.MAC[4:6] + ":" + c.MAC[6:8] + ":" + c.MAC[8:10] + ":" + c.MAC[10:])
		}
	}
	return d, true
}

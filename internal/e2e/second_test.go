//go:build linux

package e2e

import (
	"encoding/xml"
	"fmt"
	"math"
	"net"
	"strings"
	"testing"
)

// second is what FusionInventory tells of this machine: the inventory of
// another program, made by other means (its agent's XML, version 2.6).
type second struct {
	Content struct {
		Software []struct {
			Name    string `xml:"NAME"`
			Version string `xml:"VERSION"`
			Arch    string `xml:"ARCH"`
			From    string `xml:"FROM"`
		} `xml:"SOFTWARES"`
		Drives []struct {
			Mount      string  `xml:"TYPE"`
			Source     string  `xml:"VOLUMN"`
			Filesystem string  `xml:"FILESYSTEM"`
			Total      float64 `xml:"TOTAL"` // MiB
		} `xml:"DRIVES"`
		Networks []struct {
			Name string `xml:"DESCRIPTION"`
			MAC  string `xml:"MACADDR"`
			IPv4 string `xml:"IPADDRESS"`
			Mask string `xml:"IPMASK"`
			IPv6 string `xml:"IPADDRESS6"`
			Kind string `xml:"TYPE"`
		} `xml:"NETWORKS"`
		CPUs []struct {
			Name     string  `xml:"NAME"`
			Maker    string  `xml:"MANUFACTURER"`
			Cores    float64 `xml:"CORE"`
			Threads  float64 `xml:"THREAD"`
			Family   string  `xml:"FAMILYNUMBER"`
			Model    string  `xml:"MODEL"`
			Stepping string  `xml:"STEPPING"`
		} `xml:"CPUS"`
		Storages []struct {
			Name   string  `xml:"NAME"`
			Serial string  `xml:"SERIALNUMBER"`
			Size   float64 `xml:"DISKSIZE"` // MB
			Type   string  `xml:"TYPE"`
		} `xml:"STORAGES"`
		Controllers []struct {
			Slot    string `xml:"PCISLOT"`
			Vendor  string `xml:"VENDORID"`
			Product string `xml:"PRODUCTID"`
		} `xml:"CONTROLLERS"`
		Users []struct {
			Name  string `xml:"LOGIN"`
			ID    string `xml:"ID"`
			Home  string `xml:"HOME"`
			Shell string `xml:"SHELL"`
		} `xml:"LOCAL_USERS"`
		Groups []struct {
			Name    string   `xml:"NAME"`
			Members []string `xml:"MEMBER"`
		} `xml:"LOCAL_GROUPS"`
		Hardware struct {
			Name    string  `xml:"NAME"`
			Memory  float64 `xml:"MEMORY"` // MiB
			Gateway string  `xml:"DEFAULTGATEWAY"`
			DNS     string  `xml:"DNS"`
		} `xml:"HARDWARE"`
		System struct {
			Name    string `xml:"NAME"`
			Version string `xml:"VERSION"`
			Kernel  string `xml:"KERNEL_VERSION"`
		} `xml:"OPERATINGSYSTEM"`
		BIOS struct {
			Vendor   string `xml:"SMANUFACTURER"`
			Model    string `xml:"SMODEL"`
			Serial   string `xml:"SSN"`
			Firmware string `xml:"BVERSION"`
		} `xml:"BIOS"`
	} `xml:"CONTENT"`
}

// What the agent tells of this machine agrees with an independent inventory of
// it, in everything that both tell.
func compareSecond(t *testing.T, s shown) {
	var f second
	if err := xml.Unmarshal(command(t, "fusioninventory-inventory", "--no-category=process,environment,printer"), &f); err != nil {
		t.Fatal(err)
	}
	c := f.Content
	t.Run("software", func(t *testing.T) {
		mine, theirs := map[string]bool{}, map[string]bool{}
		for _, p := range c.Software {
			if p.From == "deb" && p.Name != sample {
				theirs[fmt.Sprint(p.Name, " ", p.Arch, " ", p.Version)] = true
			}
		}
		for _, r := range s.rows(t, "software") {
			if r["source"] == "dpkg" && r["name"] != sample {
				mine[fmt.Sprint(r["name"], " ", r["arch"], " ", r["version"])] = true
			}
		}
		compare(t, "packages", mine, theirs)
	})
	t.Run("volume", func(t *testing.T) {
		mine, theirs := map[string]bool{}, map[string]bool{}
		for _, d := range c.Drives {
			theirs[fmt.Sprintf("%s %s %s %.0f MiB", d.Mount, d.Source, d.Filesystem, d.Total)] = true
		}
		for _, r := range s.rows(t, "volume") {
			size, _ := r["size_bytes"].(float64)
			mine[fmt.Sprintf("%v %v %v %.0f MiB", r["mount"], r["source"], r["filesystem"], math.Floor(size/(1<<20)))] = true
		}
		compare(t, "volumes", mine, theirs)
	})
	t.Run("interface", func(t *testing.T) {
		mine, theirs := map[string]bool{}, map[string]bool{}
		for _, n := range c.Networks {
			if n.Kind == "loopback" {
				n.MAC = "<nil>"
			}
			theirs[fmt.Sprint(n.Name, " ", strings.ToLower(n.MAC))] = true
		}
		for _, r := range s.rows(t, "interface") {
			mine[fmt.Sprint(r["name"], " ", r["mac"])] = true
		}
		compare(t, "interfaces", mine, theirs)
	})
	t.Run("address", func(t *testing.T) {
		mine, theirs := map[string]bool{}, map[string]bool{}
		for _, n := range c.Networks {
			if ip := net.ParseIP(n.Mask).To4(); n.IPv4 != "" && ip != nil {
				bits, _ := net.IPMask(ip).Size()
				theirs[fmt.Sprint(n.Name, " ", n.IPv4, "/", bits)] = true
			}
			if n.IPv6 != "" { // whose masks it gets wrong
				theirs[fmt.Sprint(n.Name, " ", n.IPv6)] = true
			}
		}
		for _, r := range s.rows(t, "address") {
			a := fmt.Sprint(r["interface_name"], " ", r["address"])
			if r["family"] == "ipv4" {
				a += fmt.Sprint("/", r["prefix_length"])
			}
			mine[a] = true
		}
		compare(t, "addresses", mine, theirs)
		n := s.row(t, "network")
		same(t, "gateway", n["gateway_v4"], c.Hardware.Gateway)
	})
	t.Run("system", func(t *testing.T) {
		sys, os, mem := s.row(t, "system"), s.row(t, "os"), s.row(t, "memory")
		same(t, "host name", os["host_name"], c.Hardware.Name)
		same(t, "name of the system", os["name"], c.System.Name)
		same(t, "version of the system", os["version"], c.System.Version)
		same(t, "kernel", os["kernel_version"], c.System.Kernel)
		same(t, "vendor", sys["vendor"], c.BIOS.Vendor)
		same(t, "model", sys["model"], c.BIOS.Model)
		same(t, "serial", sys["serial"], c.BIOS.Serial)
		same(t, "firmware", sys["firmware_version"], c.BIOS.Firmware)
		total, _ := mem["total_bytes"].(float64)
		same(t, "MiB of memory", fmt.Sprintf("%.0f", math.Floor(total/(1<<20))), fmt.Sprintf("%.0f", c.Hardware.Memory))
	})
	t.Run("cpu", func(t *testing.T) {
		mine, theirs := map[string]bool{}, map[string]bool{}
		for i, p := range c.CPUs {
			theirs[fmt.Sprint(i, " ", p.Maker, " ", p.Name, " ", p.Cores, " ", p.Threads, " ", p.Family, " ", p.Model, " ", p.Stepping)] = true
		}
		for i, r := range s.rows(t, "cpu") {
			mine[fmt.Sprint(i, " ", r["vendor"], " ", r["model"], " ", r["core_count"], " ", r["thread_count"], " ",
				r["family_number"], " ", r["model_number"], " ", r["stepping"])] = true
		}
		compare(t, "processors", mine, theirs)
	})
	t.Run("disk", func(t *testing.T) {
		mine, theirs := map[string]bool{}, map[string]bool{}
		for _, d := range c.Storages {
			if d.Type == "disk" && d.Size > 0 {
				theirs[fmt.Sprintf("%s %.0f MB", d.Name, d.Size)] = true
			}
		}
		for _, r := range s.rows(t, "disk") {
			if r["kind"] != "optical" {
				size, _ := r["size_bytes"].(float64)
				mine[fmt.Sprintf("%v %.0f MB", r["name"], math.Floor(size/1e6))] = true
			}
		}
		compare(t, "drives", mine, theirs)
	})
	t.Run("pci_device", func(t *testing.T) {
		if len(c.Controllers) == 0 && len(s.rows(t, "pci_device")) == 0 {
			return // a machine without a PCI bus, as both say
		}
		mine, theirs := map[string]bool{}, map[string]bool{}
		for _, d := range c.Controllers {
			theirs[fmt.Sprint(d.Slot, " ", d.Vendor, ":", d.Product)] = true
		}
		for _, r := range s.rows(t, "pci_device") {
			mine[fmt.Sprint(strings.TrimPrefix(fmt.Sprint(r["address"]), "0000:"), " ", r["vendor_id"], ":", r["product_id"])] = true
		}
		compare(t, "devices on PCI", mine, theirs)
	})
	t.Run("user", func(t *testing.T) {
		mine, theirs := map[string]bool{}, map[string]bool{}
		for _, u := range c.Users {
			theirs[fmt.Sprint(u.Name, " ", u.ID, " ", u.Home, " ", u.Shell)] = true
		}
		for _, r := range s.rows(t, "user") {
			mine[fmt.Sprint(r["name"], " ", r["account_id"], " ", r["home"], " ", r["shell"])] = true
		}
		compare(t, "accounts", mine, theirs)
	})
	t.Run("group_member", func(t *testing.T) {
		mine := map[string]bool{}
		for _, r := range s.rows(t, "group_member") {
			mine[fmt.Sprint(r["group_name"], " ", r["user_name"])] = true
		}
		for _, g := range c.Groups {
			for _, m := range g.Members {
				if !mine[fmt.Sprint(g.Name, " ", m)] {
					t.Errorf("%s is in the group %s, which muster does not tell; it tells %v", m, g.Name, mine)
				}
			}
		}
	})
}

// row is that of a section with one.
func (s shown) row(t *testing.T, section string) map[string]any {
	t.Helper()
	var row map[string]any
	if b := s.Sections[section]; len(b) > 0 {
		decode(t, string(b), &row)
	}
	return row
}

// same holds a fact against what the other program says, if it does.
func same(t *testing.T, what string, mine any, theirs string) {
	t.Helper()
	if theirs = strings.TrimSpace(theirs); theirs != "" && fmt.Sprint(mine) != theirs {
		t.Errorf("%s: muster says %v, FusionInventory %q", what, mine, theirs)
	}
}

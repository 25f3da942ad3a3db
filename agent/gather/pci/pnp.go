package pci

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"muster/agent/gather/hwdata"
	"muster/agent/gather/pnp"
	"muster/agent/host"
	"muster/internal/inventory"
)

// fromPnP reads the devices that Windows has found on PCI buses.
func fromPnP(ctx context.Context, h *host.Host) ([]device, []string, []string, error) {
	list, err := pnp.Present(h, "PCI")
	if err != nil {
		return nil, nil, nil, err
	}
	var faults []string
	if len(list) > maxDevices {
		faults = append(faults, fmt.Sprintf("only the first %d of %d devices are read", maxDevices, len(list)))
		list = list[:maxDevices]
	}
	classes := map[string]string{}
	var all []device
	for _, d := range list {
		if ctx.Err() != nil {
			return nil, nil, nil, ctx.Err()
		}
		one, ok := found(d)
		if !ok {
			one.address = d.ID // its bus does not tell where it is
		}
		one.version = pnp.ReadDriver(h, d).Version
		if _, ok := classes[d.Key.Class]; !ok {
			classes[d.Key.Class] = pnp.ClassName(h, d.Key.Class)
		}
		one.className = classes[d.Key.Class]
		all = append(all, one)
	}
	return all, []string{"pnp"}, faults, nil
}

// found is a device of Windows; ok is false when its place is not told.
func found(p pnp.Device) (d device, ok bool) {
	at, ok := pnp.Address(p.Key.Location)
	sub := p.Part("SUBSYS_") // of the card: its number, then its maker's
	d = device{address: at, revision: p.Part("REV_"), driver: p.Key.Service, vendor: p.Key.Vendor, model: p.Key.Name, fault: p.Fault(),
		id:    hwdata.Number{Vendor: hwdata.Hex(p.Part("VEN_")), Product: hwdata.Hex(p.Part("DEV_"))},
		width: p.Lanes, most: p.MostLanes}
	if len(sub) == 8 && sub[4:] != "0000" {
		d.id.SubProduct, d.id.SubVendor = hwdata.Hex(sub[:4]), hwdata.Hex(sub[4:])
	}
	if c, err := strconv.ParseUint(p.Any("CC_"), 16, 24); err == nil {
		d.class = uint32(c)
		if c < 1<<16 { // class and subclass alone
			d.class <<= 8
		}
	}
	if p.Key.Slot > 0 {
		d.slot = strconv.FormatInt(p.Key.Slot, 10)
	}
	d.external = strings.Contains(strings.ToUpper(p.Path), "USB4")
	return d, ok
}

// graphics reads the adapters that are present: those on PCI, and those that
// programs make, which have no address but an instance id.
func graphics(ctx context.Context, h *host.Host) ([]inventory.GPU, []string, error) {
	list, err := pnp.Present(h, "")
	if err != nil {
		return nil, nil, err
	}
	neighbours := map[string][]uint32{} // classes of what sits in one slot
	for _, p := range list {
		if d, ok := found(p); ok && strings.EqualFold(p.Bus(), "PCI") {
			slot, _, _ := strings.Cut(d.address, ".")
			neighbours[slot] = append(neighbours[slot], d.class)
		}
	}
	rows := []inventory.GPU{}
	for _, p := range list {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if p.Key.Class != pnp.ClassDisplay || len(rows) >= maxDevices {
			continue
		}
		driver := pnp.ReadDriver(h, p)
		r := inventory.GPU{Address: p.ID, Model: p.Key.Name, Vendor: p.Key.Vendor, Kind: "virtual", Driver: p.Key.Service,
			DriverVersion: driver.Version, DriverAt: driver.ReleasedAt, Firmware: driver.BIOS, Fault: p.Fault()}
		if d, ok := found(p); ok && strings.EqualFold(p.Bus(), "PCI") {
			slot, _, _ := strings.Cut(d.address, ".")
			r.Address, r.VendorID, r.ProductID = d.address, four(d.id.Vendor), four(d.id.Product)
			// What drivers of adapters inside of a processor tell is a share of
			// main memory.
			if r.Kind = kindOf(d, driver.Memory, neighbours[slot]); r.Kind != "integrated" {
				r.MemoryBytes = driver.Memory
			}
		}
		rows = append(rows, r)
	}
	return rows, []string{"pnp", "registry"}, nil
}

// Package hwdata finds the names of hardware numbers in the lists that
// distributions install: pci.ids and usb.ids.
//
// It owns their form (the head of each list tells it) and where they lie. It
// must not know devices: it is handed numbers, reads a list once from front to
// back and keeps only what was asked for.
package hwdata

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"muster/agent/host"
)

// Number is what a list is asked for. A zero Product asks for the vendor
// alone, a zero SubVendor for no name of a card.
type Number struct {
	Vendor, Product       uint16
	SubVendor, SubProduct uint16
}

// Names are the answers.
type Names struct {
	vendors map[uint16]string
	devices map[uint32]string
	cards   map[Number]string
	classes map[uint32]string // class<<8 and subclass, or wholeClass and class
}

// Vendor is the maker of a number, or empty.
func (n Names) Vendor(id uint16) string { return n.vendors[id] }

// Device is the name of a device, or empty.
func (n Names) Device(vendor, product uint16) string {
	return n.devices[uint32(vendor)<<16|uint32(product)]
}

// Card is the name a card's maker gave a device, or empty.
func (n Names) Card(x Number) string { return n.cards[x] }

// Class is the name of a subclass of PCI devices, else that of its class.
func (n Names) Class(class, subclass uint8) string {
	if s := n.classes[uint32(class)<<8|uint32(subclass)]; s != "" {
		return s
	}
	return n.classes[wholeClass|uint32(class)]
}

const (
	wholeClass = 1 << 16
	// maxList bounds how much of a list is read; pci.ids has 1.4 MB.
	maxList = 16 << 20
	maxName = 200
)

// PCI looks numbers up in the machine's pci.ids; ok is false when it has none.
func PCI(h *host.Host, want []Number) (names Names, ok bool) {
	return find(h, want, "/usr/share/hwdata/pci.ids", "/usr/share/misc/pci.ids", "/usr/share/pci.ids", "/var/lib/pciutils/pci.ids")
}

// USB looks numbers up in the machine's usb.ids.
func USB(h *host.Host, want []Number) (names Names, ok bool) {
	return find(h, want, "/usr/share/hwdata/usb.ids", "/usr/share/misc/usb.ids", "/usr/share/usb.ids", "/var/lib/usbutils/usb.ids")
}

func find(h *host.Host, want []Number, files ...string) (Names, bool) {
	if len(want) == 0 {
		return Names{}, true
	}
	for _, f := range files {
		r, err := h.Open(f)
		if err != nil {
			continue
		}
		n, err := Read(r, want)
		r.Close()
		return n, err == nil
	}
	return Names{}, false
}

// Read reads a list.
func Read(r io.Reader, want []Number) (Names, error) {
	n := Names{vendors: map[uint16]string{}, devices: map[uint32]string{}, cards: map[Number]string{}, classes: map[uint32]string{}}
	s := scan{names: &n, vendors: map[uint16]bool{}, devices: map[uint32]bool{}, cards: map[Number]bool{}}
	for _, x := range want {
		s.vendors[x.Vendor] = true
		s.devices[uint32(x.Vendor)<<16|uint32(x.Product)] = true
		if x.SubVendor != 0 {
			s.cards[x] = true
		}
	}
	b := bufio.NewReaderSize(io.LimitReader(r, maxList), 4096)
	for {
		line, err := b.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull): // no line of a list is so long
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = b.ReadSlice('\n')
			}
		case len(line) > 0:
			s.line(line)
		}
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// scan is where in the list the reading is.
type scan struct {
	names   *Names
	vendors map[uint16]bool
	devices map[uint32]bool
	cards   map[Number]bool

	vendor, device uint16
	class          uint8
	in             byte // v in a vendor that is wanted, c in a class, 0 in what is not
	wanted         bool // the device is
}

// line reads one line: no tab a vendor ("8086  Intel") or a class ("C 02
// Network controller"), one tab a device or subclass, two a card.
func (s *scan) line(b []byte) {
	tabs := 0
	for tabs < len(b) && b[tabs] == '\t' {
		tabs++
	}
	b = b[tabs:]
	if len(b) < 2 || b[0] == '#' || tabs > 2 || tabs > 0 && s.in == 0 {
		return
	}
	if tabs == 0 {
		s.in = 0
		if b[0] == 'C' && b[1] == ' ' {
			if id, name, ok := entry(b[2:], 2); ok {
				s.in, s.class = 'c', uint8(id)
				s.put(s.names.classes, wholeClass|uint32(id), name)
			}
			return
		}
		if id, name, ok := entry(b, 4); ok && s.vendors[id] {
			s.in, s.vendor, s.wanted = 'v', id, false
			if s.names.vendors[id] == "" {
				s.names.vendors[id] = text(name)
			}
		}
		return
	}
	switch {
	case s.in == 'c' && tabs == 1:
		if id, name, ok := entry(b, 2); ok {
			s.put(s.names.classes, uint32(s.class)<<8|uint32(id), name)
		}
	case s.in == 'v' && tabs == 1:
		id, name, ok := entry(b, 4)
		key := uint32(s.vendor)<<16 | uint32(id)
		if s.wanted = ok && s.devices[key]; s.wanted {
			s.device = id
			s.put(s.names.devices, key, name)
		}
	case s.in == 'v' && s.wanted && len(b) > 5 && b[4] == ' ':
		sub, ok1 := hex(b[:4])
		id, name, ok2 := entry(b[5:], 4)
		if x := (Number{s.vendor, s.device, sub, id}); ok1 && ok2 && s.cards[x] {
			s.names.cards[x] = text(name)
		}
	}
}

func (*scan) put(m map[uint32]string, key uint32, name []byte) {
	if m[key] == "" && len(m) < 1<<14 {
		m[key] = text(name)
	}
}

func text(name []byte) string { return strings.ToValidUTF8(string(name), "") }

// entry reads a number of so many digits, two spaces and a name.
func entry(b []byte, digits int) (uint16, []byte, bool) {
	if len(b) < digits+3 || b[digits] != ' ' || b[digits+1] != ' ' {
		return 0, nil, false
	}
	n, ok := hex(b[:digits])
	name := bytes.TrimSpace(b[digits:min(len(b), digits+maxName)])
	return n, name, ok && len(name) > 0
}

func hex(b []byte) (uint16, bool) {
	n, err := strconv.ParseUint(string(b), 16, 16)
	return uint16(n), err == nil
}

// Hex reads a number as sysfs writes it: 0x8086, or 8086; 0 for nonsense.
func Hex(s string) uint16 {
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}

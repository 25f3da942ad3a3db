package iface

import (
	"encoding/binary"
	"strings"
)

// Words of linux/ethtool.h.
const (
	speedUnknown = 1<<32 - 1
	modeWords    = 4 // 32-bit words of link modes that are looked at: all up to Linux 6.x
)

// maxMode is the highest speed in Mbit/s among supported link modes, numbered
// as ETHTOOL_LINK_MODE_*_BIT.
func maxMode(modes []uint32) (mbit int64) {
	for i := range len(modes) * 32 {
		if modes[i/32]&(1<<(i%32)) != 0 {
			mbit = max(mbit, modeSpeed(i))
		}
	}
	return mbit
}

func modeSpeed(bit int) int64 {
	switch {
	case bit <= 1:
		return 10
	case bit <= 3:
		return 100
	case bit <= 5, bit == 17, bit == 41:
		return 1000
	case bit == 12, bit >= 18 && bit <= 20, bit >= 42 && bit <= 46:
		return 10_000
	case bit == 15, bit == 47:
		return 2500
	case bit == 48:
		return 5000
	case bit == 21, bit == 22:
		return 20_000
	case bit >= 23 && bit <= 26:
		return 40_000
	case bit >= 27 && bit <= 30:
		return 56_000
	case bit >= 31 && bit <= 33:
		return 25_000
	case bit >= 34 && bit <= 35, bit == 40, bit >= 52 && bit <= 56:
		return 50_000
	case bit >= 36 && bit <= 39, bit >= 57 && bit <= 61:
		return 100_000
	case bit >= 62 && bit <= 66:
		return 200_000
	case bit == 67 || bit == 68:
		return 100
	case bit >= 69 && bit <= 73:
		return 400_000
	case bit >= 75 && bit <= 79:
		return 100_000
	case bit >= 80 && bit <= 84:
		return 200_000
	case bit >= 85 && bit <= 89:
		return 400_000
	}
	return 0 // the others say how, not how fast
}

// settings reads the answer to ETHTOOL_GLINKSETTINGS: command, speed, duplex,
// port, phy address, autoneg, …, the number of words of a mask at 18, and the
// masks from 48: supported, advertised, partner's.
func (c *card) settings(b []byte) {
	if len(b) < 48 {
		return
	}
	if s := binary.NativeEndian.Uint32(b[4:]); s != speedUnknown {
		c.SpeedMbit = int64(s)
	}
	words := int(int8(b[18]))
	if words <= 0 || 48+words*4 > len(b) {
		return
	}
	modes := make([]uint32, 0, modeWords)
	for i := range min(words, modeWords) {
		modes = append(modes, binary.NativeEndian.Uint32(b[48+i*4:]))
	}
	c.MaxSpeedMbit = maxMode(modes)
	const autoneg = 1 << 6
	if modes[0]&autoneg != 0 {
		on := b[11] == 1
		c.Negotiates = &on
	}
}

// wake reads the answer to ETHTOOL_GWOL: command, what is supported, what is
// on; bit 5 is the magic packet.
func (c *card) wake(b []byte) {
	const magic = 1 << 5
	if len(b) < 12 || binary.NativeEndian.Uint32(b[4:])&magic == 0 {
		return
	}
	on := binary.NativeEndian.Uint32(b[8:])&magic != 0
	c.WakeOnLAN = &on
}

// info reads the answer to ETHTOOL_GDRVINFO: command, then fields of 32 bytes:
// driver, version, firmware, bus.
func (c *card) info(b []byte) {
	if len(b) < 132 {
		return
	}
	c.Driver, c.Version, c.Firmware, c.Bus = text(b[4:36]), text(b[36:68]), text(b[68:100]), text(b[100:132])
	if f := strings.TrimSpace(c.Firmware); f == "N/A" || f == "" {
		c.Firmware = ""
	}
}

// permanent reads the answer to ETHTOOL_GPERMADDR: command, size, bytes.
func (c *card) permanent(b []byte) {
	if len(b) < 8 {
		return
	}
	n := int(binary.NativeEndian.Uint32(b[4:]))
	if n <= 0 || n > len(b)-8 {
		return
	}
	c.Permanent = macText(b[8 : 8+n])
}

func putNative(b []byte, n uint32) { binary.NativeEndian.PutUint32(b, n) }

package block

import (
	"bufio"
	"io"
	"strings"

	"muster/agent/host"
)

// maxUdev bounds a file of udev's database; they have about 2 KB.
const maxUdev = 64 << 10

// Udev calls each for every property that udev knows of a device, such as
// ID_SERIAL_SHORT. The file's name is b and the number for a block device, n
// and the index for a network interface: sd_device's database, which has kept
// its form since udev 174. Systems without udev have none.
func Udev(h *host.Host, name string, each func(key, value string)) {
	f, err := h.Open("/run/udev/data/" + name)
	if err != nil {
		return
	}
	defer f.Close()
	ParseUdev(f, each)
}

// ParseUdev reads lines of E:KEY=VALUE; the others are links, tags and times.
func ParseUdev(r io.Reader, each func(key, value string)) {
	b := bufio.NewReaderSize(io.LimitReader(r, maxUdev), 1024)
	for {
		line, err := readLine(b)
		if err != nil {
			return
		}
		if rest, ok := strings.CutPrefix(line, "E:"); ok {
			if key, value, ok := strings.Cut(rest, "="); ok && key != "" {
				each(key, value)
			}
		}
	}
}

// Unhex turns the escapes of udev's *_ENC properties and of /dev/disk/by-label
// (\x20 for a space) back.
func Unhex(s string) string {
	if !strings.Contains(s, `\x`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && s[i+1] == 'x' {
			hi, lo := digit(s[i+2]), digit(s[i+3])
			if hi >= 0 && lo >= 0 {
				b.WriteByte(byte(hi<<4 | lo))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func digit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// Squeeze takes surplus white space away: drives pad their names with it.
func Squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

package recorded

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// SMBIOS encodes firmware tables from text: one structure a line, its type,
// the formatted area behind the header as hexadecimal digits, and its strings
// after bars. The end of the table is added.
//
//	1 01 02 00 03 33221100554477668899aabbccddeeff 06 00 00 | LENOVO | 21CBCTO1WW | PF3ABCDE
//
// Versions from 3.0 get an entry point of that kind.
func SMBIOS(version, text string) (entry, table []byte, err error) {
	count, largest := 0, 0
	for line := range strings.Lines(text + "127\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		parts := strings.Split(line, "|")
		words := strings.Fields(parts[0])
		kind, err := strconv.ParseUint(words[0], 10, 8)
		if err != nil {
			return nil, nil, err
		}
		area, err := hex.DecodeString(strings.Join(words[1:], ""))
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", line, err)
		}
		start := len(table)
		table = append(table, byte(kind), byte(4+len(area)))
		table = binary.LittleEndian.AppendUint16(table, uint16(count))
		table = append(table, area...)
		for _, s := range parts[1:] {
			table = append(table, strings.TrimSpace(s)...)
			table = append(table, 0)
		}
		if len(parts) == 1 {
			table = append(table, 0)
		}
		table = append(table, 0)
		largest = max(largest, len(table)-start)
		count++
	}
	var major, minor byte
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err != nil {
		return nil, nil, fmt.Errorf("version %q: %w", version, err)
	}
	if major >= 3 {
		return entry3(major, minor, len(table)), table, nil
	}
	return entry2(major, minor, len(table), largest, count), table, nil
}

func entry3(major, minor byte, size int) []byte {
	b := append([]byte("_SM3_"), 0, 24, major, minor, 0, 1, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(size))
	b = binary.LittleEndian.AppendUint64(b, 0x7f000000)
	b[5] = check(b)
	return b
}

func entry2(major, minor byte, size, largest, count int) []byte {
	b := append([]byte("_SM_"), 0, 31, major, minor)
	b = binary.LittleEndian.AppendUint16(b, uint16(largest))
	b = append(b, 0, 0, 0, 0, 0, 0)
	b = append(b, "_DMI_"...)
	b = append(b, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(size))
	b = binary.LittleEndian.AppendUint32(b, 0x000f0000)
	b = binary.LittleEndian.AppendUint16(b, uint16(count))
	b = append(b, major<<4|minor)
	b[21] = check(b[16:])
	b[4] = check(b)
	return b
}

// check is the byte that makes the sum of all zero.
func check(b []byte) byte {
	var s byte
	for _, c := range b {
		s += c
	}
	return -s
}

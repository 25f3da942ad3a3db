// Package kmsg reads the kernel's log from /dev/kmsg, record by record
// (Documentation/ABI/testing/dev-kmsg).
//
// It owns the form of a record and the numbers that tell which were missed. It
// must not know what a line means.
package kmsg

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Line is one record.
type Line struct {
	Number   uint64        // of this boot
	Since    time.Duration // since boot, without sleep
	Level    int           // 0 emergency … 7 debug
	Facility int           // 0 the kernel, 1 a program that wrote to /dev/kmsg
	Text     string        // without the dictionary behind it
}

// ErrNone says that there is no line yet.
var ErrNone = errors.New("no line yet")

const (
	// maxRecord is the most that one read gives: the kernel's PRINTK_MESSAGE_MAX
	// and prefix, with room.
	maxRecord = 16 << 10
	maxText   = 2 << 10
)

// Parse reads one record: "6,1234,5678901,-,caller=T1;text\n KEY=value\n".
// Bytes that are no text are written as \xNN by the kernel.
func Parse(b []byte) (Line, error) {
	head, rest, ok := bytes.Cut(b, []byte(";"))
	if !ok || len(head) > 200 {
		return Line{}, fmt.Errorf("kernel log: no record: %.40q", b)
	}
	var n [3]uint64
	for i := range n {
		var f []byte
		f, head, ok = bytes.Cut(head, []byte(","))
		v, err := strconv.ParseUint(string(f), 10, 64)
		if err != nil || !ok && i < 2 {
			return Line{}, fmt.Errorf("kernel log: no record: %.40q", b)
		}
		n[i] = v
	}
	if n[0] > 1<<20 || n[2] > 1<<53 {
		return Line{}, fmt.Errorf("kernel log: no record: %.40q", b)
	}
	text, _, _ := bytes.Cut(rest, []byte("\n"))
	return Line{Number: n[1], Since: time.Duration(n[2]) * time.Microsecond, Level: int(n[0] & 7), Facility: int(n[0] >> 3),
		Text: string(text[:min(len(text), maxText)])}, nil
}

// OfKernel says whether the kernel wrote the line, or a program that may write
// to /dev/kmsg in the kernel's stead. systemd logs there as daemon until its
// journal runs.
func (l Line) OfKernel() bool { return l.Facility == 0 || l.Facility == 1 }

// Package edid reads what displays say of themselves (VESA E-EDID Standard,
// Release A, and EDID 1.4), and completes rows of section monitor with it.
//
// It owns the layout and what makers do differently from it. It stands on the
// collector's side so that a mended quirk needs no new agent; it must not know
// where rows come from or go.
package edid

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/inventory"
)

// Display is what an EDID tells. What it does not tell is empty or zero.
type Display struct {
	Code    string // three letters of the maker, by the PNP registry
	Vendor  string // its name, where known
	Product uint16
	Model   string
	Serial  string // as printed on the display, as far as known
	Made    time.Time

	WidthMM, HeightMM int64 // of the picture
	Width, Height     int64 // of the preferred mode, in pixels
}

// block is the size of the base block and of each extension, in bytes.
const block = 128

// ErrNone says that bytes are no EDID.
var ErrNone = errors.New("this is no EDID")

// Decode reads an EDID. Extensions are left: they hold nothing of use here
// that the base block does not.
func Decode(b []byte) (Display, error) {
	if len(b) < block || !bytes.Equal(b[:8], []byte{0, 255, 255, 255, 255, 255, 255, 0}) {
		return Display{}, ErrNone
	}
	b = b[:block]
	var sum byte
	for _, c := range b {
		sum += c
	}
	if sum != 0 {
		return Display{}, errors.New("the EDID is damaged: its checksum is wrong")
	}
	d := Display{Code: letters(binary.BigEndian.Uint16(b[8:])), Product: binary.LittleEndian.Uint16(b[10:]),
		WidthMM: int64(b[21]) * 10, HeightMM: int64(b[22]) * 10}
	if d.Code == "" {
		return Display{}, fmt.Errorf("%w: no maker", ErrNone)
	}
	if b[21] == 0 || b[22] == 0 { // a projector, or in 1.4 a shape without a size
		d.WidthMM, d.HeightMM = 0, 0
	}
	d.Vendor = vendor(d.Code)
	d.Made = made(b[16], b[17])
	n := names{number: binary.LittleEndian.Uint32(b[12:])}
	for at := 54; at < 126; at += 18 {
		d.descriptor(b[at:at+18], &n)
	}
	d.Model = n.model(d)
	d.Serial = serial(d, n)
	return d, nil
}

// letters unpacks the maker's code: three times five bits, 1 for A.
func letters(n uint16) string {
	var s [3]byte
	for i := range s {
		c := byte(n>>(10-5*i)) & 31
		if c == 0 || c > 26 {
			return ""
		}
		s[i] = 'A' + c - 1
	}
	return string(s[:])
}

// made is the first day of the week or year of manufacture. Week 255 says that
// the year is that of the model. How weeks are counted the standard leaves
// open; here they begin on the first of January.
func made(week, year byte) time.Time {
	if year < 3 { // before EDID was thought of
		return time.Time{}
	}
	t := time.Date(1990+int(year), 1, 1, 0, 0, 0, 0, time.UTC)
	if week >= 1 && week <= 53 {
		t = t.AddDate(0, 0, 7*(int(week)-1))
	}
	return t
}

// names are the texts of a display.
type names struct {
	number       uint32 // serial number in binary
	serial, name string
	texts        []string // unspecified, where panels keep their name
}

func (n names) model(d Display) string {
	if n.name != "" {
		return n.name
	}
	for _, t := range slices.Backward(n.texts) {
		if len(t) >= 4 && strings.ContainsAny(t, "0123456789") {
			return t
		}
	}
	return fmt.Sprintf("%s %04X", d.Code, d.Product)
}

// descriptor reads one of the four descriptors of 18 bytes: a timing, of which
// the first is the preferred one, or a text.
func (d *Display) descriptor(b []byte, n *names) {
	if b[0] != 0 || b[1] != 0 { // pixel clock
		if d.Width == 0 {
			d.timing(b)
		}
		return
	}
	text := line(b[5:])
	switch b[3] {
	case 0xff:
		if n.serial == "" {
			n.serial = text
		}
	case 0xfc: // a long name goes over two
		n.name = strings.TrimSpace(n.name + text)
	case 0xfe:
		if text != "" {
			n.texts = append(n.texts, text)
		}
	}
}

// timing reads a detailed timing: size in pixels, and in millimetres, which
// is finer than the base block's centimetres unless it is a shape (16 to 9) or
// contradicts them.
func (d *Display) timing(b []byte) {
	d.Width = int64(b[2]) | int64(b[4]>>4)<<8
	d.Height = int64(b[5]) | int64(b[7]>>4)<<8
	if b[17]>>7 == 1 { // interlaced: lines of one field
		d.Height *= 2
	}
	w, h := int64(b[12])|int64(b[14]>>4)<<8, int64(b[13])|int64(b[14]&15)<<8
	near := func(mm, about int64) bool { return about == 0 && mm > 50 || mm-about > -15 && mm-about < 15 }
	if w > 0 && h > 0 && near(w, d.WidthMM) && near(h, d.HeightMM) {
		d.WidthMM, d.HeightMM = w, h
	}
}

// line is a text of a descriptor: ASCII, ended by a line feed.
func line(b []byte) string {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		b = b[:i]
	}
	var s strings.Builder
	for _, c := range b {
		if c >= ' ' && c <= '~' {
			s.WriteByte(c)
		}
	}
	return strings.Join(strings.Fields(s.String()), " ")
}

// Complete fills in, in a table of section monitor as the catalogue lays it
// out, what the display's own description says; where there is none, what the
// operating system said.
func Complete(t *inventory.Table) {
	at := func(name string) int { return slices.Index(t.Columns, name) }
	from := at("edid")
	put := func(row []any, column string, v any) {
		if i := at(column); i >= 0 && i < len(row) {
			row[i] = v
		}
	}
	text := func(row []any, column, s string) {
		if s != "" {
			put(row, column, s)
		}
	}
	number := func(row []any, column string, n int64) {
		if n > 0 {
			put(row, column, n)
		}
	}
	for _, row := range t.Rows {
		var raw []byte
		if from >= 0 && from < len(row) {
			raw, _ = row[from].([]byte)
		}
		d, err := Decode(raw)
		if err != nil {
			for column, source := range map[string]string{"vendor": "os_vendor", "model": "os_name", "serial": "os_serial"} {
				if i := at(source); i >= 0 && i < len(row) && row[i] != nil {
					put(row, column, row[i])
				}
			}
			continue
		}
		text(row, "vendor_code", d.Code)
		text(row, "vendor", d.Vendor)
		text(row, "model", d.Model)
		text(row, "serial", d.Serial)
		if !d.Made.IsZero() {
			put(row, "manufactured_at", d.Made.UnixMilli())
		}
		number(row, "width_millimeters", d.WidthMM)
		number(row, "height_millimeters", d.HeightMM)
		number(row, "width_pixels", d.Width)
		number(row, "height_pixels", d.Height)
	}
}

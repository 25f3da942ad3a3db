package evtx

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"time"
	"unicode/utf16"
)

// Logs for tests are written here, by the description of the format and not by
// the code that reads it.

type field struct {
	name string // of Data; empty for none
	kind byte
	data []byte
}

type entry struct {
	id       uint64
	at       time.Time
	provider string
	event    uint16
	fields   []field
	binary   []byte
	user     []field // leaves of UserData in place of EventData
	small    bool    // only what a record must have
}

func wide(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func ticks(t time.Time) uint64 { return uint64(t.UnixNano()/100 + 116444736000000000) }

// body is binary XML under construction at a place in a chunk.
type body struct {
	base   int
	b      []byte
	values []field
	count  int
}

func (w *body) at() int        { return w.base + len(w.b) }
func (w *body) put(b ...byte)  { w.b = append(w.b, b...) }
func (w *body) put32(n uint32) { w.b = binary.LittleEndian.AppendUint32(w.b, n) }
func (w *body) put16(n uint16) { w.b = binary.LittleEndian.AppendUint16(w.b, n) }

// name writes a name right where it is used.
func (w *body) name(s string) {
	w.put32(uint32(w.at() + 4))
	w.put32(0)
	w.put16(0)
	w.put16(uint16(len(wide(s)) / 2))
	w.put(wide(s)...)
	w.put16(0)
}

// place writes where a value goes, and remembers the value.
func (w *body) place(kind byte, data []byte) {
	w.put(tokenOptional)
	w.put16(uint16(w.count))
	w.put(kind)
	w.count++
	w.values = append(w.values, field{kind: kind, data: data})
}

type named struct {
	name  string
	value func()
}

func (w *body) text(s string) func() {
	return func() {
		w.put(tokenText, kindString)
		w.put16(uint16(len(wide(s)) / 2))
		w.put(wide(s)...)
	}
}

func (w *body) open(name string, attributes []named, content func()) {
	if len(attributes) > 0 {
		w.put(tokenElement | more)
	} else {
		w.put(tokenElement)
	}
	w.put16(0xffff)
	size := len(w.b)
	w.put32(0)
	w.name(name)
	if len(attributes) > 0 {
		list := len(w.b)
		w.put32(0)
		for i, a := range attributes {
			if i < len(attributes)-1 {
				w.put(tokenAttribute | more)
			} else {
				w.put(tokenAttribute)
			}
			w.name(a.name)
			a.value()
		}
		binary.LittleEndian.PutUint32(w.b[list:], uint32(len(w.b)-list-4))
	}
	if content == nil {
		w.put(tokenCloseEmpty)
	} else {
		w.put(tokenCloseStart)
		content()
		w.put(tokenEndElement)
	}
	binary.LittleEndian.PutUint32(w.b[size:], uint32(len(w.b)-size-4))
}

// record writes one record whose template stands inside it.
func (e entry) record(at int) []byte {
	w := &body{base: at + recordHead}
	w.put(tokenFragment, 1, 1, 0, tokenTemplate, 1)
	w.put32(7)
	w.put32(uint32(w.at() + 4))
	w.put32(0)
	w.put(make([]byte, 16)...)
	size := len(w.b)
	w.put32(0)
	w.put(tokenFragment, 1, 1, 0)
	namespace := []named{{"xmlns", w.text("http://schemas.microsoft.com/win/2004/08/events/event")}}
	if e.small {
		namespace = nil
	}
	w.open("Event", namespace, func() {
		w.open("System", nil, func() {
			w.open("Provider", []named{{"Name", w.text(e.provider)}}, nil)
			w.open("EventID", nil, func() { w.place(kindUint16, binary.LittleEndian.AppendUint16(nil, e.event)) })
			if e.small {
				w.open("Channel", nil, w.text("S"))
				return
			}
			w.open("Level", nil, func() { w.place(kindUint8, []byte{2}) })
			w.open("TimeCreated", []named{{"SystemTime", func() {
				w.place(kindFiletime, binary.LittleEndian.AppendUint64(nil, ticks(e.at)))
			}}}, nil)
			w.open("Channel", nil, w.text("System"))
			w.open("Computer", nil, w.text("PC-1"))
			w.open("Security", []named{{"UserID", func() {
				w.place(kindSID, []byte{1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0})
			}}}, nil)
		})
		switch {
		case e.user != nil:
			w.open("UserData", nil, func() {
				w.open("Outer", nil, func() {
					w.open("Inner", nil, func() {
						for _, f := range e.user {
							w.open(f.name, nil, func() { w.place(f.kind, f.data) })
						}
					})
				})
			})
		case e.fields != nil || e.binary != nil:
			w.open("EventData", nil, func() {
				for _, f := range e.fields {
					var attributes []named
					if f.name != "" {
						attributes = []named{{"Name", w.text(f.name)}}
					}
					w.open("Data", attributes, func() { w.place(f.kind, f.data) })
				}
				if e.binary != nil {
					w.open("Binary", nil, func() { w.place(kindBinary, e.binary) })
				}
			})
		}
	})
	w.put(tokenEnd)
	binary.LittleEndian.PutUint32(w.b[size:], uint32(len(w.b)-size-4))
	w.put32(uint32(len(w.values)))
	for _, v := range w.values {
		w.put16(uint16(len(v.data)))
		w.put(v.kind, 0)
	}
	for _, v := range w.values {
		w.put(v.data...)
	}
	for (len(w.b)+recordHead+4)%8 != 0 {
		w.put(0)
	}
	total := uint32(recordHead + len(w.b) + 4)
	b := binary.LittleEndian.AppendUint32(nil, 0x00002a2a)
	b = binary.LittleEndian.AppendUint32(b, total)
	b = binary.LittleEndian.AppendUint64(b, e.id)
	b = binary.LittleEndian.AppendUint64(b, ticks(e.at))
	return binary.LittleEndian.AppendUint32(append(b, w.b...), total)
}

// written makes a chunk of entries.
func written(entries ...entry) []byte {
	c := make([]byte, chunkHeader, chunkSize)
	copy(c, "ElfChnk\x00")
	for _, e := range entries {
		c = append(c, e.record(len(c))...)
	}
	end := len(c)
	c = c[:chunkSize]
	le := binary.LittleEndian
	le.PutUint64(c[24:], entries[0].id)
	le.PutUint64(c[32:], entries[len(entries)-1].id)
	le.PutUint32(c[40:], 128)
	le.PutUint32(c[48:], uint32(end))
	seal(c)
	return c
}

// seal sets both checksums of a chunk.
func seal(c []byte) {
	le := binary.LittleEndian
	if end := le.Uint32(c[48:]); end >= chunkHeader && end <= chunkSize {
		le.PutUint32(c[52:], crc32.ChecksumIEEE(c[chunkHeader:end]))
	}
	le.PutUint32(c[124:], crc32.Update(crc32.ChecksumIEEE(c[:120]), crc32.IEEETable, c[128:chunkHeader]))
}

// file makes a log of chunks.
func file(flags uint32, chunks ...[]byte) []byte {
	h := make([]byte, fileHeader)
	copy(h, "ElfFile\x00")
	le := binary.LittleEndian
	le.PutUint32(h[32:], 128)
	le.PutUint16(h[36:], 1)
	le.PutUint16(h[38:], 3)
	le.PutUint16(h[40:], fileHeader)
	le.PutUint16(h[42:], uint16(len(chunks)))
	le.PutUint32(h[120:], flags)
	le.PutUint32(h[124:], crc32.ChecksumIEEE(h[:120]))
	return append(h, slices.Concat(chunks...)...)
}

package report

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/fxamacker/cbor/v2"
	"github.com/klauspost/compress/zstd"

	"muster/internal/inventory"
)

// Limits of one body.
const (
	MaxBody     = 8 << 20 // bytes, on the wire and after decompression
	MaxReports  = 2000    // reports in an envelope
	MaxSections = 128     // sections in a report
	MaxSamples  = 1500    // samples in a report
	MaxSeries   = 5000    // series in a layout
	MaxLayouts  = 16      // layouts in a report
	MaxEvents   = 2000    // events in a report
	MaxGaps     = 1000
	window      = 32 << 10 // bytes of zstd window that agents use
	maxWindow   = 1 << 20  // bytes of zstd window that collectors take (RFC 8878 §3.1.1.1.2)
	// CompressAbove is the size in bytes from which compression pays.
	CompressAbove = 1 << 10
)

// Errors of Decode. The caller tells the sender apart by errors.Is.
var (
	ErrMalformed = errors.New("malformed report")
	ErrVersion   = errors.New("unknown wire version")
	ErrTooLarge  = errors.New("report too large")
)

var encMode = sync.OnceValue(func() cbor.EncMode {
	o := cbor.CoreDetEncOptions()
	o.NaNConvert = cbor.NaNConvert7e00
	m, err := o.EncMode()
	if err != nil {
		panic(err)
	}
	return m
})

var decMode = sync.OnceValue(func() cbor.DecMode {
	m, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		MaxNestedLevels:   10,
		MaxArrayElements:  inventory.MaxRows + 1,
		MaxMapPairs:       4096,
		ExtraReturnErrors: cbor.ExtraDecErrorNone,
		IntDec:            cbor.IntDecConvertNone,
		UTF8:              cbor.UTF8RejectInvalid,
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return m
})

// rawEnvelope keeps the reports as bytes: a sender's reports come encoded out
// of its spool, and a receiver wants the hash of each.
type rawEnvelope struct {
	Version int               `cbor:"1,keyasint"`
	Epoch   uint64            `cbor:"2,keyasint"`
	Oldest  uint64            `cbor:"3,keyasint,omitempty"`
	Known   [8]byte           `cbor:"4,keyasint"`
	Reports []cbor.RawMessage `cbor:"5,keyasint"`
	Sent    int64             `cbor:"6,keyasint,omitempty"`
	Mono    int64             `cbor:"7,keyasint,omitempty"`
	Boot    [8]byte           `cbor:"8,keyasint"`
	Layouts []Layout          `cbor:"9,keyasint,omitempty"`
}

// Encode encodes one report, as it is kept in the spool.
func (r *Report) Encode() ([]byte, error) { return encMode().Marshal(r) }

// Pack makes a body of encoded reports, compressed when that pays.
func Pack(e Envelope, reports [][]byte) ([]byte, error) {
	raw := rawEnvelope{Version: Version, Epoch: e.Epoch, Oldest: e.Oldest, Known: e.Known,
		Sent: e.Sent, Mono: e.Mono, Boot: e.Boot, Layouts: e.Layouts}
	for _, r := range reports {
		raw.Reports = append(raw.Reports, r)
	}
	b, err := encMode().Marshal(raw)
	if err != nil {
		return nil, fmt.Errorf("encode envelope: %w", err)
	}
	if len(b) <= CompressAbove {
		return b, nil
	}
	return Compress(b)
}

// Compress packs bytes into a zstd frame with a small window (RFC 8878). The
// encoder is made per use: it is wanted seldom, and kept it would cost an
// agent more memory than all its readings.
func Compress(b []byte) ([]byte, error) {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(window),
		zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithZeroFrames(true))
	if err != nil {
		return nil, err
	}
	defer w.Close()
	return w.EncodeAll(b, nil), nil
}

var zstdMagic = []byte{0x28, 0xB5, 0x2F, 0xFD} // RFC 8878 §3.1.1

var decoders = sync.Pool{New: func() any {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
	if err != nil {
		panic(err)
	}
	return d
}}

// Decompress undoes Compress and gives back other bytes as they are. It reads
// at most limit bytes, whatever the frame promises.
func Decompress(b []byte, limit int) ([]byte, error) {
	if !bytes.HasPrefix(b, zstdMagic) {
		return b, nil
	}
	d := decoders.Get().(*zstd.Decoder)
	defer decoders.Put(d)
	if err := d.Reset(bytes.NewReader(b)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	// Bounded here, because the decoder's own memory limit does not stop a
	// stream of small blocks that never ends.
	out, err := readUpTo(d, 4*len(b), limit)
	if errors.Is(err, ErrTooLarge) {
		return nil, err
	}
	if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return nil, fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return out, nil
}

// readUpTo reads to the end, or until there is more than limit. It reads in
// pieces that are joined at the end: a buffer that grows by copying would cost
// a bomb's length several times over before the bomb is known for one.
func readUpTo(r io.Reader, expect, limit int) ([]byte, error) {
	const least, most = 4 << 10, 1 << 20
	var full [][]byte
	piece := make([]byte, min(max(expect, least), most))
	n, total := 0, 0
	for {
		m, err := r.Read(piece[n:])
		n += m
		total += m
		switch {
		case total > limit:
			return nil, fmt.Errorf("%w: more than %d bytes after decompression", ErrTooLarge, limit)
		case err == io.EOF && len(full) == 0:
			return piece[:n], nil
		case err == io.EOF:
			return bytes.Join(append(full, piece[:n]), nil), nil
		case err != nil:
			return nil, err
		}
		if n == len(piece) {
			full = append(full, piece)
			piece, n = make([]byte, min(2*len(piece), most)), 0
		}
	}
}

// Decode reads a body of any of the three forms and checks its limits. The
// texts and tables inside are not yet checked against the catalogue.
func Decode(body []byte) (*Envelope, error) {
	if len(body) > MaxBody {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(body), MaxBody)
	}
	b, err := Decompress(body, MaxBody)
	if err != nil {
		return nil, err
	}
	return DecodePlain(b)
}

// DecodePlain reads a body that Decompress has been through. Receivers call
// the two apart, to take room for what a body unfolds to before it is built.
func DecodePlain(b []byte) (*Envelope, error) {
	if len(b) == 0 {
		return nil, fmt.Errorf("%w: empty body", ErrMalformed)
	}
	if b[0] == '{' {
		return decodeJSON(b)
	}
	var raw rawEnvelope
	if err := decMode().Unmarshal(b, &raw); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if raw.Version != Version {
		return nil, fmt.Errorf("%w %d: this collector speaks %d", ErrVersion, raw.Version, Version)
	}
	if len(raw.Reports) > MaxReports {
		return nil, fmt.Errorf("%w: %d reports, at most %d", ErrTooLarge, len(raw.Reports), MaxReports)
	}
	e := &Envelope{Version: raw.Version, Epoch: raw.Epoch, Oldest: raw.Oldest, Known: raw.Known,
		Sent: raw.Sent, Mono: raw.Mono, Boot: raw.Boot, Layouts: raw.Layouts}
	e.Reports = make([]Report, len(raw.Reports))
	for i, rb := range raw.Reports {
		r := &e.Reports[i]
		if err := decMode().Unmarshal(rb, r); err != nil {
			return nil, fmt.Errorf("%w: report %d: %w", ErrMalformed, i+1, err)
		}
		sum := sha256.Sum256(rb)
		copy(r.Body[:], sum[:])
	}
	return e, e.check()
}

// check holds an envelope against the rules that need no catalogue.
func (e *Envelope) check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
	}
	if e.Epoch == 0 {
		return bad("epoch is 0")
	}
	if len(e.Reports) == 0 {
		return bad("no reports")
	}
	if err := checkLayouts(e.Layouts); err != nil {
		return err
	}
	last := uint64(0)
	for i := range e.Reports {
		r := &e.Reports[i]
		switch {
		case r.Seq == 0 || r.Seq <= last:
			return bad("sequence numbers must rise from 1 (report %d has %d)", i+1, r.Seq)
		case len(r.Sections) > MaxSections, len(r.Hashes) > MaxSections:
			return bad("more than %d sections", MaxSections)
		case len(r.Samples) > MaxSamples:
			return bad("more than %d samples", MaxSamples)
		case len(r.Events) > MaxEvents:
			return bad("more than %d events", MaxEvents)
		case len(r.Gaps) > MaxGaps:
			return bad("more than %d gaps", MaxGaps)
		}
		last = r.Seq
		if err := checkLayouts(r.Layouts); err != nil {
			return err
		}
		for _, s := range r.Samples {
			if len(s.Values) == 0 || len(s.Values) > MaxSeries {
				return bad("a sample has %d values, allowed are 1 to %d", len(s.Values), MaxSeries)
			}
		}
		seen := make(map[string]bool, len(r.Sections))
		for _, s := range r.Sections {
			if s.Status >= statuses {
				return bad("section %.40q has unknown status %d", s.Name, s.Status)
			}
			if seen[s.Name] {
				return bad("section %.40q comes twice", s.Name)
			}
			seen[s.Name] = true
		}
		for _, g := range r.Gaps {
			if g.From == 0 || g.To < g.From {
				return bad("gap %d to %d", g.From, g.To)
			}
		}
	}
	return nil
}

func checkLayouts(ls []Layout) error {
	if len(ls) > MaxLayouts {
		return fmt.Errorf("%w: more than %d layouts", ErrMalformed, MaxLayouts)
	}
	for _, l := range ls {
		if len(l) == 0 || len(l) > MaxSeries {
			return fmt.Errorf("%w: a layout has %d series, allowed are 1 to %d", ErrMalformed, len(l), MaxSeries)
		}
	}
	return nil
}

// DecodeReport reads one report as it lies in a spool.
func DecodeReport(b []byte) (*Report, error) {
	var r Report
	if err := decMode().Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	sum := sha256.Sum256(b)
	copy(r.Body[:], sum[:])
	return &r, nil
}

// Marshal and Unmarshal encode the other messages (Answer, Refusal, Policy)
// under the same rules.
func Marshal(v any) ([]byte, error) { return encMode().Marshal(v) }

// Unmarshal is the inverse of Marshal.
func Unmarshal(b []byte, v any) error {
	if err := decMode().Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}

// Digest is the Known of a policy: a hash of its encoding.
func (p *Policy) Digest() ([8]byte, error) {
	b, err := Marshal(p)
	if err != nil {
		return [8]byte{}, err
	}
	sum := sha256.Sum256(b)
	return [8]byte(sum[:8]), nil
}

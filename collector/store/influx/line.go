package influx

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/metric"
	"muster/internal/report"
)

// plan is how points of a layout become lines: one for each measurement and
// set of labels, as Telegraf writes them. It holds nothing of a device, so
// that ten thousand with one layout share it.
type plan struct {
	lines   []lineOf
	unknown []int // places of the layout that the catalogue does not know
	length  int   // of the layout
}

// lineOf is one line of each point. The text around the device's own tags is
// escaped already; tags stand in the order of their keys, which spares the
// server sorting them.
type lineOf struct {
	head   string // measurement and the tags before device_id
	middle string // tags between device_id and host
	tail   string // tags after host, and the space before the fields
	fields []fieldOf
}

type fieldOf struct {
	at   int // place in the layout
	name string
	kind metric.Type
}

// newPlan sorts the series of a layout into lines.
func newPlan(l report.Layout) *plan {
	p := &plan{length: len(l)}
	at := map[string]int{} // by head, middle and tail
	for i, s := range l {
		if !store.Listed(s) {
			p.unknown = append(p.unknown, i)
			continue
		}
		_, f, _ := metric.Lookup(s.Measurement, s.Field)
		labels := slices.DeleteFunc(slices.Clone(s.Labels), func(x report.Label) bool { return x.Value == "" })
		slices.SortFunc(labels, func(a, b report.Label) int { return strings.Compare(a.Key, b.Key) })
		n := lineOf{head: measurementEscaper().Replace(s.Measurement), tail: " "}
		var tail strings.Builder
		for _, x := range labels {
			tag := "," + tagEscaper().Replace(x.Key) + "=" + tagValue(x.Value)
			switch {
			case x.Key < store.LabelDevice:
				n.head += tag
			case x.Key < store.LabelHost:
				n.middle += tag
			default:
				tail.WriteString(tag)
			}
		}
		n.head += "," + store.LabelDevice + "="
		n.tail = tail.String() + " "
		key := n.head + "\n" + n.middle + "\n" + n.tail // escaped texts hold no line breaks
		j, ok := at[key]
		if !ok {
			j = len(p.lines)
			at[key] = j
			p.lines = append(p.lines, n)
		}
		p.lines[j].fields = append(p.lines[j].fields, fieldOf{at: i, name: tagEscaper().Replace(f.Name) + "=", kind: f.Type})
	}
	return p
}

// who is a device as its lines name it.
func who(device inventory.DeviceID, host string) (id, name string) {
	id = tagValue(string(device))
	if host != "" {
		name = "," + store.LabelHost + "=" + tagValue(host)
	}
	return id, name
}

// add writes the lines of one point, whose values must be as many as the
// layout's series, and answers how many lines and values it wrote.
func (p *plan) add(b []byte, id, host string, pt *store.Point) (_ []byte, lines, values int) {
	for i := range p.lines {
		l := &p.lines[i]
		n := 0
		for _, f := range l.fields {
			v := pt.Values[f.at]
			if !store.Usable(v) {
				continue
			}
			if n == 0 {
				b = append(b, l.head...)
				b = append(b, id...)
				b = append(b, l.middle...)
				b = append(b, host...)
				b = append(b, l.tail...)
			} else {
				b = append(b, ',')
			}
			b = append(b, f.name...)
			b = appendValue(b, f.kind, v)
			n++
		}
		if n > 0 {
			b = append(b, ' ')
			b = strconv.AppendInt(b, pt.At, 10)
			b = append(b, '\n')
			lines++
			values += n
		}
	}
	return b, lines, values
}

// appendValue writes a number as the catalogue's type. What is beyond a whole
// number of 64 bits stands at its end, as Telegraf has it.
func appendValue(b []byte, kind metric.Type, v float64) []byte {
	switch kind {
	case metric.Int:
		n := int64(math.MaxInt64)
		switch r := math.Round(v); {
		case r <= math.MinInt64:
			n = math.MinInt64
		case r < math.MaxInt64: // as a float, 2⁶³
			n = int64(r)
		}
		return append(strconv.AppendInt(b, n, 10), 'i')
	case metric.Bool:
		return strconv.AppendBool(b, v != 0)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}

// Line protocol escapes commas, spaces and, in tags, equal signs by a
// backslash (https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/).

func measurementEscaper() *strings.Replacer { return strings.NewReplacer(",", `\,`, " ", `\ `) }
func tagEscaper() *strings.Replacer {
	return strings.NewReplacer(",", `\,`, " ", `\ `, "=", `\=`)
}

// tagValue is a label's value in a line.
func tagValue(v string) string { return tagEscaper().Replace(kept(v)) }

// kept is a label's value as it is kept: tags have no form for line breaks, nor
// for a backslash at the end, which would escape what follows it.
func kept(v string) string {
	v = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' {
			return ' '
		}
		return r
	}, v)
	if t := strings.TrimRight(v, `\`); t != v {
		v = t + "/"
	}
	return v
}

package web

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"

	"muster/collector/web/texts"
)

// Pictures are drawn on the server as SVG in percent, so that they stretch with
// the page, stay sharp on paper, and need no script and no inline style.

// line is the points of one number over a time.
type line struct {
	At     []time.Time
	Value  []float64 // NaN: not read
	From   time.Time
	To     time.Time
	Limit  float64 // NaN: none
	Bottom float64 // of the axis; NaN: from the values
}

// gap is how much time between two points breaks the line.
func (l line) gap() time.Duration {
	if len(l.At) < 2 {
		return time.Hour
	}
	// The usual distance: the smallest but for repeats.
	small := l.To.Sub(l.From)
	for i := 1; i < len(l.At); i++ {
		if d := l.At[i].Sub(l.At[i-1]); d > 0 {
			small = min(small, d)
		}
	}
	return 3 * small
}

// scale is the lowest and the highest value of the axis.
func (l line) scale() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range l.Value {
		if !math.IsNaN(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	if !math.IsNaN(l.Limit) {
		low, high = min(low, l.Limit), max(high, l.Limit)
	}
	if math.IsInf(low, 1) {
		return 0, 1
	}
	// A line of numbers far from 0 that hardly move would be a wild one if it
	// filled the picture: the axis begins at 0 unless that hides it all.
	if low >= 0 && low < 0.6*high || low == high && low > 0 {
		low = 0
	}
	if !math.IsNaN(l.Bottom) {
		low = min(low, l.Bottom)
	}
	if high == low {
		high = low + 1
	}
	return low, high + (high-low)*0.06
}

// path writes the line in a box of 100 by 100, and the area under it.
func (l line) path() (stroke, area string, lastX, lastY float64) {
	low, high := l.scale()
	whole := l.To.Sub(l.From).Seconds()
	gap := l.gap()
	var s, a strings.Builder
	open, startX := false, 0.0
	end := func() {
		if open {
			fmt.Fprintf(&a, "L%s 100L%s 100Z", trim(lastX), trim(startX))
		}
		open = false
	}
	for i, at := range l.At {
		v := l.Value[i]
		if math.IsNaN(v) || at.Before(l.From) || at.After(l.To) {
			continue
		}
		x := 100 * at.Sub(l.From).Seconds() / whole
		y := 100 - 100*(v-low)/(high-low)
		if open && at.Sub(l.At[i-1]) > gap {
			end()
		}
		verb := "L"
		if !open {
			verb, open, startX = "M", true, x
		}
		fmt.Fprintf(&s, "%s%s %s", verb, trim(x), trim(y))
		fmt.Fprintf(&a, "%s%s %s", verb, trim(x), trim(y))
		lastX, lastY = x, y
	}
	end()
	return s.String(), a.String(), lastX, lastY
}

func trim(v float64) string {
	s := fmt.Sprintf("%.2f", v)
	s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	if s == "-0" {
		return "0"
	}
	return s
}

// spark is the small picture of a row: the line, its limit, its last point.
func spark(l line, class, words string) template.HTML {
	if len(l.At) < 2 {
		return ""
	}
	stroke, area, x, y := l.path()
	if stroke == "" {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="spark" role="img" aria-label="%s"><svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%%" height="100%%" overflow="visible"><path class="ar ar--%s" d="%s"/>`, template.HTMLEscapeString(words), class, area)
	if !math.IsNaN(l.Limit) {
		low, high := l.scale()
		t := trim(100 - 100*(l.Limit-low)/(high-low))
		fmt.Fprintf(&b, `<path class="th" d="M0 %s L100 %s"/>`, t, t)
	}
	fmt.Fprintf(&b, `<path class="ln ln--%s" d="%s"/></svg><circle class="dot dot--%s" cx="%s%%" cy="%s%%" r="4"/></svg>`, class, stroke, class, trim(x), trim(y))
	return template.HTML(b.String())
}

// flagged is something that happened at one time, marked in a picture.
type flagged struct {
	At     time.Time
	Letter string
	Text   texts.T
}

// chart is the large picture: axes, the line, its limit, what happened.
func chart(l line, class, unit, limitWord, words string, flags []flagged, c clock) template.HTML {
	stroke, area, x, y := l.path()
	if stroke == "" {
		return ""
	}
	low, high := l.scale()
	const height, top, plot = 236, 18, 194
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="ch" height="%d" role="img" aria-label="%s"><svg x="0" y="%d" width="100%%" height="%d" overflow="visible">`, height, template.HTMLEscapeString(words), top, plot)
	for _, t := range ticks(low, high, 4) {
		at := trim(100 - 100*(t-low)/(high-low))
		cl := "gr"
		if t == low {
			cl = "ax"
		}
		fmt.Fprintf(&b, `<line class="%s" x1="64" x2="100%%" y1="%s%%" y2="%s%%"/><text x="56" y="%s%%" dy="4" text-anchor="end">%s</text>`, cl, at, at, at, template.HTMLEscapeString(amount(t, unit)))
	}
	fmt.Fprintf(&b, `</svg><svg x="64" y="%d" width="calc(100%% - 64px)" height="%d" overflow="visible" class="plot">`, top, plot)
	whole := l.To.Sub(l.From)
	for _, f := range flags {
		fmt.Fprintf(&b, `<line class="mk" x1="%[1]s%%" x2="%[1]s%%" y1="0" y2="100%%"/>`, trim(100*f.At.Sub(l.From).Seconds()/whole.Seconds()))
	}
	fmt.Fprintf(&b, `<svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%%" height="100%%" overflow="visible"><path class="ar ar--%s" d="%s"/>`, class, area)
	at := ""
	if !math.IsNaN(l.Limit) {
		at = trim(100 - 100*(l.Limit-low)/(high-low))
		fmt.Fprintf(&b, `<path class="th" d="M0 %s L100 %s"/>`, at, at)
	}
	fmt.Fprintf(&b, `<path class="ln ln--%s" d="%s"/></svg><circle class="dot dot--%s" cx="%s%%" cy="%s%%" r="5"/>`, class, stroke, class, trim(x), trim(y))
	if at != "" {
		fmt.Fprintf(&b, `<text x="4" y="%s%%" dy="-5">%s</text>`, at, template.HTMLEscapeString(limitWord))
	}
	for _, f := range flags {
		px := trim(100 * f.At.Sub(l.From).Seconds() / whole.Seconds())
		fmt.Fprintf(&b, `<circle class="mkd" cx="%s%%" cy="-9" r="8.5"/><text class="mkt" x="%s%%" y="-5" text-anchor="middle">%s</text>`, px, px, template.HTMLEscapeString(f.Letter))
	}
	for i, n := 0, 4; i <= n; i++ {
		t := l.From.Add(whole * time.Duration(i) / time.Duration(n))
		anchor, class := "middle", ""
		if i%2 == 1 {
			class = ` class="alt"` // there is no room for it on a phone
		}
		switch i {
		case 0:
			anchor = "start"
		case n:
			anchor = "end"
		}
		fmt.Fprintf(&b, `<text%s x="%d%%" y="100%%" dy="18" text-anchor="%s">%s</text>`, class, 100*i/n, anchor, template.HTMLEscapeString(axisTime(t, whole, c)))
	}
	b.WriteString(`</svg></svg>`)
	return template.HTML(b.String())
}

// axisTime is a time under a picture, as exact as its length asks for.
func axisTime(t time.Time, whole time.Duration, c clock) string {
	t = t.In(c.zone)
	switch {
	case whole <= 36*time.Hour:
		return t.Format("3:04 PM")
	case whole <= 10*24*time.Hour:
		return t.Format("Mon 2")
	case whole <= 400*24*time.Hour:
		return t.Format("Jan 2")
	}
	return t.Format("Jan 2006")
}

// ticks are round numbers between two, about n of them.
func ticks(low, high float64, n int) []float64 {
	step := math.Pow(10, math.Floor(math.Log10((high-low)/float64(n))))
	for _, m := range []float64{1, 2, 5, 10} {
		if (high-low)/(step*m) <= float64(n)+0.5 {
			step *= m
			break
		}
	}
	var out []float64
	for v := math.Ceil(low/step) * step; v <= high+step/1e6; v += step {
		out = append(out, v)
	}
	return out
}

// amount is a number in its unit, short.
func amount(v float64, unit string) string {
	if math.IsNaN(v) {
		return "–"
	}
	neg := ""
	if v < 0 {
		neg, v = "−", -v
	}
	num := func(v float64) string {
		switch {
		case v >= 1000:
			return whole(int64(math.Round(v)))
		case v >= 100 || v == math.Trunc(v):
			return fmt.Sprintf("%.0f", v)
		case v >= 10:
			return trim(math.Round(v*10) / 10)
		}
		return trim(v)
	}
	scaled := func(base float64, units ...string) string {
		for _, u := range units[:len(units)-1] {
			if v < base {
				return num(v) + " " + u
			}
			v /= base
		}
		return num(v) + " " + units[len(units)-1]
	}
	switch unit {
	case "percent":
		return neg + num(v) + " %"
	case "byte":
		return neg + scaled(1024, "B", "KB", "MB", "GB", "TB")
	case "byte_per_second":
		return neg + scaled(1000, "B/s", "KB/s", "MB/s", "GB/s")
	case "bit_per_second":
		return neg + scaled(1000, "b/s", "kb/s", "Mb/s", "Gb/s")
	case "celsius":
		return neg + num(v) + " °C"
	case "second":
		switch {
		case v < 1:
			return neg + num(v*1000) + " ms"
		case v < 120:
			return neg + num(v) + " s"
		case v < 7200:
			return neg + num(v/60) + " min"
		case v < 48*3600:
			return neg + num(v/3600) + " h"
		}
		return neg + num(v/86400) + " d"
	case "millisecond":
		return neg + num(v) + " ms"
	case "watt_hour":
		return neg + num(v) + " Wh"
	case "packet":
		return neg + num(v)
	case "dbm":
		return neg + num(v) + " dBm"
	case "hour":
		return neg + num(v) + " h"
	case "count", "", "bool", "ratio":
		return neg + num(v)
	case "per_second", "count_per_second", "packet_per_second":
		switch { // what happens seldom is counted by the hour or the day
		case v == 0:
			return "0"
		case v < 100.0/86400:
			return neg + num(v*86400) + " a day"
		case v < 1.0/60:
			return neg + num(v*3600) + " an hour"
		}
		return neg + num(v) + "/s"
	}
	return neg + num(v) + " " + strings.ReplaceAll(strings.ReplaceAll(unit, "_per_", "/"), "_", " ")
}

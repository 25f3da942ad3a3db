package cpu

import (
	"strconv"
	"strings"
)

// clock reads the nominal clock that makers put at the end of a model name,
// such as "@ 2.60GHz", in hertz.
func clock(model string) int64 {
	_, after, ok := strings.Cut(model, "@ ")
	if !ok {
		return 0
	}
	unit := 1e9
	number, ok := strings.CutSuffix(after, "GHz")
	if !ok {
		if number, ok = strings.CutSuffix(after, "MHz"); !ok {
			return 0
		}
		unit = 1e6
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(f > 0 && f < 1e5) { // "NaN" is a number to ParseFloat
		return 0
	}
	return int64(f*unit + 0.5)
}

// generation tells the generation as far as it follows from the model's name:
// the makers' numbering rules, which hold for the office machines that the
// question is asked of.
func generation(model string) string {
	m := strings.NewReplacer("(R)", "", "(TM)", "", "(r)", "", "(tm)", "").Replace(model)
	switch {
	case strings.Contains(m, "Intel"), strings.HasPrefix(m, "Genuine"):
		return intel(m)
	case strings.Contains(m, "AMD"):
		return amd(m)
	}
	return ""
}

func intel(m string) string {
	words := strings.Fields(m)
	for i, w := range words {
		switch {
		case w == "Ultra" && i+2 < len(words): // Core Ultra 7 155H, Core Ultra 7 258V
			if d := digits(words[i+2]); len(d) == 3 {
				return "intel-core-ultra-" + d[:1]
			}
		case w == "Core" && i+2 < len(words) && len(words[i+1]) == 1: // Core 5 120U
			if d := digits(words[i+2]); len(d) == 3 {
				return "intel-core-series-" + d[:1]
			}
		case len(w) > 3 && w[0] == 'i' && w[1] >= '3' && w[1] <= '9' && w[2] == '-':
			return coreNumber(w[3:])
		}
	}
	return ""
}

// coreNumber reads 8350U, 1065G7, 12700K: five digits carry two of the
// generation, four begin with it, and no four digits from 1000 to 1999 are of
// the first generation, which had three.
func coreNumber(s string) string {
	d := digits(s)
	switch {
	case len(d) == 5, len(d) == 4 && d[0] == '1':
		return "intel-core-" + d[:2]
	case len(d) == 4:
		return "intel-core-" + d[:1]
	case len(d) == 3:
		return "intel-core-1"
	}
	return ""
}

func amd(m string) string {
	words := strings.Fields(m)
	for i, w := range words {
		switch w {
		case "Ryzen":
			ai := false
			for _, n := range words[i+1:] {
				if n == "AI" {
					ai = true
				}
				d := digits(n)
				if ai && len(d) == 3 {
					return "ryzen-ai-" + d[:1] + "00"
				}
				if len(d) == 4 {
					return "ryzen-" + d[:1] + "000"
				}
			}
		case "EPYC":
			if i+1 < len(words) {
				// 7763: series 7, third generation.
				if d := digits(words[i+1]); len(d) == 4 {
					return "epyc-" + d[:1] + "00" + d[3:4]
				}
			}
		}
	}
	return ""
}

// digits are those a word begins with.
func digits(s string) string {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return s[:n]
}

// eachNumber calls f for the numbers of a kernel list such as 0-3,8,10-11.
// Ranges beyond what Linux can number are cut.
func eachNumber(list string, f func(n int64)) {
	const most = 8192 // CONFIG_NR_CPUS of the largest kernels
	count := 0
	for part := range strings.SplitSeq(strings.TrimSpace(list), ",") {
		from, to, ranged := strings.Cut(part, "-")
		a, err := strconv.ParseInt(from, 10, 32)
		if err != nil || a < 0 {
			continue
		}
		b := a
		if ranged {
			if b, err = strconv.ParseInt(to, 10, 32); err != nil {
				continue
			}
		}
		for ; a <= b && count < most; a++ {
			f(a)
			count++
		}
	}
}

// cacheSize reads a size as sysfs writes it, such as 48K or 32768K, in bytes.
func cacheSize(s string) int64 {
	unit := int64(1)
	switch {
	case strings.HasSuffix(s, "K"):
		unit = 1 << 10
	case strings.HasSuffix(s, "M"):
		unit = 1 << 20
	case strings.HasSuffix(s, "G"):
		unit = 1 << 30
	}
	n, err := strconv.ParseInt(strings.TrimRight(s, "KMG"), 10, 32)
	if err != nil || n < 0 {
		return 0
	}
	return n * unit
}

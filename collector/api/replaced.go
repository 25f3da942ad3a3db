package api

import (
	"slices"
	"strings"
)

// ReplacedParts are what is usually replaced. Outcomes are counted by them, so
// one part has one name; "other: " and a word takes all else.
func ReplacedParts() []string {
	return []string{
		"disk",
		"memory",
		"battery",
		"fan",
		"power supply",
		"mainboard",
		"processor",
		"graphics card",
		"network card",
		"cable",
		"dock",
		"display",
		"keyboard",
		"device",
	}
}

// partsAlso are other names of them.
func partsAlso() map[string]string {
	return map[string]string{
		"cpu":         "processor",
		"dimm":        "memory",
		"drive":       "disk",
		"gpu":         "graphics card",
		"hard disk":   "disk",
		"hdd":         "disk",
		"monitor":     "display",
		"motherboard": "mainboard",
		"nic":         "network card",
		"psu":         "power supply",
		"ram":         "memory",
		"screen":      "display",
		"ssd":         "disk",
	}
}

// replacedParts reads what was replaced: parts separated by commas, the last of
// which may be "other: " and anything.
func replacedParts(text string) (string, error) {
	if err := plainText(text, false); err != nil {
		return "", err
	}
	var out []string
	rest := text
	for rest != "" {
		rest = strings.TrimSpace(rest)
		if len(rest) >= len(otherPart) && strings.EqualFold(rest[:len(otherPart)], otherPart) {
			what := strings.TrimSpace(rest[len(otherPart):])
			if what == "" {
				return "", NewProblem(invalid, "replaced: say what after other:")
			}
			return strings.Join(append(out, otherPart+" "+what), ", "), nil
		}
		var word string
		word, rest, _ = strings.Cut(rest, ",")
		if word = strings.ToLower(strings.Join(strings.Fields(word), " ")); word == "" {
			continue
		}
		if name, ok := partsAlso()[word]; ok {
			word = name
		}
		if !slices.Contains(ReplacedParts(), word) {
			return "", NewProblem(invalid, "replaced: %q is none of the usual parts%s: there is %s; for all else write other: and what",
				clip(printable(word), 40), near(word, ReplacedParts()), strings.Join(ReplacedParts(), ", "))
		}
		if !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return strings.Join(out, ", "), nil
}

// UsualParts says whether a text names nothing but usual parts, so that an
// incident takes it for what was replaced.
func UsualParts(text string) bool {
	_, err := replacedParts(text)
	return err == nil
}

const otherPart = "other:"

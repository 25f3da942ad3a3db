package search

import (
	"fmt"
	"strings"
)

// Unheard says of the first term whose value is none of those its field knows
// which these are. Such a value is no error, for devices say what they like;
// but it is the likely reason why a filter chooses nothing. Empty: all are
// known.
func Unheard(e Expr) string {
	for _, t := range Terms(e) {
		f := t.Field
		if len(f.Values) == 0 || f.Kind != Word || t.Op != Has && t.Op != Eq || contains(f.Values, t.Value.Text) {
			continue
		}
		return fmt.Sprintf("%q is no known %s%s; known are %s", clip(t.Value.Text), f.Name, didYouMean(strings.ToLower(t.Value.Text), f.Values), strings.Join(f.Values, ", "))
	}
	return ""
}

// didYouMean names the candidate a few slips of the finger away, if any.
func didYouMean(word string, from []string) string {
	best, distance := "", 3
	if len(word) > 64 {
		return ""
	}
	for _, c := range from {
		// Two slips in a short word make it another one: "foo" is not "os".
		if d := slips(word, c); d > 0 && d < distance && (d < 2 || 2*d < len(word)) {
			best, distance = c, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", best)
}

// slips is the number of letters added, left out, changed or swapped with
// their neighbour (optimal string alignment distance) between two words.
func slips(a, b string) int {
	prev2, prev := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur := make([]int, len(b)+1)
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev = prev, cur
	}
	return prev[len(b)]
}

// clip keeps a word short enough to be repeated in a message.
func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

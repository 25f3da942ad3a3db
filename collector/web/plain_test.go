package web

import "testing"

// Nobody at a desk knows the ID of a rule.
func TestTextsSayRulesInWords(t *testing.T) {
	s := &Site{}
	s.ruleID, s.behind = ruleTexts()
	for text, want := range map[string]string{
		"Do findings stand beside it (D10, M01, C03)? Then begin with those.": "Do findings stand beside it? Then begin with those.",
		"Does the switch see the same (N07)?":                                 "Does the switch see the same?",
		"Windows 11 (64-bit) on USB3":                                         "Windows 11 (64-bit) on USB3",
	} {
		if got := s.plain(nil, text); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}

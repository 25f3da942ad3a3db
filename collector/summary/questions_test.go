package summary

import (
	"slices"
	"testing"
	"time"

	"muster/collector/search"
)

func TestQuestionsAreSearches(t *testing.T) {
	now := time.Date(2028, 2, 29, 9, 0, 0, 0, time.UTC)
	for _, theme := range slices.Concat(Composition(now), Replacement(now), Quality()) {
		for _, q := range theme.Questions {
			if _, err := search.Parse(q.Filter); err != nil {
				t.Errorf("%s, %s: %v", theme.Title, q.Word, err)
			}
		}
	}
}

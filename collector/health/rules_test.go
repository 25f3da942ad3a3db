package health

import (
	"testing"

	"muster/collector/health/rule"
	"muster/collector/health/rules"
)

// Each rule says of its made-up devices what it must, in virtual time.
func TestRulesAndTheirCases(t *testing.T) {
	set, err := rule.Load(rules.Files(), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range set.Problems {
		t.Error(p)
	}
	for _, r := range set.Rules {
		t.Run(r.ID, func(t *testing.T) {
			if len(r.Cases) == 0 && !fleetSubject(r.Subject) {
				t.Error("it has no case")
			}
			outcomes, err := Play(t.Context(), set, r)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range outcomes {
				for _, f := range o.Faults {
					t.Errorf("%s: %s", o.Case, f)
				}
			}
		})
	}
}

package sqlstore

import (
	"errors"
	"testing"
	"time"

	"muster/collector/store"
)

func TestRuleChanges(t *testing.T) { eachEngine(t, testRuleChanges) }

func testRuleChanges(t *testing.T, e engine) {
	c, ctx := e.control(t), t.Context()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	first := store.RuleChange{Rule: "S01", Text: "rule: S01\nstate: off\n", By: "ann", Reason: "Not ours: “the others’”", At: now}
	second := store.RuleChange{Rule: "D14", Text: "rule: D14\n", By: "bo", At: now}
	for _, x := range []store.RuleChange{first, second} {
		if err := c.PutRuleChange(ctx, x); err != nil {
			t.Fatal(err)
		}
	}
	second.Text, second.At = "rule: D14\nstate: on\n", now.Add(time.Hour)
	if err := c.PutRuleChange(ctx, second); err != nil {
		t.Fatal(err)
	}
	list, err := c.RuleChanges(ctx)
	if err != nil || len(list) != 2 || list[0] != second || list[1] != first {
		t.Errorf("%+v, %v", list, err)
	}
	if err := c.DeleteRuleChange(ctx, "D14"); err != nil {
		t.Fatal(err)
	}
	if err := c.DeleteRuleChange(ctx, "D14"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	if _, err := c.Purge(ctx, "ann", false); err != nil {
		t.Fatal(err)
	}
	if list, err = c.RuleChanges(ctx); err != nil || len(list) != 1 || list[0].By == "ann" || list[0].Text != first.Text {
		t.Errorf("after ann was purged: %+v, %v", list, err)
	}
}

package store

import (
	"context"
	"time"
)

// RuleChange is what administrators set otherwise in a rule than files say.
type RuleChange struct {
	Rule   string // its ID
	Text   string // YAML; see rule.Change
	By     string
	Reason string
	At     time.Time
}

// RuleChanges keeps one change a rule, beside accounts and the audit.
type RuleChanges interface {
	// RuleChanges lists all, by rule.
	RuleChanges(ctx context.Context) ([]RuleChange, error)
	// PutRuleChange keeps a change in the place of the rule's last one.
	PutRuleChange(ctx context.Context, x RuleChange) error
	// DeleteRuleChange answers ErrNotFound for a rule without one.
	DeleteRuleChange(ctx context.Context, rule string) error
}

package health

import (
	"time"

	"muster/collector/health/rule"
	"muster/collector/store"
)

// risks is the order of the fleet's drives by the drive risk model.
type risks struct {
	at time.Time
	n  int
}

const risksEvery = time.Hour

type driveRisk struct {
	points, probability, top float64
	known                    bool
}

func (j *Judge) rankDrives(now time.Time) { j.risks.at = now }

func (v *view) derivedNumber(group, name string) rule.Value { return rule.Value{} }

func (v *view) riskTerms() []store.Evidence { return nil }

package health

import (
	"testing"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// explained is what a rule says of the only component there is.
func (w *world) explained(id inventory.DeviceID, ruleID string) Explanation {
	w.t.Helper()
	list, err := w.j.Explain(w.t.Context(), id, ruleID, "")
	if err != nil || len(list) != 1 {
		w.t.Fatalf("explain %s: %v %+v", ruleID, err, list)
	}
	return list[0]
}

func inputOf(e Explanation, name string) InputNow {
	for _, in := range e.Inputs {
		if in.Name == name {
			return in
		}
	}
	return InputNow{}
}

// Silence is judged at the present and not as of the last report, when there
// was none: what fires is explained by what made it fire.
func TestSilenceIsExplainedAsOfNow(t *testing.T) {
	w := newWorld(t, `id: X9
family: system
title: It is silent
subject: device
levels: [{severity: warn, when: presence.silent_minutes >= 15, clear: presence.silent_minutes == 0}]
`+text)
	id := w.meet(Info{ID: "a"})
	w.say(id, map[string]float64{"cpu.usage_user": 1})
	told := w.now
	if e := w.explained(id, "X9"); e.State != "none" || e.Levels[0].Now != "false" || inputOf(e, "presence.silent_minutes").Value == "" {
		t.Errorf("before: %+v", e)
	}
	w.pass(time.Hour, nil)
	e := w.explained(id, "X9")
	in := inputOf(e, "presence.silent_minutes")
	if e.State != string(store.Firing) || e.Levels[0].Now != "true" || e.Levels[0].Over != "false" || in.Value != "60 min" && in.Value != "1 h" {
		t.Errorf("it contradicts itself: %s, level %+v, %+v", e.State, e.Levels[0], in)
	}
	if !e.AsOf.Equal(w.now) || !in.At.Equal(w.now) || !e.JudgedAt.Equal(told) {
		t.Errorf("as of %s, input of %s, report of %s", e.AsOf, in.At, e.JudgedAt)
	}
	// A rule about what reports say is asked as of the report.
	w = newWorld(t, full)
	id = w.meet(Info{ID: "a"})
	w.say(id, map[string]float64{"disk.used_percent path=C:": 50})
	told = w.now
	w.pass(20*time.Minute, nil)
	if e := w.explained(id, "X1"); !e.AsOf.Equal(told) || len(e.Inputs) == 0 || !e.Inputs[0].At.Equal(told) {
		t.Errorf("%+v", e)
	}
}

// The unit of a sensor stands in its row.
func TestUnitOfARow(t *testing.T) {
	w := newWorld(t, `id: X8
family: system
title: A sensor is odd
subject: sensor
levels: [{severity: warn, when: sensor.value > 1000 || sensor.high_critical > 1000}]
`+text)
	id := w.meet(Info{ID: "a"})
	if e, ok := w.j.plan.sections["sensor"]; !ok || e.section == nil {
		t.Fatal("the rule asks for no sensors")
	}
	for unit, want := range map[string]string{"celsius": "0 °C", "rpm": "0 rpm", "": "0", "code": "0"} {
		w.read(id, reading(t, "sensor", report.OK, w.now, inventory.Sensor{Kind: "temperature", Name: "T1", Unit: unit, Value: new(0.0)}))
		in := inputOf(w.explained(id, "X8"), "sensor.value")
		if in.Value != want || !in.At.Equal(w.now) {
			t.Errorf("unit %q: %+v", unit, in)
		}
		w.now = w.now.Add(time.Hour)
	}
}

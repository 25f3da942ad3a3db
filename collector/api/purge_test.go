package api

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"muster/collector/store"
)

type fakePurger struct{}

func (fakePurger) Purge(context.Context, string, bool) ([]store.Purged, error) {
	return []store.Purged{{Where: "user", Action: "removed", Count: 2}, {Where: "device.owner", Action: "emptied", Count: 1}}, nil
}

func purgeExample() PurgeInput {
	in := PurgeInput{}
	in.Body.Name = "jdoe"
	return in
}

// The audit tells that somebody was purged, and not who: it outlives the purge.
func TestPurgeLeavesNoNameInTheAudit(t *testing.T) {
	w := newWorld(t)
	w.accounts.taken()
	r, err := w.client("socket").PurgePerson(t.Context(), purgeExample())
	if err != nil || r.Total != 3 || len(r.Found) != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	records := w.accounts.taken()
	text, _ := json.Marshal(records)
	if len(records) != 1 || records[0].Action != "purge-person" || records[0].Detail["values"] != "3" || strings.Contains(string(text), "jdoe") || strings.Contains(w.log.String(), "jdoe") {
		t.Errorf("audit %s, log %s", text, w.log)
	}
	for _, name := range []string{"ab", "a\"b", `corp\jdoe`, "  ", "x\ny"} {
		in := PurgeInput{}
		in.Body.Name = name
		if _, err := w.client("socket").PurgePerson(t.Context(), in); err == nil {
			t.Errorf("%q was taken", name)
		}
	}
}

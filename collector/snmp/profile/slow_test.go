package profile

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/snmp/session"
)

// slowTables is a device that answers some tables so slowly that each takes as
// long as it may.
type slowTables struct {
	*walked
	slow  []string
	asked []string
}

func (s *slowTables) Table(ctx context.Context, columns []string, l session.Limits) (session.Table, error) {
	s.asked = append(s.asked, columns[0])
	if slices.ContainsFunc(s.slow, func(oid string) bool { return strings.HasPrefix(columns[0], oid) }) {
		select {
		case <-ctx.Done():
			return session.Table{Fault: ctx.Err()}, ctx.Err()
		case <-time.After(l.Time):
			return session.Table{Fault: session.ErrLimit}, session.ErrLimit
		}
	}
	if ctx.Err() != nil {
		return session.Table{Fault: ctx.Err()}, ctx.Err()
	}
	return s.walked.Table(ctx, columns, l)
}

// Six tables that a switch answers slowly fill a round. All else is read all the
// same, and each of the six gets its turn.
func TestSlowTablesDoNotStarveTheOthers(t *testing.T) {
	var text strings.Builder
	text.WriteString("name: sluggish\nextends: [switch]\nmatch: [{object_id: [1.3.6.1.4.1.99999]}]\ntables:\n")
	var slow []string
	for _, n := range []string{"1", "2", "3", "4", "5", "6"} {
		text.WriteString("  - name: slow" + n + "\n    section: storage\n    entry: 1.3.6.1.4.1.99999." + n + ".1\n    columns: {name: 1, size_bytes: 2}\n")
		slow = append(slow, "1.3.6.1.4.1.99999."+n+".")
	}
	set, _, err := own(t).With("sluggish.yaml", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	set.Now = nil // that of the test
	synctest.Test(t, func(t *testing.T) {
		w := readWalk(t, "switch.walk")
		w.set(t, oidSysObjectID, "o", "1.3.6.1.4.1.99999.1")
		d := identifyWith(t, set, w)
		if d.Profile() != "sluggish" {
			t.Fatal(d.Profile())
		}
		var due []string
		turns := map[string]bool{}
		for n := range 4 {
			s := &slowTables{walked: w, slow: slow}
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
			r, err := d.Read(ctx, s, due)
			cancel()
			if err != nil {
				t.Fatal(err)
			}
			for _, oid := range s.asked {
				turns[oid] = true
			}
			due = append(r.Again, paceFast, paceFDB)
			if n == 0 {
				continue // it is not known yet which are slow
			}
			for _, oid := range []string{oidQFdbPort, ifEntry + "7"} {
				if !slices.Contains(s.asked, oid) {
					t.Errorf("round %d: %s was not asked for", n, oid)
				}
			}
		}
		for _, oid := range slow {
			if !turns[oid+"1.1"] {
				t.Errorf("%s had no turn", oid)
			}
		}
	})
}

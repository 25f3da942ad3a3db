package profile

import (
	"context"
	"testing"

	"muster/collector/snmp/session"
)

// losing answers nothing to some of the questions for single objects.
type losing struct {
	*walked
	n    int
	lose func(n int) bool
}

func (l *losing) Get(ctx context.Context, oids ...string) ([]session.Variable, error) {
	if l.n++; l.lose(l.n) {
		return nil, session.ErrTimeout
	}
	return l.walked.Get(ctx, oids...)
}

// A question that is lost makes nobody another device for a day: it is asked
// again, and where that is lost too nothing is concluded.
func TestLostQuestionsChooseNoProfile(t *testing.T) {
	for _, walk := range []string{"synology-dsm.walk", "linux-hpe.walk", "linux-supermicro.walk", "eaton-network.walk", "qnap.walk"} {
		w := readWalk(t, walk)
		want, err := own(t).Identify(t.Context(), w, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := own(t).Identify(t.Context(), &losing{walked: w, lose: func(n int) bool { return n == 2 }}, nil)
		if err != nil || got.Profile() != want.Profile() {
			t.Errorf("%s: one lost question: %v, %v", walk, got, err)
		}
		if got, err := own(t).Identify(t.Context(), &losing{walked: w, lose: func(n int) bool { return n == 2 || n == 3 }}, nil); err == nil {
			t.Errorf("%s: two lost questions make it %s", walk, got.Profile())
		}
	}
}

package authority_test

import (
	"testing"
	"time"

	"muster/collector/authority"
	"muster/internal/enroll"
)

// After a restore nobody enrols again who got a certificate since the backup,
// and nothing else is let in.
func TestWhatABackupDoesNotKnowIsAdopted(t *testing.T) {
	w := newWorld(t)
	quiet, twice, revoked := enrolled(w, box(1)...), enrolled(w, box(2)...), enrolled(w, box(3)...)
	ok(t, quiet.report())
	ok(t, twice.report())
	ok(t, revoked.report())
	ok(t, w.Revoke(t.Context(), revoked.id, "ada", "gone"))
	w.pass(5 * day)
	early := enrolled(w, box(4)...) // before the backup, but what the store has of it is taken away below
	w.pass(day)
	made := w.now()
	saved := w.store.Clone()

	w.pass(time.Hour)
	late := enrolled(w, box(5)...)
	ok(t, late.report())
	first := twice.clone()
	ok(t, first.renew(false, false))
	ok(t, first.report())
	second := first.clone()
	w.pass(20 * day)
	ok(t, second.renew(false, false)) // given, not used yet
	w.pass(time.Hour)

	// All is lost; the backup is put back.
	w.store, w.options.Store = saved, saved
	w.options.Lost = []authority.Span{{From: made, To: w.now()}}
	w.Authority = w.open()
	w.created = nil
	w.pass(time.Minute)
	ok(t, late.report())
	if who, err := w.Check(t.Context(), late.cert); err != nil || who.Device != late.id {
		t.Errorf("the device of after the backup: %+v, %v", who, err)
	}
	if len(w.created) != 1 || w.created[0].ID != late.id || !w.created[0].EnrolledAt.After(made) || w.created[0].EnrolledAt.After(w.options.Lost[0].To) {
		t.Errorf("made known: %+v", w.created)
	}
	ok(t, second.report())
	who, err := w.Check(t.Context(), second.cert)
	if err != nil || who.Device != twice.id || who.Generation != 2 || who.Machine == [8]byte{} {
		t.Errorf("the device that renewed twice: %+v, %v", who, err)
	}
	refused(t, "a key replaced in the time that was lost, once the newer one came", first.report(), enroll.CodeSuperseded)
	refused(t, "the key that the backup knows", twice.report(), enroll.CodeSuperseded)
	refused(t, "a device that the backup knows as revoked", revoked.report(), enroll.CodeRevoked)
	ok(t, quiet.report())
	ok(t, second.renew(false, false))
	ok(t, second.report())

	// A certificate from another time that nobody knows is not adopted, nor is
	// one of another CA.
	empty := newWorld(t)
	empty.at = w.now()
	refused(t, "another collector's", func() error { _, err := empty.Check(t.Context(), late.cert); return err }(), enroll.CodeWrongCA)
	w.store, w.options.Store = w.store.Clone(), nil
	w.store.Forget(early.id)
	w.options.Store = w.store
	w.Authority = w.open()
	refused(t, "from before the backup", early.report(), enroll.CodeUnknown)
}

// A renewal may be the first that a restored collector hears of a device.
func TestARenewalIsAdoptedToo(t *testing.T) {
	w := newWorld(t)
	g := enrolled(w, box(1)...)
	ok(t, g.report())
	made, saved := w.now(), w.store.Clone()
	w.pass(20 * day)
	ok(t, g.renew(false, false))
	w.pass(40 * day) // expired meanwhile
	w.store, w.options.Store = saved, saved
	w.options.Lost = []authority.Span{{From: made, To: w.now()}}
	w.Authority = w.open()
	refused(t, "expired", g.report(), enroll.CodeExpired)
	ok(t, g.renew(false, false))
	ok(t, g.report())
}

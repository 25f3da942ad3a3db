package authority_test

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"muster/collector/authority"
	"muster/internal/enroll"
	"muster/internal/report"
)

func TestEnrolment(t *testing.T) {
	w := newWorld(t)
	v := w.invite(authority.Invite{Site: 4, Labels: []string{"loan"}})
	g := newAgent(w, box(1)...)
	ok(t, g.enrol(v, false))
	ok(t, g.report())
	if len(w.created) != 1 || w.created[0].ID != g.id || w.created[0].Site != 4 || !slices.Equal(w.created[0].Labels, []string{"loan"}) {
		t.Errorf("made known: %+v", w.created)
	}
	id, err := w.Check(t.Context(), g.cert)
	ok(t, err)
	if id.Machine != g.evidence.Fingerprint() || id.Generation != 0 || id.Serial != g.cert.SerialNumber.Text(16) || id.KeyHash != enroll.CertificateKey(g.cert) {
		t.Errorf("%+v", id)
	}
	if g.cert.URIs[0].String() != "muster:device/"+string(g.id)+"/gen/0" || g.cert.NotAfter.Sub(w.now()) != 30*day {
		t.Errorf("certificate %v until %v", g.cert.URIs, g.cert.NotAfter)
	}
	if v.CA != g.pins[0] {
		t.Error("the string names another CA than the reply")
	}
	other := newAgent(w)
	refused(t, "the string again", other.enrol(v, false), enroll.CodeTokenUsedUp)
}

func TestTokensThatAreNotGood(t *testing.T) {
	w := newWorld(t)
	foreign := newWorld(t).invite(authority.Invite{})
	net := w.invite(authority.Invite{Networks: []netip.Prefix{netip.MustParsePrefix("192.168.0.0/16")}})
	revoked, tok, err := w.Invite(t.Context(), authority.Invite{})
	ok(t, err)
	ok(t, w.RevokeToken(t.Context(), tok.ID))
	if err := w.RevokeToken(t.Context(), "none"); !errors.Is(err, authority.ErrNotFound) {
		t.Error(err)
	}
	used := w.invite(authority.Invite{})
	ok(t, newAgent(w).enrol(used, false))
	old := w.invite(authority.Invite{Valid: time.Hour})
	w.pass(time.Hour)
	_, good := makeKey(t)
	for name, c := range map[string]struct {
		token enroll.Secret
		code  enroll.Code
	}{
		"none":    {enroll.Secret{}, enroll.CodeTokenUnknown},
		"foreign": {foreign.Token, enroll.CodeTokenUnknown},
		"guessed": {enroll.NewSecret(), enroll.CodeTokenUnknown},
		"network": {net.Token, enroll.CodeTokenNetwork},
		"revoked": {revoked.Token, enroll.CodeTokenRevoked},
		"used up": {used.Token, enroll.CodeTokenUsedUp},
		"expired": {old.Token, enroll.CodeTokenExpired},
	} {
		// The token comes first: what follows it is not looked at.
		for _, csr := range [][]byte{good, []byte("garbage"), nil} {
			_, err := w.Enroll(t.Context(), enroll.Request{Token: c.token, CSR: csr}, office)
			refused(t, name, err, c.code)
		}
	}
	fresh := w.invite(authority.Invite{})
	_, err = w.Enroll(t.Context(), enroll.Request{Token: fresh.Token, CSR: []byte("garbage")}, office)
	refused(t, "a broken request", err, enroll.CodeCSR)
	ok(t, newAgent(w).enrol(fresh, false)) // and has not cost the use
	in := w.invite(authority.Invite{Networks: []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16")}})
	g := newAgent(w)
	_, err = w.Enroll(t.Context(), enroll.Request{Token: in.Token, CSR: g.csr()}, netip.MustParseAddr("::ffff:10.20.1.1"))
	ok(t, err)
}

// F25.
func TestASingleUseTokenGivesOneCertificate(t *testing.T) {
	w := newWorld(t)
	v := w.invite(authority.Invite{})
	const n = 1000
	requests := make([][]byte, n)
	for i := range requests {
		_, requests[i] = makeKey(t)
	}
	var wg sync.WaitGroup
	var got atomic.Int32
	start := make(chan struct{})
	for _, csr := range requests {
		wg.Go(func() {
			<-start
			_, err := w.Enroll(context.Background(), enroll.Request{Token: v.Token, CSR: csr}, office)
			if err == nil {
				got.Add(1)
				return
			}
			refused(t, "one of many", err, enroll.CodeTokenUsedUp)
		})
	}
	close(start)
	wg.Wait()
	if got.Load() != 1 || len(w.created) != 1 {
		t.Errorf("%d certificates, %d devices", got.Load(), len(w.created))
	}
}

func TestTheSameRequestManyTimesGivesOneCertificate(t *testing.T) {
	w := newWorld(t)
	v := w.invite(authority.Invite{Uses: 5})
	_, csr := makeKey(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	certs := map[string]bool{}
	for range 100 {
		wg.Go(func() {
			r, err := w.Enroll(context.Background(), enroll.Request{Token: v.Token, CSR: csr}, office)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			certs[string(r.Certificate)] = true
		})
	}
	wg.Wait()
	tokens, err := w.Tokens(t.Context())
	if len(certs) != 1 || err != nil || tokens[0].UsesLeft != 4 {
		t.Errorf("%d certificates, %+v %v", len(certs), tokens, err)
	}
}

func TestALostEnrolmentReplyLosesNothing(t *testing.T) {
	w := newWorld(t)
	v := w.invite(authority.Invite{Valid: time.Hour})
	g := newAgent(w)
	ok(t, g.enrol(v, true))
	w.pass(40 * day) // the token is used up and expired, and so is the certificate
	ok(t, g.enrol(v, false))
	refused(t, "an expired certificate", g.report(), enroll.CodeExpired)
	ok(t, g.renew(false, false))
	ok(t, g.report())
	if len(w.created) != 2 || w.created[0].ID != w.created[1].ID {
		t.Errorf("devices: %+v", w.created)
	}
}

func TestATokenNeverReplacesADevice(t *testing.T) {
	w := newWorld(t)
	g := enrolled(w, box(1)...)
	der, err := enroll.CSR(g.key)
	ok(t, err)
	_, err = w.Enroll(t.Context(), enroll.Request{Token: w.invite(authority.Invite{}).Token, CSR: der, Evidence: g.evidence}, office)
	refused(t, "the key of a device with another token", err, enroll.CodeKeyInUse)
	ok(t, g.report())
}

func TestFaultsOfTheStoreAreNoRefusals(t *testing.T) {
	w := newWorld(t)
	v := w.invite(authority.Invite{})
	g := newAgent(w)
	broken := errors.New("disk on fire")
	for _, method := range []string{"Token", "Key", "Issue", "Created"} {
		w.store.Fail = func(m string) error {
			if m == method {
				return broken
			}
			return nil
		}
		if method == "Created" {
			w.options.Created = func(context.Context, authority.Device) error { return broken }
			w.Authority = w.open()
		}
		var r *enroll.Refusal
		if err := g.enrol(v, false); !errors.Is(err, broken) || errors.As(err, &r) {
			t.Errorf("%s: %v", method, err)
		}
	}
	w.options.Created = nil
	w.Authority = w.open()
	ok(t, g.enrol(v, false)) // the same request, as an agent asks again
	w.store.Fail = func(m string) error {
		if m == "Key" {
			return broken
		}
		return nil
	}
	if err := g.report(); !errors.Is(err, broken) {
		t.Error(err)
	}
	w.store.Fail = nil
	ok(t, g.report())
}

func TestInvitationsWithApproval(t *testing.T) {
	w := newWorld(t)
	v := w.invite(authority.Invite{Uses: 2, Approve: true, Valid: day})
	a, b, c := newAgent(w), newAgent(w), newAgent(w)
	for range 3 {
		refused(t, "before the decision", a.enrol(v, false), enroll.CodeApprovalNeeded)
	}
	refused(t, "before the decision", b.enrol(v, false), enroll.CodeApprovalNeeded)
	all, err := w.Waiting(t.Context())
	ok(t, err)
	if len(all) != 2 || all[0].Kind != authority.ApproveEnroll || all[0].Name != "pc" || all[0].Remote != office {
		t.Fatalf("%+v", all)
	}
	_, err = w.Decide(t.Context(), all[0].ID, "ada", true)
	ok(t, err)
	_, err = w.Decide(t.Context(), all[1].ID, "ada", false)
	ok(t, err)
	w.pass(2 * day) // the weekend; the string has expired
	ok(t, a.enrol(v, false))
	ok(t, a.report())
	refused(t, "denied", b.enrol(v, false), enroll.CodeApprovalRefused)
	refused(t, "new and too late", c.enrol(v, false), enroll.CodeTokenExpired)
	flood := w.invite(authority.Invite{Approve: true})
	for range 30 {
		err = newAgent(w).enrol(flood, false)
	}
	refused(t, "a full queue", err, enroll.CodeTokenUsedUp)
	if all, err := w.Waiting(t.Context()); err != nil || len(all) != 20 {
		t.Errorf("%d wait, %v", len(all), err)
	}
}

// Whatever question the store fails to answer, nobody is told what only an
// answer could tell: an agent that hears "unknown" or "used up" gives up.
func TestAFaultIsNoRefusal(t *testing.T) {
	broken := errors.New("the disk is full")
	lives := map[string]func(w *world) func() error{
		"enrols": func(w *world) func() error {
			v := w.invite(authority.Invite{})
			return func() error { return newAgent(w, box(1)...).enrol(v, false) }
		},
		"asks for approval": func(w *world) func() error {
			v := w.invite(authority.Invite{Approve: true})
			return func() error { return newAgent(w, box(1)...).enrol(v, false) }
		},
		"enrols after a lost reply": func(w *world) func() error {
			v, g := w.invite(authority.Invite{}), newAgent(w, box(1)...)
			ok(w.t, g.enrol(v, true))
			return func() error { return g.enrol(v, false) }
		},
		"enrols beside one that is like it": func(w *world) func() error {
			enrolled(w, box(1)...)
			v := w.invite(authority.Invite{})
			return func() error { return newAgent(w, box(1)...).enrol(v, false) }
		},
		"renews": func(w *world) func() error {
			g := enrolled(w, box(1)...)
			w.pass(60 * day)
			return func() error { return g.renew(false, false) }
		},
		"renews as a clone": func(w *world) func() error {
			g := enrolled(w, box(1)...).clone()
			g.evidence = enroll.NewEvidence(box(2)...)
			return func() error { return g.renew(true, false) }
		},
		"reports": func(w *world) func() error { return enrolled(w, box(1)...).report },
	}
	for name, live := range lives {
		t.Run(name, func(t *testing.T) {
			for failing := 0; ; failing++ {
				if failing == 100 {
					t.Fatal("it never gets through")
				}
				w := newWorld(t)
				do := live(w)
				calls, method := 0, ""
				w.store.Fail = func(m string) error {
					calls++
					if calls == failing {
						method = m
						return broken
					}
					return nil
				}
				err := do()
				if failing > 0 && calls < failing {
					if failing == 1 && name != "reports" {
						t.Error("the store was not asked")
					}
					return
				}
				var r *enroll.Refusal
				if refused := errors.As(err, &r); refused && failing > 0 && name != "asks for approval" {
					t.Errorf("as %s failed the agent heard: %s", method, r)
				} else if refused && r.Code != enroll.CodeApprovalNeeded {
					t.Errorf("as %s failed the agent heard: %s", method, r)
				}
			}
		})
	}
}

func TestInviteSaysWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	for _, i := range []authority.Invite{{Uses: -1}, {Uses: authority.MaxUses + 1}, {Valid: -time.Hour}, {Valid: 400 * day}} {
		if _, _, err := w.Invite(t.Context(), i); err == nil {
			t.Errorf("%+v: made", i)
		}
	}
	w = newWorld(t, func(o *authority.Options) { o.Addresses = nil })
	if _, _, err := w.Invite(t.Context(), authority.Invite{}); err == nil || !strings.Contains(err.Error(), "agents.public") {
		t.Errorf("without an address: %v", err)
	}
}

func TestHostileNamesAreBounded(t *testing.T) {
	w := newWorld(t)
	_, csr := makeKey(t)
	_, err := w.Enroll(t.Context(), enroll.Request{Token: w.invite(authority.Invite{}).Token, CSR: csr, Hostname: "a\nb\x1b[2J\xff" + strings.Repeat("ü", 400)}, office)
	ok(t, err)
	if n := w.created[0].Hostname; len(n) > 255 || strings.ContainsAny(n, "\n\x1b") {
		t.Errorf("%q", n)
	}
}

// What both wires say is said in the same words.
func TestCodesAgreeWithReports(t *testing.T) {
	for a, b := range map[enroll.Code]string{
		enroll.CodeMalformed: report.CodeMalformed, enroll.CodeVersion: report.CodeVersion,
		enroll.CodeUnknown: report.CodeUnknown, enroll.CodeRevoked: report.CodeRevoked, enroll.CodeExpired: report.CodeExpired,
	} {
		if string(a) != b {
			t.Errorf("%s and %s", a, b)
		}
	}
	b, err := enroll.Refuse(enroll.CodeRevoked).Encode()
	ok(t, err)
	var r report.Refusal
	ok(t, report.Unmarshal(b, &r))
	if r.Code != report.CodeRevoked || r.Message == "" {
		t.Errorf("%+v", r)
	}
	again, err := report.Marshal(r)
	if err != nil || !bytes.Equal(again, b) {
		t.Errorf("%x %x %v", again, b, err)
	}
}

//go:build linux

package browser

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"
)

// TestSecondFactor sets one up as a person with a phone would, signs out, and
// comes back with a code; and adds a colleague by a link.
func TestSecondFactor(t *testing.T) {
	w := open(t, office(plain))
	b := w.chromium(t)
	b.first()
	b.forEverybody([]string{"/account", "/account/code", "/admin/users", "/admin/tokens", "/admin/users/one?name=Help+desk+4"})
	b.visit("/account/code")
	secret := strings.ReplaceAll(eval[string](b, "document.querySelector('.qr__key').textContent"), " ", "")
	code := func(at time.Time) string {
		t.Helper()
		c, err := totp.GenerateCode(secret, at)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	b.do(chromedp.SendKeys("#code", code(time.Now())), script("document.querySelector('#code').form.requestSubmit()"), chromedp.WaitVisible(".codes"))
	b.see("The second factor is on")
	recovery := eval[string](b, "document.querySelector('.codes li').textContent")
	b.visit("/account")
	b.see("10 of your recovery codes are left")
	b.do(script("document.querySelector('form[action=\"/sign-out\"]').requestSubmit()"), chromedp.WaitVisible("#password"))
	b.do(chromedp.SendKeys("#name", who), chromedp.SendKeys("#password", password), script("document.querySelector('#password').form.requestSubmit()"), chromedp.WaitVisible("#code"))
	// The code that set it up was taken; the next one is not there for half a
	// minute, and clocks may differ by as much.
	b.do(chromedp.SendKeys("#code", code(time.Now().Add(30*time.Second))), script("document.querySelector('#code').form.requestSubmit()"), chromedp.WaitVisible(".me"))
	b.do(script("document.querySelector('form[action=\"/sign-out\"]').requestSubmit()"), chromedp.WaitVisible("#password"))
	b.do(chromedp.SendKeys("#name", who), chromedp.SendKeys("#password", password), script("document.querySelector('#password').form.requestSubmit()"), chromedp.WaitVisible("#code"))
	b.do(chromedp.SendKeys("#code", recovery), script("document.querySelector('#code').form.requestSubmit()"), chromedp.WaitVisible(".me"))
	b.visit("/account")
	b.see("9 of your recovery codes are left")
	b.clean()
}

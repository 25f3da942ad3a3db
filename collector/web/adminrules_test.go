package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// ruleForm is the form of D14 as the page shows it.
func ruleForm() url.Values {
	return url.Values{"do": {"set"}, "on": {"on"}, "limit_warm_disk": {"55"}, "limit_hot_disk": {"60"}, "limit_warm_ssd": {"70"}, "limit_hot_ssd": {"85"}, "hold_warn": {"30m"}, "hold_critical": {"30m"}}
}

func TestRulesAreSetOnThePage(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("admin")
	w.says(w.get(b, "/admin/rules"), http.StatusOK, "rules are on", "A drive is too hot", "nobody has said yet")
	w.says(w.get(b, "/admin/rules/D14"), http.StatusOK, "Set it for your office", "Hard disk warns from (°C)", "35 to 75; less than “Hard disk is to be acted on from (°C)”", `value="55"`, `value="30m"`)

	f := ruleForm()
	w.lands(b, "/admin/rules/D14/set", f, "Nothing was to be changed.")
	// What is wrong stands under its field with what would be right, and what was written stays.
	f.Set("limit_warm_disk", "hot")
	f.Set("hold_warn", "soon")
	f.Set("models_hot_ssd", "ST8000*")
	w.says(w.post(b, "/admin/rules/D14/set", f), http.StatusUnprocessableEntity, `id="set-limit_warm_disk-bad"`, "Write a number, such as 55.", `id="set-hold_warn-bad"`, `id="set-models_hot_ssd-bad"`, `value="hot"`)
	f = ruleForm()
	f.Set("limit_warm_disk", "5")
	w.says(w.post(b, "/admin/rules/D14/set", f), http.StatusUnprocessableEntity, `id="set-limit_warm_disk-bad"`, "35 to 75 is expected (celsius); the files say 55", `value="5"`)
	f.Set("limit_warm_disk", "70")
	w.says(w.post(b, "/admin/rules/D14/set", f), http.StatusUnprocessableEntity, `id="set-limit_warm_disk-bad"`, "less than hot_disk is expected, which is 60")
	f.Set("limit_warm_disk", "50")
	f.Set("hold_warn", "40d")
	w.says(w.post(b, "/admin/rules/D14/set", f), http.StatusUnprocessableEntity, `id="set-hold_warn-bad"`, "0 to 30d is expected")
	f = ruleForm()
	f.Set("models_warm_disk", "<b>x</b> = 500")
	w.says(w.post(b, "/admin/rules/D14/set", f), http.StatusUnprocessableEntity, `id="set-models_warm_disk-bad"`, "&lt;b&gt;x&lt;/b&gt; = 500")

	// Trying changes nothing.
	f = ruleForm()
	f.Set("limit_warm_disk", "40")
	f.Set("try", "1")
	w.says(w.post(b, "/admin/rules/D14/set", f), http.StatusOK, "It would have fired 1 time", "front-1", `value="40"`)
	f.Set("limit_warm_disk", "50")
	w.says(w.post(b, "/admin/rules/D14/set", f), http.StatusOK, "It would have fired 0 times")
	if r, _ := w.judge.Rules().Find("D14"); r.Made != nil {
		t.Errorf("a trial has set %+v", r.Made)
	}

	f.Del("try")
	f.Set("models_warm_disk", "ST8000* = 55\n\nWD <1> = 52.5")
	f.Set("hold_warn", "1h")
	f.Set("reason", "Cupboards <without> air")
	w.lands(b, "/admin/rules/D14/set", f, "The rule is set, and counts from now on.", "before it was set: 55", "before it was set: 30m", "Cupboards &lt;without&gt; air", "ST8000* = 55\nWD &lt;1&gt; = 52.5", "35 to 75; without your change 55")
	r, _ := w.judge.Rules().Find("D14")
	if r.Limit("warm_disk", "") != 50 || r.Limit("warm_disk", "ST8000NM") != 55 || r.Made.By != "admin" {
		t.Errorf("%+v", r.Made)
	}
	w.says(w.get(b, "/admin/rules"), http.StatusOK, "D14 · set otherwise")
	w.says(w.get(b, "/admin/audit?action=rule-set"), http.StatusOK, "warm_disk", "D14")

	// Off, on, and back.
	f.Set("on", "off")
	w.lands(b, "/admin/rules/D14/set", f, "switched off")
	if r, _ := w.judge.Rules().Find("D14"); !r.Disabled {
		t.Error("it is on")
	}
	w.says(w.post(b, "/admin/rules/D14/set", url.Values{"do": {"restore"}}), http.StatusOK, "Take back what was set of rule D14?", `name="sure"`)
	page := w.lands(b, "/admin/rules/D14/set", url.Values{"do": {"restore"}, "sure": {"1"}}, "The rule is as it was before anybody set it.", `value="55"`)
	if strings.Contains(page, "Set otherwise") {
		t.Error("it is still said to be set")
	}
	w.says(w.post(b, "/admin/rules/D14/set", url.Values{"do": {"restore"}, "sure": {"1"}}), http.StatusNotFound)
	w.says(w.post(b, "/admin/rules/Z99/set", ruleForm()), http.StatusNotFound)
}

func TestOnlyAdministratorsSetRules(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("staff")
	if page := w.says(w.get(b, "/admin/rules/D14"), http.StatusOK, "Forget what people said"); strings.Contains(page, "/admin/rules/D14/set") {
		t.Error("staff is offered what it may not do")
	}
	f := ruleForm()
	f.Set("on", "off")
	w.says(w.post(b, "/admin/rules/D14/set", f), http.StatusForbidden)
	if r, _ := w.judge.Rules().Find("D14"); r.Disabled {
		t.Error("staff has switched it off")
	}
}

package browser

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseStates(t *testing.T) {
	got := map[string]state{}
	id := strings.Repeat("ab", 16)
	err := parseStates(strings.NewReader(`{"account":{"email":"never@kept.example","x":[1,{"y":[]}]},"extensions":{"alerts":[],"settings":{
		"`+id+`":{"state":1,"location":1,"install_time":"13350000000000000","manifest":{"name":7}},
		"short":{"state":1},"`+strings.Repeat("b", 32)+`":{"disable_reasons":[1],"location":7}}}}`), got)
	if err != nil || len(got) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	if s := got[id]; !*s.enabled() || s.source() != "store" || s.installedAt().Year() != 2024 {
		t.Errorf("%+v, %s", s, s.installedAt())
	}
	if s := got[strings.Repeat("b", 32)]; *s.enabled() || s.source() != "policy" {
		t.Errorf("%+v", s)
	}
	if (state{}).enabled() != nil {
		t.Error("what is not told was taken for an answer")
	}
	for _, bad := range []string{"", "[", `{"extensions":{"settings":`, `{"a":`} {
		if parseStates(strings.NewReader(bad), map[string]state{}) == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestParseManifest(t *testing.T) {
	m, err := parseManifest(strings.NewReader("\xef\xbb\xbf" + `{"name":"__MSG_appName__","permissions":["tabs",{"x":1},5],"host_permissions":"https://*/*","author":{"email":"a@b.example"}}`))
	if err != nil || fmt.Sprint(m.rights()) != "[tabs https://*/*]" || m.author() != "" {
		t.Errorf("%+v, %v", m, err)
	}
	if key, ok := message(m.Name); !ok || parseMessages(strings.NewReader(`{"APPNAME":{"message":"Shown"}}`), key) != "Shown" {
		t.Error("the name was not looked up")
	}
	if _, err := parseManifest(strings.NewReader(`{"name":"` + strings.Repeat("x", maxManifest) + `"}`)); err == nil {
		t.Error("a manifest without end was read")
	}
}

func FuzzProfile(f *testing.F) {
	f.Add(`{"extensions":{"settings":{"abababababababababababababababab":{"state":1}}}}`)
	f.Add(`{"addons":[{"id":"a@b","type":"extension","active":true,"installDate":1717000000000}]}`)
	f.Add(`{"name":"__MSG_a__","author":"x","permissions":["tabs"]}`)
	f.Fuzz(func(t *testing.T, text string) {
		got := map[string]state{}
		parseStates(strings.NewReader(text), got)
		for id, s := range got {
			if !isID(id) {
				t.Error(id)
			}
			s.enabled()
			s.installedAt()
		}
		rows, _ := parseFirefox(strings.NewReader(text))
		for _, r := range rows {
			if r.ExtensionID == "" || len(r.Permissions) > maxPermissions {
				t.Errorf("%+v", r)
			}
		}
		if m, err := parseManifest(strings.NewReader(text)); err == nil {
			m.author()
			m.rights()
			if key, ok := message(m.Name); ok && key == "" {
				t.Error(m.Name)
			}
		}
		parseMessages(strings.NewReader(text), "a")
		folderVersion(text)
	})
}

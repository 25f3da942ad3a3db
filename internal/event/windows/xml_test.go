package windows

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"muster/internal/event"
)

const crash = `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Application Error' Guid='{a0e9b465-b939-57d7-b27d-95d8e925ff57}'/>` +
	`<EventID>1000</EventID><Version>0</Version><Level>2</Level><Task>100</Task><Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords>` +
	`<TimeCreated SystemTime='2024-06-03T08:15:00.1234567Z'/><EventRecordID>4711</EventRecordID><Correlation/><Execution ProcessID='1' ThreadID='2'/>` +
	`<Channel>Application</Channel><Computer>FIN-PC-0042</Computer><Security UserID='S-1-5-18'/></System>` +
	`<EventData><Data Name='AppName'>app.exe</Data><Data Name='AppVersion'>1.2.3.4</Data><Data>a &lt; b</Data><Binary>0A0b</Binary></EventData></Event>`

func TestParseXML(t *testing.T) {
	got, err := ParseXML([]byte(crash))
	want := Record{ID: 4711, Time: time.Date(2024, 6, 3, 8, 15, 0, 123456700, time.UTC), Channel: "Application", Provider: "Application Error", EventID: 1000, Level: 2,
		Computer: "FIN-PC-0042", User: "S-1-5-18", Data: []Value{{"AppName", "app.exe"}, {"AppVersion", "1.2.3.4"}, {"", "a < b"}}, Binary: []byte{10, 11}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v %v", got, err)
	}
	if e, ok := Of(got); !ok || e.Kind != event.AppCrash {
		t.Errorf("it tells of %+v", e)
	}
	user := strings.Replace(crash, `<EventData>`, `<UserData><EventXML xmlns='x'><A>1</A><B><C>2</C></B></EventXML></UserData><EventData>`, 1)
	if got, err = ParseXML([]byte(user)); err != nil || !reflect.DeepEqual(got.Data[:2], []Value{{"A", "1"}, {"B/C", "2"}}) {
		t.Errorf("%+v %v", got.Data, err)
	}
	for _, bad := range []string{"", "<Event>", "<Event/>", strings.Replace(crash, "2024-06-03T", "yesterday", 1), strings.Repeat("<a>", 40) + strings.Repeat("</a>", 40), crash + strings.Repeat(" ", maxXML)} {
		if _, err := ParseXML([]byte(bad)); err == nil {
			t.Errorf("%.40q is read", bad)
		}
	}
}

func FuzzXML(f *testing.F) {
	f.Add(crash)
	f.Add("<Event><UserData><a><b>1</b></a></UserData></Event>")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseXML([]byte(text))
		if err == nil && (r.Provider == "" || len(r.Data) > maxValues) {
			t.Errorf("%+v", r)
		}
		Of(r)
	})
}

package container

import (
	"strings"
	"testing"
)

func TestWords(t *testing.T) {
	if n, h := words("Exited (137) 3 hours ago"); n == nil || *n != 137 || h != "" {
		t.Errorf("%v %q", n, h)
	}
	for in, want := range map[string]string{"Up 2 days (healthy)": "healthy", "Up 3 s (health: starting)": "starting", "Up 1 h (unhealthy)": "unhealthy", "Exited (x) y": "", "": ""} {
		if n, h := words(in); n != nil || h != want {
			t.Errorf("%q: %v %q", in, n, h)
		}
	}
}

func FuzzState(f *testing.F) {
	f.Add(`[{"Id":"a","Names":["/b"],"State":"exited","Status":"Exited (1) x","Ports":[{"IP":"::","PublicPort":1,"PrivatePort":2,"Type":"tcp"}],"Labels":{"com.docker.compose.project":"p","secret":"s"}}]`)
	f.Add(`[{"id":"a","names":["b"],"metadata":"{\"image-name\":\"i\"}","created":"2024-01-01T00:00:00Z"}]`)
	f.Add(`{"Privileged":true,"RestartPolicy":{"Name":"always"}}`)
	f.Add("NAME=a\nCLASS=container\nREALTIME=1717000000000000\n")
	f.Fuzz(func(t *testing.T, text string) {
		rows, _ := parseDocker([]byte(text))
		more, _ := parseStorage(strings.NewReader(text))
		for _, r := range append(rows, more...) {
			if r.Name == "" || r.State == "" || len(r.Ports) > maxPorts {
				t.Errorf("%+v", r)
			}
		}
		if _, restart := parseHostConfig(strings.NewReader(text)); len(restart) > 20 {
			t.Error(restart)
		}
		if c, ok := parseMachine(strings.NewReader(text)); ok && c.Name == "" {
			t.Errorf("%+v", c)
		}
	})
}

package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"

	"muster/collector/api"
)

// fake is a collector made of the API's own table: it takes only requests
// that fit an operation's input, writes down what was asked, and answers from
// testdata/answers, whose files must fit the operation's output.
//
// The answer of device-show for pc-104 is device-show_pc-104.json if that is
// there, else device-show.json. A filter or a cursor adds to the name in the
// same way. A file with a type of muster:KIND is a refusal.
type fake struct {
	t     testing.TB
	mux   *http.ServeMux
	token string // wanted, unless empty

	mu    sync.Mutex
	asked []string
}

func newFake(t testing.TB, token string) *fake {
	f := &fake{t: t, mux: http.NewServeMux(), token: token}
	for _, op := range api.Operations() {
		f.mux.HandleFunc(op.Method+" "+api.Prefix+op.Path, func(w http.ResponseWriter, r *http.Request) {
			if f.token != "" && r.Header.Get("Authorization") != "Bearer "+f.token {
				refuse(w, api.NewProblem("signed_out", "sign in, or give a token by --token-file or MUSTER_TOKEN"))
				return
			}
			f.answer(w, r, op)
		})
	}
	return f
}

func refuse(w http.ResponseWriter, p *api.Problem) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	json.NewEncoder(w).Encode(p)
}

// slug turns a value into a part of a file's name.
func slug(s string) string {
	return strings.Trim(regexp.MustCompile(`[^A-Za-z0-9.]+`).ReplaceAllString(s, "-"), "-")
}

func (f *fake) answer(w http.ResponseWriter, r *http.Request, op api.Operation) {
	line, names, err := f.read(r, op)
	f.mu.Lock()
	f.asked = append(f.asked, line)
	f.mu.Unlock()
	if err != nil {
		f.t.Errorf("%s: %v", line, err)
		refuse(w, api.NewProblem("malformed", "%v", err))
		return
	}
	var text []byte
	for _, name := range names {
		if text, err = os.ReadFile(filepath.Join("testdata", "answers", op.ID+name+".json")); err == nil {
			break
		}
	}
	var p api.Problem
	switch {
	case text == nil && op.Output == reflect.TypeFor[api.Nothing]():
		w.WriteHeader(http.StatusNoContent)
		return
	case text == nil:
		f.t.Errorf("%s: there is no answer for %s in testdata/answers", line, op.ID)
	case json.Unmarshal(text, &p) == nil && strings.HasPrefix(p.Type, "muster:"):
		q := api.NewProblem(p.Kind(), "%s", p.Detail)
		q.Candidates, q.Position, q.Errors, q.Instance = p.Candidates, p.Position, p.Errors, p.Instance
		refuse(w, q)
		return
	}
	out := reflect.New(op.Output)
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(out.Interface()); err != nil {
		f.t.Errorf("answer of %s: %v", op.ID, err)
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(out.Elem().Interface())
}

// read holds a request against its input, and answers it as a line and the
// names of files that may answer it.
func (f *fake) read(r *http.Request, op api.Operation) (line string, names []string, err error) {
	line = r.Method + " " + strings.TrimPrefix(r.URL.Path, api.Prefix)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return line, nil, err
	}
	q := r.URL.Query()
	if len(q) > 0 {
		text, _ := url.QueryUnescape(q.Encode())
		line += "?" + text
	}
	line += strings.TrimRight(" "+string(body), " \n")
	part := ""
	for i := range op.Input.NumField() {
		field := op.Input.Field(i)
		if name := field.Tag.Get("path"); name != "" {
			part += "_" + slug(r.PathValue(name))
		}
		if name := field.Tag.Get("query"); name != "" {
			if v := q.Get(name); v != "" && (name == "filter" || name == "after" || name == "a" || name == "name" || name == "what" || name == "port" || name == "rule") {
				part += "_" + slug(v)
			}
			q.Del(name)
		}
		if field.Name == "Body" {
			d := json.NewDecoder(bytes.NewReader(body))
			d.DisallowUnknownFields()
			v := reflect.New(field.Type)
			if err := d.Decode(v.Interface()); err != nil {
				return line, nil, fmt.Errorf("body: %w", err)
			}
			if f := reflect.Indirect(v).FieldByName("Filter"); f.IsValid() && f.String() != "" {
				part += "_" + slug(f.String())
			}
		}
	}
	if len(q) > 0 {
		return line, nil, fmt.Errorf("parameters that are not known: %v", q)
	}
	return line, []string{part, ""}, nil
}

func (f *fake) last() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.asked) == 0 {
		return ""
	}
	return f.asked[len(f.asked)-1]
}

// onSocket serves in a data folder, whose path is short enough for a socket.
func (f *fake) onSocket() (data string) {
	data, err := os.MkdirTemp("", "m")
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { os.RemoveAll(data) })
	l, err := net.Listen("unix", filepath.Join(data, SocketName))
	if err != nil {
		f.t.Fatal(err)
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: f.mux}}
	server.Start()
	f.t.Cleanup(server.Close)
	return data
}

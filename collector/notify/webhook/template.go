package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"text/template"
	"text/template/parse"
	"time"

	"muster/collector/notify"
)

const (
	maxTemplate = 32 << 10
	maxSteps    = 50_000 // rounds of loops and calls in one run
)

// form is an office's own.
type form struct{ t *template.Template }

// raw is text that is JSON already.
type raw string

// newForm reads a template, sees to it that what it prints is escaped and that
// it ends, and tries it on a message of each kind.
func newForm(text string) (*form, error) {
	if len(text) > maxTemplate {
		return nil, fmt.Errorf("template: %d bytes are more than %d", len(text), maxTemplate)
	}
	t, err := template.New("template").Option("missingkey=error").Funcs(funcs(new(int))).Parse(text)
	if err != nil {
		return nil, err // begins with template: NAME:LINE
	}
	for _, one := range t.Templates() {
		if one.Tree == nil || one.Root == nil {
			continue
		}
		if err := harden(one.Root); err != nil {
			return nil, fmt.Errorf("template: %w", err)
		}
		one.Root.Nodes = slices.Insert(one.Root.Nodes, 0, step()) // templates may call themselves
	}
	f := &form{t}
	for _, m := range samples() {
		if _, err := f.write(&m); err != nil {
			return nil, fmt.Errorf("%w (tried on a message of kind %s)", err, m.Kind)
		}
	}
	return f, nil
}

// The names that harden puts into templates.
const escapeName, stepName = "_escape", "_step"

func funcs(steps *int) template.FuncMap {
	return template.FuncMap{
		escapeName: escape,
		stepName: func() (string, error) {
			if *steps++; *steps > maxSteps {
				return "", errors.New("the template does not come to an end")
			}
			return "", nil
		},
		"json": func(v any) (raw, error) {
			b, err := encode(v)
			return raw(b), err
		},
	}
}

// escape is what every printed value goes through.
func escape(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case raw:
		return string(v), nil
	case time.Time:
		return v.Format(time.RFC3339), nil
	}
	r := reflect.ValueOf(v)
	for r.Kind() == reflect.Pointer && !r.IsNil() {
		r = r.Elem()
	}
	switch r.Kind() {
	case reflect.String:
		b, err := encode(r.String())
		if err != nil {
			return "", err
		}
		return string(b[1 : len(b)-1]), nil
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		b, err := encode(r.Interface())
		return string(b), err
	}
	return "", fmt.Errorf("a whole %s cannot stand inside a text: write {{json …}}", r.Kind())
}

func command(name string) *parse.CommandNode {
	return &parse.CommandNode{NodeType: parse.NodeCommand, Args: []parse.Node{parse.NewIdentifier(name)}}
}

func step() parse.Node {
	return &parse.ActionNode{NodeType: parse.NodeAction, Pipe: &parse.PipeNode{NodeType: parse.NodePipe, Cmds: []*parse.CommandNode{command(stepName)}}}
}

// harden makes every action that prints end in escape and every loop count its
// rounds, and refuses functions that could make a text of any length.
func harden(list *parse.ListNode) error {
	if list == nil {
		return nil
	}
	branch := func(b *parse.BranchNode) error {
		return errors.Join(allowed(b.Pipe), harden(b.List), harden(b.ElseList))
	}
	for _, n := range list.Nodes {
		var err error
		switch n := n.(type) {
		case *parse.ActionNode:
			err = allowed(n.Pipe)
			if len(n.Pipe.Decl) == 0 {
				n.Pipe.Cmds = append(n.Pipe.Cmds, command(escapeName))
			}
		case *parse.IfNode:
			err = branch(&n.BranchNode)
		case *parse.WithNode:
			err = branch(&n.BranchNode)
		case *parse.RangeNode:
			err = branch(&n.BranchNode)
			n.List.Nodes = slices.Insert(n.List.Nodes, 0, step())
		case *parse.TemplateNode:
			err = allowed(n.Pipe)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// allowed checks the functions that a pipeline calls.
func allowed(p *parse.PipeNode) error {
	if p == nil {
		return nil
	}
	for _, c := range p.Cmds {
		for _, a := range c.Args {
			var err error
			switch a := a.(type) {
			case *parse.IdentifierNode:
				if slices.Contains([]string{"printf", "print", "println", "call", "html", "js", "urlquery"}, a.Ident) {
					err = fmt.Errorf("the function %s is not to be had here", a.Ident)
				}
			case *parse.PipeNode:
				err = allowed(a)
			case *parse.ChainNode:
				if inner, ok := a.Node.(*parse.PipeNode); ok {
					err = allowed(inner)
				}
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// limited fails beyond its bound, which ends the template.
type limited struct {
	bytes.Buffer
	most int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > l.most {
		return 0, fmt.Errorf("what it gives is longer than %d bytes", l.most)
	}
	return l.Buffer.Write(p)
}

// write runs the template; safe for several at once.
func (f *form) write(m *notify.Message) ([]byte, error) {
	t, err := f.t.Clone()
	if err != nil {
		return nil, err
	}
	t.Funcs(funcs(new(int)))
	out := limited{most: maxBody}
	short := m.Shorten(1)
	if err := t.Execute(&out, payload(&short)); err != nil {
		return nil, err
	}
	if !json.Valid(out.Bytes()) {
		return nil, fmt.Errorf("template: what it gives is no JSON: %.100s", out.String())
	}
	return out.Bytes(), nil
}

// samples is a message of each kind.
func samples() []notify.Message {
	at := time.Date(2026, 3, 4, 14, 5, 0, 0, time.UTC)
	one := notify.Notice{Announcement: notify.Announcement{ID: "a", At: at, Kind: notify.Opened, Incident: notify.Incident{Number: 1, Title: `A "title" \ with <signs>`,
		Severity: notify.Critical, Agency: "North", Site: "Hartford", OpenedAt: at, Devices: []notify.Device{{Name: "pc-1"}}, DeviceCount: 1}}}
	return []notify.Message{
		{ID: "n-1", Kind: notify.Notices, At: at, Notices: []notify.Notice{one}},
		{ID: "n-2", Kind: notify.Storm, At: at, Until: at, Notices: []notify.Notice{one, one}, Numbers: []int64{2}, More: []notify.Tally{{Severity: notify.Warn, Count: 1}}},
		{ID: "d-1", Kind: notify.Summary, At: at, Digest: &notify.DigestLines{Since: at}},
		{ID: "test-1", Kind: notify.Probe, At: at},
	}
}

package texts

import (
	"html"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"
	"unicode"
)

// Templates need no marks for their texts: what stands between tags, and in the
// attributes that people see or hear, is text. A sentence goes through inline
// tags and values, which become placeholders in it, so that a language can order
// them; only {{if}} and its like at its ends, and tags that are blocks, end it.

// Markup is the texts of templates as they are read or replaced.
type Markup struct {
	// Language is what the texts are replaced by; nil: nothing is replaced.
	Language *Language
	// Found is called with each text, and what its values are.
	Found func(text string, values []string)
	// Counted is called with the two forms of what {{count}} counts.
	Counted func(one, many string)
	// Picture says that a function of templates draws: what it gives is no part of
	// a sentence.
	Picture func(function string) bool
}

// human are the attributes that people see or hear.
func human(attribute string) bool {
	switch attribute {
	case "aria-label", "aria-roledescription", "aria-valuetext", "aria-description", "placeholder", "title", "alt", "label", "data-busy", "data-read":
		return true
	}
	return false
}

// inline are the tags that a sentence goes through.
func inline(tag string) bool {
	switch tag {
	case "a", "abbr", "b", "cite", "code", "dfn", "em", "i", "kbd", "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "u", "var":
		return true
	}
	return false
}

// What a piece of a template is.
type sort int

const (
	words sort = iota // text
	value             // an action that prints
	soft              // {{if}}, {{range}}, {{template}} without blocks inside
	open
	closing
	hard // all else
)

type piece struct {
	sort  sort
	text  string // words as they stand there
	name  string // of a tag
	draws bool   // a value that is a picture
	nodes []parse.Node
}

// where is where in HTML a template is.
type where struct {
	mode  mode
	quote byte   // that ends the attribute
	attr  string // its name
	tag   string // so far, without attributes' values
	raw   string // element whose content is no text
}

type mode int

const (
	inText mode = iota
	inTag
	inAttr
	inRaw
	inComment
)

// Read goes through all templates of a set.
func (m *Markup) Read(t *template.Template) {
	for _, x := range t.Templates() {
		if x.Tree != nil && x.Tree.Root != nil {
			m.Tree(x.Tree)
		}
	}
}

// Tree goes through one template.
func (m *Markup) Tree(t *parse.Tree) { m.list(t.Root, &where{}) }

// list reads one list of nodes, and says whether a sentence can go through it.
func (m *Markup) list(l *parse.ListNode, at *where) (soft bool) {
	if l == nil {
		return true
	}
	r := &reader{m: m, at: at}
	if at.mode == inTag || at.mode == inAttr {
		r.tag = &piece{sort: hard}
	}
	for _, n := range l.Nodes {
		r.node(n)
	}
	r.endAttr()
	if r.tag != nil {
		r.out = append(r.out, *r.tag)
	}
	pieces := matched(r.out)
	soft = !slices.ContainsFunc(pieces, func(p piece) bool { return p.sort == hard })
	nodes := m.sentences(pieces)
	if m.Language != nil {
		l.Nodes = nodes
	}
	return soft
}

// reader takes a list of nodes apart.
type reader struct {
	m    *Markup
	at   *where
	out  []piece
	tag  *piece  // that is being read
	attr []piece // the value of an attribute that people see
}

func text(s string) parse.Node { return &parse.TextNode{NodeType: parse.NodeText, Text: []byte(s)} }

// put adds a piece where the reader is.
func (r *reader) put(p piece) {
	switch {
	case r.at.mode == inAttr && human(r.at.attr):
		r.attr = append(r.attr, p)
	case r.tag != nil:
		r.tag.nodes = append(r.tag.nodes, p.nodes...)
	default:
		r.out = append(r.out, p)
	}
}

// endAttr puts the value of an attribute into its tag.
func (r *reader) endAttr() {
	if len(r.attr) > 0 {
		if r.tag == nil {
			r.tag = &piece{sort: hard}
		}
		r.tag.nodes = append(r.tag.nodes, r.m.sentences(r.attr)...)
		r.attr = nil
	}
}

func (r *reader) node(n parse.Node) {
	switch n := n.(type) {
	case *parse.TextNode:
		r.text(string(n.Text))
	case *parse.ActionNode:
		r.m.counts(n.Pipe)
		p := piece{sort: value, text: said(n.Pipe), nodes: []parse.Node{n}}
		if len(n.Pipe.Decl) > 0 {
			p.sort = hard
		} else {
			p.draws = r.m.draws(n.Pipe)
			if r.m.Language != nil && !p.draws {
				n.Pipe.Cmds = append(n.Pipe.Cmds, &parse.CommandNode{NodeType: parse.NodeCommand, Pos: n.Pos, Args: []parse.Node{parse.NewIdentifier("say").SetPos(n.Pos)}})
			}
		}
		r.put(p)
	case *parse.IfNode:
		r.branch(n, &n.BranchNode)
	case *parse.RangeNode:
		r.branch(n, &n.BranchNode)
	case *parse.WithNode:
		r.branch(n, &n.BranchNode)
	case *parse.TemplateNode:
		r.m.counts(n.Pipe)
		r.put(piece{sort: soft, text: "template " + n.Name, nodes: []parse.Node{n}})
	default:
		r.put(piece{sort: hard, nodes: []parse.Node{n}})
	}
}

// branch reads both ways of a condition, which end at the same place of HTML.
func (r *reader) branch(n parse.Node, b *parse.BranchNode) {
	r.m.counts(b.Pipe)
	begin, before := *r.at, r.at.mode
	one := r.m.list(b.List, r.at)
	two := r.m.list(b.ElseList, &begin)
	p := piece{sort: soft, text: said(b.Pipe), nodes: []parse.Node{n}}
	if !one || !two {
		p.sort = hard
	}
	after := r.at.mode
	r.at.mode = before
	r.put(p)
	r.at.mode = after
	switch inside := after == inTag || after == inAttr; { // a branch may begin or end a tag
	case inside && r.tag == nil:
		r.tag = &piece{sort: hard}
	case !inside && r.tag != nil:
		r.endAttr()
		r.out, r.tag = append(r.out, *r.tag), nil
	}
}

// text reads HTML, as far as it must be known where texts are.
func (r *reader) text(s string) {
	from := 0
	flush := func(to int) {
		if to > from {
			sort := words
			if r.at.mode == inRaw || r.at.mode == inComment {
				sort = hard
			}
			r.put(piece{sort: sort, text: s[from:to], nodes: []parse.Node{text(s[from:to])}})
		}
		from = to
	}
	for i := 0; i < len(s); i++ {
		c, at := s[i], r.at
		switch at.mode {
		case inText:
			if c != '<' {
				continue
			}
			flush(i)
			if strings.HasPrefix(s[i:], "<!--") {
				at.mode = inComment
				continue
			}
			at.mode, at.tag = inTag, ""
			r.tag = &piece{sort: hard}
		case inComment:
			if strings.HasPrefix(s[i:], "-->") {
				flush(i + 3)
				at.mode = inText
			}
		case inRaw:
			if strings.HasPrefix(strings.ToLower(s[i:]), "</"+at.raw) {
				flush(i)
				at.mode, at.tag = inTag, ""
				r.tag = &piece{sort: hard}
			}
		case inTag:
			switch c {
			case '"', '\'':
				flush(i + 1)
				name := strings.TrimSuffix(strings.TrimSpace(at.tag), "=")
				at.attr = strings.ToLower(name[strings.LastIndexAny(name, " \n\t")+1:])
				at.mode, at.quote = inAttr, c
			case '>':
				flush(i + 1)
				r.endTag()
			default:
				at.tag += string(c)
			}
		case inAttr:
			if c == at.quote {
				flush(i)
				r.endAttr()
				at.mode = inTag
				at.tag += " "
			}
		}
	}
	flush(len(s))
}

func (r *reader) endTag() {
	r.endAttr() // one that a branch has ended
	at := r.at
	name, _, _ := strings.Cut(strings.TrimPrefix(strings.ReplaceAll(at.tag, "\n", " "), "<"), " ")
	p := *r.tag
	p.name = strings.ToLower(strings.TrimPrefix(name, "/"))
	if inline(p.name) {
		p.sort = open
		if strings.HasPrefix(name, "/") {
			p.sort = closing
		}
	}
	at.mode, r.tag = inText, nil
	if name == "script" || name == "style" {
		at.mode, at.raw = inRaw, name
	}
	r.out = append(r.out, p)
}

// matched makes tags hard that have no other end here, or hold a block.
func matched(list []piece) []piece {
	var stack []int
	pair := map[int]bool{}
	for i, p := range list {
		switch p.sort {
		case open:
			stack = append(stack, i)
		case closing:
			if n := len(stack); n > 0 && list[stack[n-1]].name == p.name {
				pair[stack[n-1]], pair[i] = true, true
				stack = stack[:n-1]
			}
		case hard:
			stack = nil
		}
	}
	for i := range list {
		if s := list[i].sort; (s == open || s == closing) && !pair[i] {
			list[i].sort = hard
		}
	}
	return list
}

func nodesOf(list []piece) (out []parse.Node) {
	for _, p := range list {
		out = append(out, p.nodes...)
	}
	return out
}

// sentences finds the texts between what is hard.
func (m *Markup) sentences(list []piece) (out []parse.Node) {
	from := 0
	for i, p := range list {
		if p.sort == hard {
			out = append(append(out, m.sentence(list[from:i])...), p.nodes...)
			from = i + 1
		}
	}
	return append(out, m.sentence(list[from:])...)
}

// end is where the tag ends that begins at i.
func end(list []piece, i int) int {
	depth := 0
	for k := i; k < len(list); k++ {
		switch list[k].sort {
		case open:
			depth++
		case closing:
			if depth--; depth == 0 {
				return k
			}
		}
	}
	return len(list) - 1
}

func letters(s string) bool {
	return strings.ContainsFunc(html.UnescapeString(s), unicode.IsLetter)
}

// sentence reads pieces of which none is hard.
func (m *Markup) sentence(list []piece) []parse.Node {
	first, last := 0, len(list)
	// What is no word at an end of a sentence is no part of it: white space,
	// pictures, conditions.
	for first < last && aside(list[first]) {
		first++
	}
	for last > first && aside(list[last-1]) {
		last--
	}
	inner := list[first:last]
	if len(inner) == 0 {
		return nodesOf(list)
	}
	out := nodesOf(list[:first])
	whole, own := inner[0].sort == open && end(inner, 0) == len(inner)-1, false
	for i := 0; i < len(inner) && !whole; i++ {
		if inner[i].sort == open {
			i = end(inner, i)
			continue
		}
		own = own || inner[i].sort == words && letters(inner[i].text)
	}
	switch {
	case own:
		out = append(out, m.message(inner)...)
	case whole:
		out = append(out, inner[0].nodes...)
		out = append(out, m.sentence(inner[1:len(inner)-1])...)
		out = append(out, inner[len(inner)-1].nodes...)
	default: // several that have nothing to do with each other
		for i := 0; i < len(inner); i++ {
			if inner[i].sort != open {
				out = append(out, inner[i].nodes...)
				continue
			}
			k := end(inner, i)
			out = append(out, m.sentence(inner[i:k+1])...)
			i = k
		}
	}
	return append(out, nodesOf(list[last:])...)
}

func aside(p piece) bool {
	return p.sort == soft || p.draws || p.sort == words && strings.TrimSpace(p.text) == ""
}

// message is one text: found, and replaced.
func (m *Markup) message(list []piece) []parse.Node {
	var key strings.Builder
	var values []string
	parts := map[string][]parse.Node{} // by placeholder
	names, stack := map[string]int{}, []string{}
	for _, p := range list {
		hold := ""
		switch p.sort {
		case words:
			key.WriteString(html.UnescapeString(p.text))
			continue
		case open:
			names[p.name]++
			hold = p.name
			if n := names[p.name]; n > 1 {
				hold += strconv.Itoa(n)
			}
			stack = append(stack, hold)
			hold = "<" + hold + ">"
		case closing:
			hold = "</" + stack[len(stack)-1] + ">"
			stack = stack[:len(stack)-1]
		default:
			values = append(values, p.text)
			hold = "{" + strconv.Itoa(len(values)) + "}"
		}
		parts[hold] = p.nodes
		key.WriteString(hold)
	}
	all := key.String()
	k := strings.Join(strings.Fields(all), " ")
	if m.Found != nil {
		m.Found(k, values)
	}
	if m.Language == nil {
		return nodesOf(list)
	}
	translated, ok := m.Language.words[k]
	if !ok {
		return nodesOf(list)
	}
	out := []parse.Node{text(all[:len(all)-len(strings.TrimLeft(all, " \n\t"))])}
	for translated != "" {
		i := placeholder.FindStringIndex(translated)
		if i == nil {
			i = []int{len(translated), len(translated)}
		}
		out = append(out, text(html.EscapeString(translated[:i[0]])))
		hold := translated[i[0]:i[1]]
		if nodes, ok := parts[hold]; ok {
			out = append(out, nodes...)
		} else {
			out = append(out, text(html.EscapeString(hold)))
		}
		translated = translated[i[1]:]
	}
	return append(out, text(all[len(strings.TrimRight(all, " \n\t")):]))
}

// draws says whether a pipe gives a picture.
func (m *Markup) draws(p *parse.PipeNode) bool {
	if m.Picture == nil || len(p.Cmds) == 0 {
		return false
	}
	i, ok := p.Cmds[len(p.Cmds)-1].Args[0].(*parse.IdentifierNode)
	return ok && m.Picture(i.Ident)
}

// said is a pipe as translators see it.
func said(p *parse.PipeNode) string {
	if p == nil {
		return ""
	}
	return p.String()
}

// counts finds what {{count}} counts in a pipe, and constants that are {{known}}.
func (m *Markup) counts(p *parse.PipeNode) {
	if p == nil {
		return
	}
	for _, c := range p.Cmds {
		if i, ok := c.Args[0].(*parse.IdentifierNode); ok && i.Ident == "count" && len(c.Args) == 4 {
			one, ok1 := c.Args[2].(*parse.StringNode)
			many, ok2 := c.Args[3].(*parse.StringNode)
			if ok1 && ok2 && m.Counted != nil {
				m.Counted(one.Text, many.Text)
			}
		}
		if i, ok := c.Args[0].(*parse.IdentifierNode); ok && i.Ident == "known" && m.Found != nil {
			if s, ok := c.Args[1].(*parse.StringNode); ok {
				m.Found(s.Text, nil)
			}
		}
		for _, a := range c.Args {
			if inner, ok := a.(*parse.PipeNode); ok {
				m.counts(inner)
			}
		}
	}
}

package evtx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf16"
)

// Tokens of binary XML, [MS-EVEN6] 2.2.12. With more set, another of the same
// list follows; for an element it says that it has attributes.
const (
	tokenEnd          = 0x00
	tokenElement      = 0x01
	tokenCloseStart   = 0x02
	tokenCloseEmpty   = 0x03
	tokenEndElement   = 0x04
	tokenText         = 0x05
	tokenAttribute    = 0x06
	tokenCDATA        = 0x07
	tokenCharacter    = 0x08
	tokenEntity       = 0x09
	tokenInstruction  = 0x0a
	tokenInstructData = 0x0b
	tokenTemplate     = 0x0c
	tokenValue        = 0x0d
	tokenOptional     = 0x0e
	tokenFragment     = 0x0f
	more              = 0x40
)

// The limits of one record, and of a chunk: a template of 60 KiB can be named
// by two thousand records. Real ones need a tenth.
const (
	maxDepth   = 32
	maxTokens  = 8192      // read or put together
	maxText    = 256 << 10 // bytes of all texts together
	maxAll     = 1 << 20   // the same of a chunk
	maxValues  = 2048
	maxElement = 4096 // characters of a name
)

var (
	errShort   = errors.New("binary XML ends early")
	errDeep    = errors.New("binary XML is nested too deeply")
	errLarge   = errors.New("binary XML is too large when put together")
	errNotText = errors.New("binary XML has a token where none may stand")
)

// element is one element of a template or a record.
type element struct {
	name       string
	attributes []attribute
	content    []part
}

type attribute struct {
	name  string
	value []part
}

// part is text, an element, or the place of a value.
type part struct {
	text  string
	child *element
	value int // number of the value, or -1
}

type template struct{ root *element }

// node is an element with the values its places are filled with.
type node struct {
	*element
	values []value
}

// value is a value of a template instance: where its bytes lie in the chunk.
type value struct {
	kind     byte
	at, size int
}

// decoder reads the records of one chunk. Names and templates stand where
// they were first used; later records point back to them.
type decoder struct {
	chunk     []byte
	templates map[uint32]*template

	depth, tokens, text int // of the present record
	all                 int // text of the records before
}

func (d *decoder) spend() error {
	if d.tokens++; d.tokens > maxTokens {
		return errLarge
	}
	return nil
}

func (d *decoder) enter() error {
	if d.depth++; d.depth > maxDepth {
		return errDeep
	}
	return nil
}

// fragment reads what a record, or a value of type binary XML, consists of.
func (d *decoder) fragment(at, end int) (node, error) {
	if err := d.enter(); err != nil {
		return node{}, err
	}
	defer func() { d.depth-- }()
	bare := true // an element right at the start of a value has no dependency identifier
	for at < end {
		if err := d.spend(); err != nil {
			return node{}, err
		}
		switch token := d.chunk[at]; token &^ more {
		case tokenFragment:
			at += 4
			bare = false
		case tokenTemplate:
			return d.instance(at, end)
		case tokenElement:
			e, _, err := d.element(at, end, !bare)
			return node{element: e}, err
		case tokenInstruction:
			at += 5
		case tokenInstructData:
			_, next, err := d.counted(at+1, end)
			if err != nil {
				return node{}, err
			}
			at = next
		default:
			return node{}, fmt.Errorf("%w: %#x", errNotText, token)
		}
	}
	return node{}, errShort
}

// instance reads a template instance: its definition, if it stands here, and
// the values.
func (d *decoder) instance(at, end int) (node, error) {
	const head = 10 // token, 1 byte, identifier, offset
	if at+head > end {
		return node{}, errShort
	}
	where := binary.LittleEndian.Uint32(d.chunk[at+6:])
	at += head
	t, size, err := d.template(where)
	if err != nil {
		return node{}, err
	}
	if int(where) == at {
		at += size
	}
	if at+4 > end {
		return node{}, errShort
	}
	n := int(binary.LittleEndian.Uint32(d.chunk[at:]))
	at += 4
	if n < 0 || n > maxValues || at+4*n > end {
		return node{}, errShort
	}
	values := make([]value, n)
	data := at + 4*n
	for i := range values {
		size := int(binary.LittleEndian.Uint16(d.chunk[at+4*i:]))
		if data+size > end {
			return node{}, errShort
		}
		values[i] = value{kind: d.chunk[at+4*i+2], at: data, size: size}
		data += size
	}
	return node{element: t.root, values: values}, nil
}

// template returns the definition at an offset, and its size there.
func (d *decoder) template(where uint32) (*template, int, error) {
	const head = 24 // next definition, GUID, size
	at := int(where)
	if at < chunkHeader || at+head > len(d.chunk) {
		return nil, 0, errShort
	}
	size := int(binary.LittleEndian.Uint32(d.chunk[at+20:]))
	if size < 0 || size > len(d.chunk)-at-head {
		return nil, 0, errShort
	}
	if t := d.templates[where]; t != nil {
		return t, head + size, nil
	}
	if err := d.enter(); err != nil {
		return nil, 0, err
	}
	defer func() { d.depth-- }()
	body, end := at+head, at+head+size
	if body < end && d.chunk[body] == tokenFragment {
		body += 4
	}
	if body >= end || d.chunk[body]&^more != tokenElement {
		return nil, 0, errNotText
	}
	root, _, err := d.element(body, end, true)
	if err != nil {
		return nil, 0, err
	}
	t := &template{root: root}
	d.templates[where] = t
	return t, head + size, nil
}

// element reads one element and returns where it ends. Its dependency
// identifier is left out where the element is a value's whole content.
func (d *decoder) element(at, end int, dependent bool) (*element, int, error) {
	if err := errors.Join(d.spend(), d.enter()); err != nil {
		return nil, 0, err
	}
	defer func() { d.depth-- }()
	hasAttributes := d.chunk[at]&more != 0
	at++
	if dependent {
		at += 2
	}
	at += 4 // size of all that follows
	name, at, err := d.name(at, end)
	if err != nil {
		return nil, 0, err
	}
	e := &element{name: name}
	if hasAttributes {
		if at, err = d.attributes(e, at+4, end); err != nil {
			return nil, 0, err
		}
	}
	if at >= end {
		return nil, 0, errShort
	}
	switch d.chunk[at] {
	case tokenCloseEmpty:
		return e, at + 1, nil
	case tokenCloseStart:
	default:
		return nil, 0, fmt.Errorf("%w: %#x", errNotText, d.chunk[at])
	}
	for at++; at < end; {
		switch d.chunk[at] &^ more {
		case tokenEndElement:
			return e, at + 1, nil
		case tokenElement:
			child, next, err := d.element(at, end, true)
			if err != nil {
				return nil, 0, err
			}
			e.content, at = append(e.content, part{child: child, value: -1}), next
		default:
			p, next, err := d.part(at, end)
			if err != nil {
				return nil, 0, err
			}
			e.content, at = append(e.content, p), next
		}
	}
	return nil, 0, errShort
}

func (d *decoder) attributes(e *element, at, end int) (int, error) {
	for at < end && d.chunk[at]&^more == tokenAttribute {
		if err := d.spend(); err != nil {
			return 0, err
		}
		name, next, err := d.name(at+1, end)
		if err != nil {
			return 0, err
		}
		a := attribute{name: name}
		for at = next; at < end; {
			switch d.chunk[at] &^ more {
			case tokenText, tokenValue, tokenOptional, tokenCharacter, tokenEntity, tokenCDATA:
				p, next, err := d.part(at, end)
				if err != nil {
					return 0, err
				}
				a.value, at = append(a.value, p), next
				continue
			}
			break
		}
		e.attributes = append(e.attributes, a)
	}
	return at, nil
}

// part reads text or the place of a value.
func (d *decoder) part(at, end int) (part, int, error) {
	none := part{value: -1}
	if err := d.spend(); err != nil {
		return none, 0, err
	}
	switch token := d.chunk[at] &^ more; token {
	case tokenText:
		if at+2 > end || d.chunk[at+1] != kindString {
			return none, 0, errNotText
		}
		text, next, err := d.counted(at+2, end)
		return part{text: text, value: -1}, next, err
	case tokenCDATA, tokenInstructData:
		text, next, err := d.counted(at+1, end)
		if token == tokenInstructData {
			text = ""
		}
		return part{text: text, value: -1}, next, err
	case tokenValue, tokenOptional:
		if at+4 > end {
			return none, 0, errShort
		}
		return part{value: int(binary.LittleEndian.Uint16(d.chunk[at+1:]))}, at + 4, nil
	case tokenCharacter:
		if at+3 > end {
			return none, 0, errShort
		}
		return part{text: string(rune(binary.LittleEndian.Uint16(d.chunk[at+1:]))), value: -1}, at + 3, nil
	case tokenEntity:
		name, next, err := d.name(at+1, end)
		entities := map[string]string{"lt": "<", "gt": ">", "amp": "&", "quot": `"`, "apos": "'"}
		return part{text: entities[name], value: -1}, next, err
	case tokenInstruction:
		return none, at + 5, nil
	default:
		return none, 0, fmt.Errorf("%w: %#x", errNotText, d.chunk[at])
	}
}

// name reads the offset of a name, and the name there. Where it stands right
// behind the offset it is skipped.
func (d *decoder) name(at, end int) (string, int, error) {
	const head = 8 // next name, hash, characters
	if at+4 > end {
		return "", 0, errShort
	}
	where := int(binary.LittleEndian.Uint32(d.chunk[at:]))
	at += 4
	if where < 0 || where+head > len(d.chunk) {
		return "", 0, errShort
	}
	n := int(binary.LittleEndian.Uint16(d.chunk[where+6:]))
	if n > maxElement || where+head+2*n+2 > len(d.chunk) {
		return "", 0, errShort
	}
	if where == at {
		at += head + 2*n + 2
	}
	return utf16Text(d.chunk[where+head : where+head+2*n]), at, nil
}

// counted reads a text with its number of characters before it.
func (d *decoder) counted(at, end int) (string, int, error) {
	if at+2 > end {
		return "", 0, errShort
	}
	n := 2 * int(binary.LittleEndian.Uint16(d.chunk[at:]))
	at += 2
	if at+n > end {
		return "", 0, errShort
	}
	return utf16Text(d.chunk[at : at+n]), at + n, nil
}

func utf16Text(b []byte) string {
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(u))
}

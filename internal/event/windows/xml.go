package windows

import (
	"bytes"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Limits of what is kept of one record.
const (
	maxXML    = 256 << 10
	maxValues = 256
	maxValue  = 4 << 10
	maxNested = 16
)

// ParseXML reads a record as Windows renders it (EvtRenderEventXml; Microsoft,
// "Event Schema").
func ParseXML(text []byte) (Record, error) {
	if len(text) > maxXML {
		return Record{}, fmt.Errorf("a record of %d bytes", len(text))
	}
	d := xml.NewDecoder(bytes.NewReader(text))
	p := rendering{}
	for {
		t, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return Record{}, fmt.Errorf("record: %w", err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if err := p.open(t); err != nil {
				return Record{}, err
			}
		case xml.CharData:
			if p.text.Len()+len(t) <= maxValue {
				p.text.Write(t)
			}
		case xml.EndElement:
			p.close()
		}
	}
	if p.rec.Provider == "" || p.rec.Time.IsZero() {
		return Record{}, fmt.Errorf("record: it does not say who wrote it and when")
	}
	return p.rec, nil
}

// rendering is where in a record the reading is.
type rendering struct {
	rec   Record
	path  []string // names of the open elements, Event first
	name  string   // of the open Data
	text  strings.Builder
	leafs bool // nothing was opened since the last element was
}

func (p *rendering) open(t xml.StartElement) error {
	if len(p.path) >= maxNested {
		return fmt.Errorf("record: more than %d elements in each other", maxNested)
	}
	p.path = append(p.path, t.Name.Local)
	p.text.Reset()
	p.leafs = true
	attribute := func(name string) string {
		for _, a := range t.Attr {
			if a.Name.Local == name {
				return a.Value
			}
		}
		return ""
	}
	if len(p.path) != 3 {
		return nil
	}
	switch p.path[1] + "/" + p.path[2] {
	case "System/Provider":
		if p.rec.Provider = attribute("Name"); p.rec.Provider == "" {
			p.rec.Provider = attribute("EventSourceName")
		}
	case "System/TimeCreated":
		at, err := time.Parse(time.RFC3339Nano, attribute("SystemTime"))
		if err != nil {
			return fmt.Errorf("record: %w", err)
		}
		p.rec.Time = at.UTC()
	case "System/Security":
		p.rec.User = attribute("UserID")
	case "EventData/Data":
		p.name = attribute("Name")
	}
	return nil
}

func (p *rendering) close() {
	if len(p.path) == 0 {
		return
	}
	text := p.text.String()
	if len(p.path) >= 3 && p.path[0] == "Event" {
		p.leaf(text)
	}
	p.path = p.path[:len(p.path)-1]
	p.text.Reset()
	p.leafs = false
}

// leaf takes the text of an element that holds none.
func (p *rendering) leaf(text string) {
	whole := func() int {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil {
			return 0
		}
		return n
	}
	add := func(name string) {
		if len(p.rec.Data) < maxValues {
			p.rec.Data = append(p.rec.Data, Value{Name: name, Text: text})
		}
	}
	switch p.path[1] {
	case "System":
		if len(p.path) != 3 {
			return
		}
		switch p.path[2] {
		case "EventID":
			p.rec.EventID = whole()
		case "Level":
			p.rec.Level = whole()
		case "EventRecordID":
			if n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64); err == nil {
				p.rec.ID = n
			}
		case "Channel":
			p.rec.Channel = text
		case "Computer":
			p.rec.Computer = text
		}
	case "EventData":
		switch {
		case len(p.path) != 3:
		case p.path[2] == "Data":
			add(p.name)
		case p.path[2] == "Binary":
			if b, err := hex.DecodeString(strings.TrimSpace(text)); err == nil {
				p.rec.Binary = b
			}
		}
	case "UserData":
		if len(p.path) > 3 && p.leafs {
			add(strings.Join(p.path[3:], "/"))
		}
	}
}

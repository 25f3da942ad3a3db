package api

import (
	"context"
	"errors"
	"slices"

	"muster/collector/search"
	"muster/internal/inventory"
)

// searchRead reads a search back in words, and offers how to go on writing it.
// One that cannot be read yet is no fault here: somebody is still writing.
func (s *Server) searchRead(ctx context.Context, in *SearchReadInput) (SearchRead, error) {
	out := SearchRead{Words: []search.Phrase{}, Offers: []SearchOffer{}, Parts: []SearchPart{}}
	e, err := search.Parse(in.Filter)
	if p, _ := problemOf(err); err != nil {
		out.Fault, out.Position = p.Detail, p.Position
	} else {
		out.Words = append(out.Words, search.Say(e)...)
		for _, x := range search.Parts(e) {
			out.Parts = append(out.Parts, SearchPart{x.Text, x.Words, x.Rest})
		}
	}
	cursor := in.Cursor
	if cursor < 0 || cursor > len(in.Filter) {
		cursor = len(in.Filter)
	}
	see := personal(ctx)
	g := search.Grammar{Sections: inventory.Schema()}
	var failed error
	for _, x := range g.Complete(in.Filter, cursor, func(f search.Field, _ string) []string {
		list, err := s.valuesOf(ctx, f.Name)
		if err != nil {
			failed = err
		}
		return list
	}) {
		out.Offers = append(out.Offers, SearchOffer{Text: x.Text, Doc: x.Doc, From: x.From, Until: x.Until})
	}
	if failed != nil {
		return out, failed
	}
	if !see {
		hidden := map[string]bool{}
		for _, f := range search.Fields() {
			hidden[f.Name] = f.Personal
		}
		out.Offers = slices.DeleteFunc(out.Offers, func(o SearchOffer) bool {
			return o.Doc != "" && (hidden[o.Text] || len(o.Text) > 0 && hidden[o.Text[:len(o.Text)-1]])
		})
	}
	return out, nil
}

// mostOffered is how many values of a field are told.
const mostOffered = 500

// askedField finds a field that who asks may ask for.
func askedField(ctx context.Context, name string) (search.Field, error) {
	f, err := search.Grammar{Sections: inventory.Schema()}.Field(name)
	if err == nil && f.Personal && !personal(ctx) {
		err = NewProblem(forbidden, "%s tells of persons: this account may not ask for it", f.Name)
	}
	return f, err
}

// searchField tells how a field can be asked for, for those who put a search
// together without writing it.
func (s *Server) searchField(ctx context.Context, in *SearchFieldInput) (SearchField, error) {
	f, err := askedField(ctx, in.Field)
	if err != nil {
		return SearchField{}, err
	}
	out := SearchField{Name: f.Name, Title: f.Called(), Kind: f.Kind.String(), Doc: f.Doc, Example: f.Example, Closed: f.Closed, Choices: []SearchChoice{}, Values: []string{}}
	for _, c := range f.Choices() {
		out.Choices = append(out.Choices, SearchChoice{c.Text, c.Word, c.Value, c.Second})
	}
	list, err := s.valuesOf(ctx, f.Name)
	if err != nil {
		return out, err
	}
	for _, v := range append(slices.Clone(f.Values), list...) {
		if v != "" && len(out.Values) < mostOffered && !slices.Contains(out.Values, v) {
			out.Values = append(out.Values, v)
		}
	}
	return out, nil
}

// searchAdd writes a condition behind a search.
func (s *Server) searchAdd(ctx context.Context, in *SearchAddInput) (SearchAdded, error) {
	e, err := filterOf(ctx, in.Filter)
	if err != nil {
		return SearchAdded{}, err
	}
	f, err := askedField(ctx, in.Field)
	if err != nil {
		return SearchAdded{}, err
	}
	if e, err = (search.Grammar{Sections: inventory.Schema()}).Add(e, f, in.How, in.Value, in.Second); err != nil {
		if x := (*search.Error)(nil); errors.As(err, &x) { // the position is one of a text that nobody wrote
			err = NewProblem(badFilter, "%s", x.Msg)
		}
		return SearchAdded{}, err
	}
	return SearchAdded{e.String()}, nil
}

// valuesOf are values in use of a field whose values people make.
func (s *Server) valuesOf(ctx context.Context, field string) ([]string, error) {
	var out []string
	switch field {
	case "site", "agency":
		list, err := s.siteList(ctx, &SiteListInput{})
		if err != nil {
			return nil, err
		}
		for _, x := range list.Sites {
			if field == "agency" {
				out = append(out, x.Agency)
			} else {
				out = append(out, x.Name, x.Agency+"/"+x.Name)
			}
		}
	case "label":
		list, err := s.labelList(ctx, &NoInput{})
		if err != nil {
			return nil, err
		}
		for _, x := range list.Labels {
			out = append(out, x.Name)
		}
	case "group":
		list, err := s.groupList(ctx, &NoInput{})
		if err != nil {
			return nil, err
		}
		for _, x := range list.Groups {
			out = append(out, x.Name)
		}
	case "model", "vendor", "os":
		f, err := s.deviceFacets(ctx, &DeviceFacetsInput{})
		if err != nil {
			return nil, err
		}
		for _, x := range f.Facets {
			if x.Name == field {
				for _, v := range x.Values {
					out = append(out, v.Value)
				}
			}
		}
	}
	return out, nil
}

package api

import (
	"context"
	"slices"

	"muster/collector/search"
	"muster/internal/inventory"
)

// searchRead reads a search back in words, and offers how to go on writing it.
// One that cannot be read yet is no fault here: somebody is still writing.
func (s *Server) searchRead(ctx context.Context, in *SearchReadInput) (SearchRead, error) {
	out := SearchRead{Words: []search.Phrase{}, Offers: []SearchOffer{}}
	e, err := search.Parse(in.Filter)
	if p, _ := problemOf(err); err != nil {
		out.Fault, out.Position = p.Detail, p.Position
	} else {
		out.Words = append(out.Words, search.Say(e)...)
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

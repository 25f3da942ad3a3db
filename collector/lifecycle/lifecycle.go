// Package lifecycle knows until when makers mend security flaws of releases of
// their operating systems, and completes rows of section os with it.
//
// It owns the table, a YAML file for each product with its source and the day
// it was looked up. It stands on the collector's side so that a new release
// needs no new agent; it must not know where rows come from or go, nor judge:
// that is a rule's work.
package lifecycle

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"muster/internal/inventory"
	"muster/internal/settings"
)

//go:embed products/*.yaml
var files embed.FS

// Product is one file of the table.
type Product struct {
	Product  string    `yaml:"product" doc:"Name for people."`
	Source   string    `yaml:"source" doc:"Page of the maker that names the dates."`
	LookedUp string    `yaml:"looked_up" doc:"Day on which that was looked up, YYYY-MM-DD."`
	Match    Match     `yaml:"match" doc:"Which systems it is about."`
	Note     string    `yaml:"note" doc:"Which of the maker's dates counts."`
	Releases []Release `yaml:"releases" doc:"Its releases."`
}

// Match says which rows of section os a product is about: all that is given
// must hold.
type Match struct {
	Family       string   `yaml:"family" doc:"os.family."`
	Distribution []string `yaml:"distribution" doc:"os.distribution is one of these."`
	Name         string   `yaml:"name" doc:"os.name; * stands for any text."`
	Server       string   `yaml:"server" doc:"Whether os.server is true; not known is no. None: either."`
}

// Release is one release. Of several that fit a system the longest version
// counts.
type Release struct {
	Version   string   `yaml:"version" doc:"os.version is this or one below it: 12 stands for 12.5 too."`
	Exact     bool     `yaml:"exact" doc:"Only this version itself."`
	Name      string   `yaml:"name" doc:"Name for people."`
	Editions  []string `yaml:"editions" doc:"os.edition is one of these; * stands for any text. None: all."`
	Ends      string   `yaml:"ends" doc:"Last day of the maker's security updates, YYYY-MM-DD. None: not announced."`
	Estimated bool     `yaml:"estimated" doc:"The maker has not fixed the day."`

	ends time.Time
}

// System is what a release is found by: columns of section os.
type System struct {
	Family, Distribution, Name, Version, Edition string
	Server                                       *bool
}

const day = "2006-01-02"

// Check says what is wrong with a product.
func (p *Product) Check() settings.Problems {
	var ps settings.Problems
	if p.Product == "" || p.Match.Family == "" {
		ps.Add("product", p.Product, "a product needs a name and the family of systems it is about")
	}
	if sv := p.Match.Server; sv != "" && sv != "yes" && sv != "no" {
		ps.Add("match.server", sv, `write "yes" or "no", with the quotes`)
	}
	if !strings.HasPrefix(p.Source, "https://") {
		ps.Add("source", p.Source, "the source is the address of a page of the maker")
	}
	if _, err := time.Parse(day, p.LookedUp); err != nil {
		ps.Add("looked_up", p.LookedUp, "write the day like 2026-11-28")
	}
	for i := range p.Releases {
		r := &p.Releases[i]
		key := fmt.Sprintf("releases[%d]", i)
		if r.Version == "" {
			ps.Add(key+".version", "", "a release needs a version")
		}
		if r.Ends == "" {
			continue
		}
		at, err := time.Parse(day, r.Ends)
		if err != nil {
			ps.Add(key+".ends", r.Ends, "write the day like 2026-11-28")
			continue
		}
		r.ends = at.Add(24*time.Hour - time.Second) // that day still counts
	}
	return ps
}

// Load reads the products of a folder.
func Load(dir fs.FS) ([]*Product, error) {
	names, err := fs.Glob(dir, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list products: %w", err)
	}
	var list []*Product
	for _, n := range names {
		data, err := fs.ReadFile(dir, n)
		if err != nil {
			return nil, fmt.Errorf("read product: %w", err)
		}
		p := new(Product)
		if err := settings.Decode(n, data, p); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// Products is the table. The value is shared: callers must not change it. A
// fault in it is one of the program, found by its first test.
var Products = sync.OnceValue(func() []*Product {
	dir, err := fs.Sub(files, "products")
	if err != nil {
		panic("lifecycle: " + err.Error())
	}
	list, err := Load(dir)
	if err != nil {
		panic("lifecycle: " + err.Error())
	}
	return list
})

// Ends is when security updates of a system end: the last second of the day in
// UTC. ok is false when the table does not know the release, when no end is
// announced, and when it depends on an edition that is not known.
func Ends(list []*Product, s System) (at time.Time, ok bool) {
	for _, p := range list {
		if p.Match.fits(s) {
			return p.ends(s)
		}
	}
	return time.Time{}, false
}

func (m Match) fits(s System) bool {
	server := s.Server != nil && *s.Server
	return m.Family == s.Family &&
		(len(m.Distribution) == 0 || slices.Contains(m.Distribution, s.Distribution)) &&
		(m.Name == "" || like(m.Name, s.Name)) &&
		(m.Server == "" || (m.Server == "yes") == server)
}

func (p *Product) ends(s System) (time.Time, bool) {
	var fits []Release
	for _, r := range p.Releases {
		if !within(s.Version, r) || s.Edition != "" && len(r.Editions) > 0 && !slices.ContainsFunc(r.Editions, func(e string) bool { return like(e, s.Edition) }) {
			continue
		}
		fits = append(fits, r)
	}
	if len(fits) == 0 {
		return time.Time{}, false
	}
	longest := slices.MaxFunc(fits, func(a, b Release) int { return cmp.Compare(len(a.Version), len(b.Version)) })
	for _, r := range fits {
		// Several are left only where the edition is not known.
		if len(r.Version) == len(longest.Version) && !r.ends.Equal(longest.ends) {
			return time.Time{}, false
		}
	}
	return longest.ends, !longest.ends.IsZero()
}

// within says whether a version is that of a release or one below it.
func within(version string, r Release) bool {
	rest, ok := strings.CutPrefix(version, r.Version)
	return ok && (rest == "" || !r.Exact && rest[0] == '.')
}

func like(pattern, text string) bool {
	fits, err := path.Match(strings.ToLower(pattern), strings.ToLower(strings.ReplaceAll(text, "/", " ")))
	return err == nil && fits
}

// Complete fills in os.support_ends_at of a conformed table. What the system
// says of itself stays where the table knows nothing.
func Complete(t *inventory.Table) {
	at := func(name string) int { return slices.Index(t.Columns, name) }
	family, distribution, name, version, edition, server, ends := at("family"), at("distribution"), at("name"), at("version"), at("edition"), at("server"), at("support_ends_at")
	if ends < 0 {
		return
	}
	for _, r := range t.Rows {
		text := func(i int) string {
			if i < 0 {
				return ""
			}
			s, _ := r[i].(string)
			return s
		}
		s := System{Family: text(family), Distribution: text(distribution), Name: text(name), Version: text(version), Edition: text(edition)}
		if server >= 0 {
			if b, ok := r[server].(bool); ok {
				s.Server = &b
			}
		}
		if end, ok := Ends(Products(), s); ok {
			r[ends] = end.UnixMilli()
		}
	}
}

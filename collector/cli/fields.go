package cli

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"muster/collector/api"
)

// inWords says what the collector refused in the words of the command line: it
// knows fields of a request, whoever typed the command knows flags and
// arguments.
func inWords(c *cobra.Command, p *api.Problem) *api.Problem {
	out := *p
	var said []string
	for _, f := range p.Errors {
		name, ok := writtenAt(c, f.Location)
		if !ok {
			out.Detail = leading(c, p.Detail)
			return &out // told whole, or not at all
		}
		said = append(said, name+" "+inTime(f))
	}
	if out.Detail = leading(c, p.Detail); len(said) > 0 {
		out.Detail, out.Errors = strings.Join(said, "; "), nil
	}
	return &out
}

// inTime is what is wrong with a field, bounds in seconds as people write times.
func inTime(f api.Fault) string {
	i := strings.LastIndexByte(f.Detail, ' ') + 1
	if n, err := strconv.Atoi(f.Detail[i:]); err == nil && strings.HasSuffix(f.Location, "_seconds") {
		return f.Detail[:i] + spanWords(n)
	}
	return f.Detail
}

// writtenAt is how the command line writes what stands at body.text,
// query.limit or body.days[1].
func writtenAt(c *cobra.Command, location string) (string, bool) {
	kind, field, ok := strings.Cut(location, ".")
	if !ok || kind != "body" && kind != "query" && kind != "path" {
		return "", false
	}
	field, _, _ = strings.Cut(field, "[")
	return written(c, field)
}

// synonyms are fields that the command line calls by another name where it does
// not have a flag of theirs.
func synonyms() map[string]string {
	return map[string]string{
		"all":            "all-rules",
		"ca":             "server-ca",
		"filter":         "FILTER",
		"from":           "since",
		"hold_seconds":   "brake-hold",
		"messages":       "brake",
		"minutes":        "for",
		"period_seconds": "brake-time",
		"text":           "note",
		"to":             "until",
	}
}

// written is how the command line writes a field: as a flag of the same name,
// of its singular, of what holds it, or as an argument.
func written(c *cobra.Command, field string) (string, bool) {
	parts := strings.Split(field, ".")
	last := parts[len(parts)-1]
	candidates := []string{strings.Join(parts, "-"), last}
	candidates = append(candidates, strings.TrimSuffix(last, "_seconds"), strings.TrimSuffix(last, "s"), strings.TrimSuffix(last, "es"))
	if stem, ok := strings.CutSuffix(last, "ies"); ok {
		candidates = append(candidates, stem+"y")
	}
	candidates = append(candidates, synonyms()[last], last+"-file", parts[0])
	words := strings.Fields(c.Use)
	for _, name := range candidates {
		name = strings.ReplaceAll(name, "_", "-")
		if f := c.LocalFlags().Lookup(name); f != nil && name != "" {
			if f.Name == last+"-file" && slices.Contains(channelSecrets(), last) {
				return "--" + f.Name + " or " + secretVariable(last), true
			}
			return "--" + f.Name, true
		}
		for _, w := range words[1:] {
			if w = strings.Trim(w, "[]."); name != "" && strings.EqualFold(w, name) {
				return w, true
			}
		}
	}
	return "", false
}

// named finds the field that a sentence of the collector begins with: what is
// wrong, as in "minutes is missing", "until: … has passed", "port 70000: …".
var named = regexp.MustCompile(`\A([a-z_.]+)( "[^"]*"| -?[0-9]+)?(: | is missing)`)

// leading puts the flag in place of the field that a sentence begins with. What
// the command is about has been said before it.
func leading(c *cobra.Command, text string) string {
	if !c.HasParent() {
		return text
	}
	if about := c.Parent().Name() + " " + c.Flags().Arg(0) + ": "; len(text) > len(about) && strings.EqualFold(text[:len(about)], about) {
		text = text[len(about):]
	}
	m := named.FindStringSubmatch(text)
	if m == nil {
		return text
	}
	name, ok := written(c, m[1])
	if !ok {
		return text
	}
	rest := text[len(m[0]):]
	if m[2] == ` ""` { // was not given
		return name + " is missing: " + rest
	}
	return name + m[2] + m[3] + rest
}

// flagError is what is wrong with a flag, without the names of Go's packages.
func flagError(c *cobra.Command, err error) error {
	var value *pflag.InvalidValueError
	var none *pflag.NotExistError
	var empty *pflag.ValueRequiredError
	switch {
	case errors.As(err, &value):
		expected := map[string]string{"int": "a whole number", "int64": "a whole number", "bool": "true or false"}[value.GetFlag().Value.Type()]
		if expected == "" {
			return usage("--%s %s: %w", value.GetFlag().Name, quoteWord(value.GetValue()), value.Unwrap())
		}
		return usage("--%s %s: %s is expected", value.GetFlag().Name, quoteWord(value.GetValue()), expected)
	case errors.As(err, &empty):
		name, _ := pflag.UnquoteUsage(empty.GetFlag())
		return usage("--%s needs a value: --%s %s", empty.GetFlag().Name, empty.GetFlag().Name, strings.ToUpper(name))
	case errors.As(err, &none) && strings.ContainsAny(none.GetSpecifiedName(), "0123456789") && len(none.GetSpecifiedName()) == 1:
		return usage("-%s is read as a flag, and there is none like that: numbers here count from 1", none.GetSpecifiedShortnames())
	}
	return usage("%w", err)
}

package profile

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"muster/internal/settings"
)

var update = flag.Bool("update", false, "write goldens and the reference in docs")

const page = "../../../docs/snmp-profiles.md"

func TestReferenceIsUpToDate(t *testing.T) {
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	want, err := settings.Splice(string(data), "profile", reference(t))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(data) != want {
		t.Error("docs/snmp-profiles.md is not up to date: go test ./collector/snmp/profile -run Reference -update")
	}
}

func reference(t *testing.T) string {
	var b strings.Builder
	for _, x := range []struct {
		title string
		of    any
	}{
		{"A profile", Document{}},
		{"An entry of `match`", MatchDocument{}},
		{"An entry of `tables` or `scalars`", TableDocument{}},
		{"A piece of `index`", IndexPart{}},
		{"A condition of `only` or `skip`", Condition{}},
		{"A source: one place to look, and what is made of it", Source{}},
		{"`options.ports`", PortOptions{}},
		{"`options.fdb`", FDBOptions{}},
		{"`options.neighbors`", NeighborOptions{}},
	} {
		fmt.Fprintf(&b, "### %s\n\n| field | kind | meaning |\n|---|---|---|\n", x.title)
		for f := range reflect.TypeOf(x.of).Fields() {
			name, doc := f.Tag.Get("yaml"), f.Tag.Get("doc")
			if doc == "" && f.Name != "Options" {
				t.Errorf("%s.%s has no doc", x.title, f.Name)
			}
			if f.Name == "Options" {
				doc = "What builtins have to know of this device: `ports`, `fdb` and `neighbors`, see below."
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, kindOf(f), strings.ReplaceAll(doc, "|", `\|`))
		}
		b.WriteByte('\n')
	}
	b.WriteString("### Facts of `metadata`\n\n")
	b.WriteString("`" + strings.Join(Facts(), "`, `") + "`. `kind` is a kind of enclosure in the section system: " +
		"`switch`, `router`, `firewall`, `access_point`, `wireless_controller`, `printer`, `ups`, `pdu`, `nas`, `camera`, `phone`, `main_server`. " +
		"Where nothing is found, vendor is that of the enterprise number, model, serial and version those of the chassis in ENTITY-MIB, and kind is guessed from what the device has.\n\n")
	b.WriteString("### Builtins\n\n`" + strings.Join(Builtins(), "`, `") + "`.\n\n")
	b.WriteString("### Ways to read a value (`as`)\n\nNone: a number is a number, bytes are a text. `text`: as a text. `number`: as a number, also of a text such as `23 C`. `decibels`: ten times the logarithm of the number, so that milliwatts become dBm; of tenths of microwatts with `offset: -40`. `mac`, `address`: a hardware or IP address in any form. " +
		"`hex`: bytes in hexadecimal. `date`: DateAndTime, seconds since 1970, or a text with `layout`. `ticks`: hundredths of a second as seconds. " +
		"`bits`: the numbers of the bits that are set, a list, which `map` names. `oid_end`: the last number of an OID. `port`: the name of the port with this ifIndex. " +
		"`base_port`: the name of the port with this number in the bridge.\n\nThen, in this order: `skip`, `blank`, `match` and `take`, `map`, or else `times`, `scale`, `divisor`, `offset` and `between`.\n")
	return b.String()
}

func kindOf(f reflect.StructField) string {
	word := ""
	t := f.Type
	switch t.Kind() {
	case reflect.Slice:
		word, t = "list of ", t.Elem()
	case reflect.Map:
		word, t = "name: ", t.Elem()
		if t.Kind() == reflect.Slice {
			word, t = "name: list of ", t.Elem()
		}
	}
	if words := strings.Trim(f.Tag.Get("oneof"), ","); words != "" {
		return word + "`" + strings.ReplaceAll(words, ",", "`, `") + "`"
	}
	switch {
	case t == reflect.TypeFor[settings.Duration]():
		return word + "duration"
	case t == reflect.TypeFor[Source]():
		return word + "sources"
	case t.Kind() == reflect.Struct:
		return word + "groups, see below"
	case t.Kind() == reflect.String:
		return word + "text"
	case t.Kind() == reflect.Bool:
		return word + "`true`, `false`"
	}
	return word + "number"
}

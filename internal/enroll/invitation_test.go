package enroll

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"unicode/utf16"
)

func invitation(t testing.TB) Invitation {
	t.Helper()
	tok, err := SecretOf([]byte("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	return Invitation{Addresses: []string{"muster.example.org:8421", "[2001:db8::1]:8421", "10.20.30.40:443"}, Token: tok, CA: KeyHash{1, 2, 3}}
}

func same(a, b Invitation) bool {
	return a.Token.Equal(b.Token) && a.CA == b.CA && strings.Join(a.Addresses, " ") == strings.Join(b.Addresses, " ")
}

func TestInvitationRoundTripAsPeoplePaste(t *testing.T) {
	v := invitation(t)
	s := v.String()
	units := utf16.Encode([]rune(s + "\r\n"))
	le := []byte{0xff, 0xfe}
	be := []byte{0xfe, 0xff}
	for _, u := range units {
		le = binary.LittleEndian.AppendUint16(le, u)
		be = binary.BigEndian.AppendUint16(be, u)
	}
	wrapped := s[:40] + "\r\n  " + s[40:90] + "=\n" + s[90:] + "\n"
	for name, in := range map[string]string{
		"plain": s, "newline": s + "\n", "quoted": `"` + s + `"`, "angle": "<" + s + ">", "bom": "\ufeff" + s + "\r\n",
		"utf16le": string(le), "utf16be": string(be), "padded": s + "==", "zero width": s[:30] + "\u200b" + s[30:],
		"wrapped":       strings.ReplaceAll(wrapped, "=\n", "\n"),
		"lines before":  "Expires tomorrow at muster: note it.\nmuster1:old\n" + s + "\n",
		"variable line": "MUSTER_ENROLL=" + s,
	} {
		got, err := Parse(in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !same(got, v) {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestEveryCutAndEveryChangeIsTold(t *testing.T) {
	s := invitation(t).String()
	for i := range len(s) {
		if _, err := Parse(s[:i]); err == nil {
			t.Fatalf("cut to %d characters: taken", i)
		} else if i >= 4 && !strings.Contains(err.Error(), "the string is cut") {
			t.Fatalf("cut to %d characters: %v", i, err)
		}
	}
	for i := len(prefix); i < len(s); i++ {
		c := byte('A')
		if s[i] == c {
			c = 'B'
		}
		if got, err := Parse(s[:i] + string(c) + s[i+1:]); err == nil {
			t.Fatalf("change of character %d: taken as %v", i, got)
		}
	}
}

func TestFaultsOfAnInvitationAreOneClearLine(t *testing.T) {
	v := invitation(t)
	s := v.String()
	for _, c := range []struct{ in, want string }{
		{"", "it is empty"},
		{"\n\t ", "it is empty"},
		{"hello", "does not begin with muster1:"},
		{"https://muster:8421/?token=x", "does not begin with muster1:"},
		{"muster2:" + s[8:], "version 2 and this program reads version 1"},
		{s + "AAAA", "too many"},
		{s[:20] + "+" + s[21:], `character 21 ('+')`},
		{s[:len(s)-5], "the string is cut: "},
		{strings.Repeat("A", 1<<20), "far too many"},
	} {
		_, err := Parse(c.in)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.30q: %v, want %q", c.in, err, c.want)
		}
		if err != nil && (strings.Contains(err.Error(), s[8:30]) || len(err.Error()) > 200) {
			t.Errorf("%.30q: the error tells the secret or too much: %v", c.in, err)
		}
	}
	for _, a := range []string{"", "host", ":8421", "host:0", "host:70000", "host:http", "a b:1", "u@h:1", "h/x:1", strings.Repeat("a", 300) + ":1"} {
		v.Addresses = []string{a}
		if v.String() != "" || v.Check() == nil {
			t.Errorf("address %.20q: taken", a)
		}
	}
}

func TestSecretsPrintAsHidden(t *testing.T) {
	v := invitation(t)
	raw := string(v.Token.Reveal())
	type inner struct {
		Token Secret
		token Secret
		inv   Invitation
	}
	x := inner{v.Token, v.Token, v}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "token", v.Token, "inv", v, "inner", x)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "token", v.Token, "inv", v, "inner", x)
	js, err := json.Marshal(map[string]any{"t": v.Token, "i": v, "x": x})
	if err != nil {
		t.Fatal(err)
	}
	out := log.String() + string(js)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		out += fmt.Sprintf(verb+" "+verb+" "+verb+" "+verb+"\n", v.Token, &v.Token, v, x)
	}
	hex := fmt.Sprintf("%x", raw)
	for _, leak := range []string{raw, hex, "48 49 50", "0x30, 0x31", v.String()[10:40], "MDEyMzQ1"} {
		if strings.Contains(out, leak) {
			t.Errorf("found %q in\n%s", leak, out)
		}
	}
	if v.Token.String() != "(hidden)" || !strings.Contains(string(js), "(hidden)") {
		t.Errorf("not hidden: %s", js)
	}
}

func FuzzParseInvitation(f *testing.F) {
	v := invitation(f)
	f.Add(v.String())
	f.Add("muster1:")
	f.Add("\xff\xfem\x00u\x00")
	f.Add("x muster1:AAAA muster1:BBBB")
	f.Add(v.String()[:50])
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Parse(s)
		if err != nil {
			return
		}
		again, err := Parse(got.String())
		if err != nil || !same(got, again) {
			t.Fatalf("%q is taken, but not what it becomes: %v", s, err)
		}
	})
}

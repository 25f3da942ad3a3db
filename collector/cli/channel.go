package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/collector/api"
	"muster/internal/settings"
)

func (s *session) channelCommand() *cobra.Command {
	return nounCommand("channel", "Channels: ways by which people are told", `
		muster channel set desk --kind mail --host mail.example.org --from muster@example.org --to desk@example.org
		muster channel test desk
		muster channel list`,
		s.channelList(),
		s.channelSet(),
		s.command(verb{
			use:     "remove NAME",
			short:   "Delete a channel that no route goes to, and its secrets",
			example: `muster channel remove desk`,
			run: func(ctx context.Context, args []string) error {
				c, err := s.client()
				if err != nil {
					return err
				}
				if err := c.ChannelDelete(ctx, api.ChannelInput{Name: args[0]}); err != nil {
					return err
				}
				return s.did(done{true}, "channel %s is deleted", args[0])
			},
		}),
		s.channelTest(),
	)
}

func (s *session) channelList() *cobra.Command {
	return s.command(verb{
		use:     "list",
		short:   "List channels, with what waits and what could not be sent",
		example: `muster channel list`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.ChannelList(ctx)
			if err != nil {
				return err
			}
			g := newGrid("name", "kind", "leads_to", "state", "waiting", "unsent", "failed", "sent_at:"+unitAgo, "secrets", "changed_by")
			if s.output == "csv" {
				g = newGrid("name", "kind", "settings", "secrets", "off", "waiting", "unsent", "failed", "sent_at", "created_at", "changed_at", "changed_by")
			}
			for _, x := range list.Channels {
				if s.output == "csv" {
					g.add(x.Name, x.Kind, x.Settings, x.Secrets, x.Off, x.Waiting, x.Unsent, x.Failed, x.SentAt, x.CreatedAt, x.ChangedAt, x.ChangedBy)
					continue
				}
				state := "on"
				if x.Off {
					state = "off"
				}
				g.add(x.Name, x.Kind, channelWords(x), state, x.Waiting, x.Unsent, x.Failed, x.SentAt, x.Secrets, x.ChangedBy)
			}
			return s.show(g, list, "there are no channels, so nobody is told; muster channel set NAME --kind mail makes one")
		},
	})
}

// channelWords is where a channel leads, without what is secret about it.
func channelWords(x api.Channel) string {
	text := func(key string) string {
		switch v := x.Settings[key].(type) {
		case nil:
			return ""
		case []any:
			var words []string
			for _, w := range v {
				words = append(words, fmt.Sprint(w))
			}
			return strings.Join(words, ", ")
		default:
			return fmt.Sprint(v)
		}
	}
	switch x.Kind {
	case "mail":
		return text("to") + " through " + text("host")
	case "webhook":
		return text("form")
	}
	return text("host")
}

// A setting of a channel is a flag of the command line: what it is called in
// the settings, and for which kinds.
type channelSetting struct {
	flag, key string
	kinds     []string
	list      bool
	number    bool
	yes       bool
	doc       string
}

func channelSettings() []channelSetting {
	mail, hook, log := []string{"mail"}, []string{"webhook"}, []string{"syslog"}
	return []channelSetting{
		{flag: "host", key: "host", kinds: []string{"mail", "syslog"}, doc: "`name` of the server (mail, syslog)"},
		{flag: "port", key: "port", kinds: []string{"mail", "syslog"}, number: true, doc: "`port` of the server (mail, syslog)"},
		{flag: "server-ca", key: "ca", kinds: []string{"mail", "webhook", "syslog"}, doc: "PEM `file` on the collector's machine of who vouches for the server, beside the system's own"},
		{flag: "tls", key: "tls", kinds: mail, doc: "`how` mail is encrypted: starttls (default), tls or none"},
		{flag: "auth", key: "auth", kinds: mail, doc: "`way` to sign in: auto, scram-sha-256, scram-sha-1, cram-md5, plain, login"},
		{flag: "user", key: "user", kinds: mail, doc: "`account` at the mail server"},
		{flag: "from", key: "from", kinds: mail, doc: "`address` that mail comes from"},
		{flag: "to", key: "to", kinds: mail, list: true, doc: "`addresses` that mail goes to"},
		{flag: "helo", key: "helo", kinds: mail, doc: "`name` by which the collector greets the mail server"},
		{flag: "form", key: "form", kinds: hook, doc: "`form` of a webhook: json (signed), slack, teams, template"},
		{flag: "plain", key: "plain", kinds: hook, yes: true, doc: "allow http:// for a webhook, on a network that is to be trusted"},
		{flag: "transport", key: "transport", kinds: log, doc: "`way` to the syslog server: tls (default), tcp, udp"},
		{flag: "facility", key: "facility", kinds: log, doc: "`facility` of syslog: user, daemon, local0 to local7"},
		{flag: "app", key: "app", kinds: log, doc: "`name` of the program in syslog (default muster)"},
		{flag: "enterprise", key: "enterprise", kinds: log, number: true, doc: "your private enterprise `number`, for syslog's structured data"},
	}
}

// channelSecrets are what is secret of channels. They come by file or
// environment: an argument is seen by every process of the machine.
func channelSecrets() []string { return []string{"password", "url", "key", "authorization"} }

// secretVariable is what may hold a secret of a channel in the environment.
func secretVariable(name string) string { return "MUSTER_CHANNEL_" + strings.ToUpper(name) }

func (s *session) channelSet() *cobra.Command {
	values := map[string]*string{}
	lists := map[string]*[]string{}
	numbers := map[string]*int{}
	yes := map[string]*bool{}
	files := map[string]*string{}
	var kind, template, period, hold string
	var forget []string
	var off bool
	var messages int
	var cmd *cobra.Command
	cmd = s.command(verb{
		use:   "set NAME",
		short: "Make a channel or change it; what is not named stays",
		long: `Make a channel or change it; what is not named stays. Secrets come by file or by
environment, never as an argument, and no command shows them again: of mail
password (MUSTER_CHANNEL_PASSWORD); of a webhook url, key and authorization
(MUSTER_CHANNEL_URL, MUSTER_CHANNEL_KEY, MUSTER_CHANNEL_AUTHORIZATION). Where the
collector may call to is the setting outgoing.allow. A channel tells nothing until
a route goes to it.`,
		example: `
			muster channel set desk --kind mail --host mail.example.org --user muster --password-file pw --from muster@example.org --to desk@example.org
			muster channel set chat --kind webhook --form slack --url-file hook
			MUSTER_CHANNEL_KEY="$(cat key)" muster channel set desk-api --kind webhook --form json --url-file hook
			muster channel set log --kind syslog --host logs.example.org
			muster channel set desk --off`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.ChannelList(ctx)
			if err != nil {
				return err
			}
			put := api.ChannelPut{Settings: map[string]any{}}
			i := slices.IndexFunc(list.Channels, func(x api.Channel) bool { return strings.EqualFold(x.Name, args[0]) })
			if i >= 0 {
				old := list.Channels[i]
				put = api.ChannelPut{Kind: old.Kind, Settings: maps.Clone(old.Settings), Off: old.Off, Brake: old.Brake}
			}
			changed := cmd.Flags().Changed
			if changed("kind") {
				put.Kind = kind
			}
			if put.Kind == "" {
				return usage("--kind is missing: mail, webhook or syslog")
			}
			for _, f := range channelSettings() {
				if !changed(f.flag) {
					continue
				}
				if !slices.Contains(f.kinds, put.Kind) {
					return usage("--%s is not for a channel of kind %s, but of %s", f.flag, quoteWord(put.Kind), strings.Join(f.kinds, ", "))
				}
				switch {
				case f.list:
					put.Settings[f.key] = withoutEmpty(*lists[f.flag])
				case f.number:
					put.Settings[f.key] = *numbers[f.flag]
				case f.yes:
					put.Settings[f.key] = *yes[f.flag]
				default:
					put.Settings[f.key] = *values[f.flag]
				}
				if put.Settings[f.key] == "" || put.Settings[f.key] == 0 {
					delete(put.Settings, f.key)
				}
			}
			if changed("template") {
				if put.Kind != "webhook" {
					return usage("--template is not for a channel of kind %s, but of webhook", quoteWord(put.Kind))
				}
				text, err := s.readFile(template, 64<<10)
				if err != nil {
					return err
				}
				put.Settings["form"], put.Settings["template"] = "template", string(text)
			}
			if put.Settings["form"] != "template" {
				delete(put.Settings, "template")
			}
			if changed("off") {
				put.Off = off
			}
			if put.Brake, err = brakeOf(put.Brake, cmd, messages, period, hold); err != nil {
				return err
			}
			if put.Secrets, err = s.secretsOf(files, forget); err != nil {
				return err
			}
			x, err := c.ChannelSet(ctx, api.ChannelPutInput{Name: args[0], Body: put})
			if err != nil {
				return err
			}
			did := "changed"
			if i < 0 {
				did = "made"
			}
			return s.did(x, "channel %s is %s; muster channel test %s sends a test", x.Name, did, shellWord(x.Name))
		},
	})
	f := cmd.Flags()
	f.StringVar(&kind, "kind", "", "`kind`: mail, webhook or syslog")
	for _, x := range channelSettings() {
		switch {
		case x.list:
			lists[x.flag] = f.StringSlice(x.flag, nil, x.doc)
		case x.number:
			numbers[x.flag] = f.Int(x.flag, 0, x.doc)
		case x.yes:
			yes[x.flag] = f.Bool(x.flag, false, x.doc)
		default:
			values[x.flag] = f.String(x.flag, "", x.doc)
		}
	}
	f.StringVar(&template, "template", "", "`file` of a webhook's own form, here; it sets the form to template (- is the input)")
	for _, name := range channelSecrets() {
		files[name] = f.String(name+"-file", "", "`file` that holds the secret "+name+" (or "+secretVariable(name)+")")
	}
	f.StringSliceVar(&forget, "forget", nil, "take these `secrets` away")
	f.BoolVar(&off, "off", false, "switch it off: what is for it waits (--off=false switches it on)")
	f.IntVar(&messages, "brake", 0, "above this `number` of messages in --brake-time one summary goes, then nothing for --brake-hold (default 12)")
	f.StringVar(&period, "brake-time", "", "`time` over which messages are counted (default 10m)")
	f.StringVar(&hold, "brake-hold", "", "`time` of silence after it (default 15m)")
	return cmd
}

// brakeOf is the storm brake after what was named.
func brakeOf(old *api.ChannelBrake, cmd *cobra.Command, messages int, period, hold string) (*api.ChannelBrake, error) {
	changed := cmd.Flags().Changed
	if !changed("brake") && !changed("brake-time") && !changed("brake-hold") {
		return old, nil
	}
	var b api.ChannelBrake
	if old != nil {
		b = *old
	}
	if changed("brake") {
		b.Messages = messages
	}
	for _, x := range []struct {
		flag, text string
		into       *int
	}{{"brake-time", period, &b.PeriodSeconds}, {"brake-hold", hold, &b.HoldSeconds}} {
		if !changed(x.flag) {
			continue
		}
		n, err := seconds("--"+x.flag, x.text)
		if err != nil {
			return nil, err
		}
		*x.into = int(n)
	}
	return &b, nil
}

// secretsOf reads secrets from files and from the environment. A file wins.
func (s *session) secretsOf(files map[string]*string, forget []string) (map[string]api.Secret, error) {
	out := map[string]api.Secret{}
	for _, name := range forget {
		if name = strings.ToLower(strings.TrimSpace(name)); !slices.Contains(channelSecrets(), name) {
			return nil, usage("--forget %s: there is %s", quoteWord(name), strings.Join(channelSecrets(), ", "))
		}
		out[name] = ""
	}
	for _, name := range channelSecrets() {
		text, from := s.env(secretVariable(name)), secretVariable(name)
		if file := *files[name]; file != "" {
			b, err := s.secretFile(file)
			if err != nil {
				return nil, err
			}
			text, from = b, file
			if text == "" {
				return nil, fmt.Errorf("%s is empty: it is to hold the secret %s", file, name)
			}
		}
		if text = strings.TrimRight(text, "\r\n"); text == "" {
			continue
		}
		if len(text) > maxSecret || strings.ContainsAny(text, "\r\n") {
			return nil, fmt.Errorf("%s holds more than one line: the secret %s is expected alone", from, name)
		}
		out[name] = api.Secret(text)
	}
	return out, nil
}

// secretFile reads a secret, and says when others may read it too.
func (s *session) secretFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", fileError("read secret", name, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && runtime.GOOS != "windows" && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		s.note("others on this machine may read %s: chmod 600 it", name)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+3))
	if err != nil {
		return "", fileError("read secret", name, err)
	}
	return string(b), nil
}

func (s *session) channelTest() *cobra.Command {
	return s.command(verb{
		use:     "test NAME",
		short:   "Send a test through a channel at once; ends with 1 when it was not taken",
		example: `muster channel test desk`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.ChannelTest(ctx, api.ChannelInput{Name: args[0]})
			if err != nil {
				return err
			}
			if s.output == "json" {
				if err := s.json(x); err != nil {
					return err
				}
			}
			if !x.Sent {
				return fmt.Errorf("the test was not sent: %s", x.Said)
			}
			if s.output == "json" {
				return nil
			}
			if x.Said != "" {
				s.say("the test was sent to a part: %s", x.Said)
				return nil
			}
			s.say("the test was sent: look whether it arrived")
			return nil
		},
	})
}

// spanWords is a time in seconds as people write it.
func spanWords(seconds int) string {
	return settings.Duration(time.Duration(seconds) * time.Second).String()
}

package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// Streams is what the command line sees of the world around it. Empty fields
// are those of the process.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
	Env func(string) string
	// Now is the time that ages are counted from. Its zone is the one that
	// times are shown and read in, unless --utc is given.
	Now func() time.Time
}

func (x Streams) filled() Streams {
	if x.In == nil {
		x.In = os.Stdin
	}
	if x.Out == nil {
		x.Out = os.Stdout
	}
	if x.Err == nil {
		x.Err = os.Stderr
	}
	if x.Env == nil {
		x.Env = os.Getenv
	}
	if x.Now == nil {
		x.Now = time.Now
	}
	return x
}

// session is one run of the command line: its streams and global flags.
type session struct {
	in       io.Reader
	out      io.Writer
	errs     io.Writer
	terminal io.Writer // the output as it was given, to ask for its width
	env      func(string) string
	now      func() time.Time

	data, server, tokenFile, ca string
	output                      string
	noHeader, utc               bool
}

// clock is the time, in the zone in which people read and write times.
func (s *session) clock() time.Time {
	if s.utc {
		return s.now().UTC()
	}
	return s.now()
}

func (s *session) look() look { return look{now: s.clock(), utc: s.utc} }

// note tells something beside the output, in one line.
func (s *session) note(format string, args ...any) {
	fmt.Fprintln(s.errs, clean(fmt.Sprintf(format, args...)))
}

// say prints a line of output for people.
func (s *session) say(format string, args ...any) {
	fmt.Fprintln(s.out, clean(fmt.Sprintf(format, args...)))
}

// did tells that a change was made: in words, or as the API's answer.
func (s *session) did(answer any, format string, args ...any) error {
	if s.output == "json" {
		return s.json(answer)
	}
	s.say(format, args...)
	return nil
}

// done is the answer, as JSON, of changes that answer nothing.
type done struct {
	Done bool `json:"done"`
}

// Groups of the help page.
const (
	groupFleet  = "fleet"
	groupGear   = "gear"
	groupHealth = "health"
	groupOffice = "office"
	groupAdmin  = "admin"
	groupHere   = "here"
)

// New makes the command tree. Commands that need more than the API (Serve,
// SQLWorker) are handed in.
func New(streams Streams, extra ...*cobra.Command) *cobra.Command {
	x := streams.filled()
	s := &session{in: x.In, out: x.Out, errs: x.Err, terminal: x.Out, env: x.Env, now: x.Now}
	root := &cobra.Command{
		Use:   "muster",
		Short: "What we have, where it is, and what is about to fail",
		Long: `Muster keeps the inventory and health of an agency's devices.

On the collector's machine commands go through the socket in its data folder
(--data DIR; without it, the system's place). From elsewhere they go to
--server URL with a token from --token-file FILE or MUSTER_TOKEN.`,
		Example:           "  muster incident list\n  muster device list os:debian\n  muster device show pc-104\n  muster --data .run/collector status",
		SilenceErrors:     true,
		SilenceUsage:      true,
		Args:              cobra.ArbitraryArgs,
		PersistentPreRunE: s.checkGlobals,
		RunE:              noun,
	}
	root.SetIn(x.In)
	root.SetOut(x.Out)
	root.SetErr(x.Err)
	root.SetFlagErrorFunc(flagError)
	root.CompletionOptions.HiddenDefaultCmd = false
	f := root.PersistentFlags()
	f.StringVar(&s.data, "data", "", "work through the socket in this data `folder` of a collector on this machine")
	f.StringVar(&s.server, "server", "", "collector's `address`, such as https://muster.example.org (or MUSTER_SERVER)")
	f.StringVar(&s.tokenFile, "token-file", "", "`file` that holds the token for --server (or MUSTER_TOKEN)")
	f.StringVar(&s.ca, "ca", "", "PEM `file` of the authority behind the server's certificate (or MUSTER_CA)")
	f.StringVarP(&s.output, "output", "o", "table", "`form` of the output: table, json or csv")
	f.BoolVar(&s.noHeader, "no-header", false, "leave out the line of column names")
	f.BoolVar(&s.utc, "utc", false, "read and show times in UTC instead of this machine's zone")

	root.AddGroup(
		&cobra.Group{ID: groupFleet, Title: "What we have:"},
		&cobra.Group{ID: groupGear, Title: "Network gear:"},
		&cobra.Group{ID: groupHealth, Title: "What is wrong:"},
		&cobra.Group{ID: groupOffice, Title: "Places, labels, settings:"},
		&cobra.Group{ID: groupAdmin, Title: "Enrolment, accounts, trust, notices:"},
		&cobra.Group{ID: groupHere, Title: "The collector and this program:"},
	)
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add(groupFleet,
		s.deviceCommand(),
		s.searchCommand(),
		s.softwareCommand(),
		s.portCommand(),
		s.topologyCommand(),
		s.sqlCommand(),
		s.seriesCommand(),
		s.schemaCommand(),
		serviceCommand(s),
	)
	add(groupGear,
		s.subnetCommand(),
		s.discoverCommand(),
		s.targetCommand(),
		s.credentialCommand(),
		s.profileCommand(),
	)
	add(groupHealth,
		s.incidentCommand(),
		s.findingCommand(),
		s.explainCommand(),
		s.ruleCommand(),
		s.maintenanceCommand(),
	)
	add(groupOffice,
		s.agencyCommand(),
		s.siteCommand(),
		s.labelCommand(),
		s.groupCommand(),
	)
	add(groupAdmin,
		s.enrollCommand(),
		s.userCommand(),
		s.tokenCommand(),
		s.auditCommand(),
		s.purgeCommand(),
		s.caCommand(),
		s.channelCommand(),
		s.routeCommand(),
		s.summaryCommand(),
		s.noticeCommand(),
	)
	add(groupHere,
		s.statusCommand(),
		s.outboxCommand(),
		s.backupCommand(),
		s.whoamiCommand(),
		s.configCommand(),
		s.versionCommand(),
	)
	add(groupHere, extra...)
	root.SetHelpCommandGroupID(groupHere)
	root.SetCompletionCommandGroupID(groupHere)
	return root
}

// moreForms annotates a command that has forms of output beside the usual ones,
// parted by blanks.
const moreForms = "muster.forms"

// secretNear annotates a command that asks for a secret, which people may write
// behind it: what it does not take is then not repeated.
const secretNear = "muster.secret"

// checkGlobals holds the global flags to what they take, before any command.
func (s *session) checkGlobals(c *cobra.Command, _ []string) error {
	forms := append([]string{"table", "json", "csv"}, strings.Fields(c.Annotations[moreForms])...)
	if !slices.Contains(forms, s.output) {
		last := len(forms) - 1
		return usage("-o %s: there is %s and %s", quoteWord(s.output), strings.Join(forms[:last], ", "), forms[last])
	}
	if f := c.Flags().Lookup("port"); f != nil && f.Changed && f.Value.String() == "0" {
		return usage("--port 0: a port is 1 to 65535")
	}
	if s.data != "" && s.server != "" {
		return usage("--data and --server exclude each other: --data is a collector on this machine, --server one elsewhere")
	}
	return nil
}

// verb is one command.
type verb struct {
	use     string // name and arguments: show REF [SECTION...]
	short   string
	long    string
	example string // one a line
	hidden  bool
	run     func(ctx context.Context, args []string) error
}

// command makes a command of a verb. How many arguments it takes is read from
// its use: words in brackets may be left out, dots allow more.
func (s *session) command(v verb) *cobra.Command {
	c := &cobra.Command{
		Use:     v.use,
		Short:   v.short,
		Long:    reflowed(v.long),
		Example: indented(v.example),
		Hidden:  v.hidden,
		Args:    func(c *cobra.Command, args []string) error { return countArgs(c, v.use, args) },
		RunE:    func(c *cobra.Command, args []string) error { return v.run(c.Context(), args) },
	}
	c.DisableFlagsInUseLine = true
	return c
}

// reflowed breaks the lines of each paragraph anew.
func reflowed(text string) string {
	paragraphs := strings.Split(text, "\n\n")
	for i, p := range paragraphs {
		paragraphs[i] = strings.Join(wrap(strings.ReplaceAll(p, "\n", " "), 80), "\n")
	}
	return strings.Join(paragraphs, "\n\n")
}

func indented(example string) string {
	lines := strings.Split(strings.TrimSpace(example), "\n")
	for i, l := range lines {
		lines[i] = "  " + strings.TrimSpace(l)
	}
	return strings.Join(lines, "\n")
}

func countArgs(c *cobra.Command, use string, args []string) error {
	words := strings.Fields(use)[1:]
	least, most := 0, len(words)
	for _, w := range words {
		if !strings.HasPrefix(w, "[") {
			least++
		}
		if strings.Contains(w, "...") {
			most = 1 << 30
		}
	}
	form := strings.TrimSuffix(c.CommandPath(), " "+c.Name()) + " " + use
	switch {
	case len(args) < least:
		return usage("%s is missing: %s", words[len(args)], form)
	case len(args) > most && c.Annotations[secretNear] != "":
		return usage("there is one word too many, which is not repeated here: it may be secret, and secrets are never an argument: %s", form)
	case len(args) > most:
		return usage("%s is one word too many (quote what belongs together): %s", quoteWord(args[most]), form)
	}
	return nil
}

// nounCommand makes a command that only holds others.
func nounCommand(name, short, example string, verbs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use:     name,
		Short:   short,
		Example: indented(example),
		Args:    cobra.ArbitraryArgs,
		RunE:    noun,
	}
	c.AddCommand(verbs...)
	return c
}

// noun answers a noun without a verb of its own: the whole program shows its
// help, everything else is asked for what was meant.
func noun(c *cobra.Command, args []string) error {
	if len(args) == 0 && !c.HasParent() {
		return c.Help()
	}
	var verbs []string
	for _, sub := range c.Commands() {
		if !sub.Hidden {
			verbs = append(verbs, sub.Name())
		}
	}
	if len(args) == 0 {
		return usage("say what to do: %s", strings.Join(verbs, ", "))
	}
	if meant := near(args[0], verbs); meant != "" {
		return usage("there is no %s; did you mean %s %s?", quoteWord(args[0]), c.CommandPath(), meant)
	}
	return usage("there is no %s; there is: %s", quoteWord(args[0]), strings.Join(verbs, ", "))
}

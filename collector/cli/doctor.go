package cli

import (
	"context"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"muster/collector/api"
	"muster/collector/config"
	"muster/collector/doctor"
	"muster/internal/buildinfo"
)

// Doctor makes the command that looks a collector over. examine looks at a
// data folder without touching it.
func Doctor(streams Streams, examine func(context.Context, doctor.Order) []doctor.Check) *cobra.Command {
	x := streams.filled()
	s := &session{in: x.In, out: x.Out, errs: x.Err, terminal: x.Out, env: x.Env, now: x.Now}
	var deep bool
	var file string
	c := s.command(verb{
		use:   "doctor",
		short: "Look the collector over, running or not, and say what to do",
		long: `Look the collector over: its data folder on this machine (databases, key, audit,
disk, clock), and when it runs what it tells of itself (outbox, notices, targets,
certificates, versions). With --server only the latter. It changes nothing.

--config names the collector's settings: its data folder, how much of the disk it
keeps free, and the certificate of its pages. A running collector tells these itself.

--deep reads both databases, the series and the outbox to their end and makes the
hash of every section again from its rows, which takes minutes for a large fleet. It
ends with 1 when something is bad.`,
		example: `
			muster doctor
			muster doctor --config /etc/muster/muster.yaml --deep
			muster doctor --server https://muster.example.org --token-file admin.token -o json`,
	})
	c.RunE = func(c *cobra.Command, _ []string) error {
		f := c.Flags()
		for name, into := range map[string]*string{"data": &s.data, "server": &s.server, "token-file": &s.tokenFile, "ca": &s.ca, "output": &s.output} {
			text, err := f.GetString(name)
			if err != nil {
				return err
			}
			*into = text
		}
		var err error
		if s.noHeader, err = f.GetBool("no-header"); err != nil {
			return err
		}
		conf, err := config.Load(file)
		if err != nil {
			return err
		}
		if file != "" && s.data == "" && s.server == "" {
			s.data = conf.Data
		}
		return s.doctor(c.Context(), deep, conf, examine)
	}
	c.Flags().BoolVar(&deep, "deep", false, "read all of databases, series and outbox")
	c.Flags().StringVar(&file, "config", "", "the collector's settings `file`")
	return c
}

// examined is the answer of muster doctor.
type examined struct {
	State  doctor.State   `json:"state"`
	Checks []doctor.Check `json:"checks"`
}

func (s *session) doctor(ctx context.Context, deep bool, conf config.Config, examine func(context.Context, doctor.Order) []doctor.Check) error {
	var list []doctor.Check
	far := s.server != "" || s.data == "" && s.env("MUSTER_SERVER") != ""
	data := s.data
	if data == "" {
		data = conf.Data
	}
	live, err := s.living(ctx)
	if !far {
		o := doctor.Order{Data: data, Deep: deep, Running: err == nil, Reserve: int64(conf.Limits.FreeDisk), Web: conf.Web.Certificate, WebKey: conf.Web.Key, Now: s.now()}
		if live != nil && live.Status.Disk.StopBytes > 0 {
			o.Reserve = live.Status.Disk.StopBytes
		}
		list = examine(ctx, o)
	}
	switch {
	case err == nil:
		list = append(list, doctor.Judge(live, s.now())...)
	case far:
		return err
	case socketThere(data):
		list = append(list, doctor.Check{Subject: "collector", State: doctor.Bad, Found: err.Error(), Do: "look at its log; restart it"})
	default:
		list = append(list, doctor.Check{Subject: "collector", State: doctor.Warn, Found: "it does not run here", Do: "start it: systemctl start muster, or muster serve"})
	}
	x := examined{State: doctor.Worst(list), Checks: list}
	g := newGrid("subject", "state", "found", "do").staying("found", "do")
	for _, k := range list {
		g.add(k.Subject, string(k.State), k.Found, k.Do)
	}
	if err := s.show(g, x, ""); err != nil {
		return err
	}
	if x.State == doctor.Bad {
		return ended(ExitFailure)
	}
	return nil
}

func socketThere(data string) bool {
	_, err := os.Lstat(filepath.Join(data, SocketName))
	return err == nil
}

// living asks a running collector.
func (s *session) living(ctx context.Context) (*doctor.Live, error) {
	c, err := s.client()
	if err != nil {
		return nil, err
	}
	l := &doctor.Live{Program: buildinfo.Read().Version, Untold: map[string]error{}}
	if l.Status, err = c.StatusShow(ctx); err != nil {
		return nil, err
	}
	ask := func(what string, err error) {
		if err != nil {
			l.Untold[what] = err
		}
	}
	l.Notices, err = c.NoticeList(ctx, api.NoticeListInput{})
	ask("notices", err)
	l.Targets, err = c.TargetList(ctx, api.TargetListInput{})
	ask("targets", err)
	l.CA, err = c.CAShow(ctx)
	ask("CA", err)
	return l, nil
}

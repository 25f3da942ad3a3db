package web

import (
	"net/http"

	"muster/collector/account"
	"muster/collector/api"
)

// firstSteps is what an office does first.
type firstSteps struct {
	Manage   bool
	Enrol    []command // ready to copy, by system
	Subnets  int
	Channels int
	Admin    bool
}

// command is one to copy.
type command struct{ System, Text string }

func (s *Site) firstSteps(v *visit, b *board) error {
	b.First = firstSteps{Manage: v.can(account.Manage), Admin: v.can(account.Administer)}
	if !b.First.Manage {
		return nil
	}
	subnets, err := v.api.SubnetList(v.ctx())
	if err != nil {
		return err
	}
	b.First.Subnets = len(subnets.Subnets)
	if b.First.Admin {
		channels, err := v.api.ChannelList(v.ctx())
		if err != nil {
			return err
		}
		b.First.Channels = len(channels.Channels)
	}
	return nil
}

// enrolCommands are the ready commands of an enrolment string. It is no
// argument: those everybody on the machine can read.
func enrolCommands(text string) []command {
	return []command{
		{"Windows", `$env:MUSTER_ENROLL='` + text + `'; .\muster-agent.exe run`},
		{"macOS", `sudo MUSTER_ENROLL='` + text + `' ./muster-agent run`},
		{"Linux", `sudo MUSTER_ENROLL='` + text + `' ./muster-agent run`},
	}
}

// stayCommands make the agent a service and enroll it. Where the service is there
// already, its first half only says so.
func stayCommands(text string) []command {
	return []command{
		{"Windows, in PowerShell", `.\muster-agent.exe service install; $env:MUSTER_ENROLL='` + text + `'; .\muster-agent.exe enroll`},
		{"macOS", `sudo ./muster-agent service install; sudo MUSTER_ENROLL='` + text + `' ./muster-agent enroll`},
		{"Linux", `sudo ./muster-agent service install; sudo MUSTER_ENROLL='` + text + `' ./muster-agent enroll`},
	}
}

// enrolHere makes an invitation for a few machines and shows its commands.
func (s *Site) enrolHere(v *visit) error {
	made, err := v.api.EnrollNew(v.ctx(), api.InvitationNewInput{Body: api.InvitationNew{Uses: 10, Note: "made on the first page"}})
	if err != nil {
		return err
	}
	b := &board{Title: "Nothing to watch yet. Let us change that."}
	if err := s.firstSteps(v, b); err != nil {
		return err
	}
	b.First.Enrol = enrolCommands(made.Enrolment)
	return s.render(v, http.StatusOK, "first", "", b)
}

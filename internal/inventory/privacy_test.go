package inventory_test

import (
	"slices"
	"strings"

	"muster/internal/event"
	"muster/internal/inventory"
)

const privacyHead = `# Privacy sheet

What Muster knows of persons, where it comes from, who sees it and how long it stays. For those who answer for data
protection, and for the people whose PCs are looked after. Made from the catalogues in the code by
` + "`go test ./internal/inventory -update`" + `; the same test fails when they differ. The whole catalogue is in
[data-dictionary.md](data-dictionary.md).

## In short

Muster looks after machines. Of persons it reads who uses a machine, which accounts and groups the machine knows, and
names that appear in what is installed or shared. The tables below list every such fact: there are no others. Facts that
no agent gathers yet are listed all the same, because the catalogue decides now who will see them;
` + "`muster-agent report`" + ` on a PC shows everything that its agent reads there, before anything is sent.

**Never read**, on any system: what a person types, which pages are visited, which files are opened or printed; arguments of
programs and environment variables; contents of files, mails and messages; product keys (at most their last five
characters); where on earth a device is. The agent has no way to run a command that somebody sends it.

**Not marked as personal**, though a name can stand in them: names of devices and their fully qualified names; on Linux the
group of a person's own, in ` + "`user.primary_group`, `user_group.name` and `group_member.group_name`" + `; names of services, mount
points, descriptions of switch ports; the fields department and note that staff keep. An office that names PCs after
people shows people to everyone who may list devices.

## Who sees it

A personal fact needs the right *read_personal*: roles admin and staff have it, interns and tokens of that role do not,
unless the account was made with ` + "`--personal`" + `. Without the right the value is absent from every answer, in the
history and in comparisons too, and the answer says which columns were left out. Nobody can filter or sort by what he
may not see. The audit records who changed what; it does not record who looked.

## How long it stays

As long as it is true, and after that for ` + "`retention.rows`" + ` (400 days), events for ` + "`retention.events`" + ` (400 days). See
[configuration.md](configuration.md). The history of *latest* columns is not kept at all. There is no command yet that
purges one person's data before that.

## Not gathering it

` + "`sections.off`" + ` in an agent's settings, or a group of the collector:

    muster group add quiet --filter agency:library --off user,group_member,session,logon

What was gathered before stays until retention takes it.

`

const privacyFoot = `
## Numbers over time

No number and no label of a series tells of a person, other than through the names above.

## What staff keep by hand

| field | personal | |
|---|---|---|
| owner | yes | who answers for the device |
| department, note, asset tag, purchased, warranty, labels, site | no | seen by everyone who may see the device |
| what is written on an incident: notes, reasons, what was replaced | no | seen by everyone who may see the incident |

## What leaves the collector

Notices leave it by the channels that an admin set up. They name devices, sites and what is wrong. Users of devices are
named only by a route that was told so (--personal), and evidence that tells of a person is left
out of every message. What a message holds stays where it was sent to.

## Accounts of Muster itself

Names of people who work with Muster, their roles, an argon2id hash of each password, when they were last seen; the audit
keeps what they changed, from which address, for ` + "`retention.audit`" + ` (1,095 days), also after an account is removed.
An incident keeps who claimed, noted, escalated and resolved it, for ` + "`retention.rows`" + ` after its end.
`

// privacySheet is docs/privacy.md.
func privacySheet() string {
	var p page
	p.f("%s", privacyHead)
	p.f("## Facts that tell of a person\n\n")
	p.head("section", "column", "kept", "what it is", "can be read on")
	for _, s := range inventory.Schema() {
		var on []string
		for _, from := range sides(s.Windows, s.Darwin, s.Linux, s.SNMP) {
			on = append(on, from[0])
		}
		for _, c := range s.Columns {
			if !c.Personal {
				continue
			}
			kept := "history"
			if c.Latest {
				kept = "latest"
			}
			p.row("["+s.Name+"](data-dictionary.md#section-"+s.Name+")", code(c.Name), kept, plain(c.Doc), strings.Join(on, ", "))
		}
	}
	p.f("\n## Events that tell of a person\n\n")
	p.head("event", "attribute", "what it is", "can be seen on")
	for _, k := range event.Catalogue() {
		var on []string
		for _, s := range k.Sources {
			if name := side(s.OS); !slices.Contains(on, name) {
				on = append(on, name)
			}
		}
		for _, a := range k.Attributes {
			if a.Personal {
				p.row("["+k.Name+"](data-dictionary.md#event-"+k.Name+")", code(a.Name), plain(a.Doc), strings.Join(on, ", "))
			}
		}
	}
	p.f("%s", privacyFoot)
	return p.String()
}

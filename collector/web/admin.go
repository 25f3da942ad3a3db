package web

import (
	"net/http"
	"strconv"
	"strings"

	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/web/texts"
)

// adminPage is one page of administration, as the list beside them all has it.
type adminPage struct {
	Path         string
	Title, Group texts.T
	Says         texts.T // what one does there
	Right        account.Right
}

// adminPages are the pages of administration, in the order in which they are
// listed. A page hangs itself in by its line here and its lines in pages.
func adminPages() []adminPage {
	const devices, gear, health, people, collector = "Devices", "Network gear", "Findings", "People", "Collector"
	return []adminPage{
		{"/admin/enroll", "Enrollment", devices, "Let PCs and servers in: a command for each system", account.Manage},
		{"/admin/approvals", "Approvals", devices, "Decide about devices that wait, and about records that may be one machine", account.Manage},
		{"/admin/places", "Agencies and sites", devices, "Where devices stand, and which networks belong to a site", account.Manage},
		{"/admin/labels", "Labels", devices, "Rename labels, take them away, see who carries them", account.Manage},
		{"/admin/groups", "Agent settings", devices, "How often which devices are read", account.Manage},
		{"/admin/targets", "Targets", gear, "Switches, printers, UPSes: what is asked over SNMP, and what does not answer", account.Manage},
		{"/admin/subnets", "Subnets", gear, "Ranges in which gear is found by itself", account.Manage},
		{"/admin/discoveries", "Discovery", gear, "Look through a network now, and choose what to keep", account.Manage},
		{"/admin/credentials", "Credentials", gear, "Communities and users that gear answers to", account.Administer},
		{"/admin/rules", "Rules", health, "What is looked for and how often it was right; switch it off, set its limits, try it on the past", account.Manage},
		{"/admin/maintenance", "Maintenance", health, "Times in which nobody is called for what you know of", account.Manage},
		{"/admin/channels", "Channels and routes", health, "Who is told of what, and when; send a test", account.Administer},
		{"/admin/summaries", "Summaries", health, "Figures for a board, mailed each week or month; send one now", account.Administer},
		{"/admin/notices", "Messages", health, "What waits to be sent, and what could not be", account.Administer},
		{"/admin/users", "Users", people, "Who may sign in, what they may do, and which agencies and sites they see", account.Administer},
		{"/admin/tokens", "Tokens", people, "Keys for programs and scripts", account.Administer},
		{"/admin/health", "Health", collector, "How its stores, disk and queues are; the last backup", account.Administer},
		{"/admin/audit", "Audit", collector, "Who did what, and what was refused", account.Administer},
		{"/admin/ca", "Certificate authority", collector, "What signs the identity of agents, and replacing it", account.Administer},
		{"/admin/about", "About", collector, "Version, and the licenses of what Muster is made of", account.Manage},
	}
}

// adminFrame is what every page of administration has beside its own.
type adminFrame struct {
	Title  texts.T
	Here   string // Path of the page
	Groups []adminGroup
	Done   texts.T // what was done a moment ago
}

type adminGroup struct {
	Title texts.T
	Pages []adminPage
}

func (f *adminFrame) Head() (texts.T, string) { return f.Title, "admin" }

// adminFrame is the list of the pages that somebody may open.
func (s *Site) adminFrame(v *visit, here string) adminFrame {
	f := adminFrame{Here: here, Done: s.done(v)}
	for _, p := range adminPages() {
		if !v.can(p.Right) {
			continue
		}
		if n := len(f.Groups); n == 0 || f.Groups[n-1].Title != p.Group {
			f.Groups = append(f.Groups, adminGroup{Title: p.Group})
		}
		g := &f.Groups[len(f.Groups)-1]
		g.Pages = append(g.Pages, p)
	}
	return f
}

// did sends on to a page that then says what was done.
func (s *Site) did(v *visit, to string, what texts.T) error {
	if err := s.sessions.Put(v.ctx(), what); err != nil {
		return err
	}
	return v.send(to)
}

// done is what was done a moment ago, once.
func (s *Site) done(v *visit) texts.T {
	text, err := s.sessions.Pop(v.ctx())
	if err != nil { // it is said again, which hurts nobody
		s.o.Log.WarnContext(v.ctx(), "session", "error", err)
	}
	return text
}

// adminHub lists what can be administered.
func (s *Site) adminHub(v *visit) error {
	p := &desk{adminFrame: s.adminFrame(v, "/admin")}
	n := 0
	for _, g := range p.Groups {
		n += len(g.Pages)
	}
	p.Title = texts.F("{1} to run Muster", count(n, "page", "pages"))
	return s.render(v, http.StatusOK, "admin", "", p)
}

// desk is a page of administration: cards, one below the other.
type desk struct {
	adminFrame
	Lede  texts.T
	Crumb []link // pages above it
	Cards []*sheet
	Acts  []*form // beside the title
	Again int     // seconds until a page that waits is asked for anew; 0: never
}

type link struct {
	To   string
	Text texts.T
}

// sheet is a card of a desk. What is empty is not drawn.
type sheet struct {
	ID          string
	Title, Note texts.T
	Bad         texts.T // what is wrong, above all
	Table       *grid
	Empty       texts.T // what to do when the table has no rows
	Pairs       []named
	Lists       []listing
	Forms       []*form
	Commands    []command
	Evidence    *evidence
	Progress    *progress
	After       texts.T // below
	More        []link
}

type named struct {
	Name texts.T
	slot
}

// listing is a few lines under a small title.
type listing struct {
	Title texts.T
	Items []texts.T
}

// progress is how far something is.
type progress struct {
	Done, Total int
	Percent     int
	Says        texts.T
	Moving      bool
}

// grid is a table.
type grid struct {
	Caption texts.T
	Heads   []head
	Rows    []gridRow
}

type head struct {
	Title texts.T
	Num   bool
}

type gridRow struct {
	Cells []slot
	Acts  []*form
}

// add appends a row; its first slot is what the row is about.
func (g *grid) add(acts []*form, cells ...slot) { g.Rows = append(g.Rows, gridRow{cells, acts}) }

// HasActs says whether any row can be acted on.
func (g *grid) HasActs() bool {
	for _, r := range g.Rows {
		if len(r.Acts) > 0 {
			return true
		}
	}
	return false
}

// heads are columns by their titles; one that begins with - holds numbers.
func heads(titles ...texts.T) []head {
	var out []head
	for _, t := range titles {
		name, num := t.Cut("-")
		out = append(out, head{name, num})
	}
	return out
}

// show writes a desk.
func (s *Site) show(v *visit, p *desk, again *form) error {
	status := http.StatusOK
	if again != nil && again.wrong() {
		status = http.StatusUnprocessableEntity
	}
	return s.render(v, status, "admin-page", "", p)
}

// sure asks before what cannot be undone: it is true when somebody has said
// yes. Otherwise the page that asks has been written, with all that was sent.
func (s *Site) sure(v *visit, here string, title, button texts.T, says ...texts.T) (bool, error) {
	if v.form("sure") != "" {
		return true, nil
	}
	if err := v.r.ParseForm(); err != nil {
		return false, err
	}
	p := &surePage{adminFrame: s.adminFrame(v, here), Says: says, Button: button, Action: v.r.URL.Path, Back: here}
	p.Title = title
	for name, values := range v.r.PostForm {
		for _, x := range values {
			p.Fields = append(p.Fields, sent{name, x})
		}
	}
	return false, s.render(v, http.StatusOK, "admin-sure", "", p)
}

// surePage asks whether somebody means it.
type surePage struct {
	adminFrame
	Says         []texts.T
	Button       texts.T
	Action, Back string
	Fields       []sent
}

// siteChoices are all sites, to choose one.
func siteChoices(v *visit, none texts.T) ([]choice, error) {
	list, err := v.api.SiteList(v.ctx(), api.SiteListInput{})
	if err != nil {
		return nil, err
	}
	out := []choice{{"", none}}
	for _, x := range list.Sites {
		out = append(out, choice{x.Agency + "/" + x.Name, texts.As(x.Agency + ", " + x.Name)})
	}
	return out, nil
}

// lines are what somebody wrote one a line, or separated by commas.
func lines(text string) []string {
	out := []string{}
	for x := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' || r == ',' || r == ';' }) {
		if x = strings.TrimSpace(x); x != "" {
			out = append(out, x)
		}
	}
	return out
}

// number is a field that holds one; what is none is a fault of that field.
func (f *form) number(name string) int {
	text := f.value(name)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(strings.ReplaceAll(text, ",", ""))
	if err != nil {
		f.fault(name, "Write a whole number, such as 10.")
	}
	return n
}

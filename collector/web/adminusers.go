package web

import (
	"net/http"
	"slices"
	"strings"

	"muster/collector/account"
	"muster/collector/api"
)

const usersAt = "/admin/users"

func userAt(name string) string { return usersAt + "/one?" + queryOf("name", name) }

// roleChoices are the roles, with what each may do.
func roleChoices() []choice {
	return []choice{
		{"intern", "Intern: sees devices, works incidents"},
		{"staff", "Staff: everything about devices"},
		{"admin", "Administrator: everything, accounts too"},
	}
}

// roleName is a role as lists show it.
func roleName(r account.Role) string {
	switch r {
	case account.Admin:
		return "Administrator"
	case account.Staff:
		return "Staff"
	case account.Intern:
		return "Intern"
	}
	return string(r)
}

// scopeFields ask which agencies and sites somebody sees.
func scopeFields(v *visit) ([]*field, error) {
	agencies, err := v.api.AgencyList(v.ctx())
	if err != nil {
		return nil, err
	}
	sites, err := v.api.SiteList(v.ctx(), api.SiteListInput{})
	if err != nil {
		return nil, err
	}
	var a, b []choice
	for _, x := range agencies.Agencies {
		a = append(a, choice{x.Name, x.Name})
	}
	for _, x := range sites.Sites {
		b = append(b, choice{x.Agency + "/" + x.Name, x.Agency + ", " + x.Name})
	}
	var out []*field
	if len(a) > 0 {
		out = append(out, &field{Name: "agencies", Label: "Sees only these agencies", Kind: "choices", Choices: a, Hint: "Nothing ticked here or below: everything. Administrators always see everything."})
	}
	if len(b) > 0 {
		out = append(out, &field{Name: "sites", Label: "And these sites", Kind: "choices", Choices: b})
	}
	return out, nil
}

func (s *Site) userForm(v *visit) (*form, error) {
	more, err := scopeFields(v)
	if err != nil {
		return nil, err
	}
	f := &form{ID: "new", Title: "Add a user", Action: usersAt, Do: "new", Button: "Add", Fields: append([]*field{
		{Name: "name", Label: "Name", Must: true, Max: 63, Hint: "What they sign in with: letters, digits, spaces and . _ @ + -"},
		{Name: "role", Label: "Role", Kind: "select", Choices: roleChoices(), Value: "intern", Must: true},
		{Name: "personal", Label: "Sees facts about persons", Kind: "check", Hint: "Who is at a PC, and the like. Staff and administrators see them anyway."},
	}, more...)}
	if s.o.Provider != nil {
		f.Fields = append(f.Fields, &field{Name: "outside", Label: "Signs in with " + s.o.Provider.Name(), Kind: "check", Hint: "The account gets no password here. Its name must be the one that the provider tells."})
	}
	return f, nil
}

func (s *Site) adminUsers(v *visit) error { return s.usersDesk(v, nil, nil) }

// usersDesk lists accounts; told is what is shown once, above.
func (s *Site) usersDesk(v *visit, again *form, told *sheet) error {
	list, err := v.api.UserList(v.ctx())
	if err != nil {
		return err
	}
	add, err := s.userForm(v)
	if err != nil {
		return err
	}
	p := &desk{adminFrame: s.adminFrame(v, usersAt), Lede: "Who may sign in. What somebody did stays in the audit when their account is gone."}
	g := &grid{Caption: "Users", Heads: heads("Name", "Role", "Sees", "Second factor", "Last signed in")}
	in := 0
	for _, u := range list.Users {
		if !u.Disabled {
			in++
		}
		name := leads(userAt(u.Name), u.Name)
		name.Sub = userState(u)
		seen := slot{Text: "Never"}
		if !u.LastSeenAt.IsZero() {
			seen = ago(u.LastSeenAt)
		}
		g.add(nil, name, txt(roleName(u.Role)), txt(scopeSays(u.Agencies, u.Sites)), txt(factorSays(u)), seen)
	}
	p.Title = count(in, "person may sign in", "people may sign in")
	if told != nil {
		p.Cards = append(p.Cards, told)
	}
	p.Cards = append(p.Cards, &sheet{Table: g, Empty: "Add the people who look after devices. Each gets a link to set a password.", Forms: []*form{add.or(again)}})
	return s.show(v, p, again)
}

func userState(u account.User) string {
	switch {
	case u.Disabled:
		return "Disabled"
	case u.Outside:
		return "Signs in at the provider"
	case !u.HasSecret:
		return "Has no password yet"
	}
	return ""
}

func factorSays(u account.User) string {
	switch {
	case u.HasCode:
		return "On"
	case u.Outside:
		return "At the provider"
	}
	return "Off"
}

func scopeSays(agencies, sites []string) string {
	if len(agencies)+len(sites) == 0 {
		return "Everything"
	}
	return strings.Join(append(slices.Clone(agencies), sites...), ", ")
}

// once is the card of a set-up link, which is shown once.
func once(name string, link api.UserLink) *sheet {
	return &sheet{Title: "Give this link to " + name, Commands: []command{{"Set-up link", link.Link}},
		After: "It is shown now and never again, serves once, and holds for three days. Under it " + name + " chooses a password. Send it on a way that only they read."}
}

func (s *Site) adminUsersAct(v *visit) error {
	if v.form("do") != "new" {
		return unknownAct()
	}
	f, err := s.userForm(v)
	if err != nil {
		return err
	}
	if f.read(v); !f.asked() {
		return s.usersDesk(v, f, nil)
	}
	u, err := v.api.UserNew(v.ctx(), api.UserNewInput{Body: api.UserNew{Name: f.value("name"), Role: f.value("role"), Personal: f.value("personal") != "",
		Agencies: f.at("agencies").Chosen, Sites: f.at("sites").Chosen}})
	if err != nil {
		if f.blame(err) {
			return s.usersDesk(v, f, nil)
		}
		return err
	}
	if f.value("outside") != "" {
		return s.did(v, usersAt, u.Name+" may sign in with "+s.o.Provider.Name()+" now.")
	}
	link, err := v.api.UserLink(v.ctx(), api.NameInput{Name: u.Name})
	if err != nil {
		if p, ok := asProblem(err); ok && p.Status == http.StatusNotImplemented {
			return s.did(v, usersAt, u.Name+" is added. Set a password with muster user password.")
		}
		return err
	}
	return s.usersDesk(v, nil, once(u.Name, link))
}

func (s *Site) userOf(v *visit) (account.User, error) {
	list, err := v.api.UserList(v.ctx())
	if err != nil {
		return account.User{}, err
	}
	name := v.r.URL.Query().Get("name")
	for _, u := range list.Users {
		if u.Name == name {
			return u, nil
		}
	}
	return account.User{}, &api.Problem{Type: "muster:not_found", Status: http.StatusNotFound, Detail: "there is no user of that name any more"}
}

func (s *Site) changeForm(v *visit, u account.User) (*form, error) {
	more, err := scopeFields(v)
	if err != nil {
		return nil, err
	}
	f := &form{ID: "change", Action: userAt(u.Name), Do: "change", Button: "Keep", Fields: append([]*field{
		{Name: "role", Label: "Role", Kind: "select", Choices: roleChoices(), Value: string(u.Role), Must: true},
		{Name: "personal", Label: "Sees facts about persons", Kind: "check", Value: map[bool]string{true: "1"}[u.Personal]},
	}, more...)}
	f.at("agencies").Chosen, f.at("sites").Chosen = u.Agencies, u.Sites
	return f, nil
}

func (s *Site) adminUser(v *visit) error {
	u, err := s.userOf(v)
	if err != nil {
		return err
	}
	return s.userDesk(v, u, nil, nil)
}

func (s *Site) userDesk(v *visit, u account.User, again *form, told *sheet) error {
	list, err := v.api.UserSessions(v.ctx(), api.NameInput{Name: u.Name})
	if err != nil {
		return err
	}
	at, self := userAt(u.Name), u.ID == v.actor.ID
	p := &desk{adminFrame: s.adminFrame(v, usersAt), Crumb: []link{{usersAt, "Users"}}}
	p.Title = u.Name + " is signed in in " + count(len(list.Sessions), "browser", "browsers")
	if len(list.Sessions) == 0 {
		p.Title = u.Name + " is signed in nowhere"
	}
	if u.Disabled {
		p.Title = u.Name + " is disabled"
	}
	if told != nil {
		p.Cards = append(p.Cards, told)
	}
	change, err := s.changeForm(v, u)
	if err != nil {
		return err
	}
	rights := &sheet{Title: "What they may do"}
	switch {
	case self:
		rights.After = "This is your own account: another administrator changes what it may do. Password and second factor are under “Your account”."
		rights.More = []link{{"/account", "Your account"}}
	case u.Outside:
		rights.After = roleName(u.Role) + ", sees: " + scopeSays(u.Agencies, u.Sites) + ". Groups at the provider say so, anew at each sign-in."
	default:
		rights.Forms = []*form{change.or(again)}
	}
	p.Cards = append(p.Cards, rights)
	in := &sheet{Title: "Signing in", Pairs: []named{{"Password", txt(map[bool]string{true: "Set", false: "None"}[u.HasSecret])}, {"Second factor", txt(factorSays(u))}}}
	if !u.Outside && !u.Disabled && !self {
		in.Forms = append(in.Forms, button(at, "link", "New set-up link", u.Name))
	}
	if u.HasCode && !self {
		in.Forms = append(in.Forms, button(at, "factor", "Take the second factor off…", u.Name))
	}
	p.Cards = append(p.Cards, in)
	g := &grid{Caption: "Where " + u.Name + " is signed in", Heads: heads("Browser", "Address", "Signed in", "Last used")}
	for _, x := range list.Sessions {
		signed := slot{At: x.CreatedAt, Sub: "by " + x.How}
		g.add([]*form{button(at, "end", "Sign out", "of "+x.Device+" at "+x.Address, link{"session", x.ID})}, txt(x.Device), slot{Text: x.Address, Mono: true}, signed, ago(x.SeenAt))
	}
	open := &sheet{Title: "Sessions", Table: g, Empty: "None."}
	if len(list.Sessions) > 0 {
		open.Forms = []*form{button(at, "out", "Sign out everywhere", u.Name)}
	}
	p.Cards = append(p.Cards, open)
	if !self {
		end := &sheet{Title: "End of the account", After: "A disabled account keeps what it saved and can be enabled again. A deleted one is gone; the audit keeps what it did."}
		if u.Disabled {
			end.Forms = append(end.Forms, button(at, "enable", "Enable", u.Name))
		} else {
			end.Forms = append(end.Forms, button(at, "disable", "Disable", u.Name))
		}
		end.Forms = append(end.Forms, button(at, "delete", "Delete…", u.Name))
		p.Cards = append(p.Cards, end)
	}
	return s.show(v, p, again)
}

func (s *Site) adminUserAct(v *visit) error {
	u, err := s.userOf(v)
	if err != nil {
		return err
	}
	at, name, do := userAt(u.Name), api.NameInput{Name: u.Name}, v.form("do")
	if u.ID == v.actor.ID && do != "out" && do != "end" {
		return &api.Problem{Type: "muster:conflict", Status: http.StatusConflict, Detail: "this is your own account: another administrator does that"}
	}
	switch do {
	case "change":
		f, err := s.changeForm(v, u)
		if err != nil {
			return err
		}
		f.read(v)
		role, personal := f.value("role"), f.value("personal") != ""
		agencies, sites := append([]string{}, f.at("agencies").Chosen...), append([]string{}, f.at("sites").Chosen...)
		if _, err := v.api.UserSet(v.ctx(), api.UserSetInput{Name: u.Name, Body: api.UserChange{Role: &role, Personal: &personal, Agencies: &agencies, Sites: &sites}}); err != nil {
			if f.blame(err) {
				return s.userDesk(v, u, f, nil)
			}
			return err
		}
		return s.did(v, at, "What "+u.Name+" may do is changed.")
	case "link":
		link, err := v.api.UserLink(v.ctx(), name)
		if err != nil {
			return err
		}
		return s.userDesk(v, u, nil, once(u.Name, link))
	case "factor":
		ok, err := s.sure(v, at, "Take the second factor off "+u.Name+"?", "Take it off", "From then on the password alone lets in. Make sure that it is "+u.Name+" who asks for this: call them back, or see them.")
		if !ok || err != nil {
			return err
		}
		if err := v.api.UserResetFactor(v.ctx(), name); err != nil {
			return err
		}
		return s.did(v, at, u.Name+" signs in without a second factor now.")
	case "end":
		err := v.api.UserSessionEnd(v.ctx(), api.SessionInput{Name: u.Name, ID: v.form("session")})
		if p, ok := asProblem(err); ok && p.Status == http.StatusNotFound {
			return s.did(v, at, "That browser was signed out already.")
		}
		if err != nil {
			return err
		}
		return s.did(v, at, u.Name+" is signed out of that browser.")
	case "out":
		n, err := v.api.UserSignOut(v.ctx(), name)
		if err != nil {
			return err
		}
		return s.did(v, at, u.Name+" is signed out, of "+count(int(n.Ended), "browser", "browsers")+".")
	case "disable", "enable":
		off := do == "disable"
		if _, err := v.api.UserSet(v.ctx(), api.UserSetInput{Name: u.Name, Body: api.UserChange{Disabled: &off}}); err != nil {
			return err
		}
		if off {
			return s.did(v, at, u.Name+" is disabled, and signed out everywhere.")
		}
		return s.did(v, at, u.Name+" may sign in again.")
	case "delete":
		ok, err := s.sure(v, at, "Delete the account "+u.Name+"?", "Delete it", "What it saved for itself is gone then. What it shared, and the audit, stay.")
		if !ok || err != nil {
			return err
		}
		if err := v.api.UserDelete(v.ctx(), name); err != nil {
			return err
		}
		return s.did(v, usersAt, "The account "+u.Name+" is deleted.")
	}
	return unknownAct()
}

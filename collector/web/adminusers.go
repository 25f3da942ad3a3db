package web

import (
	"net/http"
	"slices"
	"strings"

	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/web/texts"
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
func roleName(r account.Role) texts.T {
	switch r {
	case account.Admin:
		return "Administrator"
	case account.Staff:
		return "Staff"
	case account.Intern:
		return "Intern"
	}
	return texts.As(string(r))
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
		a = append(a, choice{x.Name, texts.As(x.Name)})
	}
	for _, x := range sites.Sites {
		b = append(b, choice{x.Agency + "/" + x.Name, texts.As(x.Agency + ", " + x.Name)})
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
		f.Fields = append(f.Fields, &field{Name: "outside", Label: texts.F("Signs in with {1}", s.o.Provider.Name()), Kind: "check", Hint: "The account gets no password here. Its name must be the one that the provider tells."})
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
		name := leads(userAt(u.Name), texts.As(u.Name))
		name.Sub = userState(u)
		seen := slot{Text: "Never"}
		if !u.LastSeenAt.IsZero() {
			seen = ago(u.LastSeenAt)
		}
		g.add(nil, name, say(roleName(u.Role)), say(scopeSays(u.Agencies, u.Sites)), say(factorSays(u)), seen)
	}
	p.Title = count(in, "person may sign in", "people may sign in")
	if told != nil {
		p.Cards = append(p.Cards, told)
	}
	p.Cards = append(p.Cards, &sheet{Table: g, Empty: "Add the people who look after devices. Each gets a link to set a password.", Forms: []*form{add.or(again)}})
	return s.show(v, p, again)
}

func userState(u account.User) texts.T {
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

func factorSays(u account.User) texts.T {
	switch {
	case u.HasCode:
		return "On"
	case u.Outside:
		return "At the provider"
	}
	return "Off"
}

func scopeSays(agencies, sites []string) texts.T {
	if len(agencies)+len(sites) == 0 {
		return "Everything"
	}
	return texts.As(strings.Join(append(slices.Clone(agencies), sites...), ", "))
}

// once is the card of a set-up link, which is shown once.
func once(name string, link api.UserLink) *sheet {
	return &sheet{Title: texts.F("Give this link to {1}", name), Commands: []command{{"Set-up link", link.Link}},
		After: texts.F("It is shown now and never again, serves once, and holds for three days. Under it {1} chooses a password. Send it on a way that only they read.", name)}
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
		return s.did(v, usersAt, texts.F("{1} may sign in with {2} now.", u.Name, s.o.Provider.Name()))
	}
	link, err := v.api.UserLink(v.ctx(), api.NameInput{Name: u.Name})
	if err != nil {
		if p, ok := asProblem(err); ok && p.Status == http.StatusNotImplemented {
			return s.did(v, usersAt, texts.F("{1} is added. Set a password with muster user password.", u.Name))
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
	p.Title = texts.F("{1} is signed in in {2}", u.Name, count(len(list.Sessions), "browser", "browsers"))
	if len(list.Sessions) == 0 {
		p.Title = texts.F("{1} is signed in nowhere", u.Name)
	}
	if u.Disabled {
		p.Title = texts.F("{1} is disabled", u.Name)
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
		rights.After = texts.F("{1}, sees: {2}. Groups at the provider say so, anew at each sign-in.", roleName(u.Role), scopeSays(u.Agencies, u.Sites))
	default:
		rights.Forms = []*form{change.or(again)}
	}
	p.Cards = append(p.Cards, rights)
	in := &sheet{Title: "Signing in", Pairs: []named{{"Password", txt(map[bool]string{true: "Set", false: "None"}[u.HasSecret])}, {"Second factor", say(factorSays(u))}}}
	if !u.Outside && !u.Disabled && !self {
		in.Forms = append(in.Forms, button(at, "link", "New set-up link", texts.As(u.Name)))
	}
	if u.HasCode && !self {
		in.Forms = append(in.Forms, button(at, "factor", "Take the second factor off…", texts.As(u.Name)))
	}
	p.Cards = append(p.Cards, in)
	g := &grid{Caption: texts.F("Where {1} is signed in", u.Name), Heads: heads("Browser", "Address", "Signed in", "Last used")}
	for _, x := range list.Sessions {
		signed := slot{At: x.CreatedAt, Sub: texts.F("by {1}", x.How)}
		g.add([]*form{button(at, "end", "Sign out", texts.F("of {1} at {2}", x.Device, x.Address), sent{"session", x.ID})}, txt(x.Device), slot{Text: texts.As(x.Address), Mono: true}, signed, ago(x.SeenAt))
	}
	open := &sheet{Title: "Sessions", Table: g, Empty: "None."}
	if len(list.Sessions) > 0 {
		open.Forms = []*form{button(at, "out", "Sign out everywhere", texts.As(u.Name))}
	}
	p.Cards = append(p.Cards, open)
	if !self {
		end := &sheet{Title: "End of the account", After: "A disabled account keeps what it saved and can be enabled again. A deleted one is gone; the audit keeps what it did."}
		if u.Disabled {
			end.Forms = append(end.Forms, button(at, "enable", "Enable", texts.As(u.Name)))
		} else {
			end.Forms = append(end.Forms, button(at, "disable", "Disable", texts.As(u.Name)))
		}
		end.Forms = append(end.Forms, button(at, "delete", "Delete…", texts.As(u.Name)))
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
		return s.did(v, at, texts.F("What {1} may do is changed.", u.Name))
	case "link":
		link, err := v.api.UserLink(v.ctx(), name)
		if err != nil {
			return err
		}
		return s.userDesk(v, u, nil, once(u.Name, link))
	case "factor":
		ok, err := s.sure(v, at, texts.F("Take the second factor off {1}?", u.Name), "Take it off", texts.F("From then on the password alone lets in. Make sure that it is {1} who asks for this: call them back, or see them.", u.Name))
		if !ok || err != nil {
			return err
		}
		if err := v.api.UserResetFactor(v.ctx(), name); err != nil {
			return err
		}
		return s.did(v, at, texts.F("{1} signs in without a second factor now.", u.Name))
	case "end":
		err := v.api.UserSessionEnd(v.ctx(), api.SessionInput{Name: u.Name, ID: v.form("session")})
		if p, ok := asProblem(err); ok && p.Status == http.StatusNotFound {
			return s.did(v, at, "That browser was signed out already.")
		}
		if err != nil {
			return err
		}
		return s.did(v, at, texts.F("{1} is signed out of that browser.", u.Name))
	case "out":
		n, err := v.api.UserSignOut(v.ctx(), name)
		if err != nil {
			return err
		}
		return s.did(v, at, texts.F("{1} is signed out, of {2}.", u.Name, count(int(n.Ended), "browser", "browsers")))
	case "disable", "enable":
		off := do == "disable"
		if _, err := v.api.UserSet(v.ctx(), api.UserSetInput{Name: u.Name, Body: api.UserChange{Disabled: &off}}); err != nil {
			return err
		}
		if off {
			return s.did(v, at, texts.F("{1} is disabled, and signed out everywhere.", u.Name))
		}
		return s.did(v, at, texts.F("{1} may sign in again.", u.Name))
	case "delete":
		ok, err := s.sure(v, at, texts.F("Delete the account {1}?", u.Name), "Delete it", "What it saved for itself is gone then. What it shared, and the audit, stay.")
		if !ok || err != nil {
			return err
		}
		if err := v.api.UserDelete(v.ctx(), name); err != nil {
			return err
		}
		return s.did(v, usersAt, texts.F("The account {1} is deleted.", u.Name))
	}
	return unknownAct()
}

package web

import (
	"muster/collector/api"
	"muster/collector/web/texts"
)

const tokensAt = "/admin/tokens"

func tokenForm(v *visit) (*form, error) {
	more, err := scopeFields(v)
	if err != nil {
		return nil, err
	}
	return &form{ID: "new", Title: "Make a token", Action: tokensAt, Do: "new", Button: "Make", Fields: append([]*field{
		{Name: "name", Label: "Name", Must: true, Max: 63, Hint: "What it is for: the audit calls it so. A name serves once.", Example: "grafana"},
		{Name: "role", Label: "Role", Kind: "select", Choices: roleChoices(), Value: "intern", Must: true},
		{Name: "expires", Label: "Ends", Kind: "select", Choices: []choice{{"30d", "After 30 days"}, {"90d", "After 90 days"}, {"365d", "After a year"}, {"never", "Never"}}, Value: "365d", Must: true},
		{Name: "personal", Label: "Sees facts about persons", Kind: "check"},
	}, more...)}, nil
}

func (s *Site) adminTokens(v *visit) error { return s.tokensDesk(v, nil, nil) }

// tokensDesk lists tokens; told is what is shown once, above.
func (s *Site) tokensDesk(v *visit, again *form, told *sheet) error {
	list, err := v.api.TokenList(v.ctx())
	if err != nil {
		return err
	}
	add, err := tokenForm(v)
	if err != nil {
		return err
	}
	p := &desk{adminFrame: s.adminFrame(v, tokensAt), Lede: "A token lets a program or a script in: the command line, a report, another system. It has a role and a scope as a person has."}
	g := &grid{Caption: "Tokens", Heads: heads("Name", "Role", "Sees", "Made", "Last used", "Ends")}
	holds := 0
	for _, t := range list.Tokens {
		name, ends := txt(t.Name), at(t.ExpiresAt)
		var acts []*form
		switch {
		case !t.RevokedAt.IsZero():
			name.Sub, name.Class, ends = "Revoked", "quiet", at(t.RevokedAt)
		case !t.ExpiresAt.IsZero() && v.now.After(t.ExpiresAt):
			name.Sub, name.Class = "Ran out", "quiet"
		default:
			holds++
			acts = []*form{button(tokensAt, "revoke", "Revoke…", texts.As(t.Name), sent{"token", t.Name})}
			if t.ExpiresAt.IsZero() {
				ends = say("Never")
			}
		}
		used := say("Never")
		if !t.LastUsedAt.IsZero() {
			used = ago(t.LastUsedAt)
		}
		g.add(acts, name, say(roleName(t.Role)), say(scopeSays(t.Agencies, t.Sites)), slot{At: t.CreatedAt, Sub: texts.F("by {1}", t.CreatedBy)}, used, ends)
	}
	p.Title = count(holds, "token holds", "tokens hold")
	if len(list.Tokens) == 0 {
		p.Title = "There are no tokens"
	}
	if told != nil {
		p.Cards = append(p.Cards, told)
	}
	p.Cards = append(p.Cards, &sheet{Table: g, Empty: "A program needs one to ask the API: give it the least role and scope that does.", Forms: []*form{add.or(again)}})
	return s.show(v, p, again)
}

func (s *Site) adminTokensAct(v *visit) error {
	switch v.form("do") {
	case "new":
		f, err := tokenForm(v)
		if err != nil {
			return err
		}
		if f.read(v); !f.asked() {
			return s.tokensDesk(v, f, nil)
		}
		made, err := v.api.TokenNew(v.ctx(), api.TokenNewInput{Body: api.TokenNew{Name: f.value("name"), Role: f.value("role"), Personal: f.value("personal") != "",
			Agencies: f.at("agencies").Chosen, Sites: f.at("sites").Chosen, Expires: f.value("expires")}})
		if err != nil {
			if f.blame(err) {
				return s.tokensDesk(v, f, nil)
			}
			return err
		}
		return s.tokensDesk(v, nil, &sheet{Title: texts.F("The token {1}", made.Token.Name), Commands: []command{{"Token", made.Text}},
			After: "It is shown now and never again. Put it into a file that only the program reads (--token-file), or into MUSTER_TOKEN."})
	case "revoke":
		name := v.form("token")
		ok, err := s.sure(v, tokensAt, texts.F("Revoke the token {1}?", clip(name, 63)), "Revoke it", "What uses it is out at once. A revoked token does not come back, and its name is taken for good.")
		if !ok || err != nil {
			return err
		}
		if err := v.api.TokenRevoke(v.ctx(), api.NameInput{Name: name}); err != nil {
			return err
		}
		return s.did(v, tokensAt, texts.F("The token {1} is revoked.", clip(name, 63)))
	}
	return unknownAct()
}

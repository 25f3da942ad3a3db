package api

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"muster/collector/account"
	"muster/collector/store"
)

// tokenLife is how long a token lasts when nobody says.
const tokenLife = 365 * 24 * time.Hour

func (s *Server) setupLink(ctx context.Context, _ *NoInput) (SetupLink, error) {
	if s.d.SetupLink == nil {
		return SetupLink{}, nil
	}
	link, err := s.d.SetupLink(ctx)
	return SetupLink{Link: link}, err
}

func (s *Server) meShow(ctx context.Context, _ *NoInput) (Me, error) {
	a := actorOf(ctx)
	via, _, _ := strings.Cut(a.Via, " ")
	out := Me{Name: a.Name, Via: via, Role: string(a.Role), Rights: []string{}}
	for _, r := range allRights() {
		if a.Can(r) == nil {
			out.Rights = append(out.Rights, string(r))
		}
	}
	if a.Scope.All {
		return out, nil
	}
	agencies, err := s.d.Inventory.Agencies(ctx, a.Scope)
	if err != nil {
		return out, err
	}
	for _, x := range agencies {
		if slices.Contains(a.Scope.Agencies, x.ID) {
			out.Agencies = append(out.Agencies, x.Name)
		}
	}
	sites, err := s.d.Inventory.Sites(ctx, a.Scope)
	if err != nil {
		return out, err
	}
	for _, x := range sites {
		if slices.Contains(a.Scope.Sites, x.ID) {
			out.Sites = append(out.Sites, x.Agency+"/"+x.Name)
		}
	}
	return out, nil
}

func allRights() []account.Right {
	return []account.Right{account.Self, account.Read, account.ReadPersonal, account.Work, account.Edit, account.Query, account.Manage, account.Administer}
}

// scope finds the agencies and sites that an account is bound to. Names that
// do not exist are an error: an account must never end up seeing more, or
// nothing, by a slip.
func (s *Server) scope(ctx context.Context, agencies, sites []string) (store.Scope, []string, []string, error) {
	var out store.Scope
	var a, b []string
	for _, name := range agencies {
		x, err := s.agency(ctx, name)
		if err != nil {
			return out, nil, nil, err
		}
		if !slices.Contains(out.Agencies, x.ID) {
			out.Agencies, a = append(out.Agencies, x.ID), append(a, x.Name)
		}
	}
	for _, name := range sites {
		x, err := s.site(ctx, name)
		if err != nil {
			return out, nil, nil, err
		}
		if !slices.Contains(out.Sites, x.ID) {
			out.Sites, b = append(out.Sites, x.ID), append(b, x.Agency+"/"+x.Name)
		}
	}
	out.All = len(out.Agencies)+len(out.Sites) == 0
	return out, a, b, nil
}

// names tells the names of a scope. Accounts keep the numbers of agencies and
// sites, which stay when somebody renames them.
func (s *Server) names(ctx context.Context) (func(store.Scope) (agencies, sites []string), error) {
	agencies, err := s.d.Inventory.Agencies(ctx, store.Scope{All: true})
	if err != nil {
		return nil, err
	}
	sites, err := s.d.Inventory.Sites(ctx, store.Scope{All: true})
	if err != nil {
		return nil, err
	}
	return func(x store.Scope) (a, b []string) {
		for _, k := range agencies {
			if slices.Contains(x.Agencies, k.ID) {
				a = append(a, k.Name)
			}
		}
		for _, k := range sites {
			if slices.Contains(x.Sites, k.ID) {
				b = append(b, k.Agency+"/"+k.Name)
			}
		}
		return a, b
	}, nil
}

// boundTo says which account or invitation would lose its place, or worse,
// get another one that later takes the number, if a place were deleted.
func (s *Server) boundTo(ctx context.Context, what string, bound func(store.Scope) bool) error {
	users, err := s.d.Accounts.Store.Users(ctx)
	if err != nil {
		return err
	}
	for _, u := range users {
		if bound(u.Scope) {
			return NewProblem(conflict, "user %s is bound to %s: change the user first", u.Name, what)
		}
	}
	tokens, err := s.d.Accounts.Store.Tokens(ctx)
	if err != nil {
		return err
	}
	now := s.d.Now()
	for _, t := range tokens {
		over := !t.RevokedAt.IsZero() || !t.ExpiresAt.IsZero() && now.After(t.ExpiresAt)
		if !over && bound(t.Scope) {
			return NewProblem(conflict, "token %s is bound to %s: revoke it first", t.Name, what)
		}
	}
	return nil
}

// roleFits refuses an admin with a scope: what an admin does reaches beyond
// any, so the scope would promise what it cannot keep.
func roleFits(role account.Role, scope store.Scope) error {
	if role == account.Admin && !scope.All {
		return NewProblem(invalid, "an admin cannot be bound to agencies or sites: choose the role staff")
	}
	return nil
}

func (s *Server) userList(ctx context.Context, _ *NoInput) (UserList, error) {
	list, err := s.d.Accounts.Store.Users(ctx)
	if err != nil {
		return UserList{}, err
	}
	names, err := s.names(ctx)
	if err != nil {
		return UserList{}, err
	}
	out := UserList{Users: []User{}}
	for _, u := range list {
		u.Agencies, u.Sites = names(u.Scope)
		out.Users = append(out.Users, u)
	}
	return out, nil
}

func (s *Server) user(ctx context.Context, name string) (User, error) {
	list, err := s.d.Accounts.Store.Users(ctx)
	if err != nil {
		return User{}, err
	}
	var names []string
	for _, u := range list {
		if strings.EqualFold(u.Name, name) {
			return u, nil
		}
		names = append(names, u.Name)
	}
	return User{}, NewProblem(notFound, "there is no user %q%s: muster user list shows them", clip(printable(name), 70), near(name, names))
}

func (s *Server) userNew(ctx context.Context, in *UserNewInput) (User, error) {
	onto(ctx, in.Body.Name)
	if err := account.CheckName(in.Body.Name); err != nil {
		return User{}, NewProblem(invalid, "%v", err)
	}
	u := User{Name: in.Body.Name, Role: account.Role(in.Body.Role), Personal: in.Body.Personal, CreatedAt: s.d.Now()}
	var err error
	if u.Scope, u.Agencies, u.Sites, err = s.scope(ctx, in.Body.Agencies, in.Body.Sites); err != nil {
		return User{}, err
	}
	if err := roleFits(u.Role, u.Scope); err != nil {
		return User{}, err
	}
	if _, err := s.user(ctx, u.Name); err == nil {
		return User{}, NewProblem(conflict, "there is a user %q already", u.Name)
	}
	hash := ""
	if in.Body.Password != "" {
		if hash, err = s.hash(ctx, in.Body.Password); err != nil {
			return User{}, err
		}
	}
	note(ctx, "role", string(u.Role))
	note(ctx, "scope", strings.Join(append(slices.Clone(u.Agencies), u.Sites...), ", "))
	return s.d.Accounts.Store.PutUser(ctx, u, hash)
}

// hash turns a password into what is stored; the policy's words may be shown.
func (s *Server) hash(ctx context.Context, p Secret) (string, error) {
	h, err := s.d.Accounts.HashPassword(ctx, string(p))
	if err != nil && ctx.Err() == nil {
		return "", NewProblem(invalid, "%v", err)
	}
	return h, err
}

func (s *Server) userSet(ctx context.Context, in *UserSetInput) (User, error) {
	u, err := s.user(ctx, in.Name)
	if err != nil {
		return User{}, err
	}
	c := in.Body
	if c.Role != nil {
		u.Role = account.Role(*c.Role)
		note(ctx, "role", *c.Role)
	}
	if c.Personal != nil {
		u.Personal = *c.Personal
	}
	if c.Disabled != nil {
		u.Disabled = *c.Disabled
		note(ctx, "disabled", map[bool]string{true: "true", false: "false"}[u.Disabled])
	}
	names, err := s.names(ctx)
	if err != nil {
		return User{}, err
	}
	u.Agencies, u.Sites = names(u.Scope)
	if c.Agencies != nil {
		u.Agencies = *c.Agencies
	}
	if c.Sites != nil {
		u.Sites = *c.Sites
	}
	if u.Scope, u.Agencies, u.Sites, err = s.scope(ctx, u.Agencies, u.Sites); err != nil {
		return User{}, err
	}
	if err := roleFits(u.Role, u.Scope); err != nil {
		return User{}, err
	}
	note(ctx, "scope", strings.Join(append(slices.Clone(u.Agencies), u.Sites...), ", "))
	return s.d.Accounts.Store.PutUser(ctx, u, "")
}

func (s *Server) userDelete(ctx context.Context, in *NameInput) (Nothing, error) {
	u, err := s.user(ctx, in.Name)
	if err != nil {
		return Nothing{}, err
	}
	return Nothing{}, s.d.Accounts.Store.DeleteUser(ctx, u.Name)
}

func (s *Server) userPassword(ctx context.Context, in *PasswordInput) (Nothing, error) {
	u, err := s.user(ctx, in.Name)
	if err != nil {
		return Nothing{}, err
	}
	hash, err := s.hash(ctx, in.Body.Password)
	if err != nil {
		return Nothing{}, err
	}
	_, err = s.d.Accounts.Store.PutUser(ctx, u, hash)
	return Nothing{}, err
}

func (s *Server) tokenList(ctx context.Context, _ *NoInput) (TokenList, error) {
	list, err := s.d.Accounts.Store.Tokens(ctx)
	if err != nil {
		return TokenList{}, err
	}
	names, err := s.names(ctx)
	if err != nil {
		return TokenList{}, err
	}
	out := TokenList{Tokens: []Token{}}
	for _, t := range list {
		t.Agencies, t.Sites = names(t.Scope)
		out.Tokens = append(out.Tokens, t)
	}
	return out, nil
}

func (s *Server) tokenNew(ctx context.Context, in *TokenNewInput) (TokenMade, error) {
	onto(ctx, in.Body.Name)
	if err := account.CheckName(in.Body.Name); err != nil {
		return TokenMade{}, NewProblem(invalid, "%v", err)
	}
	now := s.d.Now()
	t := Token{Name: in.Body.Name, Role: account.Role(in.Body.Role), Personal: in.Body.Personal, CreatedBy: actorOf(ctx).Name, ExpiresAt: now.Add(tokenLife)}
	var err error
	switch in.Body.Expires {
	case "":
	case "never":
		t.ExpiresAt = time.Time{}
	default:
		if t.ExpiresAt, err = later("expires", in.Body.Expires, now); err != nil {
			return TokenMade{}, err
		}
		if !t.ExpiresAt.After(now) {
			return TokenMade{}, NewProblem(invalid, "expires: %s is not in the future", t.ExpiresAt.Format(time.RFC3339))
		}
	}
	if t.Scope, t.Agencies, t.Sites, err = s.scope(ctx, in.Body.Agencies, in.Body.Sites); err != nil {
		return TokenMade{}, err
	}
	if err := roleFits(t.Role, t.Scope); err != nil {
		return TokenMade{}, err
	}
	note(ctx, "role", string(t.Role))
	note(ctx, "scope", strings.Join(append(slices.Clone(t.Agencies), t.Sites...), ", "))
	made, text, err := s.d.Accounts.NewToken(ctx, t)
	if errors.Is(err, store.ErrConflict) {
		return TokenMade{}, NewProblem(conflict, "there is a token %q already: choose another name", t.Name)
	}
	if err != nil {
		return TokenMade{}, err
	}
	return TokenMade{Token: made, Text: text}, nil
}

func (s *Server) tokenRevoke(ctx context.Context, in *NameInput) (Nothing, error) {
	err := s.d.Accounts.Store.RevokeToken(ctx, in.Name, s.d.Now())
	if errors.Is(err, store.ErrNotFound) {
		return Nothing{}, NewProblem(notFound, "there is no token %q: muster token list shows them", clip(printable(in.Name), 70))
	}
	return Nothing{}, err
}

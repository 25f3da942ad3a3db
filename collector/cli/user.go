package cli

import (
	"context"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) userCommand() *cobra.Command {
	return nounCommand("user", "Accounts of people", `
		muster user add dana --role staff
		muster user list`,
		s.userList(),
		s.userAdd(),
		s.userSet(),
		s.command(verb{
			use:     "remove NAME",
			short:   "Delete an account; the audit keeps what it did",
			example: `muster user remove dana`,
			run: func(ctx context.Context, args []string) error {
				c, err := s.client()
				if err != nil {
					return err
				}
				if err := c.UserDelete(ctx, api.NameInput{Name: args[0]}); err != nil {
					return err
				}
				return s.did(done{true}, "user %s is deleted", args[0])
			},
		}),
		s.userPassword(),
		s.userLink(),
		s.userSessions(),
		s.userSignOut(),
		s.userResetFactor(),
		s.userSetupLink(),
	)
}

func (s *session) userSetupLink() *cobra.Command {
	return s.command(verb{
		use:     "setup-link",
		short:   "Show the link under which the first account is made; it holds for an hour",
		example: `muster user setup-link`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			a, err := c.SetupLink(ctx)
			if err != nil {
				return err
			}
			if a.Link == "" {
				return s.did(a, "there is no link: somebody has an account already (muster user list), or this collector was built without pages")
			}
			return s.did(a, "%s", a.Link)
		},
	})
}

func (s *session) userList() *cobra.Command {
	return s.command(verb{
		use:     "list",
		short:   "List accounts",
		example: `muster user list`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.UserList(ctx)
			if err != nil {
				return err
			}
			g := newGrid("name", "role", "scope", "personal", "disabled", "has_password", "has_code", "last_seen_at:"+unitAgo, "created_at:"+unitAgo)
			if s.output == "csv" { // the API's columns
				g = newGrid("name", "role", "agencies", "sites", "personal", "disabled", "has_password", "created_at", "last_seen_at")
			}
			for _, u := range list.Users {
				if s.output == "csv" {
					g.add(u.Name, u.Role, u.Agencies, u.Sites, u.Personal, u.Disabled, u.HasSecret, u.CreatedAt, u.LastSeenAt)
				} else {
					g.add(u.Name, u.Role, scopeWords(u.Agencies, u.Sites), u.Personal, u.Disabled, u.HasSecret, u.HasCode, u.LastSeenAt, u.CreatedAt)
				}
			}
			return s.show(g, list, "there are no accounts; muster user add NAME --role ROLE makes one")
		},
	})
}

func (s *session) userAdd() *cobra.Command {
	var scope scopeFlags
	var without bool
	c := s.command(verb{
		use:   "add NAME",
		short: "Make an account; the password is asked for, or is the input's first line",
		example: `
			muster user add dana --role staff
			muster user add sam --role intern --site health/hartford --no-password`,
		run: func(ctx context.Context, args []string) error {
			if err := scope.check(true); err != nil {
				return err
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			in := api.UserNew{
				Name: args[0], Role: scope.role, Agencies: withoutEmpty(scope.agencies),
				Sites: withoutEmpty(scope.sites), Personal: scope.personal,
			}
			if !without {
				password, err := s.askSecret(ctx, "password of "+args[0])
				if err != nil {
					return err
				}
				in.Password = api.Secret(password)
			}
			u, err := c.UserNew(ctx, api.UserNewInput{Body: in})
			if err != nil {
				return err
			}
			if without {
				return s.did(u, "user %s is made; nobody can sign in to it before muster user password %s", u.Name, u.Name)
			}
			return s.did(u, "user %s is made", u.Name)
		},
	})
	scope.register(c)
	c.Flags().BoolVar(&without, "no-password", false, "ask for none: nobody can sign in until one is set")
	return c
}

func (s *session) userSet() *cobra.Command {
	var scope scopeFlags
	var disabled bool
	var cmd *cobra.Command
	cmd = s.command(verb{
		use:   "set NAME",
		short: "Change an account; what is not named stays",
		long:  "Change an account; what is not named stays. --agency '' and --site '' empty the\nscope, which then is everything.",
		example: `
			muster user set dana --role admin
			muster user set dana --disabled`,
		run: func(ctx context.Context, args []string) error {
			if err := scope.check(false); err != nil {
				return err
			}
			var change api.UserChange
			changed := cmd.Flags().Changed
			if changed("role") {
				change.Role = &scope.role
			}
			if changed("agency") {
				list := withoutEmpty(scope.agencies)
				change.Agencies = &list
			}
			if changed("site") {
				list := withoutEmpty(scope.sites)
				change.Sites = &list
			}
			if changed("personal") {
				change.Personal = &scope.personal
			}
			if changed("disabled") {
				change.Disabled = &disabled
			}
			if change == (api.UserChange{}) {
				return usage("say what to change: --role, --agency, --site, --personal or --disabled")
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			u, err := c.UserSet(ctx, api.UserSetInput{Name: args[0], Body: change})
			if err != nil {
				return err
			}
			return s.did(u, "user %s is changed", u.Name)
		},
	})
	scope.register(cmd)
	cmd.Flags().BoolVar(&disabled, "disabled", false, "keep the account from signing in (--disabled=false lets it again)")
	return cmd
}

func (s *session) userPassword() *cobra.Command {
	return s.command(verb{
		use:   "password NAME",
		short: "Set a password, asked for or from the input's first line",
		example: `
			muster user password dana
			pass show muster/dana | muster user password dana`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			password, err := s.askSecret(ctx, "new password of "+args[0])
			if err != nil {
				return err
			}
			if err := c.UserPassword(ctx, api.PasswordInput{Name: args[0], Body: api.Password{Password: api.Secret(password)}}); err != nil {
				return err
			}
			return s.did(done{true}, "the password of %s is set", args[0])
		},
	})
}

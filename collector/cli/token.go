package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) tokenCommand() *cobra.Command {
	return nounCommand("token", "Tokens: keys for scripts and for this program from elsewhere", `
		muster token new grafana --role intern
		muster token list`,
		s.tokenNew(),
		s.tokenList(),
		s.command(verb{
			use:     "revoke NAME",
			short:   "Revoke a token at once",
			example: `muster token revoke grafana`,
			run: func(ctx context.Context, args []string) error {
				c, err := s.client()
				if err != nil {
					return err
				}
				if err := c.TokenRevoke(ctx, api.NameInput{Name: args[0]}); err != nil {
					return err
				}
				return s.did(done{true}, "token %s is revoked", args[0])
			},
		}),
	)
}

func (s *session) tokenNew() *cobra.Command {
	var scope scopeFlags
	var expires, file string
	c := s.command(verb{
		use:   "new NAME",
		short: "Make a token; it is the last line",
		long: `Make a token and print it as the last line of the output. It is shown once. Use
it with --server, by --token-file or MUSTER_TOKEN, or as Authorization: Bearer.`,
		example: `
			muster token new grafana --role intern
			muster token new backup --role staff --expires 90d --file backup.token`,
		run: func(ctx context.Context, args []string) error {
			if err := scope.check(true); err != nil {
				return err
			}
			ends := expires
			if ends != "never" {
				var err error
				if ends, err = s.expiry("--expires", expires); err != nil {
					return err
				}
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			in := api.TokenNew{
				Name: args[0], Role: scope.role, Agencies: withoutEmpty(scope.agencies),
				Sites: withoutEmpty(scope.sites), Personal: scope.personal, Expires: ends,
			}
			var made api.TokenMade
			return s.giveOut(file, func() (secret string, answer any, err error) {
				made, err = c.TokenNew(ctx, api.TokenNewInput{Body: in})
				return made.Text, made, err
			}, func() {
				s.say("token %s, %s, %s", made.Token.Name, made.Token.Role, until(s.look(), made.Token.ExpiresAt))
			})
		},
	})
	scope.register(c)
	c.Flags().StringVar(&expires, "expires", "", "when it ends: a `duration` such as 90d, a day, or never (default 365d)")
	c.Flags().StringVar(&file, "file", "", "write it into this new `file` (mode 0600) instead of showing it")
	return c
}

func until(l look, t time.Time) string {
	if t.IsZero() {
		return "without end"
	}
	return "until " + l.time(t)
}

func (s *session) tokenList() *cobra.Command {
	return s.command(verb{
		use:     "list",
		short:   "List tokens",
		example: `muster token list`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.TokenList(ctx)
			if err != nil {
				return err
			}
			g := newGrid("name", "role", "scope", "personal", "expires_at:"+unitAgo, "last_used_at:"+unitAgo, "created_by", "created_at:"+unitAgo, "revoked_at:"+unitAgo)
			if s.output == "csv" { // the API's columns
				g = newGrid("name", "role", "agencies", "sites", "personal", "created_by", "created_at", "expires_at", "last_used_at", "revoked_at")
			}
			for _, t := range list.Tokens {
				if s.output == "csv" {
					g.add(t.Name, t.Role, t.Agencies, t.Sites, t.Personal, t.CreatedBy, t.CreatedAt, t.ExpiresAt, t.LastUsedAt, t.RevokedAt)
				} else {
					g.add(t.Name, t.Role, scopeWords(t.Agencies, t.Sites), t.Personal, t.ExpiresAt, t.LastUsedAt, t.CreatedBy, t.CreatedAt, t.RevokedAt)
				}
			}
			return s.show(g, list, "there are no tokens; muster token new NAME --role ROLE makes one")
		},
	})
}

package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"muster/collector/api"
	"muster/collector/store"
)

func (s *session) credentialCommand() *cobra.Command {
	return nounCommand("credential", "Credentials: with what network gear is asked", `
		muster credential add core --version 3 --user muster --auth sha256 --priv aes
		muster credential add public-ro --version 2c --community-file community
		muster credential list`,
		s.credentialList(),
		s.credentialAdd(),
		s.command(verb{
			use:     "remove NAME",
			short:   "Delete a credential that no subnet and no target is asked with",
			example: `muster credential remove public-ro`,
			run: func(ctx context.Context, args []string) error {
				c, err := s.client()
				if err != nil {
					return err
				}
				if err := c.CredentialDelete(ctx, api.CredentialInput{Name: args[0]}); err != nil {
					return err
				}
				return s.did(done{true}, "credential %s is deleted", args[0])
			},
		}),
	)
}

func (s *session) credentialList() *cobra.Command {
	return s.command(verb{
		use:     "list",
		short:   "List credentials, without what is secret",
		example: `muster credential list`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.CredentialList(ctx)
			if err != nil {
				return err
			}
			g := newGrid("name", "version", "user", "auth", "priv", "context", "secrets", "subnets", "-created_at", "changed_at:"+unitAgo, "changed_by")
			for _, x := range list.Credentials {
				g.add(x.Name, x.Version, x.User, x.Auth, x.Priv, x.Context, x.Secrets, x.Subnets, x.CreatedAt, x.ChangedAt, x.ChangedBy)
			}
			return s.show(g, list, "there are no credentials, so no gear is asked; muster credential add NAME --version 3 makes one")
		},
	})
}

// A secret of a credential comes by file or environment, or is asked for: an
// argument is seen by every process of the machine.
type credentialSecret struct {
	name, flag, env, prompt string
	needed                  func(version, auth, priv string) bool
}

func credentialSecretList() []credentialSecret {
	return []credentialSecret{
		{"community", "community-file", "MUSTER_CREDENTIAL_COMMUNITY", "community", func(version, _, _ string) bool { return version != "3" }},
		{"auth", "auth-secret-file", "MUSTER_CREDENTIAL_AUTH_SECRET", "auth secret", func(version, auth, _ string) bool { return version == "3" && auth != "" }},
		{"priv", "priv-secret-file", "MUSTER_CREDENTIAL_PRIV_SECRET", "priv secret", func(version, _, priv string) bool { return version == "3" && priv != "" }},
	}
}

func (s *session) credentialAdd() *cobra.Command {
	var version, user, auth, priv, snmpContext string
	files := map[string]*string{}
	var cmd *cobra.Command
	cmd = s.command(verb{
		use:   "add NAME",
		short: "Make a credential, or change what is named of one",
		long: `Make a credential, or change what is named of one. Secrets come by file or by
environment (MUSTER_CREDENTIAL_COMMUNITY, MUSTER_CREDENTIAL_AUTH_SECRET,
MUSTER_CREDENTIAL_PRIV_SECRET); those that lack are asked for, or are lines of the
input in this order. They are never an argument, and no command shows them again.
Without a flag the secrets of a credential that is there are asked for anew.

Communities of versions 1 and 2c travel unencrypted: they are sent only where a
subnet allows that, or somebody looks for gear by hand.`,
		example: `
			muster credential add core --version 3 --user muster --auth sha256 --priv aes
			muster credential add public-ro --version 2c --community-file community
			MUSTER_CREDENTIAL_COMMUNITY="$(pass show snmp)" muster credential add public-ro --version 2c
			muster credential add core`,
		run: func(ctx context.Context, args []string) error {
			if strings.TrimSpace(args[0]) == "" {
				return usage("NAME is empty: a credential needs a name")
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.CredentialList(ctx)
			if err != nil {
				return err
			}
			var old api.Credential
			i := slices.IndexFunc(list.Credentials, func(x api.Credential) bool { return strings.EqualFold(x.Name, args[0]) })
			if i >= 0 {
				old = list.Credentials[i]
			}
			changed := cmd.Flags().Changed
			if i < 0 && !changed("version") {
				return usage("--version is missing: 3, 2c or 1")
			}
			var put api.CredentialPut
			now := old
			if changed("version") && version != old.Version {
				now = api.Credential{Version: version} // begins anew
			}
			for _, x := range []struct {
				flag  string
				value *string
				into  **string
				now   *string
			}{{"version", &version, &put.Version, &now.Version}, {"user", &user, &put.User, &now.User}, {"auth", &auth, &put.Auth, &now.Auth},
				{"priv", &priv, &put.Priv, &now.Priv}, {"context", &snmpContext, &put.Context, &now.Context}} {
				if changed(x.flag) {
					*x.into, *x.now = x.value, *x.value
				}
			}
			// What cannot be is said before anybody types a secret.
			told := store.Credential{ID: "new", Name: args[0], Version: now.Version, User: now.User, Auth: now.Auth, Priv: now.Priv, Context: now.Context}
			if err := told.Check(); err != nil {
				return usage("%s", strings.TrimPrefix(err.Error(), "credential "+args[0]+": "))
			}
			anew := i >= 0
			cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) { anew = anew && !f.Changed })
			if put.Secrets, err = s.credentialSecrets(ctx, files, now, anew); err != nil {
				return err
			}
			x, err := c.CredentialSet(ctx, api.CredentialPutInput{Name: args[0], Body: put})
			if err != nil {
				return err
			}
			did := "changed"
			if i < 0 {
				did = "made"
			}
			return s.did(x, "credential %s is %s", x.Name, did)
		},
	})
	cmd.Annotations = map[string]string{secretNear: "yes"}
	f := cmd.Flags()
	f.StringVar(&version, "version", "", "`version` of SNMP: 3, 2c or 1")
	f.StringVar(&user, "user", "", "`user` of version 3")
	f.StringVar(&auth, "auth", "", "`digest` that signs messages of version 3: md5, sha, sha224, sha256, sha384, sha512")
	f.StringVar(&priv, "priv", "", "`cipher` that encrypts them: des, aes, aes192, aes256; aes192c and aes256c as Cisco extends keys")
	f.StringVar(&snmpContext, "context", "", "`context` of version 3, where a device wants one")
	for _, x := range credentialSecretList() {
		files[x.name] = f.String(x.flag, "", "`file` that holds the "+x.prompt+" (or "+x.env+")")
	}
	return cmd
}

// credentialSecrets reads secrets from files and the environment, and asks for
// those that the credential will need and lacks. A file wins.
func (s *session) credentialSecrets(ctx context.Context, files map[string]*string, now api.Credential, anew bool) (map[string]api.Secret, error) {
	out := map[string]api.Secret{}
	var lacking []credentialSecret
	var prompts []string
	for _, x := range credentialSecretList() {
		text, from := s.env(x.env), x.env
		if file := *files[x.name]; file != "" {
			b, err := s.secretFile(file)
			if err != nil {
				return nil, err
			}
			text, from = b, file
			if strings.TrimSpace(text) == "" {
				return nil, fmt.Errorf("%s is empty: it is to hold the %s", file, x.prompt)
			}
		}
		text = strings.TrimRight(text, "\r\n")
		needed := x.needed(now.Version, now.Auth, now.Priv)
		switch {
		case text == "" && needed && (anew || !slices.Contains(now.Secrets, x.name)):
			lacking = append(lacking, x)
			prompts = append(prompts, x.prompt)
		case text == "" || !needed && *files[x.name] == "": // an environment may hold more than is wanted
		case len(text) > maxSecret || strings.ContainsAny(text, "\r\n"):
			return nil, fmt.Errorf("%s holds more than one line: the %s is expected alone", from, x.prompt)
		default:
			out[x.name] = api.Secret(text)
		}
	}
	lines, err := s.askSecrets(ctx, prompts)
	if err != nil {
		return nil, err
	}
	for i, x := range lacking {
		out[x.name] = api.Secret(lines[i])
	}
	return out, nil
}

// changedOf is a text flag's value, if it was given.
func changedOf(f *pflag.FlagSet, name string, value *string) *string {
	if f.Changed(name) {
		return value
	}
	return nil
}

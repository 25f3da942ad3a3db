package collector

import (
	"context"
	"fmt"

	"muster/collector/api"
	"muster/collector/store"
)

// credentials keeps credentials of gear for the API: secrets are sealed.
type credentials struct{ c *collector }

func (k credentials) Credentials(ctx context.Context) ([]store.Credential, error) {
	return k.c.control.Credentials(ctx)
}

func (k credentials) PutCredential(ctx context.Context, x store.Credential, secrets map[string]api.Secret) error {
	sealed := map[string][]byte{}
	for name, s := range secrets {
		if s == "" {
			sealed[name] = nil
			continue
		}
		box, err := k.c.sealer.Seal(x.SealPlace(name), []byte(s))
		if err != nil {
			return err
		}
		sealed[name] = box
	}
	return k.c.control.PutCredential(ctx, x, sealed, k.c.now())
}

func (k credentials) DeleteCredential(ctx context.Context, name string) error {
	return k.c.control.DeleteCredential(ctx, name)
}

// credentialSecrets opens those of a credential, by name.
func (c *collector) credentialSecrets(ctx context.Context, x *store.Credential) (map[string]string, error) {
	sealed, err := c.control.CredentialSecrets(ctx, x.ID)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for name, box := range sealed {
		b, err := c.sealer.Open(x.SealPlace(name), box)
		if err != nil {
			return nil, fmt.Errorf("secret %s of credential %s cannot be opened: set it again with muster credential add: %w", name, x.Name, err)
		}
		out[name] = string(b)
	}
	return out, nil
}

// gearForAPI is what the API does with gear.
func (c *collector) gearForAPI() api.Gear {
	return api.Gear{Credentials: credentials{c}, Targets: c.control, Subnets: c.control,
		Discover: c.polling.discover, TestTarget: c.polling.test, Profiles: profilesForAPI{c.polling}, Changed: c.polling.Changed}
}

package collector

import (
	"bytes"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/collector/api"
	"muster/collector/authority/seal"
	"muster/collector/store"
	"muster/collector/store/sqlstore"
)

// TestCredentialsAreSealed wants secrets of gear to be kept unreadable, and to
// be there for the one who asks it.
func TestCredentialsAreSealed(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	path := filepath.Join(dir, "control.db")
	control, err := sqlstore.OpenControl(ctx, path, sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer control.Close()
	sealer, err := seal.Open(filepath.Join(dir, "secret.key"), func() (bool, error) { return false, nil })
	if err != nil {
		t.Fatal(err)
	}
	c := &collector{control: control, sealer: sealer, now: time.Now, log: slog.New(slog.DiscardHandler)}
	g := c.gearForAPI()
	core := store.Credential{ID: store.NewCredentialID(), Name: "core", Version: store.SNMPv3, User: "muster", Auth: "sha256", Priv: "aes"}
	if err := g.Credentials.PutCredential(ctx, core, map[string]api.Secret{"auth": "open sesame", "priv": "close sesame"}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"auth": "open sesame", "priv": "close sesame"}
	if got, err := c.credentialSecrets(ctx, &core); err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	core.Priv = ""
	if err := g.Credentials.PutCredential(ctx, core, map[string]api.Secret{"priv": ""}); err != nil {
		t.Fatal(err)
	}
	delete(want, "priv")
	if got, err := c.credentialSecrets(ctx, &core); err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte("sesame")) {
			t.Errorf("a secret stands in control.db%s", suffix)
		}
	}
	// With another key file they are lost, and it is said what to do.
	if err := os.Remove(filepath.Join(dir, "secret.key")); err != nil {
		t.Fatal(err)
	}
	if c.sealer, err = seal.Open(filepath.Join(dir, "secret.key"), func() (bool, error) { return false, nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := c.credentialSecrets(ctx, &core); err == nil || !strings.Contains(err.Error(), "muster credential add") {
		t.Errorf("under another key: %v", err)
	}
}

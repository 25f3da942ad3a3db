package certificate

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // security(1) tells identities by it
	"encoding/hex"
	"fmt"
	"strings"

	"muster/agent/host"
	"muster/internal/inventory"
)

// keychain is where certificates of the machine lie, those of MDM and of the
// office's own authorities among them. Apple's list of roots is the same on
// every Mac of a release, and left out.
const keychain = "System.keychain"

// fromKeychain reads the machine's keychain on macOS.
func fromKeychain(ctx context.Context, h *host.Host) (rows []inventory.Certificate, asked, faults []string, err error) {
	out, err := h.Run(ctx, "security-certificates")
	if err != nil {
		return nil, nil, nil, err
	}
	var own map[string]bool
	if b, err := h.Run(ctx, "security-identities"); err != nil {
		faults = append(faults, "which certificates have a private key: "+err.Error())
	} else {
		own = parseIdentities(string(b))
	}
	rows = []inventory.Certificate{}
	seen := map[string]bool{}
	strange := 0
	// Read one by one: parse bounds what one file may hold, and a keychain may
	// hold more.
	const end = "-----END CERTIFICATE-----"
	for len(out) > 0 {
		i := bytes.Index(out, []byte(end))
		if i < 0 {
			break
		}
		list, _, bad := parse(bytes.NewReader(out[:i+len(end)]))
		out = out[i+len(end):]
		strange += bad
		for _, c := range list {
			if len(rows) >= maxRows {
				faults = append(faults, fmt.Sprintf("only the first %d certificates are read", maxRows))
				return rows, []string{"keychain"}, faults, nil
			}
			sum := sha1.Sum(c.Raw)
			r := row(keychain, c, own[hex.EncodeToString(sum[:])])
			if own == nil {
				r.PrivateKey = nil
			}
			if !seen[r.Fingerprint] {
				seen[r.Fingerprint] = true
				rows = append(rows, r)
			}
		}
	}
	if strange > 0 {
		faults = append(faults, fmt.Sprintf("%d entries of the keychain are no certificates that are understood", strange))
	}
	return rows, []string{"keychain"}, faults, nil
}

// parseIdentities reads security find-identity: `  1) SHA-1 "name"` a line, by
// the fingerprints in small letters. Each stands there twice, among those that
// match and those that are valid.
func parseIdentities(text string) map[string]bool {
	own := map[string]bool{}
	for line := range strings.Lines(text) {
		w := strings.Fields(line)
		if len(w) < 2 || !strings.HasSuffix(w[0], ")") || len(w[1]) != 2*sha1.Size || len(own) >= maxRows {
			continue
		}
		if _, err := hex.DecodeString(w[1]); err == nil {
			own[strings.ToLower(w[1])] = true
		}
	}
	return own
}

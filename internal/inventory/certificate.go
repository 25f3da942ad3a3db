package inventory

import "time"

// Certificate is one certificate in a store of the machine or in a configured
// file. Private keys are never read, only whether there is one.
type Certificate struct {
	Store       string    `inv:"store,key" doc:"Store or file, such as LocalMachine/My, System.keychain or /etc/ssl/certs/x.pem."`
	Fingerprint string    `inv:"fingerprint_sha256,key" doc:"SHA-256 of the certificate, in lower case hexadecimal."`
	Subject     string    `inv:"subject,dict" doc:"Distinguished name of the subject."`
	CommonName  string    `inv:"common_name,dict" doc:"Common name of the subject."`
	Names       []string  `inv:"alternative_names" doc:"DNS names and addresses it holds for."`
	Issuer      string    `inv:"issuer,dict" doc:"Distinguished name of the issuer."`
	Serial      string    `inv:"serial" doc:"Serial number, hexadecimal."`
	NotBefore   time.Time `inv:"valid_from_at" doc:"When it begins to hold."`
	NotAfter    time.Time `inv:"expires_at" doc:"When it ends."`
	KeyKind     string    `inv:"key_algorithm,dict" doc:"Kind of key, such as rsa, ecdsa or ed25519."`
	KeyBits     *int64    `inv:"key_bits" unit:"bit" doc:"Length of the key."`
	Signature   string    `inv:"signature_algorithm,dict" doc:"How it is signed."`
	Authority   *bool     `inv:"authority" doc:"True when it may sign others."`
	SelfSigned  *bool     `inv:"self_signed" doc:"True when it signed itself."`
	PrivateKey  *bool     `inv:"has_private_key" doc:"True when its private key is there too."`
	Usages      []string  `inv:"key_usages" doc:"What it may be used for, such as server_auth or client_auth."`
	Template    string    `inv:"template,dict" doc:"Enrolment template it was made from."`
}

// Section says how the section is named, kept and read.
func (Certificate) Section() Meta {
	return Meta{Name: "certificate", Doc: "Certificates in the machine's stores and in configured files.", Cadence: 24 * time.Hour,
		Windows: "stores My, Root, Remote Desktop and WebHosting of the machine and those of enterprise and policy, in the registry", Darwin: "security find-certificate -a -p and find-identity on System.keychain", Linux: "files named in the settings of nginx, Apache, Postfix, Dovecot, OpenVPN, NetworkManager, CUPS and slapd; /etc/letsencrypt and other usual places; authorities added to the trust store"}
}

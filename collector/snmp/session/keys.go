package session

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"hash"
	"strings"
	"sync"

	"github.com/gosnmp/gosnmp"
)

// AuthProtocols are the digests: RFC 3414 §6 and §7, RFC 7860 §4.
func AuthProtocols() []string { return []string{"MD5", "SHA", "SHA224", "SHA256", "SHA384", "SHA512"} }

// PrivProtocols are the ciphers: RFC 3414 §8, RFC 3826, and with longer keys
// after draft-blumenthal-aes-usm-04 or, with a C, draft-reeder-snmpv3-usm-3desede.
func PrivProtocols() []string {
	return []string{"DES", "AES", "AES192", "AES256", "AES192C", "AES256C"}
}

// authProtocol is gosnmp's name of a digest, 0 when there is none such.
func authProtocol(name string) gosnmp.SnmpV3AuthProtocol {
	switch strings.ToUpper(name) {
	case "":
		return gosnmp.NoAuth
	case "MD5":
		return gosnmp.MD5
	case "SHA", "SHA1":
		return gosnmp.SHA
	case "SHA224":
		return gosnmp.SHA224
	case "SHA256":
		return gosnmp.SHA256
	case "SHA384":
		return gosnmp.SHA384
	case "SHA512":
		return gosnmp.SHA512
	}
	return 0
}

// digestBytes is how much of a digest travels (RFC 3414 §6.1, RFC 7860 §4.1).
func digestBytes(a gosnmp.SnmpV3AuthProtocol) int {
	switch a {
	case gosnmp.SHA224:
		return 16
	case gosnmp.SHA256:
		return 24
	case gosnmp.SHA384:
		return 32
	case gosnmp.SHA512:
		return 48
	}
	return 12
}

// privProtocol is gosnmp's name of a cipher, 0 when there is none such.
func privProtocol(name string) gosnmp.SnmpV3PrivProtocol {
	switch strings.ToUpper(name) {
	case "":
		return gosnmp.NoPriv
	case "DES":
		return gosnmp.DES
	case "AES", "AES128":
		return gosnmp.AES
	case "AES192":
		return gosnmp.AES192
	case "AES256":
		return gosnmp.AES256
	case "AES192C":
		return gosnmp.AES192C
	case "AES256C":
		return gosnmp.AES256C
	}
	return 0
}

// minPass is the shortest password that agents take.
const minPass = 8

// checkUser says what is wrong with a credential of version 3.
func (c *Credential) checkUser() error {
	switch {
	case c.User == "" || len(c.User) > maxUser:
		return fmt.Errorf("version 3 needs a user name of at most %d bytes", maxUser)
	case looksBlank([]byte(c.User)):
		return fmt.Errorf("user %q: a name of zeros cannot be told from a digest", c.User)
	case c.AuthProtocol == "" && c.PrivProtocol != "":
		return fmt.Errorf("user %q: what is encrypted has to be signed too: name a digest", c.User)
	case c.AuthProtocol == "":
		return nil
	case authProtocol(c.AuthProtocol) == 0:
		return fmt.Errorf("user %q: no digest %q: there is %s", c.User, c.AuthProtocol, strings.Join(AuthProtocols(), ", "))
	case len(c.AuthSecret) < minPass:
		return fmt.Errorf("user %q: the password of its digest needs %d bytes at least (RFC 3414 §11.2)", c.User, minPass)
	case c.PrivProtocol == "":
		return nil
	case privProtocol(c.PrivProtocol) == 0:
		return fmt.Errorf("user %q: no cipher %q: there is %s", c.User, c.PrivProtocol, strings.Join(PrivProtocols(), ", "))
	case len(c.PrivSecret) < minPass:
		return fmt.Errorf("user %q: the password of its cipher needs %d bytes at least (RFC 3414 §11.2)", c.User, minPass)
	}
	return nil
}

// level is how messages of a credential are protected.
func (c *Credential) level() byte {
	switch {
	case c.AuthProtocol == "":
		return 0
	case c.PrivProtocol == "":
		return flagAuth
	}
	return flagAuth | flagPriv
}

// Passwords keeps what passwords of version 3 come to at each engine: hashing
// one takes some milliseconds, and with the ciphers whose names end in C as long
// again for each engine. The zero Passwords is ready; it may be used from
// several goroutines.
type Passwords struct {
	mu     sync.Mutex
	users  map[secrets]*localKeys
	worked int
}

// secrets is all of a credential that its keys follow from.
type secrets struct {
	auth, priv         string
	authPass, privPass Secret
}

// localKeys are those of one credential at many engines.
type localKeys struct {
	mu      sync.Mutex
	engines map[string]keyPair
}

// keyPair is read and never changed.
type keyPair struct{ auth, priv []byte }

// Both bound the cache; when it is full it begins anew, and keys are worked out
// again.
const (
	mostSecrets = 1024
	mostEngines = 1 << 14
)

// Worked is how many passwords were worked out so far.
func (p *Passwords) Worked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.worked
}

func (p *Passwords) of(c *Credential) *localKeys {
	s := secrets{strings.ToUpper(c.AuthProtocol), strings.ToUpper(c.PrivProtocol), c.AuthSecret, c.PrivSecret}
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.users[s]
	if l == nil {
		if p.users == nil || len(p.users) >= mostSecrets {
			p.users = map[secrets]*localKeys{}
		}
		l = &localKeys{engines: map[string]keyPair{}}
		p.users[s] = l
		if p.worked++; s.priv != "" && s.privPass != s.authPass {
			p.worked++
		}
	}
	return l
}

// pair is a credential's keys at an engine.
func (p *Passwords) pair(c *Credential, engine string) (keyPair, error) {
	l := p.of(c)
	// The lock is held while the first one hashes the passwords: else thousands
	// of sessions that begin at once would all do so.
	l.mu.Lock()
	defer l.mu.Unlock()
	k, ok := l.engines[engine]
	if ok {
		return k, nil
	}
	sp := gosnmp.UsmSecurityParameters{AuthoritativeEngineID: engine, AuthenticationProtocol: authProtocol(c.AuthProtocol), AuthenticationPassphrase: string(c.AuthSecret)}
	if c.PrivProtocol != "" {
		sp.PrivacyProtocol, sp.PrivacyPassphrase = privProtocol(c.PrivProtocol), string(c.PrivSecret)
		if sp.PrivacyProtocol == gosnmp.AES {
			// Every digest is long enough for this key. gosnmp makes it longer
			// all the same, which hashes another mebibyte for each engine, and
			// then cuts it off; of DES it makes the same key without.
			sp.PrivacyProtocol = gosnmp.DES
		}
	}
	if err := sp.InitSecurityKeys(); err != nil {
		return k, fmt.Errorf("keys of user %q: %w", c.User, err)
	}
	k = keyPair{sp.SecretKey, sp.PrivacyKey}
	switch privProtocol(c.PrivProtocol) {
	case gosnmp.AES, gosnmp.DES:
		k.priv = k.priv[:16]
	}
	if len(l.engines) >= mostEngines {
		clear(l.engines)
	}
	l.engines[engine] = k
	return k, nil
}

// authKey is the key of a credential's digest at an engine. It is not kept: the
// engine may be anybody's word. The password behind it is.
func (p *Passwords) authKey(c *Credential, engine string) ([]byte, error) {
	l := p.of(c)
	l.mu.Lock()
	defer l.mu.Unlock()
	sp := gosnmp.UsmSecurityParameters{AuthoritativeEngineID: engine, AuthenticationProtocol: authProtocol(c.AuthProtocol), AuthenticationPassphrase: string(c.AuthSecret)}
	if err := sp.InitSecurityKeys(); err != nil {
		return nil, fmt.Errorf("key of user %q: %w", c.User, err)
	}
	return sp.SecretKey, nil
}

// keys are those of a credential at an engine. They are used from one goroutine.
type keys struct {
	engine string
	level  byte
	mac    hash.Hash // nil: not signed
	cut    int       // bytes of the digest that travel
	sp     gosnmp.UsmSecurityParameters
	reader gosnmp.GoSNMP // refers to sp
	salt   uint64        // of the next message
}

// local makes the keys of a credential at an engine.
func (p *Passwords) local(c *Credential, engine string) (*keys, error) {
	if err := c.checkUser(); err != nil {
		return nil, err
	}
	k := &keys{engine: engine, level: c.level()}
	k.sp.UserName, k.sp.AuthoritativeEngineID = c.User, engine
	k.sp.AuthenticationProtocol, k.sp.PrivacyProtocol = gosnmp.NoAuth, gosnmp.NoPriv
	if k.level&flagAuth != 0 {
		pair, err := p.pair(c, engine)
		if err != nil {
			return nil, err
		}
		k.sp.AuthenticationProtocol, k.sp.SecretKey = authProtocol(c.AuthProtocol), pair.auth
		k.mac, k.cut = macOf(k.sp.AuthenticationProtocol, pair.auth), digestBytes(k.sp.AuthenticationProtocol)
		if k.level&flagPriv != 0 {
			k.sp.PrivacyProtocol, k.sp.PrivacyKey = privProtocol(c.PrivProtocol), pair.priv
			// Salts may never come again under the same key (RFC 3826
			// §3.1.2.1). gosnmp's own begin at 0 in each session.
			var b [8]byte
			rand.Read(b[:])
			k.salt = binary.BigEndian.Uint64(b[:])
		}
	}
	k.reader = gosnmp.GoSNMP{Version: gosnmp.Version3, SecurityModel: gosnmp.UserSecurityModel, MsgFlags: gosnmp.SnmpV3MsgFlags(k.level), SecurityParameters: &k.sp}
	return k, nil
}

func macOf(a gosnmp.SnmpV3AuthProtocol, key []byte) hash.Hash { return hmac.New(a.HashType().New, key) }

// verify holds a message against its digest (RFC 3414 §6.3.2). gosnmp does it
// again when it reads the message; but only here can one tell a forged message
// from one that cannot be read. The place of the digest is blank for a moment.
func verify(f *frame, mac hash.Hash, cut int) error {
	if len(f.digest) != cut {
		return fmt.Errorf("%w: of %d bytes, not %d", ErrDigest, len(f.digest), cut)
	}
	var kept, sum [64]byte
	n := copy(kept[:], f.digest)
	clear(f.digest)
	mac.Reset()
	mac.Write(f.whole)
	ours := mac.Sum(sum[:0])[:cut]
	copy(f.digest, kept[:n])
	if !hmac.Equal(ours, kept[:n]) {
		return ErrDigest
	}
	return nil
}

// stamp readies the parameters for a message of ours. The clock is that of the
// engine.
func (k *keys) stamp(boots, time int32) {
	k.sp.AuthoritativeEngineBoots, k.sp.AuthoritativeEngineTime = uint32(boots), uint32(time)
	if k.level&flagPriv == 0 {
		return
	}
	// RFC 3414 §8.1.1.1 and RFC 3826 §3.1.2.1. New bytes: parameters that were
	// copied from these may still be read.
	k.salt++
	if k.sp.PrivacyProtocol == gosnmp.DES {
		b := binary.BigEndian.AppendUint32(make([]byte, 0, 8), uint32(boots))
		k.sp.PrivacyParameters = binary.BigEndian.AppendUint32(b, uint32(k.salt))
		return
	}
	k.sp.PrivacyParameters = binary.BigEndian.AppendUint64(make([]byte, 0, 8), k.salt)
}

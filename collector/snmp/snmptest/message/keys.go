package message

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"hash"
	"strings"
	"sync"
)

// User is one of version 3. Protocols are named as in AuthProtocols and
// PrivProtocols, in letters of any case; an empty one is none.
type User struct {
	Name               string
	Auth, Priv         string
	AuthPass, PrivPass string
}

// AuthProtocols are the digests: RFC 3414 §6 and §7, RFC 7860 §4.
func AuthProtocols() []string { return []string{"MD5", "SHA", "SHA224", "SHA256", "SHA384", "SHA512"} }

// PrivProtocols are the ciphers: RFC 3414 §8, RFC 3826, and with longer keys
// after draft-blumenthal-aes-usm-04 or, with a C, draft-reeder-snmpv3-usm-3desede.
func PrivProtocols() []string {
	return []string{"DES", "AES", "AES192", "AES256", "AES192C", "AES256C"}
}

// Check says what is wrong with a user.
func (u User) Check() error {
	switch {
	case u.Name == "" || len(u.Name) > 32: // RFC 3414 §5, usmUserName
		return fmt.Errorf("version 3 needs a user name of at most 32 bytes")
	case u.Auth == "" && u.Priv != "":
		return fmt.Errorf("user %q: what is encrypted has to be signed too: name a digest", u.Name)
	case u.Auth == "":
		return nil
	case digestOf(u.Auth).new == nil:
		return fmt.Errorf("user %q: no digest %q: there is %s", u.Name, u.Auth, strings.Join(AuthProtocols(), ", "))
	case len(u.AuthPass) < minPass:
		return fmt.Errorf("user %q: the password of its digest needs %d bytes at least (RFC 3414 §11.2)", u.Name, minPass)
	case u.Priv == "":
		return nil
	case cipherOf(u.Priv).key == 0:
		return fmt.Errorf("user %q: no cipher %q: there is %s", u.Name, u.Priv, strings.Join(PrivProtocols(), ", "))
	case len(u.PrivPass) < minPass:
		return fmt.Errorf("user %q: the password of its cipher needs %d bytes at least (RFC 3414 §11.2)", u.Name, minPass)
	}
	return nil
}

// minPass is the shortest password that agents take.
const minPass = 8

// Flags is the level of security of a user's messages.
func (u User) Flags() byte {
	switch {
	case u.Auth == "":
		return 0
	case u.Priv == "":
		return Auth
	}
	return Auth | Priv
}

type digestKind struct {
	new func() hash.Hash
	cut int // bytes that travel
}

func digestOf(name string) digestKind {
	switch strings.ToUpper(name) {
	case "MD5":
		return digestKind{md5.New, 12}
	case "SHA", "SHA1":
		return digestKind{sha1.New, 12}
	case "SHA224":
		return digestKind{sha256.New224, 16}
	case "SHA256":
		return digestKind{sha256.New, 24}
	case "SHA384":
		return digestKind{sha512.New384, 32}
	case "SHA512":
		return digestKind{sha512.New, 48}
	}
	return digestKind{}
}

type cipherKind struct {
	key    int // bytes
	des    bool
	reeder bool
}

func cipherOf(name string) cipherKind {
	switch strings.ToUpper(name) {
	case "DES":
		return cipherKind{key: 16, des: true}
	case "AES", "AES128":
		return cipherKind{key: 16}
	case "AES192":
		return cipherKind{key: 24}
	case "AES256":
		return cipherKind{key: 32}
	case "AES192C":
		return cipherKind{key: 24, reeder: true}
	case "AES256C":
		return cipherKind{key: 32, reeder: true}
	}
	return cipherKind{}
}

// Passwords keeps what passwords come to, which is slow to work out. The zero
// Passwords is ready; it may be used from several goroutines.
type Passwords struct {
	mu   sync.Mutex
	kept map[[sha256.Size]byte][]byte
}

// mostPasswords bounds the cache. An office has a handful; above, they are
// worked out again.
const mostPasswords = 4096

// stretch makes a key of a password (RFC 3414 §A.2): the digest of a mebibyte
// of its repetitions.
func (p *Passwords) stretch(d digestKind, password []byte) []byte {
	// The cache does not hold the passwords themselves.
	at := sha256.Sum256(append([]byte{byte(d.cut), byte(d.new().Size())}, password...))
	p.mu.Lock()
	key := p.kept[at]
	p.mu.Unlock()
	if key != nil {
		return key
	}
	h := d.new()
	const total = 1 << 20
	chunk := make([]byte, 0, 4096+len(password))
	for len(chunk) < 4096 {
		chunk = append(chunk, password...)
	}
	for n := 0; n < total; {
		part := chunk[:min(len(chunk), total-n)]
		h.Write(part)
		n += len(part)
	}
	key = h.Sum(nil)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept == nil || len(p.kept) >= mostPasswords {
		p.kept = map[[sha256.Size]byte][]byte{}
	}
	p.kept[at] = key
	return key
}

// localize binds a key to an engine (RFC 3414 §2.6).
func localize(d digestKind, key, engine []byte) []byte {
	h := d.new()
	h.Write(key)
	h.Write(engine)
	h.Write(key)
	return h.Sum(nil)
}

// Keys are those of a user at an engine. They are used from one goroutine.
type Keys struct {
	mac   hash.Hash
	cut   int
	block cipher.Block
	des   bool
	preIV [8]byte // of DES
	salt  uint64  // of the next message
}

// Local works out the keys of a user at an engine.
func (p *Passwords) Local(u User, engine []byte) (*Keys, error) {
	if err := u.Check(); err != nil {
		return nil, err
	}
	k := &Keys{}
	if u.Auth == "" {
		return k, nil
	}
	d := digestOf(u.Auth)
	k.cut = d.cut
	k.mac = hmac.New(d.new, localize(d, p.stretch(d, []byte(u.AuthPass)), engine))
	if u.Priv == "" {
		return k, nil
	}
	c := cipherOf(u.Priv)
	key := localize(d, p.stretch(d, []byte(u.PrivPass)), engine)
	for part := key; len(key) < c.key; {
		if c.reeder {
			// The last part is taken for a password of its own.
			part = localize(d, p.stretch(d, part), engine)
			key = append(key, part...)
		} else {
			h := d.new()
			h.Write(key)
			key = h.Sum(key)
		}
	}
	key = key[:c.key]
	var err error
	if k.des = c.des; k.des {
		copy(k.preIV[:], key[8:])
		k.block, err = des.NewCipher(key[:8])
	} else {
		k.block, err = aes.NewCipher(key)
	}
	if err != nil {
		return nil, fmt.Errorf("keys of user %q: %w", u.Name, err)
	}
	// Salts may never come again under the same key (RFC 3826 §3.1.2.1).
	var b [8]byte
	rand.Read(b[:])
	k.salt = binary.BigEndian.Uint64(b[:])
	return k, nil
}

// digest is that of a message whose place for it is blank.
func (k *Keys) digest(whole []byte) []byte {
	k.mac.Reset()
	k.mac.Write(whole)
	return k.mac.Sum(nil)[:k.cut]
}

// nextSalt is RFC 3414 §8.1.1.1 and RFC 3826 §3.1.2.1.
func (k *Keys) nextSalt(boots int32) []byte {
	k.salt++
	if k.des {
		b := binary.BigEndian.AppendUint32(nil, uint32(boots))
		return binary.BigEndian.AppendUint32(b, uint32(k.salt))
	}
	return binary.BigEndian.AppendUint64(nil, k.salt)
}

// seal encrypts in place. For DES, b is of whole blocks.
func (k *Keys) seal(b []byte, boots, time int32, salt []byte) {
	if k.des {
		cipher.NewCBCEncrypter(k.block, k.desIV(salt)).CryptBlocks(b, b)
		return
	}
	k.feedback(b, k.aesIV(boots, time, salt), true)
}

// unseal decrypts into new bytes, and leaves the packet as it came.
func (k *Keys) unseal(b []byte, boots, time int32, salt []byte) ([]byte, error) {
	if len(salt) != 8 {
		return nil, fmt.Errorf("%w: salt of %d bytes", ErrForm, len(salt))
	}
	out := append([]byte(nil), b...)
	if k.des {
		if len(b)%des.BlockSize != 0 {
			return nil, fmt.Errorf("%w: no whole number of blocks", ErrForm)
		}
		cipher.NewCBCDecrypter(k.block, k.desIV(salt)).CryptBlocks(out, out)
		return out, nil
	}
	k.feedback(out, k.aesIV(boots, time, salt), false)
	return out, nil
}

func (k *Keys) desIV(salt []byte) []byte {
	iv := make([]byte, 8)
	for i := range iv {
		iv[i] = k.preIV[i] ^ salt[i]
	}
	return iv
}

func (k *Keys) aesIV(boots, time int32, salt []byte) []byte {
	iv := binary.BigEndian.AppendUint32(make([]byte, 0, aes.BlockSize), uint32(boots))
	iv = binary.BigEndian.AppendUint32(iv, uint32(time))
	return append(iv, salt...)
}

// feedback is cipher feedback over whole blocks, of which the last may be cut
// (NIST SP 800-38A §6.3), in place. The standard library keeps its own for what
// exists and advises against it, since nothing in it protects the text; here
// the digest does.
func (k *Keys) feedback(b, iv []byte, encrypt bool) {
	var stream [aes.BlockSize]byte
	for len(b) > 0 {
		k.block.Encrypt(stream[:], iv)
		n := min(len(b), aes.BlockSize)
		if !encrypt {
			copy(iv, b[:n])
		}
		for i := range n {
			b[i] ^= stream[i]
		}
		if encrypt {
			copy(iv, b[:n])
		}
		b = b[n:]
	}
}

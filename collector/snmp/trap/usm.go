package trap

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"strings"
	"sync"
)

// Parts of a message of version 3 (RFC 3412 §6.4, RFC 3411 §6.1, RFC 3414 §2.2).
const (
	flagAuth       = 1
	flagPriv       = 2
	flagReportable = 4
	userModel      = 3
	maxBoots       = 1<<31 - 1
)

// User is one who may send traps of version 3. The names of protocols are those
// of a credential: MD5, SHA, SHA224, SHA256, SHA384, SHA512; DES, AES, AES192,
// AES256, AES192C, AES256C. Without an AuthProtocol its traps are heard and
// never authentic.
type User struct {
	Name         string
	AuthProtocol string
	AuthSecret   string
	PrivProtocol string
	PrivSecret   string
}

// Errors about keys.
var (
	errUser   = errors.New("no such user")
	errDigest = errors.New("wrong digest")
	errLevel  = errors.New("less security than its user has")
)

// digester is an authentication protocol.
type digester struct {
	new func() hash.Hash
	cut int // bytes of the digest that travel
}

// digesterOf finds one by name: RFC 3414 §6 and §7, RFC 7860 §4.1.
func digesterOf(name string) (digester, bool) {
	switch strings.ToUpper(name) {
	case "MD5":
		return digester{md5.New, 12}, true
	case "SHA", "SHA1":
		return digester{sha1.New, 12}, true
	case "SHA224":
		return digester{sha256.New224, 16}, true
	case "SHA256":
		return digester{sha256.New, 24}, true
	case "SHA384":
		return digester{sha512.New384, 32}, true
	case "SHA512":
		return digester{sha512.New, 48}, true
	}
	return digester{}, false
}

// ciphers is a privacy protocol: bytes of its key, and how a longer key is made
// of a shorter digest.
type ciphers struct {
	key    int
	des    bool
	extend func(d digester, key, engine []byte, n int) []byte
}

// cipherOf finds one by name: RFC 3414 §8, RFC 3826; the longer AES keys after
// draft-blumenthal-aes-usm-04, those with C after draft-reeder-snmpv3-usm-3desede,
// as Cisco and others do.
func cipherOf(name string) (ciphers, bool) {
	switch strings.ToUpper(name) {
	case "DES":
		return ciphers{key: 16, des: true, extend: blumenthal}, true
	case "AES", "AES128":
		return ciphers{key: 16, extend: blumenthal}, true
	case "AES192":
		return ciphers{key: 24, extend: blumenthal}, true
	case "AES256":
		return ciphers{key: 32, extend: blumenthal}, true
	case "AES192C":
		return ciphers{key: 24, extend: reeder}, true
	case "AES256C":
		return ciphers{key: 32, extend: reeder}, true
	}
	return ciphers{}, false
}

// stretch makes a key of a password (RFC 3414 §A.2): the digest of a mebibyte
// of its repetitions. It is slow on purpose, and done once for each password.
func stretch(d digester, password string) []byte {
	h := d.new()
	if password == "" {
		return h.Sum(nil)
	}
	block := []byte(strings.Repeat(password, 64/len(password)+2))
	const total = 1 << 20
	for n := 0; n < total; n += 64 {
		at := n % len(password)
		h.Write(block[at : at+64])
	}
	return h.Sum(nil)
}

// localize makes the key for one engine of it (RFC 3414 §2.6).
func localize(d digester, key, engine []byte) []byte {
	h := d.new()
	h.Write(key)
	h.Write(engine)
	h.Write(key)
	return h.Sum(nil)
}

// blumenthal lengthens a localized key by digests of what there is so far.
func blumenthal(d digester, key, _ []byte, n int) []byte {
	for len(key) < n {
		h := d.new()
		h.Write(key)
		key = h.Sum(key)
	}
	return key[:n]
}

// reeder lengthens it by taking the last part for a password of its own.
func reeder(d digester, key, engine []byte, n int) []byte {
	part := key
	for len(key) < n {
		part = localize(d, stretch(d, string(part)), engine)
		key = append(key, part...)
	}
	return key[:n]
}

// keys are what a user's passwords come to; the slow part is done once.
type keys struct {
	User
	d    digester
	c    ciphers
	auth func() []byte
	priv func() []byte
}

// newKeys holds a user against what there is.
func newKeys(u User) (*keys, error) {
	k := &keys{User: u}
	if u.AuthProtocol == "" {
		if u.PrivProtocol != "" {
			return nil, fmt.Errorf("user %q encrypts without a digest", u.Name)
		}
		return k, nil
	}
	var ok bool
	if k.d, ok = digesterOf(u.AuthProtocol); !ok {
		return nil, fmt.Errorf("user %q: digest %q is not known", u.Name, u.AuthProtocol)
	}
	k.auth = sync.OnceValue(func() []byte { return stretch(k.d, u.AuthSecret) })
	if u.PrivProtocol == "" {
		return k, nil
	}
	if k.c, ok = cipherOf(u.PrivProtocol); !ok {
		return nil, fmt.Errorf("user %q: cipher %q is not known", u.Name, u.PrivProtocol)
	}
	k.priv = sync.OnceValue(func() []byte { return stretch(k.d, u.PrivSecret) })
	return k, nil
}

// digest is that of a packet whose place for it is blank.
func (k *keys) digest(engine, packet []byte) []byte {
	m := hmac.New(k.d.new, localize(k.d, k.auth(), engine))
	m.Write(packet)
	return m.Sum(nil)[:k.d.cut]
}

// check holds a packet against the digest it carries. v.digest lies in packet.
func (k *keys) check(packet []byte, v *v3) error {
	if len(v.digest) != k.d.cut {
		return errDigest
	}
	carried := append([]byte(nil), v.digest...)
	clear(v.digest)
	ours := k.digest(v.engine, packet)
	copy(v.digest, carried)
	if !hmac.Equal(ours, carried) {
		return errDigest
	}
	return nil
}

// privKey is the key of the cipher for an engine.
func (k *keys) privKey(engine []byte) []byte {
	return k.c.extend(k.d, localize(k.d, k.priv(), engine), engine, k.c.key)
}

// unseal decrypts a scoped PDU.
func (k *keys) unseal(v *v3) ([]byte, error) {
	if len(v.salt) != 8 {
		return nil, fmt.Errorf("%w: salt of %d bytes", errForm, len(v.salt))
	}
	out := make([]byte, len(v.scoped))
	if k.c.des {
		if len(v.scoped)%des.BlockSize != 0 {
			return nil, fmt.Errorf("%w: no whole number of blocks", errForm)
		}
		block, iv := k.desOf(v.engine, v.salt)
		cipher.NewCBCDecrypter(block, iv).CryptBlocks(out, v.scoped)
		return out, nil
	}
	stream, err := k.aesOf(v, false)
	if err != nil {
		return nil, err
	}
	stream.XORKeyStream(out, v.scoped)
	return out, nil
}

// seal encrypts a scoped PDU under v's salt.
func (k *keys) seal(v *v3, plain []byte) ([]byte, error) {
	if k.c.des {
		if n := len(plain) % des.BlockSize; n != 0 {
			plain = append(plain[:len(plain):len(plain)], make([]byte, des.BlockSize-n)...)
		}
		out := make([]byte, len(plain))
		block, iv := k.desOf(v.engine, v.salt)
		cipher.NewCBCEncrypter(block, iv).CryptBlocks(out, plain)
		return out, nil
	}
	stream, err := k.aesOf(v, true)
	if err != nil {
		return nil, err
	}
	out := make([]byte, len(plain))
	stream.XORKeyStream(out, plain)
	return out, nil
}

// desOf is RFC 3414 §8.1.1.1: 8 bytes of key, 8 that the salt is mixed into.
func (k *keys) desOf(engine, salt []byte) (cipher.Block, []byte) {
	key := k.privKey(engine)
	iv := make([]byte, 8)
	for i := range iv {
		iv[i] = key[8+i] ^ salt[i]
	}
	block, err := des.NewCipher(key[:8])
	if err != nil {
		panic(err) // only of another length
	}
	return block, iv
}

// aesOf is RFC 3826 §3.1.2.1: boots, time and salt are the start.
func (k *keys) aesOf(v *v3, encrypt bool) (cipher.Stream, error) {
	block, err := aes.NewCipher(k.privKey(v.engine))
	if err != nil {
		return nil, err
	}
	iv := binary.BigEndian.AppendUint32(nil, uint32(v.boots))
	iv = binary.BigEndian.AppendUint32(iv, uint32(v.time))
	iv = append(iv, v.salt...)
	return &cfb{block: block, next: iv, encrypt: encrypt, used: aes.BlockSize}, nil
}

// cfb is cipher feedback over whole blocks (NIST SP 800-38A §6.3), of which the
// last may be cut. The standard library's is marked as not to be used any more;
// SNMP has nothing else.
type cfb struct {
	block   cipher.Block
	next    []byte // what the next block is made of
	stream  [aes.BlockSize]byte
	used    int
	encrypt bool
}

func (c *cfb) XORKeyStream(dst, src []byte) {
	for i, x := range src {
		if c.used == aes.BlockSize {
			c.block.Encrypt(c.stream[:], c.next)
			c.used = 0
		}
		y := x ^ c.stream[c.used]
		if c.encrypt {
			c.next[c.used] = y
		} else {
			c.next[c.used] = x
		}
		dst[i] = y
		c.used++
	}
}

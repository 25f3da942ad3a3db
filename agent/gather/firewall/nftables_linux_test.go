package firewall

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

func TestNftables(t *testing.T) {
	k := func(kind uint16, each func(uint16, []byte)) error {
		if kind == getChain {
			each(newChain, base(familyInet, "office", "filter", hookInput, 0, 2))
			each(newChain, base(familyInet, "office", "filter", hookOutput, 1, 0))
			each(newChain, []byte{1, 0, 0, 0})
			return nil
		}
		each(newRule, nil)
		each(newRule, nil)
		return nil
	}
	r, err := nftables(k)
	if err != nil || r.Inbound != "block" || r.Outbound != "allow" || !*r.Enabled || *r.Rules != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	r, err = nftables(func(uint16, func(uint16, []byte)) error { return nil })
	if r != nil || err != nil {
		t.Errorf("nothing is loaded, and yet %+v, %v", r, err)
	}
	if _, err = nftables(func(uint16, func(uint16, []byte)) error { return unix.EPERM }); err == nil {
		t.Error("a missing right was taken for no firewall")
	}
	if r, err = nftables(func(uint16, func(uint16, []byte)) error { return errors.ErrUnsupported }); r != nil || err != nil {
		t.Errorf("%+v, %v", r, err)
	}
}

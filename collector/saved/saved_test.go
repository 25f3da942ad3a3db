package saved

import (
	"strings"
	"testing"

	"muster/collector/account"
	"muster/collector/store"
)

func TestOwners(t *testing.T) {
	seen := map[string]account.Actor{}
	for _, a := range []account.Actor{
		{ID: 5, Name: "Ann", Via: "session"}, {Name: "Ann", Via: "token Ann"}, {Name: "Ann", Via: "socket"}, {ID: 6, Name: "Ann", Via: "session"},
	} {
		o := OwnerOf(a)
		if x, there := seen[o]; there {
			t.Errorf("%+v and %+v are both %s", a, x, o)
		}
		seen[o] = a
	}
	if OwnerOf(account.Actor{ID: 5, Name: "new name", Via: "session"}) != "user/5" {
		t.Error("a new name is another owner")
	}
}

func TestWhoMayChange(t *testing.T) {
	all := store.Scope{All: true}
	ann, admin := account.Actor{ID: 5, Role: account.Intern, Scope: all}, account.Actor{ID: 9, Role: account.Admin, Scope: all}
	bo := account.Actor{ID: 6, Role: account.Staff, Scope: all}
	mine := Item{Owner: "user/5"}
	shared := Item{Owner: "user/5", Shared: true}
	for _, x := range []struct {
		who  account.Actor
		item Item
		may  bool
	}{{ann, mine, true}, {ann, shared, true}, {bo, mine, false}, {bo, shared, false}, {admin, mine, false}, {admin, shared, true}} {
		if MayChange(x.who, x.item) != x.may {
			t.Errorf("%d may change %+v: not %v", x.who.ID, x.item, x.may)
		}
	}
}

func TestFind(t *testing.T) {
	list := []Item{{ID: 1, Owner: "user/2", Name: "Old PCs"}, {ID: 2, Owner: "user/5", Name: "old pcs"}, {ID: 3, Owner: "user/2", Name: "others"}}
	for ref, want := range map[string]int64{"OLD PCS": 2, "1": 1, "#3": 3, "Others": 3, "none": 0, "17": 0} {
		if x, ok := Find(list, ref, "user/5"); x.ID != want || ok != (want != 0) {
			t.Errorf("%q is %+v", ref, x)
		}
	}
}

func TestNames(t *testing.T) {
	for _, name := range []string{"x", "Old laptops, 2nd floor", "=HYPERLINK()", "Bücher <b>", strings.Repeat("ä", MostName)} {
		if err := CheckName(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"", " x", "12", "a\nb", "a\x00", "a\u202eb", strings.Repeat("ä", MostName+1)} {
		if CheckName(name) == nil {
			t.Errorf("%q is taken", name)
		}
	}
}

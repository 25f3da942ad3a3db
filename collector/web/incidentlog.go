package web

import (
	"time"

	"muster/collector/store"
	"muster/collector/web/texts"
)

// logged is a line of the journal.
type logged struct {
	At   time.Time
	Who  texts.T
	Text texts.T
}

func byWhom(by, me string) texts.T {
	switch by {
	case "":
		return "Muster"
	case me:
		return "You"
	}
	return texts.As(by)
}

// stepText is what somebody did, after their name.
func stepText(st store.Step) texts.T {
	if st.Text != "" {
		return texts.F("{1}: “{2}”", stepDone(st), st.Text)
	}
	return stepDone(st)
}

func stepDone(st store.Step) texts.T {
	switch st.Do {
	case "opened":
		return "found this"
	case "worse":
		return "raised this"
	case "better":
		return "lowered this"
	case "joined":
		return "added to it"
	case "cleared":
		return "sees it no more"
	case "reopened":
		return "sees it again"
	case store.DoClaim:
		return "claimed this"
	case store.DoRelease:
		return "gave it back"
	case store.DoNote:
		return "wrote"
	case store.DoCheck:
		return texts.F("did check {1}", st.Item)
	case store.DoUncheck:
		return texts.F("took back check {1}", st.Item)
	case store.DoSnooze:
		return "put it off"
	case store.DoWake:
		return "took it up again"
	case store.DoEscalate:
		return texts.F("escalated it to {1}", st.To)
	case store.DoResolve:
		out := []texts.T{"resolved it"}
		switch st.Useful {
		case "no":
			out[0] = "resolved it (true, but not worth the time)"
		case "wrong":
			out[0] = "resolved it (false alarm)"
		}
		if st.Replaced != "" {
			out = append(out, texts.F("replaced: {1}", st.Replaced))
		}
		if st.Called {
			out = append(out, "after a call")
		}
		return texts.List(", ", out...)
	case store.DoReopen:
		return "opened it again"
	}
	return texts.As(st.Do)
}

package web

import "muster/collector/web/texts"

// scriptTexts are what scripts of pages say by themselves (src/words.js); {1} and
// so on are values. A test holds that the scripts say these and no others.
func scriptTexts() []texts.T {
	return []texts.T{
		"Search", "Next and previous row", "Open the row", "Claim", "Write a note", "Escalate", "Resolve", "Snooze", "Change before, change after",
		"Triage", "Devices", "Network", "Software", "Close", "This help", "Keys", "Switch single letters off", "{1} and {2}",
		"Live, as of ", "Not live since ", "Over {1}", "{1} new since you opened this page: {2}",
		"Not yet a search: {1}", "In words: ", "All devices. A word finds names, serials, users and addresses.",
		"All chosen", "{1} chosen", "just after the change of {1}", "now", "Copied", "The link to this view:", "Write it into the question",
	}
}

// scriptWords are these in the language of a visitor; none of English, which the
// scripts have themselves.
func scriptWords(l *texts.Language) map[texts.T]string {
	if l == nil {
		return nil
	}
	out := map[texts.T]string{}
	for _, t := range scriptTexts() {
		out[t] = l.Say(t)
	}
	return out
}

package store

// Purged is what a purge of a person's data found in one place, and what was,
// or would be, done with it.
type Purged struct {
	Where  string `json:"where"`  // section.column, or what it is
	Action string `json:"action"` // removed: the whole row went; emptied: the value, or the name in it, went; left: it has to be changed by hand
	Count  int64  `json:"count"`
}

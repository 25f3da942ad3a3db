package migrate

// Progress is how far a move is, of databases or numbers. With Note it is a
// sentence and no more.
type Progress struct {
	What     string // "control", "inventory", "numbers"
	Now      string // what is being moved: a table, a time
	Done, Of int64  // rows; of numbers pieces
	Numbers  int64  // gone through
	Note     string
}

// Outcome is what came of a move.
type Outcome struct {
	State     string     `json:"state"` // Ready, Moved, Back
	Databases []Database `json:"databases,omitempty"`
	Pieces    int        `json:"pieces,omitempty"` // hours of points and days of figures
	Numbers   int64      `json:"numbers,omitempty"`
	Gone      int64      `json:"left_out,omitempty"` // numbers older than the target keeps
	Report    string     `json:"report,omitempty"`   // file with counts and hashes
	Before    string     `json:"before,omitempty"`   // folder of what was served before
}

// Database is one that was moved.
type Database struct {
	Name    string `json:"name"`
	Tables  int    `json:"tables"`
	Rows    int64  `json:"rows"`
	Written int64  `json:"written"` // of them, in the last round
}

// States of an Outcome.
const (
	Ready = "ready" // all but the newest is there: the collector is to be stopped
	Moved = "moved"
	Back  = "back"
)

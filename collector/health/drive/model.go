package drive

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"
)

//go:embed coefficients.json
var coefficients []byte

// Doubling is how many points double the odds. It makes points of one or two
// digits, of which people can say which count.
const Doubling = 10.0

// Model is coefficients with their provenance, as train writes them down.
type Model struct {
	Made  Made            `json:"made"`
	Kinds map[string]Kind `json:"kinds"` // by inventory's disk.kind: hdd, ssd
}

// Made says where a model comes from.
type Made struct {
	By     string   `json:"by"`     // the command
	Date   string   `json:"date"`   // as given to it
	Seed   uint64   `json:"seed"`   // of folds
	Method string   `json:"method"` // in a sentence
	Data   []Data   `json:"data"`
	Credit []string `json:"credit"` // what the licences of the data ask to be said
}

// Data is one set it was made from.
type Data struct {
	Name     string `json:"name"`
	SHA256   string `json:"sha256"`
	Rows     int    `json:"rows"`
	Drives   int    `json:"drives"`
	Failures int    `json:"failures"` // or drives that got worse
	Use      string `json:"use"`
}

// Kind is the model of one kind of drive.
type Kind struct {
	Outcome   string   `json:"outcome"`   // what the probability is of
	Intercept float64  `json:"intercept"` // log-odds of a drive without a mark
	Terms     []Weight `json:"terms"`
	Bands     []Band   `json:"bands"` // by rising points; the first begins at 0
	Figures   []Figure `json:"figures"`
}

// Weight is the points that one unit of a feature is worth: of counts, one
// doubling.
type Weight struct {
	Feature Feature `json:"feature"`
	Points  float64 `json:"points"`
}

// Band is what became of drives with at least so many points and fewer than the
// next band has.
type Band struct {
	From   float64 `json:"from"`
	Drives int     `json:"drives"`
	Failed int     `json:"failed"`
}

// Figure is how well it did on drives it had not seen, over all repeats of the
// cross-validation.
type Figure struct {
	Name   string  `json:"name"`
	Mean   float64 `json:"mean"`
	Spread float64 `json:"spread"` // standard deviation between repeats
	Low    float64 `json:"low"`    // Wilson, 95 %
	High   float64 `json:"high"`
	Of     int     `json:"of"` // drives it is a share of
}

// Score is the risk of one drive.
type Score struct {
	// Points add up from Terms; none is negative, a drive without a mark has 0.
	Points float64
	// Probability of the kind's Outcome, as the fit has it.
	Probability float64
	// Of such drives in the data, so many Failed.
	Of, Failed int
	Terms      []Term // those with points, the greatest first
}

// Term is what one feature adds.
type Term struct {
	Feature Feature
	Value   float64 // the reading: a count, or for Moves days since the last rise
	Points  float64
}

// Ours is the model that comes with the program.
func Ours() (Model, error) {
	m, err := Parse(coefficients)
	if err != nil {
		return Model{}, fmt.Errorf("drive model of this program: %w", err)
	}
	return m, nil
}

// Limits of a file of coefficients.
const (
	maxBytes = 64 << 10
	maxKinds = 8
	maxBands = 32
	maxPoint = 1000.0
)

// Parse reads coefficients. What would make a score fall where a reading gets
// worse is refused.
func Parse(b []byte) (Model, error) {
	var m Model
	if len(b) > maxBytes {
		return Model{}, fmt.Errorf("it has %d bytes, more than %d", len(b), maxBytes)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return Model{}, err
	}
	if _, err := d.Token(); err != io.EOF {
		return Model{}, errors.New("something follows behind the model")
	}
	if len(m.Kinds) == 0 || len(m.Kinds) > maxKinds {
		return Model{}, fmt.Errorf("it has %d kinds of drives, not 1 to %d", len(m.Kinds), maxKinds)
	}
	for name, k := range m.Kinds {
		if err := k.check(); err != nil {
			return Model{}, fmt.Errorf("kind %q: %w", name, err)
		}
	}
	return m, nil
}

func (k Kind) check() error {
	if !(math.Abs(k.Intercept) <= maxPoint) {
		return fmt.Errorf("intercept %v", k.Intercept)
	}
	seen := map[Feature]bool{}
	for _, t := range k.Terms {
		switch {
		case !slices.Contains(Features(), t.Feature):
			return fmt.Errorf("there is no feature %q", t.Feature)
		case seen[t.Feature]:
			return fmt.Errorf("feature %q stands twice", t.Feature)
		case !(t.Points >= 0 && t.Points <= maxPoint):
			return fmt.Errorf("feature %q has %v points, not 0 to %v", t.Feature, t.Points, maxPoint)
		}
		seen[t.Feature] = true
	}
	if len(k.Bands) == 0 || len(k.Bands) > maxBands || k.Bands[0].From != 0 {
		return fmt.Errorf("it needs 1 to %d bands, the first from 0", maxBands)
	}
	for i, b := range k.Bands {
		if b.Failed < 0 || b.Drives < b.Failed || i > 0 && !(b.From > k.Bands[i-1].From) {
			return fmt.Errorf("band %d is not in order: %+v", i+1, b)
		}
	}
	return nil
}

// Score adds up a drive's points at now. It answers false for a kind without a
// model, and for a drive that told nothing yet.
func (m Model) Score(h *History, kind string, now time.Time) (Score, bool) {
	k, ok := m.Kinds[kind]
	if !ok || h.last == 0 {
		return Score{}, false
	}
	s := Score{Terms: make([]Term, 0, len(k.Terms))}
	for _, w := range k.Terms {
		x, reading := w.Feature.Of(h, now)
		if p := x * w.Points; p > 0 {
			s.Points += p
			s.Terms = append(s.Terms, Term{w.Feature, reading, p})
		}
	}
	slices.SortStableFunc(s.Terms, func(a, b Term) int {
		switch {
		case a.Points > b.Points:
			return -1
		case a.Points < b.Points:
			return 1
		}
		return 0
	})
	s.Probability = k.probability(s.Points)
	for _, b := range k.Bands {
		if s.Points >= b.From {
			s.Of, s.Failed = b.Drives, b.Failed
		}
	}
	return s, true
}

// Points is Score without its terms, for ranking a fleet: it makes nothing.
func (m Model) Points(h *History, kind string, now time.Time) (float64, bool) {
	k, ok := m.Kinds[kind]
	if !ok || h.last == 0 {
		return 0, false
	}
	sum := 0.0
	for _, w := range k.Terms {
		x, _ := w.Feature.Of(h, now)
		sum += x * w.Points
	}
	return sum, true
}

func (k Kind) probability(points float64) float64 {
	return 1 / (1 + math.Exp(-k.Intercept-points*math.Ln2/Doubling))
}

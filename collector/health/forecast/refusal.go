package forecast

// Refusal is why no forecast is made.
type Refusal uint8

// The reasons. Their order is that in which they are looked for, but for the
// two about jumps.
const (
	None Refusal = iota
	NoNumbers
	TooFewDays
	Recovers
	Jumped
	TooShort
	SawTooth
	Flat
	Away
)

// String is the reason in plain words, to be put behind "no forecast: ".
func (r Refusal) String() string {
	switch r {
	case None:
		return ""
	case NoNumbers:
		return "there are not three readings to draw a line through"
	case TooFewDays:
		return "there are readings of too few days"
	case Recovers:
		return "it recovered at least twice within four weeks, so it will again"
	case Jumped:
		return "it jumped in the last days, so what was before says little"
	case TooShort:
		return "the readings reach back less than a third of the time asked about"
	case SawTooth:
		return "it goes up and down with the week"
	case Flat:
		return "it may as well stand still: no direction is certain"
	case Away:
		return "it moves away from the limit"
	}
	return "unknown reason"
}

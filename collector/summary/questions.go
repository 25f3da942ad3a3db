package summary

import (
	"time"
)

// Question is asked of the fleet: its answer is a number of devices, and the
// search that finds them.
type Question struct {
	Word   string `json:"word"`
	Why    string `json:"why,omitempty"`
	Filter string `json:"filter"`
	Count  int    `json:"count" doc:"Devices; -1 when they cannot be counted."`
}

// Theme is questions of one kind.
type Theme struct {
	Title     string     `json:"title"`
	Questions []Question `json:"questions" nullable:"false"`
}

// Replacement is what is asked about the age of the fleet.
func Replacement(now time.Time) []Theme {
	day := func(years int) string { return now.AddDate(-years, 0, 0).Format(time.DateOnly) }
	today, year := now.Format(time.DateOnly), now.AddDate(1, 0, 0).Format(time.DateOnly)
	return []Theme{
		{"System", []Question{
			{Word: "Get no security updates any more", Why: "Their system’s maker has ended support.", Filter: "eol:past"},
			{Word: "Lose them within a year", Why: "Plan these now.", Filter: "eol>=" + today + " eol<" + year},
		}},
		{"Age", []Question{
			{Word: "Bought more than 6 years ago", Why: "By the day of purchase that people keep.", Filter: "purchased<" + day(6)},
			{Word: "Bought 5 to 6 years ago", Why: "Next in line.", Filter: "purchased>=" + day(6) + " purchased<" + day(5)},
			{Word: "Out of warranty", Why: "A repair costs money.", Filter: "warranty<" + today},
			{Word: "Warranty ends within a year", Filter: "warranty>=" + today + " warranty<" + year},
		}},
		{"Parts", []Question{
			{Word: "Less than 8 GB memory", Why: "Slow with today’s programs; a module helps.", Filter: "kind:pc ram<8GB"},
			{Word: "Start from a hard disk", Why: "An SSD makes them as fast as new.", Filter: "kind:pc disk.kind:hdd disk.boot:yes"},
			{Word: "Drive says it is failing", Why: "Its own judgement; rules find most drives earlier.", Filter: "disk_health.passed:no"},
			{Word: "Battery says it is worn", Filter: "battery.condition:poor or battery.condition:replace or battery.condition:failed"},
		}},
	}
}

// Composition is what is asked about PCs that no single column tells: how old
// they are, and how large their largest disk is. Each PC is in one answer of a
// theme.
func Composition(now time.Time) []Theme {
	day := func(years int) string { return now.AddDate(-years, 0, 0).Format(time.DateOnly) }
	const pcs = "kind:pc -state:retired "
	return []Theme{
		{"Age", []Question{
			{Word: "Under a year", Filter: pcs + "purchased>=" + day(1)},
			{Word: "1 to 3 years", Filter: pcs + "purchased<" + day(1) + " purchased>=" + day(3)},
			{Word: "3 to 5 years", Filter: pcs + "purchased<" + day(3) + " purchased>=" + day(5)},
			{Word: "5 years and older", Filter: pcs + "purchased<" + day(5)},
			{Word: "Day of purchase not known", Filter: pcs + "-purchased:*"},
		}},
		{"Largest disk", []Question{
			{Word: "Up to 128 GB", Filter: pcs + "disk<=128GB -disk>128GB"},
			{Word: "To 256 GB", Filter: pcs + "disk>128GB -disk>256GB"},
			{Word: "To 512 GB", Filter: pcs + "disk>256GB -disk>512GB"},
			{Word: "To 1 TB", Filter: pcs + "disk>512GB -disk>1TB"},
			{Word: "More than 1 TB", Filter: pcs + "disk>1TB"},
			{Word: "Not known", Filter: pcs + "-disk>0GB"},
		}},
	}
}

// Quality is what is asked about how well the fleet is known.
func Quality() []Theme {
	return []Theme{
		{"Silent", []Question{
			{Word: "Missing", Why: "Silent for longer than is usual for them.", Filter: "state:missing"},
			{Word: "Not heard of for 30 days", Why: "Retire them, or look for them.", Filter: "seen>30d -state:retired"},
			{Word: "Retired", Filter: "state:retired"},
		}},
		{"Not filled in", []Question{
			{Word: "Without a site", Why: "Give their networks to a site, and they place themselves.", Filter: "-site:*"},
			{Word: "Without an asset tag", Filter: "-asset:* -state:retired"},
			{Word: "Without a day of purchase", Why: "They are missing in the plan for replacement.", Filter: "kind:pc -purchased:* -state:retired"},
			{Word: "Without a serial number", Why: "The firmware has none, or it may not be read.", Filter: "-serial:* -state:retired"},
		}},
		{"Not up to date", []Question{
			{Word: "Wait for a restart", Why: "Updates are not in force until then.", Filter: "pending_restart.pending:yes"},
			{Word: "Clock more than a minute off", Why: "Sign-in and certificates fail at five.", Filter: "clock.offset_seconds>60 or clock.offset_seconds<-60"},
		}},
	}
}

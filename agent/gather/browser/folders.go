package browser

import (
	"context"
	"errors"

	"muster/agent/gather/hive"
	"muster/agent/host"
	"muster/internal/inventory"
)

// ofWindows is where browsers of Windows keep what they know of their people.
func ofWindows() places {
	const local, roaming = "AppData/Local/", "AppData/Roaming/"
	return places{
		Chromiums: []browserPlace{
			{"chrome", local + "Google/Chrome/User Data"},
			{"chrome", local + "Google/Chrome Beta/User Data"},
			{"chromium", local + "Chromium/User Data"},
			{"edge", local + "Microsoft/Edge/User Data"},
			{"edge", local + "Microsoft/Edge Beta/User Data"},
			{"brave", local + "BraveSoftware/Brave-Browser/User Data"},
			{"vivaldi", local + "Vivaldi/User Data"},
			{"opera", roaming + "Opera Software/Opera Stable"},
			{"opera", roaming + "Opera Software/Opera GX Stable"},
		},
		Firefoxes: []string{
			roaming + "Mozilla/Firefox/Profiles",
			local + "Packages/Mozilla.Firefox_n80bbvh6b1yt2/LocalCache/Roaming/Mozilla/Firefox/Profiles",
		},
	}
}

// fromProfiles looks into the profiles of all people that Windows knows.
func fromProfiles(ctx context.Context, h *host.Host) (rows []inventory.BrowserExtension, asked, faults []string, err error) {
	people, err := hive.People(h)
	if errors.Is(err, hive.ErrMany) {
		faults = append(faults, err.Error())
	} else if err != nil {
		return nil, nil, nil, err
	}
	var list []homeOf
	for _, p := range people {
		if p.Dir != "" {
			list = append(list, homeOf{p.User, p.Dir})
		}
	}
	rows, asked, more, err := look(ctx, h, ofWindows(), list)
	return rows, asked, append(faults, more...), err
}

package browser

import (
	"context"
	"errors"

	"muster/agent/gather/home"
	"muster/agent/host"
	"muster/internal/inventory"
)

// ofMac is where browsers of macOS keep what they know of their people, below a
// home. Safari's extensions are apps, which section software tells.
func ofMac() places {
	const support = "Library/Application Support/"
	return places{
		Chromiums: []browserPlace{
			{"chrome", support + "Google/Chrome"},
			{"chrome", support + "Google/Chrome Beta"},
			{"chromium", support + "Chromium"},
			{"edge", support + "Microsoft Edge"},
			{"edge", support + "Microsoft Edge Beta"},
			{"brave", support + "BraveSoftware/Brave-Browser"},
			{"vivaldi", support + "Vivaldi"},
			{"opera", support + "com.operasoftware.Opera"},
			{"opera", support + "com.operasoftware.OperaGX"},
		},
		Firefoxes: []string{support + "Firefox/Profiles"},
	}
}

// fromMac looks into the profiles of all people of a Mac.
func fromMac(ctx context.Context, h *host.Host) (rows []inventory.BrowserExtension, asked, faults []string, err error) {
	people, err := home.Mac(h)
	if errors.Is(err, home.ErrMany) {
		faults = append(faults, err.Error())
	} else if err != nil {
		return nil, nil, nil, err
	}
	var list []homeOf
	for _, p := range people {
		list = append(list, homeOf{p.User, p.Dir})
	}
	rows, asked, more, err := look(ctx, h, ofMac(), list)
	return rows, asked, append(faults, more...), err
}

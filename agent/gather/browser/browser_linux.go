package browser

import (
	"context"
	"errors"

	"muster/agent/gather/home"
	"muster/agent/host"
	"muster/internal/inventory"
)

// chromiums are folders of settings of Chromium's kin below a home: of
// packages, of snaps, of flatpaks.
func chromiums() []browserPlace {
	return []browserPlace{
		{"chrome", ".config/google-chrome"},
		{"chrome", ".config/google-chrome-beta"},
		{"chrome", ".var/app/com.google.Chrome/config/google-chrome"},
		{"chromium", ".config/chromium"},
		{"chromium", "snap/chromium/common/chromium"},
		{"chromium", ".var/app/org.chromium.Chromium/config/chromium"},
		{"edge", ".config/microsoft-edge"},
		{"edge", ".var/app/com.microsoft.Edge/config/microsoft-edge"},
		{"brave", ".config/BraveSoftware/Brave-Browser"},
		{"brave", "snap/brave/current/.config/BraveSoftware/Brave-Browser"},
		{"brave", ".var/app/com.brave.Browser/config/BraveSoftware/Brave-Browser"},
		{"vivaldi", ".config/vivaldi"},
		{"opera", ".config/opera"},
	}
}

// firefoxes are folders of profiles of Firefox.
func firefoxes() []string {
	return []string{
		".mozilla/firefox",
		".config/mozilla/firefox",
		"snap/firefox/common/.mozilla/firefox",
		".var/app/org.mozilla.firefox/.mozilla/firefox",
		".var/app/org.mozilla.firefox/config/mozilla/firefox",
	}
}

func read(ctx context.Context, h *host.Host) (rows []inventory.BrowserExtension, asked, faults []string, err error) {
	people, err := home.People(h)
	if errors.Is(err, home.ErrMany) {
		faults = append(faults, err.Error())
	} else if err != nil {
		return nil, nil, nil, err
	}
	var list []homeOf
	for _, one := range people {
		list = append(list, homeOf{one.User, one.Dir})
	}
	rows, asked, more, err := look(ctx, h, places{chromiums(), firefoxes()}, list)
	return rows, asked, append(faults, more...), err
}

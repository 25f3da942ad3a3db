package web

import (
	"fmt"
	"html/template"
)

// icon is the inside of a picture of 20 by 20. Class f is filled, k is cut out
// of what is filled.
func icon(name string) (string, bool) {
	switch name {
	case "today":
		return `<path class="f" d="M6.6 1.5h6.8l5.1 5.1v6.8l-5.1 5.1H6.6l-5.1-5.1V6.6z"/><path class="k" d="M10 5.6v5"/><path class="k" d="M10 14.2v.1"/>`, true
	case "week":
		return `<path class="f" d="M8.6 2.4a1.6 1.6 0 0 1 2.8 0l7.2 13a1.6 1.6 0 0 1-1.4 2.4H2.8a1.6 1.6 0 0 1-1.4-2.4z"/><path class="k" d="M10 7.4v4.4"/><path class="k" d="M10 15v.1"/>`, true
	case "watch":
		return `<circle cx="10" cy="10" r="8"/><circle class="f" cx="10" cy="10" r="3.2"/>`, true
	case "fine", "check":
		return `<path d="M4 10.6l4.2 4.2L16.4 6"/>`, true
	case "unknown":
		return `<circle cx="10" cy="10" r="7.6" stroke-dasharray="2.6 2.4"/><path d="M8 8.2a2 2 0 1 1 2.6 2c-.5.2-.6.5-.6 1.1"/><path d="M10 14v.1"/>`, true
	case "online":
		return `<circle class="f" cx="10" cy="10" r="4.5"/>`, true
	case "away":
		return `<circle cx="10" cy="10" r="4.5"/>`, true
	case "asleep":
		return `<path d="M14 12a5 5 0 0 1-6-6 5 5 0 1 0 6 6z"/>`, true
	case "missing":
		return `<circle cx="10" cy="10" r="5" stroke-dasharray="2 2"/>`, true
	case "retired", "archive":
		return `<rect x="2.5" y="4" width="15" height="4" rx="1"/><path d="M4 8v8.500h12V8M8 11.500h4"/>`, true
	case "pc":
		return `<rect x="2.5" y="3.5" width="15" height="10" rx="1.5"/><path d="M7 17h6M10 13.500V17"/>`, true
	case "laptop":
		return `<rect x="4" y="4" width="12" height="8.5" rx="1.3"/><path d="M2 15.500h16"/>`, true
	case "switch", "router", "firewall", "gear":
		return `<rect x="2" y="6" width="16" height="8" rx="1.5"/><path d="M5 10v1.500M8 10v1.500M11 10v1.500M14.5 9.500v.1"/>`, true
	case "server", "nas":
		return `<rect x="4" y="3" width="12" height="6" rx="1.2"/><rect x="4" y="11" width="12" height="6" rx="1.2"/><path d="M7 6v.1M7 14v.1"/>`, true
	case "access_point":
		return `<path d="M4.5 9.500a8 8 0 0 1 11 0M7 12.500a4.400 4.400 0 0 1 6 0M10 16v.1"/>`, true
	case "printer", "print":
		return `<path d="M6 7V3h8v4M6 14H3.500V7h13v7H14"/><path d="M6 11.500h8V17H6z"/>`, true
	case "ups", "pdu", "power":
		return `<path class="f" d="M11 2L4.5 11.200h4.200L8 18l7-9.600h-4.400z"/>`, true
	case "camera":
		return `<rect x="2.5" y="6" width="11" height="8" rx="1.5"/><path d="M13.500 9l4-2v6l-4-2"/>`, true
	case "phone":
		return `<rect x="6" y="2.5" width="8" height="15" rx="1.5"/><path d="M9.5 15h1"/>`, true
	case "who":
		return `<circle cx="10" cy="7" r="3.4"/><path d="M3.4 17.2a6.8 6.8 0 0 1 13.2 0"/>`, true
	case "site":
		return `<path d="M4 17.500V3h8v14.500M12 8h4.500v9.500M2.5 17.500h15M7 6.500h2M7 10h2M7 13.500h2"/>`, true
	case "find":
		return `<circle cx="8.6" cy="8.6" r="5.4"/><path d="M12.7 12.7l4.3 4.3"/>`, true
	case "add":
		return `<path d="M10 4v12M4 10h12"/>`, true
	case "gone":
		return `<path d="M5 5l10 10M15 5L5 15"/>`, true
	case "up":
		return `<path d="M10 16V4M5 9l5-5 5 5"/>`, true
	case "down":
		return `<path d="M10 4v12M5 11l5 5 5-5"/>`, true
	case "open":
		return `<path d="M5 7.500l5 5 5-5"/>`, true
	case "before":
		return `<path d="M12.5 4.500L7 10l5.5 5.5"/>`, true
	case "after":
		return `<path d="M7.5 4.500L13 10l-5.5 5.5"/>`, true
	case "note":
		return `<path d="M4 3.500h12v10l-3.5 3.500H4z"/><path d="M7 7.500h6M7 11h4"/>`, true
	case "snooze":
		return `<path d="M15.8 12.600A6.8 6.8 0 0 1 7.4 4.200a6.8 6.8 0 1 0 8.4 8.400z"/>`, true
	case "flag":
		return `<path d="M5 17.500V3M5 3.500h9.500L12 7l2.5 3.500H5"/>`, true
	case "save":
		return `<path d="M5 3h10v14l-5-3.600L5 17z"/>`, true
	case "fetch":
		return `<path d="M10 3v9M6.5 8.500L10 12l3.5-3.500M3.5 13v3.500h13V13"/>`, true
	case "columns":
		return `<rect x="2.5" y="4" width="15" height="12" rx="1.5"/><path d="M7.5 4v12M12.5 4v12"/>`, true
	case "compare":
		return `<path d="M7 3v14M13 3v14M3.5 7H7M13 13h3.5"/>`, true
	case "label":
		return `<path d="M3 3h6.500l7.5 7.5-6.5 6.500L3 9.500z"/><path d="M6.5 6.500v.1"/>`, true
	case "lock":
		return `<rect x="4" y="9" width="12" height="8" rx="1.5"/><path d="M6.5 9V6.500a3.5 3.5 0 0 1 7 0V9"/>`, true
	case "clock":
		return `<circle cx="10" cy="10" r="7.5"/><path d="M10 5.800V10l2.8 1.8"/>`, true
	case "port":
		return `<path d="M4 5h12v10h-3v-2.500H7V15H4z"/><path d="M7.5 5v2.500M10 5v2.500M12.5 5v2.5"/>`, true
	case "copy":
		return `<rect x="7" y="7" width="10" height="10" rx="1.5"/><path d="M13 7V3.500H3.500V13H7"/>`, true
	case "again":
		return `<path d="M16 6.500A7 7 0 1 0 17 10"/><path d="M16.5 2.500v4h-4"/>`, true
	}
	return "", false
}

// drawn is an icon for a template. With a word it is a picture of that; without
// one it repeats the text beside it.
func drawn(name string, word ...string) (template.HTML, error) {
	in, ok := icon(name)
	if !ok {
		return "", fmt.Errorf("there is no icon %q", name)
	}
	as := `aria-hidden="true"`
	if len(word) > 0 {
		as = `role="img" aria-label="` + template.HTMLEscapeString(word[0]) + `"`
	}
	return template.HTML(`<svg class="i" viewBox="0 0 20 20" ` + as + `>` + in + `</svg>`), nil
}

// kindIcon is the icon of a kind of device.
func kindIcon(kind string) (template.HTML, error) {
	switch kind {
	case "wireless_controller", "hypervisor":
		kind = "server"
	case "pc", "":
		kind = "pc"
	}
	if _, ok := icon(kind); !ok {
		kind = "gear"
	}
	return drawn(kind)
}

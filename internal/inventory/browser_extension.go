package inventory

import "time"

// BrowserExtension is one extension in one profile of one person.
type BrowserExtension struct {
	Browser     string    `inv:"browser,key" enum:"chrome|chromium|edge|firefox|brave|opera|vivaldi|safari|other" doc:"Browser it is installed in."`
	UserName    string    `inv:"user_name,key,personal" doc:"Person whose profile it is in."`
	Profile     string    `inv:"profile_name,key" doc:"Directory of the profile."`
	ExtensionID string    `inv:"extension_id,key" doc:"Identifier of the extension."`
	Name        string    `inv:"name,dict" doc:"Name for people."`
	Version     string    `inv:"version,dict,version" doc:"Version of the extension."`
	Publisher   string    `inv:"publisher,dict" doc:"Who made it, by its own word."`
	Source      string    `inv:"source" enum:"store|policy|sideload|development|builtin|other" doc:"How it came in."`
	Enabled     *bool     `inv:"enabled" doc:"True when it is switched on."`
	Permissions []string  `inv:"permissions" doc:"Rights it asks for, sites it may read included."`
	InstalledAt time.Time `inv:"installed_at" doc:"When it was installed."`
}

// Section says how the section is named, kept and read.
func (BrowserExtension) Section() Meta {
	return Meta{Name: "browser_extension", Doc: "Extensions of browsers in all profiles.", Cadence: 6 * time.Hour,
		Windows: "Chromium Preferences and manifest.json, Firefox extensions.json", Darwin: "Chromium Preferences and manifest.json, Firefox extensions.json", Linux: "Preferences and manifest.json of Chrome, Chromium, Edge, Brave, Vivaldi and Opera, Firefox extensions.json; also of snaps and flatpaks"}
}

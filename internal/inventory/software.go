package inventory

import "time"

// Software is one installed program or package, from any source, for the
// machine or for one person. The version is no part of the key, so that an
// upgrade reads as a changed version and not as a removal and an addition.
type Software struct {
	Source      string    `inv:"source,key" enum:"dpkg|rpm|apk|pacman|snap|flatpak|appimage|registry|msi|appx|app|receipt|homebrew|homebrew_cask|winget|chocolatey|snmp|other" doc:"Where the program is registered."`
	Scope       string    `inv:"scope,key" enum:"machine|user" doc:"Whether it is installed for the machine or for one person."`
	UserName    string    `inv:"user_name,key,personal" doc:"Person it is installed for; empty text when for the machine."`
	Name        string    `inv:"name,key,dict" doc:"Name as registered, such as openssl or Adobe Acrobat (64-bit)."`
	Arch        string    `inv:"arch,key,dict" doc:"Architecture as the source writes it, such as amd64, all or x86; empty text when the source has none."`
	Instance    string    `inv:"instance,key" doc:"Empty text as a rule; the version when several versions of the same program are present at once, as with kernels, else what tells two registrations of one name apart."`
	Version     string    `inv:"version,dict,version" doc:"Version as registered."`
	Publisher   string    `inv:"publisher,dict" doc:"Publisher, vendor or maintainer."`
	ProductCode string    `inv:"product_code,dict" doc:"Stable identifier of the product: registry key name or MSI product code, package family, bundle id."`
	Origin      string    `inv:"origin,dict" doc:"Source package, repository, channel or remote it came from."`
	InstalledAt time.Time `inv:"installed_at" doc:"When this version was installed, as far as the source tells."`
	SizeBytes   int64     `inv:"size_bytes" unit:"byte" doc:"Installed size as registered."`
	Hidden      *bool     `inv:"hidden" doc:"True when the system does not list it among its programs."`
	Held        *bool     `inv:"held" doc:"True when it is kept from being upgraded."`
}

// Section says how the section is named, kept and read.
func (Software) Section() Meta {
	return Meta{Name: "software", Doc: "Installed programs and packages with version, publisher and scope.", Cadence: time.Hour,
		Windows: `HKLM and HKU ...\CurrentVersion\Uninstall in both views, AppModel\Repository\Packages, AppxAllUserStore; offline NTUSER.DAT by copy`,
		Darwin:  "Info.plist in /Applications, /System/Applications and ~/Applications, /var/db/receipts, Homebrew Cellar and Caskroom",
		Linux:   "/var/lib/dpkg/status and status.d, rpm -qa, databases of apk and pacman, snapd socket, flatpak installations of the machine and of people", SNMP: "HOST-RESOURCES-MIB hrSWInstalledName"}
}

package inventory

import "time"

// Driver is one driver package or module from outside the system's kernel
// package. Trouble that follows a driver is found over these rows.
type Driver struct {
	Name       string    `inv:"name,key" doc:"Published name, bundle id or module, such as oem12.inf, com.vendor.dext or nvidia."`
	Original   string    `inv:"original_name,dict" doc:"Name the maker gave it, such as e1d.inf."`
	Provider   string    `inv:"provider,dict" doc:"Who provides it."`
	Version    string    `inv:"version,dict,version" doc:"Version of the driver."`
	ReleasedAt time.Time `inv:"released_at" doc:"Date of the driver."`
	Class      string    `inv:"device_class,dict" doc:"Class of devices it serves."`
	Devices    []string  `inv:"devices" doc:"Names of the devices that use it."`
	Signer     string    `inv:"signer,dict" doc:"Who signed it."`
	Signed     *bool     `inv:"signed" doc:"True when its signature is valid."`
	Loaded     *bool     `inv:"loaded,latest" doc:"True when it is in use now."`
}

// Section says how the section is named, kept and read.
func (Driver) Section() Meta {
	return Meta{Name: "driver", Doc: "Drivers and kernel modules from outside the system's own kernel.", Cadence: 24 * time.Hour,
		Windows: `HKLM\SYSTEM\DriverDatabase, keys Control\Class of present devices`, Darwin: "kmutil showloaded, systemextensionsctl list", Linux: "/sys/module with taint, /lib/modules, dkms"}
}

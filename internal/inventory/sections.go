package inventory

// all lists every section, one a line, in the order pages and documents show
// them. A new section is one file and one line here.
func all() []Sectioner {
	return []Sectioner{
		// The machine and its system.
		System{},
		OS{},
		CPU{},
		Memory{},
		Agent{},

		// Storage.
		Disk{},
		Volume{},

		// Network of a host.
		Interface{},
		Address{},

		// Programs.
		Software{},
		Service{},

		// People.
		User{},
	}
}

package patch

func system() []manager { return []manager{mac()} }

// Package remote reads section remote_control: programs by which somebody can
// steer the machine from elsewhere.
//
// It owns what each is known by, and where it keeps the number it is called by.
// It must not read passwords, keys or who connected, which stand beside it.
package remote

import (
	"bufio"
	"context"
	"io"
	"strings"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, faults, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	return reading(rows, asked, faults)
}

func reading(rows []inventory.RemoteControl, asked, faults []string) (gather.Reading, error) {
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	return r, err
}

// program is how one is known: by what its installer lays down, the process
// that lets somebody in, and the units that start it.
type program struct {
	Product  string // of the catalogue
	Instance string // tells two of one product apart
	Places   []string
	Runs     []string // names of processes, of which the kernel keeps 15 bytes
	Units    []string
	Number   number
}

// number is where the number stands by which the machine is called up: in a
// line "Key = NUMBER" of a file.
type number struct{ File, Key string }

// programs lists what is known. Places are those of the makers' own packages
// and of distributions.
func programs() []program {
	return []program{
		{Product: "teamviewer", Places: []string{"/opt/teamviewer/tv_bin/teamviewerd"}, Runs: []string{"teamviewerd"}, Units: []string{"teamviewerd.service"},
			Number: number{"/opt/teamviewer/config/global.conf", "[int32] ClientID"}},
		{Product: "anydesk", Places: []string{"/usr/bin/anydesk"}, Runs: []string{"anydesk"}, Units: []string{"anydesk.service"},
			Number: number{"/etc/anydesk/system.conf", "ad.anynet.id"}},
		{Product: "rustdesk", Places: []string{"/usr/bin/rustdesk", "/usr/share/rustdesk/rustdesk", "/usr/lib/rustdesk/rustdesk"}, Runs: []string{"rustdesk"}, Units: []string{"rustdesk.service"}},
		{Product: "meshcentral", Places: []string{"/usr/local/mesh_services/meshagent/meshagent", "/usr/local/mesh/meshagent"}, Runs: []string{"meshagent"}, Units: []string{"meshagent.service"}},
		{Product: "chrome_remote_desktop", Places: []string{"/opt/google/chrome-remote-desktop/chrome-remote-desktop"}, Runs: []string{"chrome-remote-desktop-host", "chrome-remote-desktop"}},
		{Product: "vnc", Instance: "x11vnc", Places: []string{"/usr/bin/x11vnc"}, Runs: []string{"x11vnc"}, Units: []string{"x11vnc.service"}},
		{Product: "vnc", Instance: "tigervnc", Places: []string{"/usr/bin/Xtigervnc", "/usr/bin/Xvnc"}, Runs: []string{"Xtigervnc", "Xvnc", "x0vncserver"}},
		{Product: "vnc", Instance: "realvnc", Places: []string{"/usr/bin/vncserver-x11"}, Runs: []string{"vncserver-x11-core", "vncserver-x11"}, Units: []string{"vncserver-x11-serviced.service"}},
		{Product: "rdp", Instance: "xrdp", Places: []string{"/usr/sbin/xrdp"}, Runs: []string{"xrdp"}, Units: []string{"xrdp.service"}},
		{Product: "rdp", Instance: "gnome", Places: []string{"/usr/libexec/gnome-remote-desktop-daemon"}, Runs: []string{"gnome-remote-desktop-daemon"}, Units: []string{"gnome-remote-desktop.service"}},
		{Product: "ssh", Places: []string{"/usr/sbin/sshd"}, Runs: []string{"sshd"}, Units: []string{"ssh.service", "sshd.service", "ssh.socket", "sshd.socket"}},
		{Product: "ssh", Instance: "dropbear", Places: []string{"/usr/sbin/dropbear"}, Runs: []string{"dropbear"}, Units: []string{"dropbear.service"}},
	}
}

// maxNumber is more than any of them has digits.
const maxNumber = 20

// find looks for the number. What is none is passed over: some keep words and
// sealed texts under like names.
func find(r io.Reader, key string) string {
	s := bufio.NewScanner(io.LimitReader(r, 256<<10))
	for s.Scan() {
		name, value, ok := strings.Cut(s.Text(), "=")
		value = strings.TrimSpace(value)
		if ok && strings.TrimSpace(name) == key && value != "" && len(value) <= maxNumber && strings.Trim(value, "0123456789") == "" && strings.Trim(value, "0") != "" {
			return value
		}
	}
	return ""
}

package inventory

import "time"

// Container is one container on a host, running or stopped. Environment,
// command and labels are not read: they hold secrets.
type Container struct {
	Runtime    string    `inv:"runtime,key" enum:"docker|podman|containerd|crio|lxc|nspawn|other" doc:"What runs it."`
	Name       string    `inv:"name,key" doc:"Name, or its identifier where it has none."`
	Identifier string    `inv:"container_id,latest" doc:"Identifier by the runtime; changes when it is made anew."`
	Image      string    `inv:"image,dict" doc:"Image with its tag."`
	ImageID    string    `inv:"image_digest,dict" doc:"Digest of the image."`
	State      string    `inv:"state" enum:"running|created|restarting|paused|exited|dead|removing|unknown" doc:"State of the container."`
	Health     string    `inv:"health" enum:"healthy|unhealthy|starting|none" doc:"Answer of its own health check."`
	ExitCode   *int64    `inv:"exit_code" doc:"Exit code of its last end."`
	Project    string    `inv:"project,dict" doc:"Compose project or pod it belongs to."`
	Ports      []string  `inv:"ports" doc:"Ports published on the host, such as 0.0.0.0:8080->80/tcp."`
	Privileged *bool     `inv:"privileged" doc:"True when it has the rights of the host."`
	Restart    string    `inv:"restart_policy" enum:"no|always|on-failure|unless-stopped|other" doc:"When it is started again."`
	CreatedAt  time.Time `inv:"created_at" doc:"When it was made."`
	StartedAt  time.Time `inv:"started_at,latest" doc:"When it started."`
	Restarts   *int64    `inv:"restart_count,latest" unit:"count" doc:"Times it was started again."`
	Memory     *int64    `inv:"memory_bytes,latest" unit:"byte" doc:"Memory it uses."`
	CPU        *float64  `inv:"cpu_percent,latest" unit:"percent" doc:"Use of one processor thread."`
}

// Section says how the section is named, kept and read.
func (Container) Section() Meta {
	return Meta{Name: "container", Doc: "Containers on a host with image and state.", Cadence: time.Hour,
		Windows: `\\.\pipe\docker_engine HTTP API`, Darwin: "Docker socket HTTP API", Linux: "Docker socket HTTP API and hostconfig.json, storage of Podman and CRI-O, tasks of containerd, /var/lib/lxc, machined"}
}

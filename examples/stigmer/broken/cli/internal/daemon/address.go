package daemon

import (
	"net/url"
	"os"
	"runtime"
	"strings"
)

// resolveDockerHostAddress turns an address of this machine into one that means the same inside the container.
//
// On Linux the container shares this machine's network. On macOS and Windows the engine runs in a virtual machine, where localhost
// is the container itself and host.docker.internal is this machine.
func resolveDockerHostAddress(addr string) string {
	if hostNetwork() {
		return addr
	}
	full := addr
	if !strings.Contains(full, "://") {
		full = "tcp://" + full
	}
	u, err := url.Parse(full)
	if err != nil {
		return addr
	}
	switch u.Hostname() {
	case "localhost", "127.0.0.1", "::1", "0.0.0.0":
		host := "host.docker.internal"
		if port := u.Port(); port != "" {
			host += ":" + port
		}
		return strings.Replace(addr, u.Host, host, 1)
	}
	return addr
}

// hostNetwork tells whether the container shares this machine's network: on Linux, unless STIGMER_CONTAINER_NETWORK is bridge.
func hostNetwork() bool {
	return runtime.GOOS == "linux" && os.Getenv("STIGMER_CONTAINER_NETWORK") != "bridge"
}

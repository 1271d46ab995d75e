package supervisor

import (
	"os"
	"runtime"
	"strings"
)

// resolveDockerHostAddress turns an address of this machine into one that means the same inside the container.
func (s *Supervisor) resolveDockerHostAddress(addr string) string {
	if hostNetwork() {
		return addr
	}
	return strings.ReplaceAll(addr, "localhost", "host.docker.internal")
}

// hostNetwork tells whether the container shares this machine's network: on Linux, unless STIGMER_CONTAINER_NETWORK is bridge.
func hostNetwork() bool {
	return runtime.GOOS == "linux" && os.Getenv("STIGMER_CONTAINER_NETWORK") != "bridge"
}

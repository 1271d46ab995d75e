package supervisor

import (
	"runtime"
	"strings"
)

// resolveDockerHostAddress turns an address of this machine into one that means the same inside the container.
func (s *Supervisor) resolveDockerHostAddress(addr string) string {
	if runtime.GOOS == "linux" {
		return addr
	}
	return strings.ReplaceAll(addr, "localhost", "host.docker.internal")
}

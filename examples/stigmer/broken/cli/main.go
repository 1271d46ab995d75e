// Command stigmer starts the agent-runner container on a developer's machine.
package main

import (
	"fmt"
	"os"

	"stigmer.example/cli/internal/config"
	"stigmer.example/cli/internal/daemon"
)

func main() {
	dataDir, err := os.UserHomeDir()
	if err != nil {
		fmt.Fprintln(os.Stderr, "stigmer:", err)
		os.Exit(1)
	}
	if err := daemon.Start(dataDir+"/.stigmer", config.Load()); err != nil {
		fmt.Fprintln(os.Stderr, "stigmer:", err)
		os.Exit(1)
	}
}

// Command stigmer-server keeps the agent-runner container running while the server does.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"stigmer.example/server/internal/supervisor"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := supervisor.New(supervisor.FromEnvironment()).Run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "stigmer-server:", err)
		os.Exit(1)
	}
}

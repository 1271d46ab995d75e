// Package supervisor starts the agent-runner container and starts it again when it has gone.
package supervisor

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

const (
	containerName = "stigmer-agent-runner"
	image         = "ghcr.io/stigmer/agent-runner:latest"
	pause         = 5 * time.Second
)

// Config is what the server knows of its surroundings.
type Config struct {
	TemporalAddr string
	BackendPort  int
	LLMProvider  string
	LLMModel     string
	LLMBaseURL   string
	Workspace    string
}

// FromEnvironment is the configuration as the server's environment has it.
func FromEnvironment() Config {
	return Config{
		TemporalAddr: valueOr("TEMPORAL_SERVICE_ADDRESS", "localhost:7233"),
		BackendPort:  7234,
		LLMProvider:  valueOr("STIGMER_LLM_PROVIDER", "ollama"),
		LLMModel:     valueOr("STIGMER_LLM_MODEL", "qwen2.5-coder:7b"),
		LLMBaseURL:   valueOr("STIGMER_LLM_BASE_URL", "http://localhost:11434"),
		Workspace:    valueOr("STIGMER_WORKSPACE", os.TempDir()),
	}
}

// Supervisor looks after one container.
type Supervisor struct {
	config Config
}

// New makes a supervisor that has started nothing yet.
func New(config Config) *Supervisor {
	return &Supervisor{config: config}
}

// Run keeps the container running until ctx ends, then removes it.
func (s *Supervisor) Run(ctx context.Context) error {
	for {
		if !running() {
			if err := s.startAgentRunner(ctx); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return exec.Command("docker", "rm", "-f", containerName).Run()
		case <-time.After(pause):
		}
	}
}

func (s *Supervisor) startAgentRunner(ctx context.Context) error {
	hostAddr := s.resolveDockerHostAddress(s.config.TemporalAddr)
	backendAddr := s.resolveDockerHostAddress(fmt.Sprintf("localhost:%d", s.config.BackendPort))
	llmBaseURL := s.resolveDockerHostAddress(s.config.LLMBaseURL)

	args := []string{"run", "-d", "--name", containerName}
	if hostNetwork() {
		args = append(args, "--network", "host")
	} else if runtime.GOOS == "linux" {
		// Docker Desktop knows the name by itself, the engine on Linux has to be told.
		args = append(args, "--add-host", "host.docker.internal:host-gateway")
	}
	args = append(args,
		"-e", "MODE=local",
		"-e", fmt.Sprintf("STIGMER_BACKEND_ENDPOINT=%s", backendAddr),
		"-e", fmt.Sprintf("TEMPORAL_SERVICE_ADDRESS=%s", hostAddr),
		"-e", "TEMPORAL_NAMESPACE=default",
		"-e", "TASK_QUEUE=agent_execution_runner",
		"-e", "WORKSPACE_ROOT=/workspace",
		"-e", fmt.Sprintf("STIGMER_LLM_PROVIDER=%s", s.config.LLMProvider),
		"-e", fmt.Sprintf("STIGMER_LLM_MODEL=%s", s.config.LLMModel),
		"-e", fmt.Sprintf("STIGMER_LLM_BASE_URL=%s", llmBaseURL),
		"-v", fmt.Sprintf("%s:/workspace", s.config.Workspace),
		image,
	)

	log.Printf("starting %s: temporal=%s backend=%s llm=%s", containerName, hostAddr, backendAddr, llmBaseURL)
	_ = exec.CommandContext(ctx, "docker", "rm", "-f", containerName).Run()
	cmd := exec.CommandContext(ctx, "docker", args...)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("docker run: %w: %s", err, output)
	}
	return nil
}

func running() bool {
	output, err := exec.Command("docker", "inspect", "-f", "{{.State.Running}}", containerName).Output()
	return err == nil && strings.TrimSpace(string(output)) == "true"
}

func valueOr(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

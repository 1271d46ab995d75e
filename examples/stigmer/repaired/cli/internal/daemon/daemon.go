// Package daemon starts what a developer's machine needs: today, the agent-runner container.
package daemon

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"stigmer.example/cli/internal/config"
)

const (
	containerName = "stigmer-agent-runner"
	image         = "ghcr.io/stigmer/agent-runner:latest"
	backendPort   = 7234
)

// Start starts the agent-runner with its workspace below dataDir.
func Start(dataDir string, cfg *config.Local) error {
	llmBaseURL := cfg.ResolveLLMBaseURL()
	log.Printf("llm: %s %s at %s", cfg.LLM.Provider, cfg.LLM.Model, llmBaseURL)
	return startAgentRunner(dataDir, cfg.LLM.Provider, cfg.LLM.Model, llmBaseURL, cfg.TemporalAddr, secrets(cfg.LLM.Provider))
}

func startAgentRunner(dataDir, llmProvider, llmModel, llmBaseURL, temporalAddr string, secrets map[string]string) error {
	workspace := filepath.Join(dataDir, "workspace")
	if err := os.MkdirAll(workspace, 0o755); err != nil {
		return fmt.Errorf("workspace: %w", err)
	}

	hostAddr := resolveDockerHostAddress(temporalAddr)
	backendAddr := resolveDockerHostAddress(fmt.Sprintf("localhost:%d", backendPort))
	llmAddr := resolveDockerHostAddress(llmBaseURL)

	args := []string{"run", "-d", "--name", containerName, "--restart", "unless-stopped"}
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
		"-e", fmt.Sprintf("STIGMER_LLM_PROVIDER=%s", llmProvider),
		"-e", fmt.Sprintf("STIGMER_LLM_MODEL=%s", llmModel),
		// The first name for images up to 0.3, the second for those after.
		"-e", fmt.Sprintf("STIGMER_LLM_BASE_URL=%s", llmAddr),
		"-e", fmt.Sprintf("OLLAMA_BASE_URL=%s", llmAddr),
		"-v", fmt.Sprintf("%s:/workspace", workspace),
	)
	for key, value := range secrets {
		args = append(args, "-e", fmt.Sprintf("%s=%s", key, value))
	}
	args = append(args, image)

	log.Printf("starting %s: temporal=%s backend=%s llm=%s", containerName, hostAddr, backendAddr, llmAddr)
	_ = exec.Command("docker", "rm", "-f", containerName).Run()
	if output, err := exec.Command("docker", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("docker run: %w: %s", err, output)
	}
	return nil
}

// secrets are the keys that the provider asks for; Ollama asks for none.
func secrets(provider string) map[string]string {
	if provider == "anthropic" {
		return map[string]string{"ANTHROPIC_API_KEY": os.Getenv("ANTHROPIC_API_KEY")}
	}
	return nil
}

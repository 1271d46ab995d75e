// Package config says what the developer configured, with defaults for everything that was left open.
package config

import "os"

// Local is the configuration of a developer's machine.
type Local struct {
	LLM          LLM
	TemporalAddr string
}

// LLM says which model answers, and where.
type LLM struct {
	Provider string
	Model    string
	BaseURL  string
}

// Load reads the configuration from the environment.
func Load() *Local {
	return &Local{
		LLM: LLM{
			Provider: valueOr("STIGMER_LLM_PROVIDER", "ollama"),
			Model:    valueOr("STIGMER_LLM_MODEL", "qwen2.5-coder:7b"),
			BaseURL:  os.Getenv("STIGMER_LLM_BASE_URL"),
		},
		TemporalAddr: valueOr("TEMPORAL_SERVICE_ADDRESS", "localhost:7233"),
	}
}

// ResolveLLMBaseURL is where the model's server listens, as this machine sees it.
func (l *Local) ResolveLLMBaseURL() string {
	if l.LLM.BaseURL != "" {
		return l.LLM.BaseURL
	}
	switch l.LLM.Provider {
	case "anthropic":
		return "https://api.anthropic.com"
	default:
		return "http://localhost:11434"
	}
}

func valueOr(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

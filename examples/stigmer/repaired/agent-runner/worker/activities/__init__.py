"""What the workflows ask this worker to do."""

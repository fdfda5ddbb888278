"""What posts published after a training tell: who may be remembered, what changed of them."""

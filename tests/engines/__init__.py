"""Real engines of several hosts on one machine: network namespaces, each with a mount namespace that sees nothing of the checkout."""

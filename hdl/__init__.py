"""Hardware: everything that is synthesized."""

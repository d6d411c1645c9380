"""Next-state functions of neurons."""

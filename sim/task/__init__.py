"""Real work for the cores."""

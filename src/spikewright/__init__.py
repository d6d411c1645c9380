"""Generator of synthesizable neuromorphic processors."""

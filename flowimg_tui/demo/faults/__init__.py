"""What the demo service does wrong when it is told to, each fault a real one on the wire."""

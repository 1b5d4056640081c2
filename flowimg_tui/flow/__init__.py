"""The Flow service over HTTP: what it lists, and the pictures it delivers."""

"""The main screen, and the ones that open over it."""

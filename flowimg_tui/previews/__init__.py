"""Saved pictures as the terminal can show them, for the screen alone; no saved file is ever changed."""

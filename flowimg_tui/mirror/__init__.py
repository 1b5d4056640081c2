"""Sync, download and force refresh: what this software is for. It knows no screen."""

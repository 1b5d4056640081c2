"""Where things belong on this machine, what the user set, and the credentials."""

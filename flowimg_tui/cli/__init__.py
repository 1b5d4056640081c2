"""The command line: data on stdout, words and progress on stderr, an exit code that a script can trust."""

"""The same faults over every downloader that is installed, and what each leaves under the final name."""

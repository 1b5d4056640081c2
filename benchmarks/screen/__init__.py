"""What the screen takes of a person's time, of memory and of the line, against its budgets."""

"""How fast the work is: beside named peers, or a limit."""

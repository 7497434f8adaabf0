"""Use cases: transactions, processes, clocks. Screens and commands ask here."""

"""What is on disk: the ledger with all its rows, the files of the library, and what brings either of them back."""

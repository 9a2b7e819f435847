"""What is decided by, in the ledger: `votes` on two clips at a time, `measures` of each clip, `experiments`.

Each keeps tables of its own in the ledger's file and is given the ledger as it is open now. Votes and experiments are in
the journal as well, since nobody can give them again; every write is said on the library's stream as `evidence`.
"""

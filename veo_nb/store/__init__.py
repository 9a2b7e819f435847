"""What is on disk: the ledger with all its rows, the files of the library, and what may be asked about them.

`rows` has the values that are written and read, `schema` their tables, `ledger` (on `database`, the file itself) writes
and reads them; `queries`, `ratings`, `sweeps`, `lineage` and `billing` ask it one kind of thing each; `files` and `trash`
are the folder, `changes` says what is not as it was, to this process and from others; `evidence` is what is decided by;
`recovery` brings a ledger back. Nothing here knows the engine or sends anything.

To keep something more, add a migration at the end of `schema.MIGRATIONS` and a value to `rows`; a migration that is
there is never touched, since libraries of each version are out there. Nothing that was paid for may get lost: a row
is on disk before anything is sent, and in the journal after that.
"""

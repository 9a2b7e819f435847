"""The key: where one is looked for, where it is kept, and how it is never shown.

`keys` has the order of places and `Secret`, which wraps a key wherever it goes; `stores` are Colab's secrets and the
system's keyring, `addresses` says where one may go. A key leaves its `Secret` in `api.auth` alone.
"""

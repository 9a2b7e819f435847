"""The key: where one is looked for, where it is kept, and how it is never shown."""

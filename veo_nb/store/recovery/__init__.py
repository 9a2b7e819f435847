"""What a ledger comes back from: the journal beside it and the recipes beside the videos."""

"""The wire: requests to JSON, JSON to operations or errors, and the client that carries them."""

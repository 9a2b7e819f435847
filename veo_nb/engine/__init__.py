"""Jobs in the background: queued, sent, polled and fetched on one loop, driven by one process at a time."""

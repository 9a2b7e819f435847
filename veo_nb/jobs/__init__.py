"""Jobs: queued, submitted, polled and fetched in the background, written down before anything is sent."""

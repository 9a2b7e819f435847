"""What a request needs at the provider before it is sent: `uploads` brings large pictures and clips there."""

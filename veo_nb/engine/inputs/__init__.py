"""What a request needs before it is sent: `files` reads a video of this machine, `uploads` brings what is large there."""

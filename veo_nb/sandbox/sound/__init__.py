"""What there is to hear in a clip. `ambience` makes it from what was read in the prompts; `render` writes it beside the pictures."""

"""What a person sees: the `%%veo` and `%veo` magics, the card, the finished video, the words."""

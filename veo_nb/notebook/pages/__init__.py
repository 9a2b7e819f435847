"""What %veo prints beside the clips: the bill, help, settings, the greeting, and the notebooks that come along."""

"""Training code of unburn's two networks: the text-region detector and the line reader."""

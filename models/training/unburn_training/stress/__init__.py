"""The stress suite: recall against what makes text hard to find, unburn beside two free readers, as tables and plots."""

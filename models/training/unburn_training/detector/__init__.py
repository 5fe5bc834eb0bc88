"""The exact-arithmetic text-region detector."""

"""The CTC line reader."""

"""The methods that are measured: ours, and other people's."""

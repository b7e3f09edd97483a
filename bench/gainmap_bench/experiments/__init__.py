"""The experiments that the documents quote."""

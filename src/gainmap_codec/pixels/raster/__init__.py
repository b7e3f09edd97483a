"""Pictures turned, cut, made larger or smaller."""

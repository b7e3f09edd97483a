"""Tables, curves and figures."""

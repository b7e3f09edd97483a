"""One page that shows gain-map files in a browser."""

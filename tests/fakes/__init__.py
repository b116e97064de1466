"""Small real servers that tests speak to."""

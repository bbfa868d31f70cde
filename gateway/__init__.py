"""The door: everything with a socket, a clock, a configuration or an operator."""

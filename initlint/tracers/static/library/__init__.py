"""What calls outside of the project do: Python's builtins, containers, and torch."""

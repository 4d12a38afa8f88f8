"""The path that applications import the models of a result from. The executor itself is a program of its own."""

"""Orders: a program over real tools and a real database, from end to end. Run it: ``python -m examples.orders``."""

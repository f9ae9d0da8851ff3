"""Fuzzing: generated and mutated inputs, with checks that need no expected output."""

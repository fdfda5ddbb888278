"""Benchmarks: commands that measure the project's bars and write JSON. Never timed tests."""

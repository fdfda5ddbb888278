"""How fast postcast is, against what people would use instead; see `bench/README.md`."""

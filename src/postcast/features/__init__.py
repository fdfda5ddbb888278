"""Posts to named feature blocks. Knows no class, no count and no classifier."""

"""How postcast grows: posts of any number that follow a language's statistics, and their cost."""

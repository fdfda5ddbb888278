"""From posts to a fitted forecaster: which may be learned from, which test, what is remembered."""

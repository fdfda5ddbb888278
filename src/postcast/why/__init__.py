"""What stands behind `explain` and `whatif`: parts of a draft, edits, and past posts like it."""

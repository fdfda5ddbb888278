"""Runs that outgrow one machine: command lines for a scheduler, and files that tell the rest."""

"""Classifiers: feature matrix to class probabilities. They see FeatureSets and arrays only."""

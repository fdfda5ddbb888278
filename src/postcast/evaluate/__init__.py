"""How good a forecaster is: `metrics` computes, `plots` draws, `report` renders."""

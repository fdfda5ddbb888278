"""Files of posts → one clean table, labelled and split. Knows no feature and no model."""

"""Truth: volumes of class indices, from masks, grey levels, colours or several files."""

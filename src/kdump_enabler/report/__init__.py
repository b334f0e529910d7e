"""Reports: the result document and what people read."""

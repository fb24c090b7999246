"""Small trained parts beside a model that stays as it is."""

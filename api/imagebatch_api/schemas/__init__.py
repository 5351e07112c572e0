"""What goes in and out over REST, with the descriptions and examples that OpenAPI shows. Used by the routes."""

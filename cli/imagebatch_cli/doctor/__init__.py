"""The checks of `imagebatch doctor`: each returns findings and raises nothing."""

"""Values that several examples share."""

EXAMPLE_ID = "7b0c3f0e-5d0a-4c55-9d0e-3d9b7e1f6a11"
EXAMPLE_RESULTS = f"https://images.example.com/results/{EXAMPLE_ID}"
EXAMPLE_PAGE = "MTIuMw"

"""The matrix of pictures and outputs: what goes in, what must come out, and libvips as the judge of both."""

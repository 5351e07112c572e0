"""What tests build on: loopback servers, pictures, waiting."""

"""What `imagebatch demo` and `imagebatch dev --samples` show: sample pictures, their server, and what to expect."""

"""Works one shard: fetch, compress, store."""

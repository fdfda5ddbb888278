"""Work that is divided: shards of posts, what every worker does with them, and their gathering."""

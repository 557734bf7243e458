"""The storage server: buckets and objects in memory, resumable uploads, HTTP around them."""

"""Order sources: a payload in, a domain command out."""

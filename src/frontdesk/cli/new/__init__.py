"""`frontdesk new`: a desk of one's own to begin with."""

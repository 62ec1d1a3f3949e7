"""Jobs: work that some worker process does, now or later, once or until it succeeds."""

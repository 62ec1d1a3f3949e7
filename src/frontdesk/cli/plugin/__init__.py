"""`frontdesk plugin`: write one, check one, list those that run."""

"""`frontdesk doctor`: what is wrong with a deployment, found before its users do."""

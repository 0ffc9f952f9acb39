"""Who plays the games: random players and scripted experts."""

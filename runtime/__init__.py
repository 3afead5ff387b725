"""How it is carried: the two doors and everything that moves, keeps or guards."""

"""The rules of rounds of figures. What they share with rounds of ratings is in the rules of those."""

"""How files lie on the disk: complete or not at all, locked, mapped, hashed."""

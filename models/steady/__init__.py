"""The stabilizer and the motion it follows."""

"""What is checked once the schema is right: names, units and sense, one module for each part of a file."""

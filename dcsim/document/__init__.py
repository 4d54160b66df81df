"""What dcsim has to say, before it is printed or drawn: reports of sections, tables and charts, and their wording."""

"""What the words are: cleaning, dates, language, places. Pure; imports nothing above it."""

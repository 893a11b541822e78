"""One file a command. Each offers `command`, and imports the library only inside the functions that run."""

"""What is run beside the program: it looks for tools, and writes parts of documents."""

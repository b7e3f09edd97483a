"""What is measured: pairs, pictures, and how they are judged."""

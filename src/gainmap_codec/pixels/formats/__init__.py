"""Picture files and coded pictures ⇄ arrays."""

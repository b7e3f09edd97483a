"""Photos for web pages: files of several widths and formats, and the elements that have browsers choose."""

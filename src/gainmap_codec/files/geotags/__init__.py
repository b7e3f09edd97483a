"""Where a picture was taken, in every form that files say it in: found, and left out."""

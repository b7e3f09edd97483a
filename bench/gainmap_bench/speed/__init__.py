"""Speed against other people's decoders and encoders."""

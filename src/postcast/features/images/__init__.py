"""Images to vectors: decoding what nobody vouches for, plain features, pretrained encoders."""

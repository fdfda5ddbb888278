"""Pretrained text encoders: found, turned into a graph once, run by OpenVINO or on a GPU."""

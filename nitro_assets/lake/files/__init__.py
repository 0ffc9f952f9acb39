"""What lies in files beside the tables: checkpoints, staged videos, and on this machine clips and resume states."""

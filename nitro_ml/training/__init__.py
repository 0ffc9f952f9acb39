"""What every training shares: trainer, sampler, splits, optimiser, device, checkpoint."""

"""What every other room shares, and light to import: actions, clips, labels files, times, terms."""

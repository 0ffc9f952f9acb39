"""From a list of sources to files on disk: find with yt-dlp, judge, download. Knows no lake and no model."""

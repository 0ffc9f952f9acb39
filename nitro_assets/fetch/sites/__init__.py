"""What talks to sites: yt-dlp as this project runs it, what a page states and names, and a remote file's header."""

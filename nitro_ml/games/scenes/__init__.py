"""What a video shows when nobody plays, drawn in a look of its own for each video: generators of `AnnotatedFrame`s."""

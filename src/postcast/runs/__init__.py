"""What a training leaves on disk: the run folder, its tables, pictures, stages and exports."""

"""How far a training came, on disk: asked for by its pace or a signal, whole or not at all."""

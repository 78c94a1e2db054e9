"""An application by itself."""

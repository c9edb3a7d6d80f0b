"""The pages of this package. Each is a plugin, like those of others."""

"""Flex, after systems/flex/README.md."""

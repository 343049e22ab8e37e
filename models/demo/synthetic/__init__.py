"""Synthetic text, made while training: conversations and tasks of recall. Every sample follows from a seed."""

"""Scrape the transcripts of a show from the one site that is allowed, politely."""

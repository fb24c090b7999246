"""The command line: python -m gpt_core train | sample | eval | import | export."""

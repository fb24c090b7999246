"""The command line: python -m gpt_core train | sample | eval | import | export."""

from gpt_core.cli.main import program

if __name__ == "__main__":
    program()

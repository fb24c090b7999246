"""What stands below the help of the commands."""

EXAMPLES = """\
examples:
  python -m gpt_core train --text book.txt --out runs/book
  python -m gpt_core train --text book.txt --preset classic --steps 500 --out runs/classic
  python -m gpt_core train --run runs/book           (go on after Ctrl-C)
  python -m gpt_core train --from runs/book --text letters.txt --tune lora --out runs/letters
  python -m gpt_core sample --run runs/book --prompt "Once upon" --temperature 0.8
  python -m gpt_core eval --run runs/book
  python -m gpt_core train --sitcom-scenes 50000 --tokenizer bpe --out runs/sitcom
  python -m gpt_core eval --run runs/sitcom --scenes 500 --json sitcom.json
  python -m gpt_core import gpt2 --out runs/gpt2     (then choose it at the top of the app)
  python -m gpt_core export runs/classic --out classic-for-transformers
  python -m gpt_core compress runs/book --int4 --gptq --out runs/book-int4
  python -m gpt_core tokens "Once upon a time" --run runs/book
  torchrun --nproc-per-node 2 -m gpt_core train --text book.txt --out runs/book
"""

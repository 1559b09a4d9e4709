"""Where people meet Impasto: the command line, video and image files, the server and the page.

From outside: `cli.main`, and `stylize.stylize_path` for painting files. Nothing here imports torch.
"""

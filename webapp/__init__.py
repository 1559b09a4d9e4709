"""Where people meet Impasto: the command line, video and image files, the server and the page.

From outside: `cli.main`, and `files.stylize.stylize_path`; programs use `import impasto`. Nothing here imports torch.
"""

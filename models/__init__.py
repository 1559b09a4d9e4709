"""The networks (P, T) and their sizes as data, the importer of published weights, and the released models.

From outside: `predictor`, `transformer` and `spec` for the networks, `published` for the importer,
`errors.BadInput` and `store` for finding models. Importing the package itself does not import torch.
"""

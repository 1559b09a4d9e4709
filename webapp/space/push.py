"""Uploads a Space folder to Hugging Face.

From outside: `check_push`, before anything is built, and `push`.
"""

import re
from pathlib import Path

from impasto.models.errors import BadInput

_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_REFUSED = (401, 403)


def check_push(name: str) -> None:
    """Raise BadInput for a name that is not USER/NAME, or when nobody is logged in."""
    from huggingface_hub import get_token

    if not _NAME.fullmatch(name):
        raise BadInput(f"--push {name} does not name a Space: write USER/NAME.")
    if not get_token():
        raise BadInput("You are not logged in to Hugging Face: run `hf auth login`, or set HF_TOKEN.")


def push(folder: Path, name: str, sdk: str, api=None) -> str:
    """Make the Space `name` (USER/NAME) if there is none, and make its content that of `folder`; returns its address.

    `sdk` is "gradio" or "static"; `api` stands in for huggingface_hub.HfApi(). Raises BadInput when Hugging Face
    refuses or cannot be reached.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HTTPError, LocalTokenNotFoundError, OfflineModeIsEnabled

    api = api or HfApi()
    try:
        api.create_repo(name, repo_type="space", space_sdk=sdk, exist_ok=True)
        api.upload_folder(
            repo_id=name,
            repo_type="space",
            folder_path=folder,
            delete_patterns="*",
            commit_message="Upload by impasto space",
        )
    except LocalTokenNotFoundError as error:
        raise BadInput("You are not logged in to Hugging Face: run `hf auth login`, or set HF_TOKEN.") from error
    except HfHubHTTPError as error:
        raise BadInput(_in_words(error, name)) from error
    except (OfflineModeIsEnabled, HTTPError, ConnectionError, TimeoutError) as error:
        raise BadInput(
            f"Hugging Face cannot be reached ({type(error).__name__}); the Space lies in {folder}."
        ) from error
    return f"https://huggingface.co/spaces/{name}"


def _in_words(error, name: str) -> str:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in _REFUSED:
        return (
            f"Hugging Face refused to write {name}: log in again with a token that may write there (`hf auth login`)."
        )
    return f"Hugging Face answered {status} for {name}; try again later, or upload the folder by hand."

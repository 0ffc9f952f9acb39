"""What holds for all tests, and has to be so before anything is imported.

The tests' Ray cluster asks for a token, as one should: whoever reaches its dashboard may run code on it. And whether
the demonstration was run in this checkout is nothing to a test.
"""

import os
import secrets

from nitro_assets.settings import Settings

Settings.model_config["env_file"] = None
os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}

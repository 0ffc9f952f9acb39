"""What holds for all tests, and has to be so before anything is imported that reads it.

The tests' Ray cluster asks for a token, as one should: whoever reaches its dashboard may run code on it. Two tests run
at a time on two cores: threads of their own would only wait for each other. And whether the demonstration was run in
this checkout is nothing to a test.
"""

import os
import secrets

os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "OMP_NUM_THREADS": "1"}

from nitro_assets.settings import Settings

Settings.model_config["env_file"] = None

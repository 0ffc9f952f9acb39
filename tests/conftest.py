"""The tests' Ray cluster asks for a token, as one should: whoever reaches its dashboard may run code on it.

Here, because Ray reads these when it is first imported.
"""

import os
import secrets

os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}

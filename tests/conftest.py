"""What holds for all tests, set before anything is imported that reads it.

The tests' Ray cluster asks for a token, as one should: whoever reaches its dashboard may run code on it. Two tests run
at a time on two cores: threads of their own would only wait for each other.
"""

import os
import secrets

os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "OMP_NUM_THREADS": "1"}

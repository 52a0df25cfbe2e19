"""Makes a container in Azurite.

Usage: azure_container.py ENDPOINT NAME
"""

import base64
import hashlib
import hmac
import sys
import urllib.request
from email.utils import formatdate

endpoint, name = sys.argv[1:]
# Azurite's published account, the same everywhere.
account = "devstoreaccount1"
key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06"}
named = "".join(f"{header}:{value}\n" for header, value in sorted(headers.items()))
to_sign = "PUT" + "\n" * 12 + named + f"/{account}/{account}/{name}\nrestype:container"
signature = hmac.new(base64.b64decode(key), to_sign.encode(), hashlib.sha256).digest()
headers["Authorization"] = f"SharedKey {account}:{base64.b64encode(signature).decode()}"
request = urllib.request.Request(f"{endpoint}/{account}/{name}?restype=container", method="PUT", headers=headers)
with urllib.request.urlopen(request) as answer:
    print(f'{{"status": {answer.status}}}')

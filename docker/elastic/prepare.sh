#!/bin/sh
# Makes the passwords of the Elastic stack, where there are none yet. Run it as the user who runs docker compose.
set -eu
folder=$(dirname "$0")/../compose/secrets
mkdir -p "$folder"
for name in elastic-password elastic-gateway-password kibana-password filebeat-password; do
    if [ ! -s "$folder/$name" ]; then
        # Containers read it as users of their own, so the folder is what keeps others out.
        head -c 18 /dev/urandom | base64 | tr '+/' '-_' > "$folder/$name"
        echo "made $folder/$name"
    fi
done

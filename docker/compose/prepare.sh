#!/bin/sh
# prepare.sh HOST [STATION…]: makes what gateway.yaml needs and nobody should share: the broker's accounts and
# certificates (./broker), passwords and tokens (./secrets; of monitoring.yaml and elastic.yaml too), keys of the S3 store
# (./.env). What is there stays, so it can be called again for one more station. HOST is the name by which stations and
# browsers know this server.
#   sudo ./prepare.sh weather.example roof shed
set -eu
if [ $# -lt 1 ]; then
    echo "usage: prepare.sh HOST [STATION…], as in: sudo ./prepare.sh weather.example roof shed" >&2
    exit 64
fi
if [ "$(id -u)" != 0 ]; then
    echo "prepare.sh: files for the containers' user 65532 can be made by root alone: sudo $0 $*" >&2
    exit 1
fi
cd "$(dirname "$0")"
host=$1
shift

random() { od -An -v -tx1 -N "$1" /dev/urandom | tr -d ' \n'; }
# The group is what images that have a user of their own (Prometheus, Grafana, Elastic's) are given to read them.
secret() { [ -s "secrets/$1" ] || (umask 077; printf '%s' "$2" >"secrets/$1"); chown 65532:65532 "secrets/$1"; chmod 0440 "secrets/$1"; }

install -d -o 65532 -g 65532 -m 0750 broker secrets objects
secret read-token "$(random 24)"
for password in grafana elastic elastic-gateway kibana filebeat; do
    secret "$password-password" "$(random 12)"
done
if [ ! -s .env ]; then
    secret s3-secret "$(random 32)"
    (umask 077; printf 'S3_ACCESS_KEY_ID=GK%s\nS3_SECRET_ACCESS_KEY=%s\nS3_RPC_SECRET=%s\n' \
        "$(random 12)" "$(cat secrets/s3-secret)" "$(random 32)" >.env)
fi
docker run --rm --network none --read-only --cap-drop ALL --security-opt no-new-privileges --user 65532:65532 \
    --volume "$PWD/broker:/broker" "${MINUANO_GATEWAY_IMAGE:-minuano-gateway:latest}" \
    broker provision --folder /broker --broker-folder /etc/minuano/broker --host "$host" --host broker --gateway=home "$@"
echo "the panel will be at https://$host:8443; its read token: $PWD/secrets/read-token"

#!/usr/bin/env bash
# Puts roles, users and Kibana's objects. Each can be put again.
set -euo pipefail
elastic=http://elasticsearch:9200
kibana=http://kibana:5601
secret() { tr -d '\r\n' < "/run/secrets/$1"; }
superuser="elastic:$(secret elastic-password)"

# put PATH JSON
put() {
    curl --silent --show-error --fail-with-body --user "$superuser" -X PUT "$elastic$1" \
        -H 'Content-Type: application/json' -d "$2" > /dev/null
    echo "put $1"
}

# What docs/elastic.md says that the gateway needs.
put /_security/role/minuano '{
    "cluster": ["monitor", "manage_index_templates"],
    "indices": [{"names": ["metrics-minuano.reading-*"], "privileges": ["create_doc", "auto_configure", "read", "maintenance"]}]
}'
put /_security/user/minuano "{\"password\": \"$(secret elastic-gateway-password)\", \"roles\": [\"minuano\"]}"
put /_security/role/minuano_logs '{
    "cluster": ["monitor", "manage_index_templates", "manage_ilm", "read_pipeline"],
    "indices": [{"names": ["filebeat-*"], "privileges": ["manage", "create_doc", "auto_configure", "view_index_metadata"]}]
}'
put /_security/user/minuano_logs "{\"password\": \"$(secret filebeat-password)\", \"roles\": [\"minuano_logs\"]}"
curl --silent --show-error --fail-with-body --user "$superuser" -X POST \
    "$elastic/_security/user/kibana_system/_password" -H 'Content-Type: application/json' \
    -d "{\"password\": \"$(secret kibana-password)\"}" > /dev/null
echo "put the password of kibana_system"

for attempt in $(seq 120); do
    if curl --silent --fail --user "$superuser" "$kibana/api/status" > /dev/null; then
        curl --silent --show-error --fail-with-body --user "$superuser" -X POST \
            "$kibana/api/saved_objects/_import?overwrite=true" -H 'kbn-xsrf: minuano' \
            -F file=@/setup/kibana.ndjson
        echo
        exit 0
    fi
    echo "Kibana does not answer yet ($attempt)"
    sleep 5
done
exit 1

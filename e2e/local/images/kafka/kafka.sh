#!/bin/sh
# The programs of Kafka that emitted files call, by the classes that they start.
set -eu
class=
case ${0##*/} in
kafka-server-start.sh) class=kafka.Kafka ;;
kafka-storage.sh) class=kafka.tools.StorageTool ;;
kafka-topics.sh) class=org.apache.kafka.tools.TopicCommand ;;
kafka-configs.sh) class=kafka.admin.ConfigCommand ;;
kafka-acls.sh) class=org.apache.kafka.tools.AclCommand ;;
kafka-broker-api-versions.sh) class=org.apache.kafka.tools.BrokerApiVersionsCommand ;;
*) echo "no class for $0" >&2; exit 1 ;;
esac
# shellcheck disable=SC2086 # several options
exec java ${KAFKA_HEAP_OPTS:-} -cp '/opt/kafka/libs/*' "$class" "$@"

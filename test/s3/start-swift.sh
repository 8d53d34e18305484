#!/usr/bin/env bash
# Second real S3 endpoint: OpenStack Swift 2.30 (proxy with s3api+tempauth, 1 account/container/object server), loopback only.
# apt-get install -y --no-install-recommends swift-proxy swift-account swift-container swift-object memcached
set -euo pipefail
DIR=${DIR:?}; S3_PORT=${S3_PORT:-8334}; P=${BASE_PORT:-6200}; MC=${MC_PORT:-11299}
AK=test:tester; SK=testing; export PYTHONWARNINGS=ignore
start() { n=$1; shift; "$@" >>"$DIR/log/$n.log" 2>&1 & echo $! > "$DIR/run/$n.pid"; }
alive() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }
case ${1:-start} in
start)
 mkdir -p "$DIR"/{srv/d1,log,run,etc,cache}; cd "$DIR/etc"
 cat > swift.conf <<C
[swift-hash]
swift_hash_path_suffix = sfx
swift_hash_path_prefix = pfx
[storage-policy:0]
name = Policy-0
default = yes
C
 for t in account:2 container:1 object:0; do n=${t%:*}; p=$((P+${t#*:})); 
 [ -e $n.ring.gz ] || { swift-ring-builder $n.builder create 6 1 0 && swift-ring-builder $n.builder add r1z1-127.0.0.1:$p/d1 1 && swift-ring-builder $n.builder rebalance; } >/dev/null
 cat > $n-server.conf <<C
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $p
workers = 2
user = root
swift_dir = $DIR/etc
devices = $DIR/srv
mount_check = false
log_address = /nonexistent
[pipeline:main]
pipeline = healthcheck $n-server
[app:$n-server]
use = egg:swift#$n
fallocate_reserve = 0
[filter:healthcheck]
use = egg:swift#healthcheck
C
 done
 cat > proxy-server.conf <<C
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $S3_PORT
workers = 2
user = root
swift_dir = $DIR/etc
log_address = /nonexistent
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth copy slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
dns_compliant_bucket_names = false
allow_multipart_uploads = true
check_bucket_owner = false
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:$MC
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
allow_object_versioning = true
[filter:symlink]
use = egg:swift#symlink
C
 export SWIFT_DIR=$DIR/etc
 start memcached memcached -u root -l 127.0.0.1 -p "$MC" -m 64 -U 0
 for n in account container object; do start $n swift-$n-server "$DIR/etc/$n-server.conf"; done
 start proxy swift-proxy-server "$DIR/etc/proxy-server.conf"
 for ((i=0;i<150;i++)); do (exec 3<>/dev/tcp/127.0.0.1/"$S3_PORT") 2>/dev/null && break; sleep 0.2; done
 "$0" env ;;
env) echo "S3_ENDPOINT=http://127.0.0.1:$S3_PORT S3_ACCESS_KEY=$AK S3_SECRET_KEY=$SK AWS_REGION=us-east-1" ;;
stop|kill) sig=TERM; [ $1 = kill ] && sig=KILL; for f in "$DIR"/run/*.pid; do alive "$f" && { p=$(cat "$f"); for c in $(cat /proc/$p/task/$p/children); do kill -$sig $c 2>/dev/null || true; done; kill -$sig $p 2>/dev/null || true; }; rm -f "$f"; done ;;
status) for f in "$DIR"/run/*.pid; do p=$(cat "$f"); for q in $p $(cat /proc/$p/task/$p/children); do echo "$(basename $f .pid) $q $(grep VmRSS /proc/$q/status)"; done; done ;;
esac

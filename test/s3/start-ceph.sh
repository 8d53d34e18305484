#!/usr/bin/env bash
# Real S3 server for tests: single-node Ceph 16.2 (mon + 1 bluestore OSD on a sparse file + radosgw), loopback only.
# apt-get install -y --no-install-recommends ceph-mon ceph-osd radosgw      (pulls ceph-base, ceph-common)
# usage: start-ceph.sh start|stop|wipe|env|status   (DIR, S3_PORT, MON_PORT, OSD_GB can be overridden)
set -euo pipefail
DIR=${DIR:?}; S3_PORT=${S3_PORT:-8333}; MON_PORT=${MON_PORT:-6789}; OSD_GB=${OSD_GB:-20}
AK=${S3_ACCESS_KEY:-testaccess}; SK=${S3_SECRET_KEY:-testsecret0123456789}
export CEPH_CONF=$DIR/ceph.conf
ceph_() { ceph -c "$CEPH_CONF" --connect-timeout 20 "$@"; }
alive() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }
wait_for() { # wait_for SECONDS cmd...
  local n=$(( $1 * 5 )); shift; for ((i=0;i<n;i++)); do "$@" >/dev/null 2>&1 && return 0; sleep 0.2; done; return 1; }
conf() {
mkdir -p "$DIR"/{mon,osd,rgw,run,log}
[ -s "$DIR/fsid" ] || cat /proc/sys/kernel/random/uuid > "$DIR/fsid"
cat > "$CEPH_CONF" <<C
[global]
fsid = $(cat "$DIR/fsid")
mon initial members = a
mon host = [v2:127.0.0.1:$MON_PORT/0]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
ms bind port min = $((MON_PORT+100))
ms bind port max = $((MON_PORT+200))
ms bind msgr1 = false
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
keyring = $DIR/keyring
run dir = $DIR/run
admin socket = $DIR/run/\$name.\$pid.asok
pid file = $DIR/run/\$name.pid
log file = $DIR/log/\$name.log
log to stderr = false
err to stderr = true
crash dir = $DIR/log
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon allow pool delete = true
mon max pg per osd = 1000
mon warn on pool no redundancy = false
mon data avail warn = 2
mon data avail crit = 1
[mon.a]
mon data = $DIR/mon/a
public addr = [v2:127.0.0.1:$MON_PORT/0]
[osd]
osd data = $DIR/osd/\$id
osd objectstore = bluestore
bluestore block size = $((OSD_GB*1024*1024*1024))
bluestore block create = true
bluestore fsck on mount = false
osd memory target = 939524096
osd memory cache min = 134217728
osd class load list = *
osd class default list = *
osd crush update on start = true
osd numa auto affinity = false
[client.rgw]
rgw data = $DIR/rgw
rgw frontends = beast endpoint=127.0.0.1:$S3_PORT tcp_nodelay=1
rgw thread pool size = 64
rgw enable usage log = false
rgw enable ops log = false
rgw lc debug interval = -1
rgw run sync thread = false
rgw rados pool autoscale bias = 1
rgw enable apis = s3, admin
C
}
start_mon() {
  if [ ! -d "$DIR/mon/a/store.db" ]; then
    ceph-authtool --create-keyring "$DIR/keyring" --gen-key -n mon. --cap mon 'allow *' >/dev/null
    ceph-authtool "$DIR/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *' >/dev/null
    ceph-authtool "$DIR/keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *' --cap mgr 'allow profile osd' >/dev/null
    ceph-authtool "$DIR/keyring" --gen-key -n client.rgw --cap mon 'allow rw' --cap osd 'allow rwx' >/dev/null
    monmaptool --create --fsid "$(cat "$DIR/fsid")" --addv a "[v2:127.0.0.1:$MON_PORT/0]" --clobber "$DIR/monmap" >/dev/null
    mkdir -p "$DIR/mon/a"
    ceph-mon --mkfs -i a --monmap "$DIR/monmap" --keyring "$DIR/keyring" -c "$CEPH_CONF"
  fi
  ceph-mon -i a -c "$CEPH_CONF"
}
start_osd() {
  if [ ! -s "$DIR/osd/0/ready" ]; then
    mkdir -p "$DIR/osd/0"; local u; u=$(cat /proc/sys/kernel/random/uuid)
    [ "$(ceph_ osd new "$u")" = 0 ]
    ceph-osd -i 0 --mkfs --osd-uuid "$u" -c "$CEPH_CONF" 2>>"$DIR/log/mkfs.err"
  fi
  ceph-osd -i 0 -c "$CEPH_CONF" 2>>"$DIR/log/osd.err"
}
osd_up() { ceph_ osd stat -f json | grep -q '"num_up_osds":1'; }
http_up() { (exec 3<>/dev/tcp/127.0.0.1/"$S3_PORT") 2>/dev/null; }
case ${1:-start} in
start)
  conf
  alive "$DIR/run/mon.a.pid" || start_mon
  alive "$DIR/run/osd.0.pid" || start_osd
  wait_for 30 osd_up || { echo "osd not up" >&2; exit 1; }
  if [ ! -e "$DIR/user.ok" ]; then
    radosgw-admin -c "$CEPH_CONF" -n client.rgw user create --uid=test --display-name=test --access-key="$AK" --secret-key="$SK" --max-buckets=0 >"$DIR/log/user.json"
    touch "$DIR/user.ok"
  fi
  alive "$DIR/run/client.rgw.pid" || radosgw -n client.rgw -c "$CEPH_CONF"
  wait_for 60 http_up || { echo "rgw not up" >&2; exit 1; }
  "$0" env ;;
env) echo "S3_ENDPOINT=http://127.0.0.1:$S3_PORT S3_ACCESS_KEY=$AK S3_SECRET_KEY=$SK AWS_REGION=us-east-1" ;;
stop|kill) sig=TERM; [ "$1" = kill ] && sig=KILL
  for d in client.rgw osd.0 mon.a; do f=$DIR/run/$d.pid
    if alive "$f"; then p=$(cat "$f"); kill -$sig "$p"; for ((i=0;i<100;i++)); do kill -0 "$p" 2>/dev/null || break; sleep 0.1; done; kill -KILL "$p" 2>/dev/null || true; fi; rm -f "$f"; done ;;
wipe) "$0" stop; case $DIR in /|/home|/root|"") exit 1;; esac; [ -s "$DIR/fsid" ] && rm -rf "$DIR" ;;
status) ceph_ -s; for d in mon.a osd.0 client.rgw; do f=$DIR/run/$d.pid; alive "$f" && grep -H VmRSS "/proc/$(cat "$f")/status" | sed "s/^[^:]*/$d/"; done ;;
esac

#!/bin/sh
# Installs what `npm run bench` compares sft with, from the package archive this Debian is set up for, and nothing else:
#   openssh-client, openssh-server   scp, sftp, ssh, sshd
#   rsync
#   magic-wormhole and its mailbox server
#   iproute2, util-linux             a network of its own for the bench
# No service is started by it: the bench runs its own sshd and mailbox server, on 127.0.0.1, with throw-away keys.
set -eu

if [ "$(id -u)" -ne 0 ]; then
  echo "install-rivals.sh: needs root, for apt-get" >&2
  exit 1
fi

# Debian starts a service as it installs it, unless this file says no.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
fi

apt-get update
DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
  openssh-client openssh-server rsync magic-wormhole python3-magic-wormhole-mailbox-server iproute2 util-linux

mkdir -p /run/sshd # sshd refuses to start without it, and it is gone after a restart

#!/usr/bin/env bash
# A Slurm cluster of two nodes on this machine, for the tests: no systemd, no database.
#
#   tests/cluster/slurm.sh start FOLDER    starts it, and prints the path of its slurm.conf
#   tests/cluster/slurm.sh stop FOLDER     ends every process of it, by the files with their ids
#   tests/cluster/slurm.sh node FOLDER N   starts one node again, after a test has killed it
#
# Then: export SLURM_CONF=FOLDER/slurm.conf, and sbatch, squeue and scancel speak to it.
set -euo pipefail
PATH="$PATH:/usr/sbin:/sbin"

folder=$2

free_ports() { # as many as asked for, that nobody listens on now
    python3 - "$1" <<'PYTHON'
import socket, sys
open_ones = [socket.socket() for _ in range(int(sys.argv[1]))]
for one in open_ones:
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in open_ones))
PYTHON
}

configure() {
    local controller first second user
    read -r controller first second < <(free_ports 3)
    user=$(id -un)
    touch "$folder/gpu" # a file stands for the device: Slurm counts it, nobody opens it
    cat >"$folder/slurm.conf" <<CONF
ClusterName=postcast
SlurmctldHost=$(hostname)(127.0.0.1)
SlurmctldPort=$controller
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket,cred_expire=5
CryptoType=crypto/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool-%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$folder/jobs.log
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=1000
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
ReturnToService=2
KillWait=5
SlurmdTimeout=10
MinJobAge=300
GresTypes=gpu
NodeName=n0 NodeAddr=127.0.0.1 Port=$first CPUs=2 RealMemory=8000 Gres=gpu:1 State=UNKNOWN
NodeName=n1 NodeAddr=127.0.0.1 Port=$second CPUs=2 RealMemory=8000 Gres=gpu:1 State=UNKNOWN
PartitionName=main Nodes=n0,n1 Default=YES MaxTime=INFINITE State=UP
CONF
    echo "Name=gpu File=$folder/gpu" >"$folder/gres.conf"
}

start_munge() {
    (umask 077 && head --bytes=1024 /dev/urandom >"$folder/munge.key")
    munged --force --socket="$folder/munge.socket" --key-file="$folder/munge.key" \
        --pid-file="$folder/munge.pid" --log-file="$folder/munge.log" \
        --seed-file="$folder/munge.seed" 2>>"$folder/munge.err"
}

wait_for_nodes() { # until both take jobs
    for _ in $(seq 150); do
        if [[ $(sinfo --noheader --Node --format=%T 2>/dev/null | grep --count idle) -eq 2 ]]; then
            return
        fi
        sleep 0.2
    done
    echo "the nodes did not come up; see $folder/*.log" >&2
    exit 1
}

start() {
    mkdir --parents "$folder/state"
    configure
    start_munge
    slurmctld
    slurmd -N n0
    slurmd -N n1
    wait_for_nodes
    echo "$folder/slurm.conf"
}

is_alive() { # what has ended and nobody has asked after counts as gone
    [[ $(ps -o state= -p "$1") == [^Z]* ]]
}

stop() {
    local file pid
    scancel --user="$(id -un)" 2>/dev/null || true
    for _ in $(seq 100); do # a node that ends first would leave its jobs running
        [[ -z $(squeue --noheader 2>/dev/null) ]] && break
        sleep 0.1
    done
    for file in "$folder"/slurmd-*.pid "$folder/slurmctld.pid" "$folder/munge.pid"; do
        [[ -s $file ]] || continue
        pid=$(<"$file")
        kill "$pid" 2>/dev/null || continue
        for _ in $(seq 50); do
            is_alive "$pid" || continue 2
            sleep 0.1
        done
        kill -KILL "$pid" 2>/dev/null || true
    done
}

export SLURM_CONF="$folder/slurm.conf"
case $1 in
    start) start ;;
    stop) stop ;;
    node) slurmd -N "$3" ;;
    *) sed --quiet '2,/^set/{/^#/p}' "$0" >&2 && exit 2 ;;
esac

# One sample of a host's health. Sent to /bin/sh with SFH_UNITS, SFH_DOCKER, SFH_PROCS and SFH_GAP set.
# Files are read by the shell itself; what must be forked is forked once: df, and systemctl, docker,
# sysctl, ps, sleep where they are needed. Answers are sections of lines, each after a marker.

sfh_mark() { printf '\036SFH1 %s\n' "$1"; }

sfh_lines() { # NAME FILE AT-MOST
  [ -r "$2" ] || return 0
  sfh_mark "$1"
  sfh_n=0
  while [ "$sfh_n" -lt "$3" ] && IFS= read -r sfh_l; do
    printf '%s\n' "$sfh_l"
    sfh_n=$((sfh_n + 1))
  done <"$2"
} 2>/dev/null

sfh_sysctl() { # NAME
  sfh_mark "$1"
  sysctl kern.cp_time vm.loadavg vm.stats.vm.v_page_count vm.stats.vm.v_free_count \
    vm.stats.vm.v_inactive_count dev.cpu.0.temperature hw.acpi.thermal.tz0.temperature 2>/dev/null
}

sfh_cpu() { # NAME
  if [ -r /proc/stat ]; then
    sfh_lines "$1" /proc/stat 1
  elif command -v sysctl >/dev/null 2>&1; then
    sfh_sysctl "$1"
  fi
}

# Zones of the kernel and sensors of chips: MILLIDEGREES NAME. A zone is often a chip, too: it is told once.
sfh_thermal() { # ROOT
  sfh_mark temp
  sfh_n=0
  for sfh_f in "$1"/sys/class/thermal/thermal_zone*/temp; do
    [ "$sfh_n" -lt 32 ] || break
    sfh_n=$((sfh_n + 1))
    [ -r "$sfh_f" ] && read -r sfh_l <"$sfh_f" || continue
    sfh_t=
    read -r sfh_t <"${sfh_f%temp}type"
    printf '%s %s\n' "$sfh_l" "$sfh_t"
  done
  sfh_n=0
  for sfh_f in "$1"/sys/class/hwmon/hwmon*/temp*_input; do
    [ "$sfh_n" -lt 48 ] || break
    [ -r "$sfh_f" ] || continue
    [ ! -e "${sfh_f%/*}/device/temp" ] || continue
    sfh_n=$((sfh_n + 1))
    sfh_t=0
    read -r sfh_t <"${sfh_f%input}fault"
    [ "$sfh_t" != 1 ] && read -r sfh_l <"$sfh_f" || continue
    sfh_t=
    sfh_s=
    read -r sfh_s <"${sfh_f%/*}/name"
    read -r sfh_t <"${sfh_f%input}label"
    printf '%s %s %s\n' "$sfh_l" "$sfh_s" "$sfh_t"
  done
} 2>/dev/null

sfh_df() {
  sfh_d=${XDG_STATE_HOME:-${HOME:-/}/.local/state}/steadfast
  [ -d "$sfh_d" ] || sfh_d=${HOME:-/}
  [ -d "$sfh_d" ] || sfh_d=/
  # One df for all disks. What is not on a disk of this host is not looked at: it may hang.
  set -- "$sfh_d"
  sfh_seen=' '
  if [ -r /proc/mounts ]; then
    while [ "$#" -lt 17 ] && read -r sfh_s sfh_m sfh_l; do
      case $sfh_s$sfh_m in *'\'*) continue ;; esac
      case $sfh_s in /dev/loop*) continue ;; /dev/*) ;; *) continue ;; esac
      case $sfh_seen in *" $sfh_s "*) continue ;; esac
      sfh_seen="$sfh_seen$sfh_s "
      [ -d "$sfh_m" ] && set -- "$@" "$sfh_m"
    done </proc/mounts
  fi
  sfh_mark df
  df -P -k "$@" 2>/dev/null
}

sfh_units() {
  [ -d /run/systemd/system ] && command -v systemctl >/dev/null 2>&1 || return 0
  case $SFH_UNITS in
    '') return 0 ;;
    '*') set -- --type=service --state=running '*' ;;
    *) set -f; set -- $SFH_UNITS; set +f ;;
  esac
  sfh_mark units
  systemctl show --no-pager -p Id,ActiveState,SubState "$@" 2>/dev/null
}

sfh_procs() {
  [ -n "$SFH_PROCS" ] || return 0
  sfh_mark procs
  if [ -r /proc/self/comm ]; then
    for sfh_f in /proc/[0-9]*/comm; do
      IFS= read -r sfh_l <"$sfh_f" || continue
      case $SFH_PROCS in
        *"|$sfh_l|"*)
          printf '%s\n' "$sfh_l"
          SFH_PROCS=${SFH_PROCS%%"|$sfh_l|"*}"|"${SFH_PROCS#*"|$sfh_l|"}
          ;;
      esac
    done
  else
    ps -axo comm
  fi
} 2>/dev/null

# Last, because it may hang.
sfh_docker() {
  [ "$SFH_DOCKER" = 1 ] && command -v docker >/dev/null 2>&1 || return 0
  sfh_mark docker
  docker ps -a --format '{{.Names}} {{.State}}' 2>/dev/null
}

sfh_main() {
  sfh_cpu cpu
  sfh_lines meminfo /proc/meminfo 5
  sfh_lines loadavg /proc/loadavg 1
  sfh_lines pcpu /proc/pressure/cpu 1
  sfh_lines pmemory /proc/pressure/memory 1
  sfh_lines pio /proc/pressure/io 1
  sfh_lines net /proc/net/dev 66
  sfh_thermal ''
  sfh_df
  sfh_units
  sfh_procs
  sfh_docker
  if [ "$SFH_GAP" = 1 ]; then
    sleep 1
    sfh_cpu cpu
  fi
  sfh_mark end
}

# steadfast: the host side of a durable run. POSIX sh only; tried with dash, bash --posix and BusyBox
# ash with nothing but BusyBox tools. Protocol: src/remote/mod.rs. Functions only: the caller appends
# assignments and `{ sf_main VERB ARG... ; exit; }`, so a text cut short anywhere does nothing.
# No function's name may begin with that of an earlier one: a cut `sf_ab` must not run `sf_a`.
#
# Results of small functions are left in sf_r: a command substitution costs a fork, and a host under
# stress has none to spare. Tests set SF_SHELL to say which shell is to run what is detached,
# SF_VAR_TMP not to meet in /var/tmp, and SF_TOP for what a system says of its boots.

# ---- small things ----------------------------------------------------------------------------------

sf_nap() { sleep "$1" 2>/dev/null || sleep 1; }

sf_kv() { # KEY VALUE: one line of an answer; nothing when the value is empty
  case $2 in
    '') ;;
    *[[:cntrl:]]*) printf '%s=%s\n' "$1" "$(printf %s "$2" | LC_ALL=C tr '\000-\037\177' '?' | LC_ALL=C cut -c1-2000)" ;;
    *) printf '%s=%s\n' "$1" "$2" ;;
  esac
}

sf_fail() { sf_status=1; sf_kv error "$1"; return 1; }

# The value of KEY in a small file of ours, without a fork. FILE KEY
sf_get() {
  sf_r=
  [ -f "$1" ] || return 1
  while IFS= read -r sf_line || [ -n "$sf_line" ]; do
    case $sf_line in "$2="*) sf_r=${sf_line#*=}; return 0 ;; esac
  done 2>/dev/null <"$1"
  return 1
}

# The number a file of ours begins with; 0 when it does not.
sf_count() {
  sf_r=0
  { [ -f "$1" ] && read -r sf_r sf_line <"$1"; } 2>/dev/null
  case $sf_r in '' | *[!0-9]*) sf_r=0 ;; esac
}

sf_size() { # FILE: its length; ls, because stat and wc differ or read the whole file
  set -- $(ls -lnd -- "$1" 2>/dev/null)
  sf_r=${5:-0}
}

sf_avail() { # free bytes where we stand
  set -- $(df -Pk . 2>/dev/null | tail -n 1)
  case ${4:-x} in *[!0-9]*) sf_r= ;; *) sf_r=$(($4 * 1024)) ;; esac
}

# Start time and state of a process: a pid alone can be used again. PID
sf_ticks() {
  sf_r= sf_stat= sf_sid=
  case $1 in '' | *[!0-9]*) return 1 ;; esac
  if [ -r /proc/self/stat ]; then
    { read -r sf_line <"/proc/$1/stat"; } 2>/dev/null || return 1
    set -- ${sf_line##*) }
    sf_stat=${1-} sf_sid=${4-} sf_r=${20-}
  else
    sf_r=$(ps -o lstart= -p "$1" 2>/dev/null | tr -s ' ' _) sf_stat=$(ps -o state= -p "$1" 2>/dev/null)
  fi
  [ -n "$sf_r" ]
}

sf_alive() { # PID TICKS; a zombie that a careless init does not reap is dead
  sf_ticks "$1" && [ "$sf_r" = "$2" ] || return 1
  case $sf_stat in Z* | X*) return 1 ;; esac
}

# PID, whose number cannot have been used again yet; a zombie is not there.
sf_there() {
  [ -r /proc/self/stat ] || { kill -0 "$1" 2>/dev/null; return; }
  sf_ticks "$1" || return 1
  case $sf_stat in Z* | X*) return 1 ;; esac
}

sf_bootid() { # what tells one boot from the next; what cannot be had, or is unexpected, stays empty
  [ -z "${sf_boot_known-}" ] || return 0
  sf_boot_known=1 sf_boot_id= sf_boot_raw= sf_boot_time= sf_init= sf_proc=${SF_TOP-}/proc
  if [ -r "$sf_proc/sys/kernel/random/boot_id" ]; then
    read -r sf_boot_id <"$sf_proc/sys/kernel/random/boot_id"
  else
    sf_boot_id=$(sysctl -n kern.bootsessionuuid 2>/dev/null)
  fi
  if [ -r "$sf_proc/stat" ]; then
    sf_boot_raw=$(sed -n 's/^btime //p' "$sf_proc/stat")
    sf_ticks 1 && sf_init=$sf_r
  else
    # Without a zone: a summer time that begins is no boot.
    sf_boot_raw=$(TZ=UTC0 LC_ALL=C sysctl -n kern.boottime 2>/dev/null)
    [ -n "$sf_boot_raw" ] || sf_boot_raw=$(TZ=UTC0 LC_ALL=C uptime -s 2>/dev/null)
  fi
  sf_moment "$sf_boot_raw"
  sf_boot_time=$sf_r
  case ${#sf_boot_id}:$sf_boot_id in 36:*[!A-Fa-f0-9-]*) sf_boot_id= ;; 36:*) ;; *) sf_boot_id= ;; esac
}

# Seconds since 1970 of a number, of `{ sec = N, usec = N } ...`, `Tue Nov 14 22:13:20 2023` or
# `2023-11-14 22:13:20`; nothing of anything else. The other reader: src/domain/boot/parse.rs.
sf_moment() {
  sf_r=
  case $1 in
    *[!A-Za-z0-9\ :=,{}-]*) return ;;
    '{ sec = '*', usec = '*) sf_k=${1#'{ sec = '} sf_r=${sf_k%%,*} ;;
    [A-Z][a-z][a-z]' '[A-Z][a-z][a-z]' '*:*:*' '[0-9][0-9][0-9][0-9])
      set -- $1
      [ $# = 5 ] || return
      sf_k=JanFebMarAprMayJunJulAugSepOctNovDec
      case $sf_k in *"$2"*) sf_k=${sf_k%%"$2"*} ;; *) return ;; esac
      sf_days "$5" $((${#sf_k} / 3 + 1)) "$3" "$4" ;;
    [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]' '[0-9][0-9]:[0-9][0-9]:[0-9][0-9])
      sf_k=${1#*-}
      sf_v=${sf_k#*-}
      sf_days "${1%%-*}" "${sf_k%%-*}" "${sf_v%% *}" "${1#* }" ;;
    *) sf_r=$1 ;;
  esac
  case $sf_r in *[!0-9]* | 0*) sf_r= ;; esac
}

sf_days() { # YEAR MONTH DAY HH:MM:SS
  sf_k=${4%%:*} sf_v=${4#*:} sf_r=
  sf_d=${sf_v#*:} sf_v=${sf_v%%:*}
  case $1$2$3$sf_k$sf_v$sf_d in *[!0-9]*) return ;; esac
  set -- "$1" $(((${2#0} + 9) % 12)) "${3#0}"
  [ "$2" -lt 10 ] || set -- $(($1 - 1)) "$2" "$3"
  sf_r=$((365 * $1 + $1 / 4 - $1 / 100 + $1 / 400 + (153 * $2 + 2) / 5 + $3 - 1 - 719468))
  sf_r=$((sf_r * 86400 + ${sf_k#0} * 3600 + ${sf_v#0} * 60 + ${sf_d#0}))
}

# Whether what is recorded was another boot than this one. BOOT_ID BOOT_TIME INIT_START
sf_other_boot() {
  if [ -n "$1" ] && [ -n "$sf_boot_id" ]; then
    [ "$1" = "$sf_boot_id" ] || return 0
  elif [ -n "$2" ] && [ -n "$sf_boot_time" ]; then
    [ $(($2 - sf_boot_time)) -le 5 ] && [ $((sf_boot_time - $2)) -le 5 ] || return 0
  fi
  [ -n "$3" ] && [ -n "$sf_init" ] && [ "$3" != "$sf_init" ]
}

# ---- where runs are --------------------------------------------------------------------------------

sf_places() {
  sf_uid=$(id -u) sf_home=
  sf_spare=${SF_VAR_TMP:-/var/tmp}/steadfast-$sf_uid
  case ${XDG_STATE_HOME-} in
    /*) sf_home=$XDG_STATE_HOME/steadfast/runs ;;
    *) case ${HOME-} in /*) sf_home=${HOME%/}/.local/state/steadfast/runs ;; esac ;;
  esac
}

# /var/tmp is everybody's: a directory there is ours only if nobody else could have made it.
sf_spare_ours() {
  [ ! -L "$sf_spare" ] && [ -d "$sf_spare" ] || return 1
  set -- $(ls -lnd -- "$sf_spare" 2>/dev/null)
  [ "${3:-x}" = "$sf_uid" ] || return 1
  case ${1-} in drwx------*) ;; *) chmod 700 "$sf_spare" 2>/dev/null ;; esac
}

sf_usable() { { mkdir -p "$1" && mkdir "$1/.try.$$" && rmdir "$1/.try.$$"; } 2>/dev/null; }

# Where new runs go: sf_root, with a word in sf_note when it is not the usual place. Without any, why in sf_r.
sf_place() {
  sf_places
  sf_note= sf_root=$sf_home
  [ -n "$sf_home" ] && sf_usable "$sf_home" && return 0
  sf_r=
  sf_line=$(mkdir -m 700 "$sf_spare" 2>&1) || sf_r=${sf_line##*: }
  sf_root=$sf_spare/runs
  if [ ! -e "$sf_spare" ] && [ ! -L "$sf_spare" ]; then
    sf_r="neither ${sf_home:-a home directory} nor $sf_spare can be written: $sf_r"
    return 1
  elif ! sf_spare_ours; then
    sf_r="${sf_home:-no home directory} cannot be written, and $sf_spare is not ours alone"
    return 1
  elif ! sf_usable "$sf_root"; then
    sf_r="neither ${sf_home:-a home directory} nor $sf_root can be written"
    return 1
  fi
  sf_note="${sf_home:-no home directory} cannot be written: runs are kept under $sf_spare"
}

sf_choose() { sf_place || sf_fail "find a place for runs: $sf_r"; }

sf_id_ok() { # ID
  case ${1-} in *[!a-z0-9.]* | .* | *.*.* | *.) return 1 ;; *.[1-9]*) ;; *) return 1 ;; esac
  case ${1#*.} in *[!0-9]*) return 1 ;; esac
}

# The directory of an attempt, in whichever place it is: sf_dir. ID
sf_find() {
  sf_places
  sf_id_ok "$1" || return 1
  for sf_dir in ${sf_home:+"$sf_home/$1"} "$sf_spare/runs/$1"; do
    [ -d "$sf_dir" ] || continue
    case $sf_dir in "$sf_spare"/*) sf_spare_ours || continue ;; esac
    return 0
  done
  sf_dir=
  return 1
}

# ---- what the host can do --------------------------------------------------------------------------

# Whether logind ends what a session leaves behind.
sf_logind_kills() {
  [ -d "${SF_SYSTEMD:-/run/systemd/system}" ] || return 1
  sf_line=$(loginctl show-session 2>/dev/null)
  case $sf_line in *KillUserProcesses=yes*) ;; *) return 1 ;; esac
  [ "$sf_uid" = 0 ] || return 0
  case $sf_line in *KillExcludeUsers=*root*) return 1 ;; esac
}

# How to get away from this connection: sf_launcher, with a word of warning in sf_kills when it
# may not be enough. With `yes`, lingering is asked for. [yes]
sf_pick_launcher() {
  sf_launcher= sf_kills=
  if sf_logind_kills; then
    if [ "$sf_uid" = 0 ]; then
      systemd-run --scope --quiet true >/dev/null 2>&1 && sf_launcher=systemd-run
    else
      : "${XDG_RUNTIME_DIR:=/run/user/$sf_uid}"
      export XDG_RUNTIME_DIR
      [ "${1-}" = yes ] && loginctl enable-linger >/dev/null 2>&1
      if systemd-run --user --scope --quiet true >/dev/null 2>&1; then
        sf_launcher=systemd-run-user
        case $(loginctl show-user "$sf_uid" 2>/dev/null) in
          *Linger=yes*) ;;
          *) sf_kills='logind ends user processes and lingering is off: runs may die with the session' ;;
        esac
      fi
    fi
    [ -n "$sf_launcher" ] || sf_kills='logind ends user processes and systemd-run does not work: runs may die with the session'
  fi
  [ -n "$sf_launcher" ] && return
  if command -v setsid >/dev/null 2>&1; then
    sf_launcher=setsid
  elif perl -MPOSIX -e 1 >/dev/null 2>&1; then
    sf_launcher=perl
  else
    sf_launcher=fork
  fi
}

# Runs a program in a new session with nothing of this connection open. PROGRAM ARG...
# A job started with `&` would have SIGINT and SIGQUIT ignored for ever, and every command below it.
# So it is started in the foreground of a shell that it then kills, which is all that waited for it.
sf_detach() (
  exec </dev/null >/dev/null 2>&1 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&-
  case $sf_launcher in
    perl) exec perl -MPOSIX -e 'defined(my $p = fork) or exit 1; exit if $p; POSIX::setsid(); exec @ARGV' -- "$@" ;;
    systemd-run) sf_line='setsid systemd-run --scope --quiet --collect --' ;;
    systemd-run-user) sf_line='setsid systemd-run --user --scope --quiet --collect --' ;;
    setsid) sf_line=setsid ;;
    *) sf_line= ;;
  esac
  $SF_SHELL -c 'by=$1; sh=$2; shift 2
    $by $sh -c '\''[ "$PPID" = "$0" ] && kill -9 "$0"; exec "$@"'\'' $$ "$@"; :' sf "$sf_line" "$SF_SHELL" "$@"
)

# What can give the command a terminal: sf_terminal. Tried, because script(1) differs from place to
# place in what it does without a terminal of its own. Its stdin is a pipe that never says anything.
sf_pick_terminal() {
  sf_terminal=split
  [ -n "$SF_PTY" ] || return
  sf_terminal=plain
  [ "$(script -qefc 'printf x; exit 7' /dev/null 2>/dev/null <&3; echo $?)" = x7 ] && sf_terminal=script && return
  [ "$(python3 -c "$(sf_python)" sh -c 'printf x; exit 7' 2>/dev/null </dev/null; echo $?)" = x7 ] && sf_terminal=python3 && return
  command -v stdbuf >/dev/null 2>&1 && sf_terminal=stdbuf
}

sf_silence() { # opens 3 on a pipe that stays open and silent; on /dev/null where there is none. DIR
  if mkfifo "$1/.in.$$" 2>/dev/null && (exec 3<>"$1/.in.$$") 2>/dev/null; then
    exec 3<>"$1/.in.$$"
  else
    exec 3</dev/null
  fi
  rm -f "$1/.in.$$"
}

sf_python() {
  printf '%s\n' 'import os,pty,sys
p,m=pty.fork()
if p==0: os.execvp(sys.argv[1],sys.argv[1:])
while 1:
    try: b=os.read(m,65536)
    except OSError: break
    while b: b=b[os.write(1,b):]
s=os.waitpid(p,0)[1]
sys.exit(128+os.WTERMSIG(s) if os.WIFSIGNALED(s) else os.WEXITSTATUS(s))'
}

# ---- start -----------------------------------------------------------------------------------------

# Why a file could not be written: sf_r. Shells do not all say that the disk is full. TEXT
sf_why() {
  sf_why_=$1
  { cd "$sf_dir" && sf_avail; } 2>/dev/null || sf_r=
  [ -n "$sf_r" ] && [ "$sf_r" -lt 65536 ] && sf_why_="no space left on the disk ($sf_r bytes free)"
  sf_r=${sf_why_:-nobody says why}
}

# Writes a file of the attempt whole or not at all. NAME TEXT
sf_write() { printf '%s\n' "$2" >"$sf_dir/.$1.$$" && mv -f "$sf_dir/.$1.$$" "$sf_dir/$1"; }

# What the runner needs. Every start of one ID brings the same, so writing it twice does no harm.
sf_prepare() {
  if [ -n "$SF_DIRECTORY" ] && ! sf_line=$(cd "$SF_DIRECTORY" 2>&1); then
    sf_fail "enter the directory $SF_DIRECTORY: ${sf_line##*: }"
    return 1
  fi
  sf_upload=
  if [ -n "$SF_UPLOAD" ]; then
    sf_upload=${sf_root%/runs}/uploads/$SF_UPLOAD
    [ -f "$sf_upload" ] || { sf_fail "find the uploaded file $SF_UPLOAD"; return 1; }
  fi
  [ ${#SF_SECRET_ENV} -le 100000 ] || { sf_fail 'pass the environment file: more than 100000 bytes'; return 1; }
  if ! sf_line=$(mkdir "$sf_dir" 2>&1) && [ ! -d "$sf_dir" ]; then
    sf_fail "make $sf_dir: ${sf_line##*: }"
    return 1
  fi
  sf_line=$(
    exec 2>&1
    sf_write spec "title=$(printf %s "$SF_TITLE" | LC_ALL=C tr '\000-\037\177' '?')
pty=$SF_PTY
limit=$SF_LIMIT
grace=$SF_GRACE
upload=$SF_UPLOAD
reboots=$SF_REBOOTS" \
      && sf_write script "${SF_COMMAND:-\"\$STEADFAST_UPLOAD\"}" \
      && sf_write env "$SF_ENV" && sf_write runner "$SF_SELF
case \$1 in run) sf_run ;; inner) sf_inner ;; command) sf_command ;; esac" && echo ok
  )
  [ "$sf_line" = ok ] && return 0
  rm -f "$sf_dir"/.*."$$"
  sf_why "${sf_line##*: }"
  sf_fail "write $sf_dir: $sf_r"
}

sf_launch() (
  cd "$sf_dir" || exit 1
  # Without the name of the home directory: these words are kept as a line.
  sf_say=${sf_note:+"the home directory cannot be written: this run is kept under $sf_spare"}
  SF_HELPER=$sf_id SF_TOKEN=$sf_token SF_LAUNCHER=$sf_launcher SF_UPLOAD_PATH=$sf_upload
  SF_KILLS=$sf_say${sf_say:+${sf_kills:+; }}$sf_kills
  export SF_HELPER SF_TOKEN SF_LAUNCHER SF_UPLOAD_PATH SF_KILLS SF_SHELL SF_PTY SF_LIMIT SF_DIRECTORY SF_REBOOTS SF_SECRET_ENV
  sf_detach $SF_SHELL ./runner run
)

# ID. Any number of starts, of any of which any part may be missing, run the command once: the runner
# that makes the link `go` is the one.
sf_start() {
  sf_id=$1 sf_token= sf_note=
  : "${SF_COMMAND=}" "${SF_DIRECTORY=}" "${SF_ENV=}" "${SF_SECRET_ENV=}" "${SF_PTY=}" "${SF_GRACE=10}"
  : "${SF_UPLOAD=}" "${SF_TITLE=}" "${SF_REBOOTS=0}" "${SF_SELF=}"
  case ${SF_LIMIT-} in '' | *[!0-9]*) SF_LIMIT=1073741824 ;; esac
  case $SF_PTY in *[!0-9x]*) SF_PTY=80x24 ;; esac
  if ! sf_find "$sf_id"; then
    sf_choose || return 1
    sf_dir=$sf_root/$sf_id
  fi
  sf_root=${sf_dir%/*}
  if [ ! -L "$sf_dir/go" ]; then
    sf_prepare || return 1
    sf_pick_launcher yes
    sf_token=$$.$(date +%s)
    sf_launch
  fi
  sf_n=0 # a host under stress may need seconds to start a shell: ten of them, then the caller asks again
  while [ ! -f "$sf_dir/ident" ] && [ "$sf_n" -lt 100 ]; do
    sf_state_word
    [ "$sf_word" = starting ] || break
    sf_n=$((sf_n + 1))
    sf_nap 0.1
  done
  cd "$sf_dir" || { sf_fail "enter $sf_dir"; return 1; }
  if sf_get ident token; then
    if [ -n "$sf_token" ] && [ "$sf_r" = "$sf_token" ]; then echo answer=started; else echo answer=attached; fi
  else
    sf_state_word
    if [ "$sf_word" = starting ]; then echo answer=starting; else echo answer=stillborn; fi
  fi
  sf_show
}

# ---- the runner: in its own session, in the attempt's directory ------------------------------------

# Files that are rewritten in place: a full disk has no room for a new one, least of all for the
# record of the end. Everything here is by one process, the one that made `go`.
sf_reserve() {
  for sf_f in base_out base_err ack_out ack_err heartbeat status lost .time .lost .pty .by; do printf '%-63s\n' 0 >"$sf_f"; done
  printf '%-1023s\n' '' >exit.new
  printf '%-63s\n' '' >cancel.new
}

# What can give back the front of a file without its offsets moving: sf_punch, 0 for nothing. BusyBox's
# fallocate cannot.
sf_pick_punch() {
  for sf_punch in 1 python3 perl 0; do
    { printf '%-8191s\n' x >.punch && sf_cut .punch 4096 && [ "$(head -c 1 .punch)" != x ]; } 2>/dev/null && break
  done
  rm -f .punch
}

# FILE LENGTH: fallocate(2) with FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
sf_cut() {
  case $sf_punch in
    1) fallocate -p -o 0 -l "$2" "$1" ;;
    python3)
      python3 -c 'import ctypes, os, sys
c = ctypes.CDLL(None).fallocate64 if hasattr(ctypes.CDLL(None), "fallocate64") else ctypes.CDLL(None).fallocate
c.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
sys.exit(c(os.open(sys.argv[1], os.O_WRONLY), 3, 0, int(sys.argv[2])) != 0)' "$1" "$2"
      ;;
    perl)
      case $(uname -m) in x86_64) sf_k=285 ;; aarch64 | riscv64) sf_k=47 ;; *) return 1 ;; esac
      perl -e 'open(my $f, "+<", $ARGV[0]) or exit 1; exit(syscall($ARGV[2] + 0, fileno($f), 3, 0, $ARGV[1] + 0) != 0)' "$1" "$2" "$sf_k"
      ;;
    *) return 1 ;;
  esac
}

# Out-of-memory kills so far, in this control group and on the whole host: two numbers.
sf_oom_counts() {
  sf_group=0 sf_host=0
  while IFS=: read -r sf_line sf_f sf_d; do
    case $sf_f in
      '') sf_f=/sys/fs/cgroup$sf_d/memory.events ;;
      memory) sf_f=/sys/fs/cgroup/memory$sf_d/memory.oom_control ;;
      *) continue ;;
    esac
    sf_oom_line "$sf_f" && sf_group=$sf_r sf_group_at=$sf_f
  done 2>/dev/null </proc/self/cgroup
  sf_oom_line /proc/vmstat && sf_host=$sf_r
}

sf_oom_line() {
  sf_r=
  [ -r "$1" ] || return 1
  while read -r sf_k sf_v; do
    [ "$sf_k" = oom_kill ] && sf_r=$sf_v && return 0
  done <"$1"
  return 1
}

# What the system under ROOT has counted of its own faults, as `NAME=SUM`; what it does not count is not
# there. One grep, since a file that cannot be read must hide no other. A package tells each of its
# processors of its heat: the highest of them counts. ROOT
sf_faults() {
  grep -sE '^[0-9]+$|^TOTAL_ERR_|^ *(MCE|THR|DFR):|^oom_kill ' /dev/null \
    "$1"/sys/devices/system/edac/mc/mc*/[cu]e_count \
    "$1"/sys/bus/pci/devices/*/aer_dev_correctable "$1"/sys/bus/pci/devices/*/aer_dev_*fatal \
    "$1"/sys/devices/system/cpu/cpu*/topology/physical_package_id \
    "$1"/sys/devices/system/cpu/cpu*/thermal_throttle/*_throttle_count \
    "$1"/proc/interrupts "$1"/proc/vmstat ${sf_group_at:+"$sf_group_at"} | LC_ALL=C awk '
    function add(name, more) { sum[name] += more; there[name] = 1 }
    { last = $NF; sub(/.*:/, "", last) }
    last !~ /^[0-9]+$/ && !/\/interrupts:/ { next }
    /\/ce_count:/ { add("edac_ce", last); next }
    /\/ue_count:/ { add("edac_ue", last); next }
    /\/aer_dev_correctable:/ { add("aer_correctable", last); next }
    /\/aer_dev_nonfatal:/ { add("aer_nonfatal", last); next }
    /\/aer_dev_fatal:/ { add("aer_fatal", last); next }
    /\/core_throttle_count:/ { add("thermal_core", last); next }
    /\/physical_package_id:/ { at = $0; sub(/\/topology\/.*/, "", at); package[at] = last; next }
    /\/package_throttle_count:/ { at = $0; sub(/\/thermal_throttle\/.*/, "", at); heat[at] = last + 0; next }
    /\/vmstat:/ { add("oom_kill", last); next }
    /:oom_kill / { add("oom_kill_group", last); next }
    /\/interrupts:/ {
      name = /MCE:/ ? "mce" : /THR:/ ? "mce_corrected" : "mce_deferred"
      sub(/.*(MCE|THR|DFR):/, "")
      add(name, 0)
      for (i = 1; i <= NF && $i ~ /^[0-9]+$/; i++) sum[name] += $i
    }
    END {
      for (at in heat) if (!(package[at] in hot) || heat[at] > hot[package[at]]) hot[package[at]] = heat[at]
      for (at in hot) add("thermal_package", hot[at])
      for (name in there) printf "%s=%.0f\n", name, sum[name]
    }'
}

# How much each counter has grown since `counters` was written, as lines of the record. ROOT
sf_growth() {
  [ -s counters ] || return 0
  sf_faults "$1" | while IFS='=' read -r sf_k sf_v; do
    sf_get counters "$sf_k" || continue
    if [ "$sf_v" -lt "$sf_r" ]; then echo "fault_$sf_k=reset"; else echo "fault_$sf_k=$((sf_v - sf_r))"; fi
  done
}

sf_run() {
  # Handlers, not `ignore`: what is ignored would stay so in the command.
  trap : HUP INT QUIT
  sf_termed=
  trap 'sf_termed=1' TERM
  sf_bootid
  sf_ticks $$
  sf_begun=$sf_r
  ln -s "$$:$sf_begun:$sf_boot_id" go 2>/dev/null || exit 73
  sf_silence .
  sf_pick_terminal
  sf_reserve 2>/dev/null || exit 74
  sf_pick_punch
  : >>out
  [ "$sf_terminal" = split ] && : >>err
  sf_oom_counts
  sf_group_0=$sf_group sf_host_0=$sf_host
  # On a full disk nothing is known of it, and the run goes on.
  { sf_faults '' >counters; } 2>/dev/null
  printf '%s\n' "pid=$$" "ticks=$sf_begun" "session=$sf_sid" "boot_id=$sf_boot_id" "boot_time=$sf_boot_time" \
    "init_start=$sf_init" "at=$(date +%s)" "launcher=$SF_LAUNCHER" "terminal=$sf_terminal" "directory=$PWD" \
    "token=$SF_TOKEN" "punch=$sf_punch" "kills=$SF_KILLS" >ident.new && mv -f ident.new ident || exit 74
  sf_watch $$ 3<&- </dev/null >/dev/null 2>&1 &
  sf_watcher=$!
  case $sf_terminal in
    script | python3) sf_in_terminal ;;
    split) sf_await 3<&- >>out 2>>err ;;
    *) sf_await 3<&- >>out 2>&1 ;;
  esac
  # Not TERM: a shell that was just forked still has the traps of its parent, and loses it.
  kill -9 "$sf_watcher" 2>/dev/null
  wait "$sf_watcher" 2>/dev/null
  sf_shutdown && exit 0
  sf_record
}

# Whether time(1) is there, can write to a file and names signals; tried, because they differ.
sf_time_tells() {
  env time -o .time sh -c 'kill -9 $$' >/dev/null 2>&1
  sf_words .time
  case $sf_r in *'terminated by signal 9'*) return 0 ;; esac
  return 1
}

# Runs the command in the foreground and finds out how it ended: sf_kind (`code` or `signal`) and
# sf_value. `$?` alone cannot tell exit 137 from SIGKILL; so time(1), which says it in words, or perl,
# or the message a shell prints when what it waited for was killed.
sf_await() {
  sf_kind=code sf_unsure=
  if sf_time_tells; then
    env time -o .time $SF_SHELL ./runner command
    sf_value=$?
    sf_words .time
    case $sf_r in
      *'terminated by signal '*) sf_kind=signal sf_value=${sf_r##*terminated by signal } sf_value=${sf_value%% *} ;;
      '') [ "$sf_value" -gt 128 ] && sf_unsure="exit $sf_value may have been signal $((sf_value - 128)): the disk was full" ;;
    esac
  elif perl -e 1 >/dev/null 2>&1; then
    perl -e 'defined(my $p = fork) or exit 126; if (!$p) { exec @ARGV; exit 127 }
      $SIG{$_} = "IGNORE" for qw(HUP INT QUIT TERM); waitpid $p, 0; my $s = $?;
      if (open my $f, "+<", ".time") { printf $f "wait %d \n", $s }
      exit(($s & 127) ? 128 + ($s & 127) : $s >> 8)' -- $SF_SHELL ./runner command
    sf_value=$?
    sf_words .time
    case $sf_r in 'wait '*)
      sf_r=${sf_r#wait } sf_r=${sf_r%% *}
      if [ $((sf_r & 127)) -ne 0 ]; then sf_kind=signal sf_value=$((sf_r & 127)); else sf_value=$((sf_r >> 8)); fi
      ;;
    esac
  else
    exec 7>&2 2>.time
    (exec 2>&7 7>&-; exec $SF_SHELL ./runner command)
    sf_value=$?
    exec 2>&7 7>&-
    sf_words .time
    if [ "$sf_value" -gt 128 ] && [ -n "$sf_r" ]; then
      sf_kind=signal sf_value=$((sf_value - 128))
    else
      case $sf_value in 130 | 141) sf_unsure="exit $sf_value may have been signal $((sf_value - 128)): nothing here tells them apart" ;; esac
    fi
  fi
}

sf_words() { # the text of a small file on one line: sf_r
  sf_r=
  while read -r sf_line || [ -n "$sf_line" ]; do sf_r="$sf_r$sf_line "; done <"$1"
  sf_r=${sf_r% }
  [ "$sf_r" = 0 ] && sf_r=
  return 0
}

# script(1) ends the command when its own output cannot be written, so a pump stands between it and
# the disk. How the command ended is written inside the terminal, by sf_inner.
sf_in_terminal() {
  {
    trap : HUP INT QUIT TERM
    SF_USER_SHELL=${SHELL-} SHELL=/bin/sh
    export SF_USER_SHELL SHELL
    case $sf_terminal in
      script) script -qefc "exec $SF_SHELL ./runner inner" /dev/null <&3 3<&- 2>/dev/null ;;
      python3) python3 -c "$(sf_python)" $SF_SHELL ./runner inner 3<&- 2>/dev/null ;;
    esac
    echo $? 1<>.pty
  } | sf_pump 3<&-
  sf_n=0 sf_unsure=
  until sf_words status && [ -n "$sf_r" ] || [ "$sf_n" -ge 20 ]; do # the terminal died before the command
    sf_n=$((sf_n + 1))
    sf_nap 0.1
  done
  sf_kind=code sf_value=255
  if [ -n "$sf_r" ]; then
    sf_kind=${sf_r%% *} sf_r=${sf_r#* } sf_value=${sf_r%% *}
  else
    sf_count .pty
    sf_value=$sf_r
    [ "$sf_value" -gt 128 ] && sf_kind=signal sf_value=$((sf_value - 128))
    sf_unsure='what gave the command its terminal was killed'
  fi
}

# In the new terminal, which hangs up when this ends.
sf_inner() {
  trap : HUP INT QUIT TERM
  exec 3<&-
  { printf '%-63s\n' "$PPID" 1<>.by; } 2>/dev/null
  stty rows "${SF_PTY#*x}" cols "${SF_PTY%x*}" <&1 2>/dev/null
  sf_await </dev/null
  { printf '%-63s\n' "$sf_kind $sf_value $PPID" 1<>status; } 2>/dev/null
}

# From the terminal to the spool. A full disk costs output, never the command: while nothing can be
# written it is read and counted.
sf_pump() {
  trap : HUP INT QUIT TERM
  exec 5<&0
  sf_lost=0
  until cat <&5 >>out; do
    sf_nap 0.05
    [ "$sf_lost" = 0 ] && { sf_size out; sf_lost_at=$sf_r; }
    # Its first line is the number; a disk that went read-only takes none.
    sf_counted=
    { true >>.lost; } && sf_counted=1
    { if [ -n "$sf_counted" ]; then cat <&5 | wc -c 1<>.lost; else cat <&5 >/dev/null; fi; :; } 2>/dev/null &
    sf_cat=$!
    sleep 1
    sf_over=1
    kill -0 "$sf_cat" 2>/dev/null && sf_over=0 && sf_stop_tree "$sf_cat"
    wait "$sf_cat"
    sf_count .lost
    [ -n "$sf_counted" ] && sf_lost=$((sf_lost + sf_r))
    printf '%-63s\n' "$((sf_lost + 1)) $sf_lost_at $(date +%s)" 1<>lost
    [ "$sf_over" = 0 ] || break
  done 2>/dev/null
}

# The children of a subshell of ours, by their parent. PID
sf_stop_tree() {
  for sf_f in /proc/[0-9]*/stat; do
    { read -r sf_line <"$sf_f"; } 2>/dev/null || continue
    sf_d=${sf_line%% *}
    set -- "$1" ${sf_line##*) }
    [ "$3" = "$1" ] && case $sf_line in *'(cat)'*) kill "$sf_d" 2>/dev/null ;; esac
  done
  [ -d /proc/self ] || kill "$1"
}

# How a file that may not be executed (a file system mounted noexec) is run all the same: by whom its
# first line names, as words in sf_by. A program that is no text cannot be. FILE
sf_interpreter() {
  sf_by=
  # Tried: `test -x` looks at nothing but the mode in BusyBox.
  { : >.x && chmod 700 .x && ./.x; } >/dev/null 2>&1 </dev/null
  sf_d=$?
  rm -f .x
  [ "$sf_d" = 126 ] || return 0
  { read -r sf_by <"$1"; } 2>/dev/null
  case $sf_by in
    '#!'*[!A-Za-z0-9/._\ =+-]*) sf_by= ;;
    '#!'*) sf_by=${sf_by#'#!'} ;;
    *ELF*) sf_by= ;;
    *) sf_by=sh ;;
  esac
}

# Whether a text is one program with its arguments. The shell then becomes that, so that a signal that
# kills it is seen as such; dash does not by itself, as others do. TEXT
sf_one_program() {
  case $1 in *[\;\&\|\`\(\)]* | *'
'*) return 1 ;; esac
  sf_f=${1%% *}
  case $sf_f in
    '"$STEADFAST_UPLOAD"') ;;
    '' | *[!A-Za-z0-9_./+-]*) return 1 ;;
    */*) [ -f "$sf_f" ] ;;
    *) case $(command -v "$sf_f") in /*) ;; *) return 1 ;; esac ;;
  esac
}

# Becomes the command.
sf_command() {
  exec 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&-
  sf_at=$PWD sf_sh=$SF_SHELL sf_text=$(cat ./script)
  sf_get ident terminal
  sf_terminal=$sf_r
  if [ "$sf_terminal" = script ] || [ "$sf_terminal" = python3 ]; then
    if [ -n "${SF_USER_SHELL-}" ]; then SHELL=$SF_USER_SHELL; else unset SHELL; fi
    case ${TERM-} in '' | dumb | unknown) TERM=xterm-256color; export TERM ;; esac
  fi
  STEADFAST_RUN=${SF_HELPER%.*} STEADFAST_ATTEMPT=${SF_HELPER##*.} STEADFAST_REBOOTS=$SF_REBOOTS
  export STEADFAST_RUN STEADFAST_ATTEMPT STEADFAST_REBOOTS
  if [ -n "$SF_UPLOAD_PATH" ]; then
    STEADFAST_UPLOAD=$SF_UPLOAD_PATH
    export STEADFAST_UPLOAD
    case $sf_text in '"$STEADFAST_UPLOAD"'*) sf_interpreter "$SF_UPLOAD_PATH"; sf_text="$sf_by${sf_by:+ }$sf_text" ;; esac
  fi
  sf_line=$SF_SECRET_ENV
  cd "${SF_DIRECTORY:-${HOME:-/}}" 2>/dev/null || { [ -z "$SF_DIRECTORY" ] && cd /; } \
    || { echo "steadfast: the directory $SF_DIRECTORY is gone" >&2; exit 127; }
  unset SF_HELPER SF_TOKEN SF_LAUNCHER SF_UPLOAD_PATH SF_KILLS SF_SHELL SF_PTY SF_LIMIT SF_DIRECTORY SF_REBOOTS
  unset SF_SECRET_ENV SF_USER_SHELL OLDPWD
  [ -e "$sf_at/cancel" ] && kill -9 $$ # cancelled before it began
  . "$sf_at/env"
  eval "$sf_line"
  umask 022
  sf_by=
  [ "$sf_terminal" = stdbuf ] && sf_by='stdbuf -oL'
  sf_one_program "$sf_text" && sf_text="exec $sf_text"
  # A short text as an argument: most shells become the last command of it.
  if [ ${#sf_text} -le 30000 ]; then exec $sf_by $sf_sh -c "$sf_text"; fi
  exec $sf_by $sf_sh "$sf_at/script"
}

# Whether it was the whole host that went down: then the end says nothing, and no record is the
# truth, `interrupted by reboot`. Without systemd, five seconds tell a shutdown from a stray kill.
sf_shutdown() {
  [ -n "$sf_termed" ] && [ ! -e cancel ] || return 1
  [ "$(systemctl is-system-running 2>/dev/null)" = stopping ] && return 0
  sleep 5
  return 1
}

sf_record() {
  sf_size out
  sf_end_out=$sf_r sf_end_err=0
  [ -e err ] && sf_size err && sf_end_err=$sf_r
  sf_oom=0
  case $sf_kind$sf_value in signal9 | code137)
    sf_oom_counts
    [ "$sf_group" -gt "$sf_group_0" ] || [ "$sf_host" -gt "$sf_host_0" ] && sf_oom=1
    ;;
  esac 2>/dev/null
  sf_say=$sf_unsure
  if [ -e cancelled ] && [ "$sf_kind" = code ]; then # it caught our TERM: ended by us all the same
    sf_say="cancelled: it caught SIGTERM and ended with code $sf_value"
    sf_kind=signal sf_value=15
  fi
  sf_grown=$(sf_growth '' 2>/dev/null)
  # At worst the disk has no room for this although it was reserved: then until it has.
  # Somebody may have removed all of it: after a minute without it nobody is told any more.
  sf_n=0
  until { printf '%s\n' "$sf_kind=$sf_value" "end_out=$sf_end_out" "end_err=$sf_end_err" "ended=$(date +%s)" \
    "oom=$sf_oom" "notice=$sf_say" "$sf_grown" '' 1<>exit.new && mv -f exit.new exit; } 2>/dev/null; do
    if [ -e script ]; then sf_n=0; else sf_n=$((sf_n + 1)); fi
    [ "$sf_n" -lt 60 ] || break
    sleep 1
  done
  rm -f .pty .by .time .lost cancel.new
}

# ---- the watcher: once a second, as long as the runner lives ---------------------------------------

sf_watch() { # PID
  sf_beat=0 sf_done=0
  while sf_alive "$1" "$sf_begun" && [ ! -e exit ]; do
    # It stands still with a runner that is stopped: nobody would see the end of the run.
    case $sf_stat in [Tt]*) ;; *) sf_beat=$((sf_beat + 1)); printf '%-63s\n' "$sf_beat" 1<>heartbeat ;; esac
    for sf_st in out err; do
      [ "$sf_punch" != 0 ] && [ -e "$sf_st" ] || continue
      sf_count "ack_$sf_st"
      sf_hole "$sf_st" "$sf_r"
      sf_size "$sf_st"
      sf_len=$sf_r
      sf_count "base_$sf_st"
      # over the limit: half of it goes, so that this does not come back every second
      [ $((sf_len - sf_r)) -gt "$SF_LIMIT" ] && sf_hole "$sf_st" $((sf_len - SF_LIMIT / 2))
    done
    # script(1) stops itself when its child is stopped, also when both go on already: nobody else wakes it.
    sf_count .by
    [ "$sf_r" -gt 1 ] && kill -CONT "$sf_r" 2>/dev/null
    # The command has ended, and something keeps its terminal busy: nobody waits for that.
    sf_words status
    if [ -n "$sf_r" ]; then
      sf_done=$((sf_done + 1))
      [ "$sf_done" -ge 4 ] && kill "${sf_r##* }"
    fi
    sleep 1
  done
}

# Gives back the blocks of a stream before an offset. STREAM OFFSET. The new base is written first,
# then followers that stand before it are ended, then the bytes go: nobody reads the zeros.
sf_hole() {
  set -- "$1" $(($2 / 4096 * 4096))
  sf_count "base_$1"
  [ "$2" -gt "$sf_r" ] || return 0
  printf '%-63s\n' "$2" 1<>"base_$1" || return 1
  for sf_f in follow."$1".*; do
    [ -e "$sf_f" ] || continue
    sf_d=${sf_f#follow.*.}
    sf_alive "${sf_d%.*}" "${sf_d#*.}" || { rm -f "$sf_f"; continue; }
    sf_beyond "${sf_d%.*}" "$1" "$2" && continue
    kill "${sf_d%.*}" 2>/dev/null
    sf_n=0
    while sf_alive "${sf_d%.*}" "${sf_d#*.}"; do # one that cannot be ended keeps the blocks
      sf_n=$((sf_n + 1))
      [ "$sf_n" = 10 ] && kill -9 "${sf_d%.*}" 2>/dev/null
      [ "$sf_n" -gt 20 ] && return 1
      sf_nap 0.1
    done
  done
  sf_cut "$1" "$2" 2>/dev/null
}

# Whether a follower has read past an offset. PID STREAM OFFSET
sf_beyond() {
  for sf_fd in /proc/"$1"/fd/*; do
    [ "$sf_fd" -ef "$2" ] || continue
    sf_k= sf_v=0
    { read -r sf_k sf_v <"/proc/$1/fdinfo/${sf_fd##*/}"; } 2>/dev/null
    [ "$sf_k" = pos: ] && [ "$sf_v" -ge "$3" ] && return 0
  done
  return 1
}

# ---- what it is doing ------------------------------------------------------------------------------

# sf_word: what has become of the attempt in sf_dir. Derived from evidence, never from silence.
sf_state_word() {
  sf_word=exited
  [ -f "$sf_dir/exit" ] && return
  sf_bootid
  if sf_get "$sf_dir/ident" pid; then
    sf_pid=$sf_r
    sf_get "$sf_dir/ident" ticks; sf_began=$sf_r
    sf_get "$sf_dir/ident" boot_id; sf_k=$sf_r
    sf_get "$sf_dir/ident" boot_time; sf_v=$sf_r
    sf_get "$sf_dir/ident" init_start
    sf_word=other-boot
    sf_other_boot "$sf_k" "$sf_v" "$sf_r" && return
    sf_word=running
    sf_alive "$sf_pid" "$sf_began" && return
    sf_nap 0.3 # it may have ended between the two looks
    sf_word=exited
    [ -f "$sf_dir/exit" ] && return
    sf_orphans=$(sf_members "$sf_dir" | tr '\n' ' ')
    sf_word=vanished
    [ -n "$sf_orphans" ] && sf_word=running
  elif [ -L "$sf_dir/go" ]; then
    sf_r=$(ls -ld -- "$sf_dir/go")
    sf_r=${sf_r##* -> }
    sf_word=stillborn
    case $sf_r in *:*:*) ;; *) return ;; esac
    sf_k=${sf_r##*:} sf_d=${sf_r%%:*} sf_v=${sf_r#*:} sf_v=${sf_v%%:*}
    sf_word=other-boot
    [ -n "$sf_k" ] && [ -n "$sf_boot_id" ] && [ "$sf_k" != "$sf_boot_id" ] && return
    sf_word=starting
    sf_alive "$sf_d" "$sf_v" && return
    sf_nap 0.3
    [ -f "$sf_dir/ident" ] && { sf_state_word; return; }
    sf_word=stillborn
  elif [ -d "$sf_dir" ]; then
    sf_word=starting
  else
    sf_word=missing
  fi
}

# sf_stuck: why the spool cannot grow at present, empty when it can. Few free bytes alone prove nothing (the
# reserve is root's), and a quota leaves many. FREE
sf_stuck_word() {
  sf_stuck=
  if ! sf_line=$({ true >>heartbeat; } 2>&1); then
    sf_stuck=unwritable
    case $sf_line in *ead-only*) sf_stuck=read-only ;; esac
    return
  fi
  sf_k= sf_v=
  [ -f lost ] && read -r sf_k sf_v sf_k <lost
  case $sf_k in
    '' | *[!0-9]*) ;;
    *) [ $(($(date +%s) - sf_k)) -le 10 ] && sf_stuck=full && return ;;
  esac
  case $1 in [0-9][0-9][0-9][0-9][0-9][0-9][0-9]*) return ;; esac
  printf '%-4095s\n' x >".room.$$"
  sf_size ".room.$$"
  [ "$sf_r" -ge 4096 ] || sf_stuck=full
  rm -f ".room.$$"
} 2>/dev/null

# The keys of `state`, for the attempt in sf_dir, which is where we stand (unless it is missing).
sf_show() {
  sf_orphans= sf_stuck=
  sf_state_word
  echo "state=$sf_word"
  [ "$sf_word" = missing ] && return
  for sf_st in out err; do
    [ -e "$sf_st" ] || continue
    sf_size "$sf_st"
    echo "$sf_st=$sf_r"
    sf_count "base_$sf_st"
    echo "base_$sf_st=$sf_r"
  done
  sf_avail
  sf_kv free "$sf_r"
  [ "$sf_word" = running ] && sf_stuck_word "$sf_r"
  sf_kv stuck "$sf_stuck"
  # Without a runner, or where nothing can be written, it says nothing new.
  if [ "$sf_word" = running ] && [ -z "$sf_stuck$sf_orphans" ]; then sf_count heartbeat; echo "heartbeat=$sf_r"; fi
  if [ -f cancel ]; then read -r sf_r <cancel; sf_kv cancel "$sf_r"; fi
  if [ -f ident ]; then
    while IFS= read -r sf_line; do
      case $sf_line in
        *=) ;;
        pid=* | at=* | launcher=* | terminal=* | boot_id=* | boot_time=* | init_start=*) printf '%s\n' "$sf_line" ;;
        directory=*) sf_kv directory "${sf_line#*=}" ;;
      esac
    done <ident
  fi
  sf_say=
  if [ "$sf_word" = exited ]; then
    while IFS= read -r sf_line; do
      case $sf_line in
        notice=*) sf_say=${sf_line#*=} ;;
        code=* | signal=* | end_out=* | end_err=* | ended=* | oom=* | fault_*) printf '%s\n' "$sf_line" ;;
      esac
    done <exit
  fi
  [ "$sf_word" = other-boot ] && [ -s counters ] && echo faults=reset
  sf_notices
}

# What else the operator should know, in one line.
sf_notices() {
  [ -n "$sf_orphans" ] && sf_say="${sf_say:+$sf_say; }its runner was killed, so how it ends will not be known"
  if [ -f lost ]; then
    read -r sf_k sf_v sf_r <lost
    # While it goes on the figure grows with every look: told when it is over.
    [ "${sf_k:-0}" != 0 ] && [ -z "$sf_stuck" ] && sf_say="${sf_say:+$sf_say; }the disk was full: at least $sf_k bytes of output are missing at offset $sf_v"
  fi
  if sf_get ident punch && [ "$sf_r" = 0 ] && sf_get spec limit; then
    sf_v=$sf_r
    for sf_st in out err; do
      sf_size "$sf_st"
      case $sf_v in '' | *[!0-9]*) continue ;; esac
      [ "$sf_r" -gt "$sf_v" ] && sf_say="${sf_say:+$sf_say; }the spool of $sf_st is over its limit and cannot be cut: fallocate -p does not work here"
    done
  fi
  sf_get ident kills && [ -n "$sf_r" ] && sf_say="${sf_say:+$sf_say; }$sf_r"
  sf_kv notice "$sf_say"
}

# One line for a follower's stderr; blanks and per cent signs as %XX.
sf_line_of_state() { (sf_show | sed 's/%/%25/g; s/ /%20/g' | tr '\n' ' '; echo) | sed 's/^/SF state /; s/ $//'; }

sf_each() { # ID...
  for sf_id in "$@"; do
    sf_kv id "$sf_id"
    if sf_find "$sf_id" && cd "$sf_dir"; then sf_show; else echo state=missing; fi
  done
}

sf_list() {
  sf_places
  for sf_at in ${sf_home:+"$sf_home"} "$sf_spare/runs"; do
    case $sf_at in "$sf_spare"/*) sf_spare_ours || continue ;; esac
    for sf_dir in "$sf_at"/*.[1-9]*; do
      sf_id_ok "${sf_dir##*/}" && [ -d "$sf_dir" ] && cd "$sf_dir" 2>/dev/null || continue
      sf_kv id "${sf_dir##*/}"
      sf_get spec title && sf_kv title "$sf_r"
      sf_show
    done
  done
}

# ---- follow ----------------------------------------------------------------------------------------

# ID STREAM OFFSET. What is read from our stdin is nothing: its end is the end of the lease.
sf_follow() {
  if ! sf_find "$1" || ! cd "$sf_dir"; then printf '\036SF1 missing\n'; return; fi
  case $2 in out) ;; *) [ "$2" = err ] && [ -e err ] || { printf '\036SF1 missing\n'; return; } ;; esac
  [ -e "$2" ] || true >>"$2"
  sf_count "base_$2"
  if [ "$3" -lt "$sf_r" ]; then printf '\036SF1 gap %s %s\n' "$3" "$sf_r"; return; fi
  sf_size "$2"
  if [ "$3" -gt "$sf_r" ]; then printf '\036SF1 short %s\n' "$sf_r"; return; fi
  printf '\036SF1 follow %s\n' "$3"
  exec 5<&0
  cat <&5 >/dev/null 2>&1 &
  sf_lease=$!
  sf_feed "$2" "$3" 5<&- </dev/null 2>/dev/null &
  sf_feeder=$!
  sf_report 5<&- </dev/null >&2 2>/dev/null &
  sf_reporter=$!
  wait "$sf_lease"
  kill "$sf_feeder" "$sf_reporter" 2>/dev/null
  wait 2>/dev/null
  rm -f follow.*."$sf_feeder".*
}

# STREAM OFFSET. Registers itself before it looks at the base: whoever moves that looks at the
# register afterwards.
sf_feed() {
  trap - TERM
  if { read -r sf_d sf_line </proc/self/stat; } 2>/dev/null && sf_ticks "$sf_d"; then
    # Not by `:`, with which a shell ends where that cannot be written. There nothing moves the base either.
    true >"follow.$1.$sf_d.$sf_r"
  fi 2>/dev/null
  sf_count "base_$1"
  [ "$2" -ge "$sf_r" ] || exit 0
  # inotify where it works, else five looks a second; --pid: not even kill -9 of this shell leaves it
  tail --pid=$$ -c +1 /dev/null >/dev/null 2>&1 && exec tail -s 0.2 --pid=$$ -c "+$(($2 + 1))" -f "$1"
  exec 3<"$1"
  # two seeks: the first in blocks, since a dd of 32 bits counts no further than 2^31 bytes
  [ "$2" -ge 4096 ] && dd bs=4096 skip=$(($2 / 4096)) count=0 <&3 2>/dev/null
  [ $(($2 % 4096)) -gt 0 ] && dd bs=1 skip=$(($2 % 4096)) count=0 <&3 2>/dev/null
  sf_cat=
  trap '[ -n "$sf_cat" ] && kill -9 $sf_cat && wait $sf_cat; exit 0' TERM
  while sf_there $$; do
    cat <&3 &
    sf_cat=$!
    wait $sf_cat || exit 0
    sf_cat=
    sf_nap 0.2
  done
}

# State at once, every five seconds, and when the run has ended. Ends the lease with the feeder.
sf_report() {
  sf_line_of_state
  sf_n=0 sf_over=0
  [ -e exit ] && sf_over=1
  while sf_there "$sf_feeder" && sf_there $$; do
    if [ "$sf_over" = 0 ] && [ -e exit ]; then sf_over=1 sf_n=0 sf_line_of_state; fi
    sf_n=$((sf_n + 1))
    if [ "$sf_n" -ge 20 ]; then sf_n=0; sf_line_of_state; fi
    sf_nap 0.25
  done
  kill "$sf_lease" "$sf_feeder"
}

# ---- acknowledge, cancel, remove -------------------------------------------------------------------

# ID OUT ERR. While the runner lives its watcher does it, so that only one moves the base.
sf_ack() {
  sf_find "$1" && cd "$sf_dir" || { sf_fail "find the attempt $1"; return 1; }
  sf_state_word
  for sf_st in out err; do
    [ -e "$sf_st" ] && [ -f "base_$sf_st" ] || { shift; continue; }
    sf_size "$sf_st"
    if [ "$2" -le "$sf_r" ]; then
      if [ "$sf_word" = running ]; then
        printf '%-63s\n' "$2" 1<>"ack_$sf_st"
      elif sf_get ident punch && sf_punch=$sf_r && [ "$sf_r" != 0 ]; then
        sf_hole "$sf_st" "$2"
      fi
    fi 2>/dev/null
    sf_count "base_$sf_st"
    echo "base_$sf_st=$sf_r"
    shift
  done
}

# Whether the watcher of a run works: its count now and two seconds later, while the run goes on. ID
sf_heart() {
  sf_find "$1" && cd "$sf_dir" || { sf_fail "find the attempt $1"; return 1; }
  sf_count heartbeat
  echo "before=$sf_r"
  sleep 2
  sf_count heartbeat
  echo "after=$sf_r"
  sf_state_word
  echo "state=$sf_word"
}

# The pids of a run, without its helpers: whoever carries it in its environment, the sessions of
# these, and their descendants. DIR
sf_members() {
  sf_id=${1##*/} sf_pid=0
  sf_get "$1/ident" pid && sf_pid=$sf_r
  if [ -r /proc/self/stat ]; then
    sf_get "$1/ident" ticks
    sf_alive "$sf_pid" "$sf_r" || sf_pid=0
    {
      printf '%s\n' /proc/[0-9]*/environ | xargs grep -lszxF "STEADFAST_RUN=${sf_id%.*}" /dev/null \
        | xargs grep -lszxF "STEADFAST_ATTEMPT=${sf_id##*.}" /dev/null | sed 's/^/E /'
      printf '%s\n' /proc/[0-9]*/environ | xargs grep -lszxF "SF_HELPER=$sf_id" /dev/null | sed 's/^/H /'
      printf '%s\n' /proc/[0-9]*/stat | xargs cat 2>/dev/null | sed 's/ (.*) / /'
    } 2>/dev/null </dev/null | awk -v runner="$sf_pid" -v self=$$ '
      $1 == "E" { split($2, w, "/"); env[w[3]] = 1; next }
      $1 == "H" { split($2, w, "/"); helper[w[3]] = 1; next }
      NF > 30 && $2 != "Z" && $2 != "X" { parent[$1] = $3; session[$1] = $5 }
      END {
        # a session counts when its leader is known to be of the run: no foreign one can be hit
        for (p in parent) if ((p in env) || (p in helper)) if (session[p] == p) ours[p] = 1
        if (runner > 0 && session[runner] == runner) ours[runner] = 1
        for (p in parent) if (!(p in helper) && ((p in env) || (session[p] in ours))) run[p] = 1
        do {
          more = 0
          for (p in parent) if (!(p in run) && !(p in helper) && (parent[p] in run)) { run[p] = 1; more = 1 }
        } while (more)
        for (p in run) if (p > 1 && p != self && p != runner) print p
      }'
  else
    # no /proc: the descendants of the runner that are no helpers by name
    ps -A -o pid= -o ppid= -o stat= -o args= | awk -v runner="$sf_pid" '
      $3 !~ /^Z/ { parent[$1] = $2; args[$1] = $0 }
      END {
        run[runner] = 1
        do { more = 0; for (p in parent) if (!(p in run) && (parent[p] in run)) { run[p] = 1; more = 1 } } while (more)
        for (p in run) if (p > 1 && p != runner && args[p] !~ /runner (run|inner|command)| script -q| cat$| sleep 1$/) print p
      }'
  fi
}

# A place for an attempt that is not here: a start of it may still be on its way, and is to find itself
# fenced off. ID
sf_entomb() {
  sf_id_ok "$1" && sf_choose || { sf_fail "cancel the attempt $1: it is not here"; return 1; }
  sf_dir=$sf_root/$1
  sf_line=$(mkdir "$sf_dir" 2>&1) || [ -d "$sf_dir" ] || { sf_fail "make $sf_dir: ${sf_line##*: }"; return 1; }
}

# ID GRACE REASON
sf_cancel() {
  sf_id=$1
  sf_find "$1" || sf_entomb "$1" || return 1
  cd "$sf_dir" || { sf_fail "enter $sf_dir"; return 1; }
  if [ ! -f cancel ] && [ ! -f exit ]; then
    { [ -f cancel.new ] && printf '%-62s\n' "$3" 1<>cancel.new || printf '%s\n' "$3" >cancel.new; } 2>/dev/null
    mv -f cancel.new cancel 2>/dev/null || { sf_fail "write down that it is cancelled: is the disk full?"; return 1; }
  fi
  ln -s fence go 2>/dev/null # not started yet: now it never will be
  sf_n=0
  sf_state_word
  while [ "$sf_word" = starting ] && [ "$sf_n" -lt 50 ]; do sf_n=$((sf_n + 1)); sf_nap 0.1; sf_state_word; done
  if [ "$sf_word" != other-boot ]; then
    sf_kill_all "$2"
    sf_n=0 # the record is a moment's work, unless much output is still on its way to the disk
    while [ ! -f exit ] && [ "$sf_n" -lt 50 ] && sf_get ident pid && sf_d=$sf_r && sf_get ident ticks && sf_alive "$sf_d" "$sf_r"; do
      sf_n=$((sf_n + 1))
      sf_nap 0.2
      for sf_d in $(sf_members "$sf_dir"); do kill -9 "$sf_d" 2>/dev/null; done
    done
    for sf_d in $(sf_members "$sf_dir"); do
      sf_line=$(tr '\000' ' ' 2>/dev/null <"/proc/$sf_d/cmdline" | LC_ALL=C cut -c1-200)
      sf_kv left "$sf_d ${sf_line:-?}"
    done
  fi
  sf_show
}

# TERM, GRACE seconds, then KILL until two looks in a row find nobody.
sf_kill_all() {
  sf_list_=$(sf_members "$sf_dir")
  [ -n "$sf_list_" ] || return 0
  { [ -f exit ] || : >cancelled; } 2>/dev/null
  kill -TERM $sf_list_ 2>/dev/null
  kill -CONT $sf_list_ 2>/dev/null # a stopped one would not hear it
  sf_end=$(($(date +%s) + $1)) sf_empty=0 sf_n=0
  while [ "$sf_empty" -lt 2 ] && [ "$sf_n" -lt 100 ]; do
    sf_list_=$(sf_members "$sf_dir")
    if [ -z "$sf_list_" ]; then
      sf_empty=$((sf_empty + 1))
      sf_nap 0.05
    elif [ "$(date +%s)" -lt "$sf_end" ]; then
      sf_empty=0
      sf_nap 0.2
    else
      sf_empty=0 sf_n=$((sf_n + 1))
      kill -KILL $sf_list_ 2>/dev/null
      sf_nap 0.1
    fi
  done
}

sf_remove() { # ID
  sf_find "$1" || sf_dir=
  if [ -z "$sf_dir" ]; then # a removal may have been cut short
    sf_id_ok "$1" && rm -rf ${sf_home:+"$sf_home/$1.gone"}
    sf_id_ok "$1" && sf_spare_ours && rm -rf "$sf_spare/runs/$1.gone"
    echo removed=1
    return
  fi
  ln -s fence "$sf_dir/go" 2>/dev/null
  sf_state_word
  case $sf_word in running | starting) sf_fail "remove $1: it is $sf_word"; return 1 ;; esac
  sf_line=$(mv -f "$sf_dir" "$sf_dir.gone" 2>&1 && rm -rf "$sf_dir.gone" 2>&1) && { echo removed=1; return; }
  sf_fail "remove $1: ${sf_line##*: }"
}

# ---- survival, uploads, identity -------------------------------------------------------------------

# TOKEN: a process like a run's, to be looked for from another session.
sf_survive_start() {
  sf_choose && mkdir -p "${sf_root%/runs}/probes" || return 1
  cd "${sf_root%/runs}/probes" || return 1
  find . -type f -mmin +60 -exec rm -f {} + 2>/dev/null
  sf_pick_launcher yes
  rm -f "$1"
  sf_detach $SF_SHELL -c 'echo $$ >"$1.new"; mv -f "$1.new" "$1"; exec sleep 900' sf "$1"
  sf_n=0
  while [ ! -f "$1" ] && [ "$sf_n" -lt 50 ]; do sf_n=$((sf_n + 1)); sf_nap 0.1; done
  sf_count "$1"
  sf_ticks "$sf_r" || { sf_fail 'start the probe process'; return 1; }
  sf_d=$sf_r
  sf_count "$1"
  printf '%s\n' "$sf_r $sf_d" >"$1.new" && mv -f "$1.new" "$1"
  echo "pid=$sf_r"
  echo "launcher=$sf_launcher"
  sf_kv notice "$sf_kills"
}

sf_survive_look() { # TOKEN
  sf_choose || return 1
  sf_d= sf_v=
  { read -r sf_d sf_v <"${sf_root%/runs}/probes/$1"; } 2>/dev/null
  if sf_alive "$sf_d" "$sf_v"; then echo alive=1; else echo alive=0; fi
}

sf_sum() { # FILE: its SHA-256 in sf_r; empty where nothing here can tell
  sf_r=$( (sha256sum "$1" || openssl dgst -sha256 -r "$1" || shasum -a 256 "$1" || sha256 -q "$1") 2>/dev/null)
  sf_r=${sf_r%% *}
  sf_r=${sf_r#\\}
}

# SHA256 [SIZE]: what is there of an upload; when it is all there it is checked and made ready.
sf_have() {
  sf_choose || return 1
  sf_at=${sf_root%/runs}/uploads
  mkdir -p "$sf_at" 2>/dev/null && cd "$sf_at" || { sf_fail "make $sf_at"; return 1; }
  sf_kv path "$sf_at/$1"
  if [ -f "$1" ]; then
    sf_size "$1"
    printf 'have=%s\ncomplete=1\n' "$sf_r"
    return
  fi
  sf_size "$1.part"
  sf_len=$sf_r
  if [ "$sf_len" -eq "${2:-$sf_len}" ] && [ -f "$1.part" ]; then
    sf_sum "$1.part"
    if [ "$sf_r" = "$1" ] || { [ -z "$sf_r" ] && [ -n "${2-}" ]; }; then
      [ -n "$sf_r" ] || sf_kv notice 'nothing here computes SHA-256: only the size was checked'
      if chmod 700 "$1.part" && mv -f "$1.part" "$1"; then printf 'have=%s\ncomplete=1\n' "$sf_len"; return; fi
      sf_fail "make $sf_at/$1 ready"
      return 1
    fi
    [ -n "${2-}" ] && rm -f "$1.part" && sf_len=0 # all there, and wrong: from the beginning
  elif [ "$sf_len" -gt "${2:-$sf_len}" ]; then
    rm -f "$1.part"
    sf_len=0
  fi
  printf 'have=%s\ncomplete=0\n' "$sf_len"
}

# SHA256 OFFSET: stdin, from what is sent after our marker to its end, goes there. The caller waits
# for the marker: until then this shell may have read ahead.
sf_put() {
  sf_choose && cd "${sf_root%/runs}/uploads" || { sf_fail 'find the directory of uploads'; return 1; }
  sf_size "$1.part"
  [ "$sf_r" -eq "$2" ] || { sf_fail "go on with the upload at $2: there are $sf_r bytes"; return 1; }
  printf '\036SF1 ready\n'
  sf_line=$(cat 2>&1 >>"$1.part") || sf_fail "write the upload: ${sf_line##*: }"
  sf_size "$1.part"
  echo "have=$sf_r"
}

sf_ident() {
  sf_bootid
  sf_kv boot_id "$sf_boot_id"
  sf_kv boot_time "$sf_boot_raw"
  sf_kv init_start "$sf_init"
  sf_now=$(date +%s)
  if [ -r "$sf_proc/uptime" ]; then
    read -r sf_r sf_line <"$sf_proc/uptime"
    sf_kv uptime "${sf_r%%.*}"
  elif [ -n "$sf_boot_time" ]; then
    sf_kv uptime $((sf_now - sf_boot_time))
  fi
  echo "now=$sf_now"
  sf_get /etc/os-release PRETTY_NAME
  sf_r=${sf_r#\"}
  sf_kv os "${sf_r%\"}"
  sf_kv kernel "$(uname -sr)"
  sf_kv hostname "$(uname -n)"
  if sf_place; then
    sf_kv root "$sf_root"
  else
    # Nothing can be started, but what runs can be followed.
    sf_root= sf_note="no run can be started: $sf_r"
  fi
  sf_pick_launcher
  sf_kv root_note "$sf_note${sf_note:+${sf_kills:+; }}$sf_kills"
  sf_kv launcher "$sf_launcher"
  [ -n "$sf_root" ] || return 0
  SF_PTY=80x24
  sf_silence "$sf_root"
  sf_pick_terminal
  exec 3<&-
  sf_kv terminal "$sf_terminal"
}

# ---- what it is made of ----------------------------------------------------------------------------

# Every part bounded, read by the shell itself where the system has it in a file. ROOT
sf_system() {
  sf_get "$1/etc/os-release" PRETTY_NAME || sf_get "$1/usr/lib/os-release" PRETTY_NAME
  sf_r=${sf_r#[\"\']}
  sf_kv distribution "${sf_r%[\"\']}"
  { read -r sf_r <"$1/proc/sys/kernel/osrelease"; } 2>/dev/null || sf_r=$(uname -r)
  sf_kv kernel "$sf_r"
  sf_n=0 sf_k= sf_v=
  while [ "$sf_n" -lt 40 ] && IFS= read -r sf_line; do
    sf_n=$((sf_n + 1))
    case $sf_line in
      'model name'*': '* | 'cpu model'*': '*) sf_k=${sf_line#*: }; break ;;
      'CPU implementer'*': '*) sf_v=${sf_line#*: } ;;
      'CPU part'*': '*) sf_k="ARM implementer $sf_v part ${sf_line#*: }"; break ;;
    esac
  done 2>/dev/null <"$1/proc/cpuinfo"
  [ -n "$sf_k" ] || sf_k=$(sysctl -n hw.model 2>/dev/null)
  sf_kv cpu_model "$sf_k"
  if { read -r sf_r <"$1/sys/devices/system/cpu/online"; } 2>/dev/null; then
    sf_kv cpu_list "$sf_r"
  else
    sf_kv cpus "$(getconf _NPROCESSORS_ONLN 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null)"
  fi
  sf_k= sf_v=
  { read -r sf_k sf_v sf_line <"$1/proc/meminfo"; } 2>/dev/null
  if [ "$sf_k" = MemTotal: ]; then
    sf_kv memory_kib "$sf_v"
  else
    sf_kv memory_bytes "$(sysctl -n hw.physmem 2>/dev/null)"
  fi
  sf_nics "$1"
}

# The interfaces that are hardware; in a container, which has none, all but loopback. ROOT
sf_nics() {
  if [ ! -d "$1/sys/class/net" ]; then sf_ifconfig; return; fi
  for sf_d in device address; do
    sf_n=0
    for sf_at in "$1"/sys/class/net/*; do
      [ "${sf_at##*/}" != lo ] && [ -e "$sf_at/$sf_d" ] && [ "$sf_n" -lt 64 ] || continue
      sf_n=$((sf_n + 1)) sf_k= sf_v= sf_r=
      { read -r sf_k <"$sf_at/address"; read -r sf_v <"$sf_at/operstate"; read -r sf_r <"$sf_at/speed"; } 2>/dev/null
      sf_kv nic "${sf_at##*/} ${sf_k:--} ${sf_v:--} ${sf_r:--}"
    done
    [ "$sf_n" = 0 ] || return 0
  done
}

sf_ifconfig() { # of the BSDs
  ifconfig -a 2>/dev/null | LC_ALL=C awk '
    function tell() { if (mac != "" && told++ < 64) print "nic=" name, mac, state, speed; mac = "" }
    /^[a-z]/ { tell(); name = $1; sub(/:$/, "", name); state = speed = "-" }
    $1 == "ether" { mac = $2 }
    $1 == "status:" { state = $2 == "active" ? "up" : "down" }
    /media:/ && match($0, /[0-9]+G?base/) {
      speed = substr($0, RSTART, RLENGTH - 4)
      if (sub(/G/, "", speed)) speed *= 1000
    }
    END { tell() }'
}

# ---- why it booted ---------------------------------------------------------------------------------

# What is left of the boot before this one; every part of it bounded. Whoever asks sets a limit in time.
sf_last_boot() {
  sf_at=${SF_TOP-}
  last -x 2>/dev/null | LC_ALL=C grep -E '^(reboot|shutdown|runlevel) ' | head -n 12 | sf_quote last 200
  sf_k=$(journalctl -k -b -1 -n 200 -q --no-pager 2>/dev/null | sf_quote kernel 400)
  for sf_v in kern.log messages; do
    [ -z "$sf_k" ] && [ -r "$sf_at/var/log/$sf_v" ] || continue
    # The lines before the last kernel's first one.
    sf_k=$(tail -n 5000 "$sf_at/var/log/$sf_v" 2>/dev/null | LC_ALL=C awk '
      /Linux version [0-9]/ { n = 0; for (i = NR > 200 ? NR - 200 : 1; i < NR; i++) kept[n++] = ring[i % 200] }
      { ring[NR % 200] = substr($0, 1, 400) }
      END { for (i = 0; i < n; i++) print kept[i] }' | sf_quote kernel 400)
  done
  [ -z "$sf_k" ] || printf '%s\n' "$sf_k"
  sf_n=0
  # systemd moves what it finds there, at once.
  sf_d=$(ls -td "$sf_at"/var/lib/systemd/pstore/*/ 2>/dev/null | head -n 1)
  for sf_v in "$sf_at"/sys/fs/pstore/* ${sf_d:+"$sf_d"*}; do
    [ -f "$sf_v" ] && [ -r "$sf_v" ] && [ "$sf_n" -lt 6 ] || continue
    sf_n=$((sf_n + 1))
    sf_kv pstore "$(stat -c %Y "$sf_v" 2>/dev/null || echo 0) ${sf_v##*/}"
    dd if="$sf_v" bs=8192 count=1 2>/dev/null | sf_quote text 400
  done
  for sf_v in "$sf_at"/sys/class/watchdog/watchdog*/bootstatus; do
    if [ -r "$sf_v" ]; then read -r sf_r <"$sf_v"; sf_kv watchdog "$sf_r"; fi
  done
}

sf_quote() { # KEY WIDTH: lines of stdin as values
  LC_ALL=C tr -d '\000-\011\013-\037\177' | LC_ALL=C cut -c1-"$2" | LC_ALL=C sed "s/^/$1=/"
}

# ---- the one entry ---------------------------------------------------------------------------------

sf_main() {
  : "${SF_SHELL:=/bin/sh}"
  umask 077
  unset CDPATH
  cd / || exit 1
  sf_verb=$1 sf_status=0
  shift
  if [ "$sf_verb" = follow ]; then sf_follow "$@"; return; fi
  printf '\036SF1 %s\n' "$sf_verb"
  case $sf_verb in
    ident) sf_ident ;;
    system) sf_system '' ;;
    last-boot) sf_last_boot ;;
    start) sf_start "$@" ;;
    state) sf_each "$@" ;;
    ack) sf_ack "$@" ;;
    heart) sf_heart "$@" ;;
    cancel) sf_cancel "$@" ;;
    list) sf_list ;;
    remove) sf_remove "$@" ;;
    survive-start) sf_survive_start "$@" ;;
    survive-look) sf_survive_look "$@" ;;
    have) sf_have "$@" ;;
    put) sf_put "$@" ;;
    *) sf_fail "understand $sf_verb" ;;
  esac
  printf '\036SF1 end %s\n' "$sf_status"
}

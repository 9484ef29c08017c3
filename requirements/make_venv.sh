#!/bin/sh
# Makes one virtual environment: make_venv.sh NAME KEY [PYTHON]
# It holds exactly requirements/NAME.txt (--no-deps), and pip confirms that nothing is missing. The stamp
# .made-KEY is written last, so an environment that was cut off half-way is made again from nothing.
set -u
name=${1:?name} key=${2:?key}

# Only these seven paths, and never one handed in: what is here is deleted before it is made.
case $name in
dev) dir=.venv ;;
sam | emulator | runtime | security | fuzz | bench) dir=.venvs/$name ;;
*)
    echo "make_venv.sh: no environment is called '$name'" >&2
    exit 2
    ;;
esac
if [ -d "$dir" ] && [ -n "$(ls -A "$dir")" ] && [ ! -f "$dir/pyvenv.cfg" ]; then
    echo "$dir is there and is no virtual environment: not touched. Move it away." >&2
    exit 1
fi

python=$(sh requirements/find_python.sh "${3-}") || exit 1
log=.venvs/$name.log
start=$(date +%s)
mkdir -p .venvs
rm -f "$dir"/.made-*
echo "  making $dir with $("$python" --version) ..."

make_it() {
    "$python" -m venv --clear "$dir" || return
    "$dir/bin/python" -m pip install --no-input --no-deps -r "requirements/$name.txt" || return
    if [ "$name" = dev ]; then # the package and the command, from this tree
        "$dir/bin/python" -m pip install --no-input --no-deps --no-build-isolation -e . || return
    fi
    "$dir/bin/python" -m pip check
}

if make_it >"$log" 2>&1; then
    : >"$dir/.made-$key"
    echo "  made   $dir in $(($(date +%s) - start)) s"
else
    tail -n 25 "$log" >&2
    echo "  $dir could not be made. All that pip said is in $log" >&2
    exit 1
fi

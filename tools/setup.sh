# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# Sourced by the scripts beside it: makes a machine ready and builds. Safe to repeat: what is
# there is left alone. The build folder is 'build', or what VT_BUILD_DIR names.

source_dir=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
VT_BUILD_DIR=${VT_BUILD_DIR:-$source_dir/build}
export VT_BUILD_DIR
export LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH="$source_dir/tests"

fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# Prints those of the packages named that are not installed.
list_missing() {
    for package in "$@"; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)
        [ "$status" = installed ] || echo "$package"
    done
}

# Installs the packages of packages.txt, and those named, as far as they are missing.
install_packages() {
    command -v dpkg-query >/dev/null || fail "this is not Debian; see packages.txt"
    # shellcheck disable=SC2046  # one word for each package
    missing=$(list_missing $(sed 's/#.*//' "$source_dir/tools/packages.txt") "$@")
    [ -n "$missing" ] || return 0
    [ "$(id -u)" = 0 ] || fail "not installed, and only root can: $(echo $missing)"
    # shellcheck disable=SC2086
    echo "installing" $missing
    export DEBIAN_FRONTEND=noninteractive
    mkdir -p "$VT_BUILD_DIR"
    packages_log=$VT_BUILD_DIR/packages.log
    # What libvirt recommends, such as a network with dnsmasq, no test needs.
    # shellcheck disable=SC2086
    {
        apt-get -q update && apt-get -q -y --no-install-recommends install $missing
    } </dev/null >"$packages_log" 2>&1 || {
        tail -n 40 "$packages_log" >&2
        fail "cannot install the packages; all of it: $packages_log"
    }
}

# build_tree FOLDER [MESON OPTION...]
build_tree() {
    folder=$1
    shift
    if [ -e "$folder/build.ninja" ]; then
        meson configure "$folder" "$@" || return 1
    else
        meson setup "$folder" "$source_dir" "$@" || return 1
    fi
    ninja -C "$folder"
}

# fetch_packages LIST FOLDER: unpacks the packages of a list into a folder, without installing
# them: some exclude each other, and a time daemon that is installed is also started.
fetch_packages() {
    # shellcheck disable=SC2046  # one word for each package
    set -- "$2" $(sed 's/#.*//' "$1")
    folder=$1
    shift
    echo "$*" | cmp -s - "$folder/fetched" && return 0
    rm -rf "$folder"
    mkdir -p "$folder/packages" || return 1
    (cd "$folder/packages" && apt-get -q download "$@") </dev/null \
        >"$folder/packages.log" 2>&1 || {
        tail -n 20 "$folder/packages.log" >&2
        fail "cannot fetch packages; all of it: $folder/packages.log"
    }
    for package in "$folder"/packages/*.deb; do
        dpkg-deb -x "$package" "$folder" || return 1
    done
    echo "$*" >"$folder/fetched"
}

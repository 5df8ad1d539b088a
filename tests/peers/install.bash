# Installs the programs of other people that tests and benches run; to be sourced from the root of the
# tree. What is installed, and only what is missing, is said.

target=${CARGO_TARGET_DIR:-target}
venv=$target/peers/venv
dicom_rs=$target/peers/dicom-rs

say() { printf '\n== %s\n' "$*"; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "this needs root, and there is no sudo: $*" >&2
        exit 1
    fi
}

# Names the packages that are to be installed: those of "program package" pairs on standard input whose
# program is nowhere to be found.
missing_packages() {
    local program package
    while read -r program package; do
        PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || echo "$package"
    done
    storescu --version 2>/dev/null | grep dcmtk >/dev/null || echo dcmtk
    [ -e /usr/include/stdio.h ] || echo libc6-dev
    python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
}

# Reads "program package" pairs, beside what every peer needs.
install_packages() {
    local packages
    mapfile -t packages < <(missing_packages | sort -u)
    [ "${#packages[@]}" -gt 0 ] || return 0
    say "Installing packages: ${packages[*]}"
    as_root apt-get update -q
    without_services as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${packages[@]}"
}

# Runs a command that installs packages, and lets none of them start a service: the tests start what
# they need themselves. A policy that is there already stays as it is.
without_services() {
    local policy=/usr/sbin/policy-rc.d made= result=0
    if [ ! -e "$policy" ]; then
        made=yes
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    "$@" || result=$?
    if [ -n "$made" ]; then as_root rm -f "$policy"; fi
    if [ -e /etc/init.d/orthanc ]; then as_root update-rc.d orthanc disable || true; fi
    return "$result"
}

install_python_peers() {
    local wanted='pynetdicom==3.0.4 pydicom==3.0.2'
    if [ "$(cat "$venv/installed" 2>/dev/null)" = "$wanted" ]; then return; fi
    say "Installing $wanted into $venv"
    python3 -m venv --clear "$venv"
    # The list is split into words on purpose.
    # shellcheck disable=SC2086
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check $wanted
    echo "$wanted" >"$venv/installed"
}

# install_dicom_rs TOOL...
install_dicom_rs() {
    local tool
    for tool in "$@"; do
        if [ -x "$dicom_rs/bin/$tool" ]; then continue; fi
        say "Installing $tool of dicom-rs into $dicom_rs"
        cargo install --quiet --locked "$tool" --version 0.10.1 --root "$dicom_rs" \
            --target-dir "$target/peers/build"
    done
    rm -rf "$target/peers/build"
}

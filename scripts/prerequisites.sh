#!/bin/sh
# Look for what `make setup` needs and cannot bring itself. For everything that is missing, say the one
# line that installs it. Rust is fetched with rustup where there is none and it can be reached.
# Argument: the Python to look at (python3 by default).

python=${1:-python3}
cc=${CC:-cc}
missing=0

need() { # what is missing, the line that installs it
    printf 'missing: %s\n    install it with: %s\n' "$1" "$2" >&2
    missing=1
}

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    need "Python 3.11 or later as $python (or say: make setup PYTHON=/path/to/python3)" \
        "sudo apt-get install -y python3 python3-venv python3-dev"
else
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        need "Python's venv module" "sudo apt-get install -y python3-venv"
    "$python" -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' ||
        need "Python's headers" "sudo apt-get install -y python3-dev"
fi
command -v git >/dev/null || need "git" "sudo apt-get install -y git"
command -v make >/dev/null || need "make" "sudo apt-get install -y make"
if ! command -v "$cc" >/dev/null; then
    need "a C compiler" "sudo apt-get install -y build-essential"
elif ! printf '#include <openssl/ssl.h>\n' | "$cc" -E - >/dev/null 2>&1; then
    need "the OpenSSL headers" "sudo apt-get install -y libssl-dev"
fi

# The kernel needs Rust 1.85. rustup puts it into a folder that an older shell does not look into.
PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
rust_is_there() {
    cargo --version >/dev/null 2>&1 &&
        version=$(rustc --version 2>/dev/null) &&
        printf '1.85.0\n%s\n' "$(echo "$version" | cut -d' ' -f2)" | sort -CV
}
download() {
    if command -v curl >/dev/null; then
        curl -fsS --proto '=https' --connect-timeout 20 "$1"
    else
        wget -q --https-only --timeout 20 -O - "$1"
    fi
}
if [ $missing = 0 ] && ! rust_is_there; then
    echo "no Rust 1.85 or later here: fetching it with rustup" >&2
    # To a file first: half a script must not be run.
    script=$(mktemp)
    download https://static.rust-lang.org/rustup/rustup-init.sh >"$script" 2>/dev/null &&
        sh "$script" -y --profile minimal -c clippy -c rustfmt --no-modify-path >&2
    rm -f "$script"
fi
[ $missing = 1 ] || rust_is_there || need "a Rust toolchain, 1.85 or later" \
    "sudo apt-get install -y rustc-web cargo-web   (Debian; elsewhere from https://rustup.rs)"

exit $missing

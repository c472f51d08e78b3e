#!/bin/sh
# Look for what `make setup` needs and cannot bring itself. For everything that is missing, say the one
# line that installs it. Rust is fetched with rustup where there is none and it can be reached.
# Arguments: the Python to look at (python3 by default).

python=${1:-python3}
missing=0

need() { # what is missing, the line that installs it
    printf 'missing: %s\n    install it with: %s\n' "$1" "$2" >&2
    missing=1
}

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    need "Python 3.11 or later" "sudo apt-get install -y python3 python3-venv   (or: make setup PYTHON=/path/to/python3.11)"
elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    need "Python's venv module" "sudo apt-get install -y python3-venv"
fi
command -v git >/dev/null || need "git" "sudo apt-get install -y git"
command -v make >/dev/null || need "make" "sudo apt-get install -y make"
if ! command -v "${CC:-cc}" >/dev/null; then
    need "a C compiler" "sudo apt-get install -y build-essential"
elif ! printf '#include <openssl/ssl.h>\n' | "${CC:-cc}" -E - >/dev/null 2>&1; then
    need "the OpenSSL headers" "sudo apt-get install -y libssl-dev"
fi

# The kernel's crates need Rust 1.85. rustup puts its tools where a shell started before it does not look.
PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
rust_is_there() {
    command -v cargo >/dev/null &&
        version=$(rustc --version 2>/dev/null) &&
        printf '1.85.0\n%s\n' "$(echo "$version" | cut -d' ' -f2)" | sort -CV
}
if [ "$missing" = 0 ] && ! rust_is_there; then
    echo "no Rust 1.85 or later here: fetching it with rustup" >&2
    # To a file first: a download cut short must not be run.
    script=$(mktemp)
    if curl -fsSL --proto '=https' --connect-timeout 20 https://sh.rustup.rs -o "$script" 2>/dev/null; then
        sh "$script" -y --profile minimal --no-modify-path >&2
    fi
    rm -f "$script"
fi
if ! rust_is_there; then
    need "a Rust toolchain (1.85 or later)" \
        "sudo apt-get install -y rustc-web cargo-web   (Debian; or from https://rustup.rs)"
fi

exit $missing

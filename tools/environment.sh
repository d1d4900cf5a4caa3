# How `start` and `check` prepare a machine. Sourced by them, for any POSIX sh; `root` is set.

environment="$root/.venv"

say() {
    printf '%s\n' "$*" >&2
}

fail() {
    say ""
    say "$(basename "$0"): $1"
    shift
    for line in "$@"; do
        say "    $line"
    done
    exit 1
}

# The newest suitable Python on the machine, the plain `python3` first.
find_python() {
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer is needed, and none is on the PATH." \
        "Debian 12, Ubuntu 24.04 and later have it: apt-get install python3"
}

is_installed() {
    dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed
}

# Make sure that the named Debian packages are there: as root or with sudo by installing them,
# else by naming them and stopping.
need_packages() {
    if ! command -v apt-get >/dev/null 2>&1; then
        say "This is no Debian or Ubuntu: please see to the like of these packages: $*"
        return
    fi
    missing=""
    for package in "$@"; do
        is_installed "$package" || missing="$missing $package"
    done
    if [ -z "$missing" ]; then
        return
    fi
    as_root=""
    if [ "$(id -u)" -ne 0 ]; then
        as_root="sudo"
        # Without a terminal nobody can type the password that sudo may ask for.
        [ -t 0 ] || as_root="sudo -n"
        if ! command -v sudo >/dev/null 2>&1 || ! $as_root true; then
            fail "these system packages are missing, and only root may install them:$missing" \
                "Please have this run, and start again:" \
                "    apt-get update && apt-get install --no-install-recommends$missing"
        fi
    fi
    say "Installing system packages:$missing"
    # The lists of a fresh machine are empty or old.
    quietly $as_root apt-get update || fail "apt-get update failed; the reason stands above."
    # shellcheck disable=SC2086  # one word for each package is meant
    quietly $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --no-install-recommends $missing ||
        fail "apt-get could not install:$missing" "The reason stands above."
}

# Run a command that talks much, and show what it said only if it fails.
quietly() {
    if said=$("$@" 2>&1 </dev/null); then
        return
    fi
    say "$said"
    return 1
}

has_environment() {
    [ -x "$environment/bin/python" ] && "$environment/bin/python" -c '' 2>/dev/null
}

# The package that Python lacks for making an environment, if it lacks one: Debian and Ubuntu keep
# this part of Python apart.
venv_package() {
    if ! has_environment && ! command -v uv >/dev/null 2>&1 &&
        ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        "$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'
    fi
}

# Make .venv: with uv where it is there, else with Python's own venv module.
make_environment() {
    if has_environment; then
        return
    fi
    rm -rf "$environment"
    say "Making the Python environment $environment ($("$python" --version))"
    if command -v uv >/dev/null 2>&1; then
        uv venv --quiet --python "$python" "$environment" || fail "uv could not make .venv."
        return
    fi
    "$python" -m venv "$environment" ||
        fail "$python could not make .venv." "Its module venv is needed, or uv on the PATH."
}

install_in_environment() {
    if command -v uv >/dev/null 2>&1; then
        uv pip install --quiet --python "$environment/bin/python" "$@"
    else
        "$environment/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
    fi
}

# Install the packages of one lock file, by version and hash, and this project itself.
# What was installed is remembered, so that the second start takes no time.
install_lock() {
    installed="$environment/installed-$1"
    if cat "$root/$1" "$root/pyproject.toml" | cmp -s - "$installed"; then
        return
    fi
    say "Installing the Python packages of $1 (a minute or two the first time)"
    install_in_environment --require-hashes --no-deps -r "$root/$1" ||
        fail "the packages of $1 could not be installed; the reason stands above." \
            "Without a network, or behind a mirror, pip and uv must be set up for it first."
    install_in_environment --no-deps --no-build-isolation --editable "$root" ||
        fail "the project itself could not be installed; the reason stands above."
    cat "$root/$1" "$root/pyproject.toml" >"$installed"
}

# What the service uses of the system: zbar reads barcodes from pictures, the fonts draw Chinese,
# Thai and Arabic on labels.
service_packages="libzbar0 fonts-droid-fallback fonts-noto-core"

# Everything that the service needs, and the further system packages named.
prepare_service() {
    python=$(find_python) || exit 1
    # One call, so that whoever has to ask an administrator for packages asks once.
    # shellcheck disable=SC2046,SC2086  # one word for each package is meant
    need_packages $service_packages $(venv_package) "$@"
    make_environment
    install_lock requirements.lock
}

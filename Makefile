# Thin names for the commands of this project; each one works alone too.
.PHONY: start check long bare-debian bench lock

start:
	./start

check:
	./check

# What takes longer than CI may, for the time before a release: the tests marked `long`, and (as
# root) the two commands of the README on a bare Debian.
long:
	./check --long

bare-debian:
	tests/long/bare_debian.sh

bench:
	.venv/bin/python -m bench

# Pins every package by version and hash. Without the name of an index, so that the lock is used
# with whatever index or mirror a machine is set up for.
LOCK = uv pip compile --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" \
	--no-emit-index-url --no-emit-find-links --upgrade --quiet

lock:
	printf 'hatchling\neditables\n' | $(LOCK) pyproject.toml - --output-file requirements.lock
	printf 'hatchling\neditables\n' | $(LOCK) pyproject.toml - --extra planning \
		--constraints requirements.lock --output-file requirements-planning.lock
	printf 'hatchling\neditables\n' | $(LOCK) pyproject.toml - --extra planning --extra test \
		--constraints requirements.lock --output-file requirements-test.lock
